"""From what was said on the command line to a profile or a session."""

from __future__ import annotations

import os
from pathlib import Path

from stagewatch.commands.options import Settings
from stagewatch.paths import (
    UnknownSessionError,
    find_session,
    is_of,
    list_sessions,
    sessions_dir,
)
from stagewatch.profile.find import find_profile, is_file

DEFAULT_PROFILE = "staging"


def profile_path(settings: Settings) -> Path:
    """The profile's file; raises a PersonError that lists what there is."""
    return find_profile(settings.profile or DEFAULT_PROFILE, environ=os.environ)


def session_folder(settings: Settings) -> Path:
    """The session meant by --session, else the newest of --profile, else the newest of all."""
    home, profile = sessions_dir(os.environ), settings.profile
    if settings.session is None and profile is not None and is_file(profile):
        return _session_of_file(home, find_profile(profile, environ=os.environ))
    return find_session(home, profile=profile, session=settings.session)


def _session_of_file(home: Path, path: Path) -> Path:
    """The newest session that the profile in ``path`` began."""
    from stagewatch.session.errors import SessionError
    from stagewatch.session.store import SessionStore

    stem = path.name.removesuffix(".toml")
    for folder in list_sessions(home):
        if not is_of(folder, stem):
            continue
        try:
            wanted = SessionStore(folder).load().is_by(path)
        except SessionError:
            wanted = True  # whoever opens it is told what is wrong with it
        if wanted:
            return folder
    raise UnknownSessionError(f"no session of {path}; `stagewatch sessions` lists those there are")


def joined_or_started(settings: Settings) -> Path:
    """The session to watch: the one named, else the profile's open one, else a new one."""
    if settings.session:
        return session_folder(settings)
    from stagewatch.clock import SystemClock
    from stagewatch.recorder.launch import join_or_start
    from stagewatch.session.operator import operator_name

    return join_or_start(
        profile_path(settings),
        home=sessions_dir(os.environ),
        operator=operator_name(settings.operator, os.environ),
        clock=SystemClock(),
    )
