"""From what was said on the command line to a profile or a session."""

from __future__ import annotations

import os
from pathlib import Path

from stagewatch.commands.options import Settings
from stagewatch.paths import find_session, sessions_dir
from stagewatch.profile.find import find_profile

DEFAULT_PROFILE = "staging"


def profile_path(settings: Settings) -> Path:
    """The profile's file; raises a PersonError that lists what there is."""
    return find_profile(settings.profile or DEFAULT_PROFILE, environ=os.environ)


def session_folder(settings: Settings) -> Path:
    """The session meant by --session, else the newest of --profile, else the newest of all."""
    return find_session(
        sessions_dir(os.environ), profile=settings.profile, session=settings.session
    )


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
