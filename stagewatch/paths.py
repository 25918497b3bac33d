"""Where stagewatch keeps things, and what a session and its files are called.

Plain XDG: no library, because every command imports this first.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from stagewatch.errors import PersonError

SESSION = "session.toml"
HISTORY = "history.db"
RECORDER_LOCK = "recorder.lock"
DRILL_LOCK = "drill.lock"
RECORDER_LOG = "recorder.log"
PROFILE = "profile.toml"
"""The copy of the profile that is in force."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_ID = re.compile(r"(?P<profile>.+)-(?P<stamp>\d{8}-\d{6})(?:-(?P<number>\d{1,3}))?")
_PROFILE_PART = 64 - len("-20251123-190212-999")


class UnknownSessionError(PersonError):
    """No session is called that; the message lists those that exist."""


def valid_name(name: str) -> bool:
    """Whether ``name`` may be a file's name: one component, 1 to 64 of ``A-Za-z0-9._-``,
    without a leading dot."""
    return _NAME.fullmatch(name) is not None


def state_home(environ: Mapping[str, str]) -> Path:
    """``$XDG_STATE_HOME/stagewatch``, else ``~/.local/state/stagewatch``."""
    return _base(environ, "XDG_STATE_HOME", ".local/state") / "stagewatch"


def config_home(environ: Mapping[str, str]) -> Path:
    """``$XDG_CONFIG_HOME/stagewatch``, else ``~/.config/stagewatch``."""
    return _base(environ, "XDG_CONFIG_HOME", ".config") / "stagewatch"


def sessions_dir(environ: Mapping[str, str]) -> Path:
    """The folder that holds a folder for each session."""
    return state_home(environ) / "sessions"


def _base(environ: Mapping[str, str], variable: str, default: str) -> Path:
    # The XDG specification: a relative path is invalid and ignored.
    value = environ.get(variable, "")
    if os.path.isabs(value):
        return Path(value)
    home = environ.get("HOME", "")
    if os.path.isabs(home):
        return Path(home) / default
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir) / default
    except KeyError as error:
        who = f"user {os.getuid()} has no account here, and so no home"
        raise PersonError(f"{who}: set HOME, or {variable} to an absolute path") from error


def new_session_id(profile_name: str, now: float) -> str:
    """``staging-20251123-190212``: the profile's name (shortened to fit) and the time in UTC."""
    return f"{_profile_part(profile_name)}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}"


def _profile_part(profile_name: str) -> str:
    part = re.sub(r"[^A-Za-z0-9._-]", "-", profile_name).lstrip(".")[:_PROFILE_PART]
    return part or "session"


def create_session_folder(home: Path, profile_name: str, now: float) -> Path:
    """Make a new session's folder in ``home`` (``sessions_dir``), mode 0700; its name is the id.

    A second session within one second gets ``-2``, and so on. Raises OSError.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = new_session_id(profile_name, now)
    for number in range(1, 1000):
        folder = home / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{home / name}: a thousand sessions began in one second")


def list_sessions(home: Path) -> list[Path]:
    """The folder of every session in ``home`` (``sessions_dir``), newest first.

    Raises PersonError when they cannot be listed; that ``home`` is not there yet is no error.
    """
    try:
        folders = [Path(entry) for entry in os.scandir(home) if entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        why = f"the sessions cannot be listed ({error.strerror})"
        raise PersonError(f"{home}: {why}; check XDG_STATE_HOME, and its owner and mode") from error
    return sorted(filter(is_session, folders), key=_age, reverse=True)


def is_session(folder: Path) -> bool:
    """Whether ``folder`` holds a session, damaged or closed to us or not."""
    return any(_is_there(folder / name) for name in (SESSION, f"{SESSION}.1"))


def _is_there(path: Path) -> bool:
    try:
        os.lstat(path)
    except PermissionError:
        return True  # to be told of when it is opened, not to be passed over
    except OSError:
        return False
    return True


def session_argument(folder: Path, environ: Mapping[str, str]) -> str:
    """What to write on a command line for the session in ``folder``: its id, else its path."""
    if folder.absolute().parent == sessions_dir(environ):
        return folder.name
    return shlex.quote(str(folder.absolute()))


def _age(folder: Path) -> tuple[str, int, str]:
    match = _ID.fullmatch(folder.name)
    if match:
        return match["stamp"], int(match["number"] or 1), folder.name
    changed = time.gmtime(folder.stat().st_mtime)
    return time.strftime("%Y%m%d-%H%M%S", changed), 1, folder.name


def find_session(home: Path, profile: str | None = None, session: str | None = None) -> Path:
    """The folder of ``session`` (an id in ``home``, or a folder when it has a slash), else of the
    newest session of ``profile``, else of the newest of all.

    Raises UnknownSessionError, which lists what there is.
    """
    if session is not None and "/" in session:
        if is_session(Path(session)):
            return Path(session)
        raise UnknownSessionError(f"{session}: no session here ({SESSION} is missing)")
    existing = list_sessions(home)
    for folder in existing:
        if folder.name == session or (session is None and is_of(folder, profile)):
            return folder
    raise UnknownSessionError(_unknown(home, profile, session, existing))


def is_of(folder: Path, profile: str | None) -> bool:
    """Whether a session's id is one of the profile called ``profile``; any is, of None."""
    match = _ID.fullmatch(folder.name)
    return profile is None or (match is not None and match["profile"] == _profile_part(profile))


def _unknown(home: Path, profile: str | None, session: str | None, existing: list[Path]) -> str:
    if session is not None:
        missing = f"no session {session!r}"
    else:
        missing = "no session" if profile is None else f"no session of profile {profile!r}"
    if not existing:
        return f"{missing}: {home} holds none; `stagewatch` starts one"
    names = ", ".join(folder.name for folder in existing[:10])
    more = f" and {len(existing) - 10} more" if len(existing) > 10 else ""
    return f"{missing}; there is {names}{more}"
