"""Starting, joining and ending: a session's folder, and the recorder that serves it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.clock import Clock, SystemClock
from stagewatch.errors import PersonError
from stagewatch.following import SessionFile
from stagewatch.paths import (
    PROFILE,
    RECORDER_LOCK,
    RECORDER_LOG,
    create_session_folder,
    is_of,
    list_sessions,
)
from stagewatch.recorder.lock import Holder, holder, is_held, process_start
from stagewatch.recorder.logfile import APPEND, last_line
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionError, SessionStore

if TYPE_CHECKING:
    from stagewatch.profile.load import LoadedProfile

START_WITHIN = 10.0
STOP_WITHIN = 10.0
_POLL = 0.02
_FOREIGN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""Of a service that started us; a detached recorder is not that service."""


class LaunchError(PersonError):
    """A session could not be started, or a recorder could not be ended."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The recorder of a session after it was asked for."""

    alive: bool
    pid: int | None
    started: bool
    """Whether this call started it; False when it ran already, or none runs."""
    problem: str = ""
    """Why none runs."""


def start_session(
    path: Path,
    *,
    home: Path,
    operator: str,
    clock: Clock,
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Begin a watch by the profile in ``path``; returns the session's folder in ``home``.

    Raises ProfileError for every problem of the profile, LaunchError, SessionError.
    """
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import read

    loaded = read(path.absolute(), InstalledKinds(), environ=environ)
    now = clock.now()
    try:
        folder = create_session_folder(home, loaded.name, now)
    except OSError as error:
        raise _cannot_be_kept(home, error) from error
    try:
        # Before session.toml: a folder that has one has everything.
        _write_new(folder / PROFILE, loaded.content)
        SessionStore(folder).create(_document(loaded, folder.name, now, operator))
    except (OSError, SessionError) as error:
        # Half a session would only be in the way, and another one is made by each attempt.
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise _cannot_be_kept(home, error) from error
        raise
    return folder


def _cannot_be_kept(home: Path, error: OSError) -> LaunchError:
    why = f"the session cannot be kept ({error.strerror})"
    remedy = "check its owner, mode and free space, or name another folder in XDG_STATE_HOME"
    return LaunchError(f"{error.filename or home}: {why}; {remedy}")


def _document(loaded: LoadedProfile, name: str, now: float, operator: str) -> Session:
    """The session as it begins."""
    deployment = loaded.profile.deployment
    return Session(
        id=name,
        profile=loaded.name,
        profile_path=str(loaded.path),
        profile_sha256=loaded.sha256,
        base=str(loaded.base),
        deployment=deployment.name,
        branch=deployment.branch,
        started_at=Instant(now),
        ends_at=Instant(now + deployment.window / deployment.speed),
        started_by=operator,
    )


def join(path: Path, *, home: Path, now: float) -> Path | None:
    """The newest session of the profile in ``path`` that is open and whose window is not over.

    A damaged one counts by its newest whole text. Raises SessionError when there is none of one
    that may be meant: beginning another watch in silence would hide it.
    """
    for folder in list_sessions(home):
        try:
            session = SessionFile(folder).session
        except SessionError:
            if _may_be_meant(folder, path, now):
                raise
            continue
        if session.is_by(path) and session.state == "open" and now < session.ends_at:
            return folder
    return None


def _may_be_meant(folder: Path, path: Path, now: float) -> bool:
    """Whether a session that cannot be read may be the open one of the profile in ``path``."""
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import load

    if not is_of(folder, path.name.removesuffix(".toml")):
        return False
    try:
        deployment = load(folder / PROFILE, InstalledKinds()).deployment
        began = os.stat(folder / PROFILE).st_mtime
    except (PersonError, OSError):
        return True
    return is_held(folder) or now < began + deployment.window / deployment.speed


def join_or_start(path: Path, *, home: Path, operator: str, clock: Clock) -> Path:
    """The profile's open session, else a new one; raises as ``start_session``."""
    open_one = join(path, home=home, now=clock.now())
    return open_one or start_session(path, home=home, operator=operator, clock=clock)


def ensure_recorder(
    folder: Path, *, wait: float = START_WITHIN, environ: Mapping[str, str] | None = None
) -> Launched:
    """Make sure that a recorder runs for this session; returns when it records.

    With ``wait`` 0 it returns as soon as one is started. A session that is over or stopped gets
    none, and ``problem`` says so. Two callers at once get one recorder. Raises SessionError and
    LaunchError.
    """
    by = holder(folder)
    if by is not None:
        return Launched(True, by.pid, started=False)
    over = _over(folder, SystemClock().now())
    if over:
        return Launched(False, None, started=False, problem=over)
    process = _spawn(folder, os.environ if environ is None else environ)
    return _outcome(folder, process, wait)


def stop_recorder(folder: Path, timeout: float = STOP_WITHIN) -> bool:
    """End the session's recorder and wait until it is gone; False when none ran.

    Raises LaunchError when it does not end, or when the process is not surely the recorder.
    """
    by = holder(folder)
    if by is None:
        return False
    _terminate(folder, by)
    if not _wait(lambda: holder(folder) is None, timeout):
        raise LaunchError(f"recorder {by.pid} of {folder.name} has not ended after {timeout:g} s")
    return True


def _over(folder: Path, now: float) -> str:
    session = SessionFile(folder).session
    if session.state == "stopped":
        return "the session was stopped"
    return "the session's window is over" if now >= session.ends_at else ""


def _spawn(folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a recorder in a session of its own, without terminal, and not our child for long.

    It says a line on its standard output when it records, and nothing when it cannot.
    """
    try:
        said = os.open(folder / RECORDER_LOG, APPEND, 0o600)
    except OSError as error:
        why = f"cannot be written ({error.strerror}), so no recorder runs"
        raise LaunchError(f"{folder / RECORDER_LOG}: {why}") from error
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "stagewatch.recorder", "--detach", str(folder.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd="/",
            env={name: value for name, value in environ.items() if name not in _FOREIGN},
            start_new_session=True,
        )
    finally:
        os.close(said)


def _outcome(folder: Path, process: subprocess.Popen[bytes], wait: float) -> Launched:
    """Wait until the recorder says that it records, ends without a word, or takes too long."""
    assert process.stdout is not None
    with process.stdout as stdout:
        try:
            process.wait(START_WITHIN)  # the first of two processes, which ends at once
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise LaunchError(f"the recorder did not start within {START_WITHIN:g} s") from None
        ready, _, _ = select.select([stdout], [], [], wait)
        said = os.read(stdout.fileno(), 64) if ready else b""
    by = holder(folder)
    if by is not None:
        return Launched(True, by.pid, started=bool(said))
    if not ready:
        return Launched(False, None, started=True, problem="the recorder is still starting")
    why = last_line(folder) or f"see {folder / RECORDER_LOG}"
    return Launched(False, None, started=False, problem=f"the recorder did not start: {why}")


def _terminate(folder: Path, by: Holder) -> None:
    """SIGTERM to exactly the process that holds the lock: a reused pid is somebody else."""
    if by.pid is None:
        raise LaunchError(f"{folder / RECORDER_LOCK} does not say which process holds it")
    try:
        process = os.pidfd_open(by.pid)
    except ProcessLookupError:
        return
    try:
        # Looked at after the descriptor is had: from here on the pid cannot change hands.
        if process_start(by.pid) != by.started:
            raise LaunchError(f"process {by.pid} is not the recorder of {folder.name}")
        signal.pidfd_send_signal(process, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise LaunchError(f"recorder {by.pid} of {folder.name} belongs to another user") from error
    finally:
        os.close(process)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
