"""One recorder a session: a lock file that tells who holds it.

The lock is an open-file-description lock (``F_OFD_SETLK``): it ends with the process however that
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
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stagewatch.errors import PersonError
from stagewatch.paths import RECORDER_LOCK
from stagewatch.text import clean

_FLOCK = "hhqqi"
"""``struct flock`` of 64-bit Linux: type, whence, start, length, pid."""
_REMEDY = "check its owner and mode, or remove it if no recorder made it"
_MAX_CONTENT = 4096
_MAX_PROBLEM = 600
"""Characters; escaped to six bytes each they still fit."""


class LockError(PersonError):
    """The lock's file is not what a recorder made, so nobody can tell whether one runs."""


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


class RecorderLock:
    """The lock of one session folder, taken at most once by this object."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORDER_LOCK
        self._fd: int | None = None
        self._since = 0.0

    def acquire(self, since: float) -> bool:
        """Take the lock and say so in the file; False when another process holds it.

        Raises LockError when the file cannot be opened, OSError when it cannot be written.
        """
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
        self.tell("")
        return True

    def tell(self, problem: str) -> None:
        """Say in the file what keeps the holder from recording; empty when it records.

        Written in place, which a full disk allows, so a screen learns why nothing comes.
        """
        content = {
            "pid": os.getpid(),
            "since": self._since,
            "started": process_start(os.getpid()),
            "problem": problem[:_MAX_PROBLEM],
        }
        if self._fd is not None:
            _write(self._fd, json.dumps(content).encode() + b"\n")

    def release(self) -> None:
        """Give the lock back and empty the file; idempotent."""
        fd, self._fd = self._fd, None
        if fd is not None:
            _write(fd, b"")
            os.close(fd)


def holder(folder: Path) -> Holder | None:
    """Who holds the lock of this session, without taking it; None when nobody does.

    Raises LockError when the file cannot be asked.
    """
    try:
        fd = _open(folder / RECORDER_LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK))
        if struct.unpack(_FLOCK, answer)[0] == fcntl.F_UNLCK:
            return None
        return _parse(os.pread(fd, _MAX_CONTENT, 0))
    finally:
        os.close(fd)


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


@lru_cache(8)
def _parse(content: bytes) -> Holder:
    """What the file says; unknown, not an error, where it is cut or was edited."""
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if not isinstance(told, Mapping):
        return Holder(None, None, None)
    pid, since, started = told.get("pid"), told.get("since"), told.get("started")
    problem = told.get("problem")
    return Holder(
        pid=pid if type(pid) is int and pid > 0 else None,
        since=float(since) if isinstance(since, int | float) else None,
        started=started if type(started) is int else None,
        problem=clean(problem) if isinstance(problem, str) else "",
    )
