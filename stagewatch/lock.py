"""One recorder a session, and one drill at a time: lock files that tell who holds them.

Each is an open-file-description lock (``F_OFD_SETLK``): it ends with the process however that
ends, and unlike ``flock`` it can be asked about (``F_OFD_GETLK``) without being taken for a
moment, so that a screen that looks never keeps a recorder from starting. The file is never
replaced or removed; its content, a line of JSON, only says who to talk to.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stagewatch.errors import PersonError
from stagewatch.paths import DRILL_LOCK, RECORDER_LOCK
from stagewatch.text import clean

_FLOCK = "hhqqi"
"""``struct flock`` of 64-bit Linux: type, whence, start, length, pid."""
_REMEDY = "check its owner and mode, or remove it if stagewatch did not make it"
_MAX_CONTENT = 4096
_MAX_PROBLEM = 600
"""Characters; escaped to six bytes each they still fit."""
_MAX_WHO = 200


class LockError(PersonError):
    """The lock's file is not what stagewatch made, so nobody can tell whether it is held."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a session's lock."""

    pid: int | None
    """None in the moment between taking the lock and writing its content."""
    since: float | None
    """Unix seconds at which it took the lock."""
    started: int | None
    """Start time of the process in clock ticks since boot; with the pid, its identity."""
    problem: str = ""
    """What keeps it from recording; empty while all is well."""


@dataclass(frozen=True, slots=True)
class Driller:
    """The process that runs drills against a session."""

    pid: int | None
    """None, as the rest, in the moment between taking the lock and writing its content."""
    since: float | None
    """Unix seconds at which it took the lock."""
    by: str = ""
    """Who has it run."""
    what: str = ""
    """What runs: ``validation cache``, ``exercise``."""


class _Lock:
    """The lock of one file, taken at most once by this object."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._since = 0.0

    def _acquire(self, since: float, told: Mapping[str, object]) -> bool:
        fd = _open(self._path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK))
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd, self._since = fd, since
        self._say(told)
        return True

    def _say(self, told: Mapping[str, object]) -> None:
        """Say it in the file; in place, which a full disk allows."""
        own = {
            "pid": os.getpid(),
            "since": self._since,
            "started": process_start(os.getpid()),
        }
        if self._fd is not None:
            _write(self._fd, json.dumps({**own, **told}).encode() + b"\n")

    def release(self) -> None:
        """Give the lock back and empty the file; idempotent."""
        fd, self._fd = self._fd, None
        if fd is not None:
            # What cannot be written does not matter: the lock ends with its descriptor.
            with suppress(OSError):
                _write(fd, b"")
            os.close(fd)


class RecorderLock(_Lock):
    """Held while a recorder runs for the session in ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / RECORDER_LOCK)

    def acquire(self, since: float) -> bool:
        """Take the lock and say so in the file; False when another process holds it.

        Raises LockError when the file cannot be opened, OSError when it cannot be written.
        """
        return self._acquire(since, {"problem": ""})

    def tell(self, problem: str) -> None:
        """Say in the file what keeps the holder from recording, so that a screen learns why
        nothing comes; empty when it records."""
        self._say({"problem": problem[:_MAX_PROBLEM]})


class DrillLock(_Lock):
    """Held while drills run against the session in ``folder``: two at once would disturb each
    other."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / DRILL_LOCK)
        self._by = ""

    def acquire(self, since: float, *, by: str) -> bool:
        """As a recorder's; ``by`` is who has it run."""
        self._by = by[:_MAX_WHO]
        return self._acquire(since, {"by": self._by})

    def tell(self, what: str) -> None:
        """Say in the file what runs."""
        self._say({"by": self._by, "what": what[:_MAX_WHO]})


def holder(folder: Path) -> Holder | None:
    """Who holds the recorder's lock of this session, without taking it; None when nobody does.

    Raises LockError when the file cannot be asked.
    """
    told = _asked(folder / RECORDER_LOCK)
    return None if told is None else _holder(told)


def driller(folder: Path) -> Driller | None:
    """Who runs drills against this session, asked in the same way."""
    content = _asked(folder / DRILL_LOCK)
    if content is None:
        return None
    told = _parse(content)
    return Driller(_pid(told), _since(told), _text(told, "by"), _text(told, "what"))


def is_held(folder: Path) -> bool:
    """Whether a recorder runs for this session."""
    return holder(folder) is not None


def process_start(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is none such."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may hold blanks and brackets: the fields are counted from the last one.
    return int(stat[stat.rindex(b")") + 2 :].split()[19])


def _open(path: Path, flags: int) -> int:
    """Open the lock's file; raises LockError for what is not one, FileNotFoundError for none."""
    try:
        # Without O_NONBLOCK, opening a FIFO waits for a writer.
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LockError(f"{path}: cannot be opened ({error.strerror}); {_REMEDY}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise LockError(f"{path}: is not a regular file; {_REMEDY}")
    return fd


def _flock(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


def _write(fd: int, content: bytes) -> None:
    os.pwrite(fd, content, 0)
    os.ftruncate(fd, len(content))


def _asked(path: Path) -> bytes | None:
    """What a lock's file says; None while nobody holds it."""
    try:
        fd = _open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK))
        if struct.unpack(_FLOCK, answer)[0] == fcntl.F_UNLCK:
            return None
        return os.pread(fd, _MAX_CONTENT, 0)
    except OSError as error:
        raise LockError(f"{path}: {error.strerror}; nobody can tell whether it is held") from error
    finally:
        os.close(fd)


@lru_cache(8)
def _holder(content: bytes) -> Holder:
    told = _parse(content)
    started = told.get("started")
    return Holder(
        pid=_pid(told),
        since=_since(told),
        started=started if type(started) is int else None,
        problem=_text(told, "problem"),
    )


def _parse(content: bytes) -> Mapping[str, object]:
    """What the file says; nothing, not an error, where it is cut or was edited."""
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _pid(told: Mapping[str, object]) -> int | None:
    pid = told.get("pid")
    return pid if type(pid) is int and pid > 0 else None


def _since(told: Mapping[str, object]) -> float | None:
    since = told.get("since")
    return float(since) if isinstance(since, int | float) else None


def _text(told: Mapping[str, object], key: str) -> str:
    text = told.get(key)
    return clean(text) if isinstance(text, str) else ""
