"""Files that hold people's work: how they are read, replaced and locked.

A file is replaced by a complete, synced one under the same name, never written in place, so that
a reader sees the old text or the new one whatever ends the writer.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.session.errors import LockBusyError, SessionMissingError, SessionUnreadableError

BIGGEST = 16 * 1024 * 1024
"""Bytes; a session of a day has some hundred thousand."""
GENERATIONS = 3

_LOOK_EVERY = 0.01
_MODE = "check its owner and mode"

Token = tuple[int, int, int, int]
"""(device, inode, size, mtime in ns): differs as soon as a file was replaced or written."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file held, and which file it was."""

    raw: bytes
    token: Token


def token_of(path: Path) -> Token | None:
    """The token of the file at ``path``; None when there is none, or it cannot be looked at."""
    try:
        return _token(os.lstat(path))
    except OSError:
        return None


def _token(status: os.stat_result) -> Token:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def read_regular(path: Path) -> Content:
    """The whole file, in bounded time and memory.

    Raises SessionMissingError, or SessionUnreadableError for what is not a plain file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise SessionMissingError(path, "is missing") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SessionUnreadableError(path, "is a symbolic link") from None
        raise SessionUnreadableError(path, f"cannot be opened ({error.strerror})", _MODE) from None
    try:
        return _read(fd, path)
    except OSError as error:
        raise SessionUnreadableError(path, f"cannot be read ({error.strerror})") from None
    finally:
        os.close(fd)


def _read(fd: int, path: Path) -> Content:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise SessionUnreadableError(path, "is not a regular file")
    chunks = []
    size = 0
    while chunk := os.read(fd, 1024 * 1024):
        chunks.append(chunk)
        size += len(chunk)
        if size > BIGGEST:
            limit = f"{BIGGEST // 1024 // 1024} MiB"
            raise SessionUnreadableError(path, f"is larger than {limit}: not a session")
    return Content(b"".join(chunks), _token(status))


def write_beside(path: Path, raw: bytes) -> Path:
    """A new, synced file in the folder of ``path``, mode 0600, to be renamed over it.

    Raises OSError, and then leaves nothing behind.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(temporary, flags, 0o600)
    try:
        try:
            rest = memoryview(raw)
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError:
        discard(temporary)
        raise
    return temporary


def discard(temporary: Path) -> None:
    """Remove a temporary file; where that fails, the next save tries again."""
    with suppress(OSError):
        os.unlink(temporary)


def discard_stale(path: Path) -> None:
    """Remove what killed writers left beside ``path``; only under the lock."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        discard(temporary)


def generation(path: Path, number: int) -> Path:
    """The ``number``-th newest earlier text of ``path``: ``session.toml.1`` is the newest."""
    return path.with_name(f"{path.name}.{number}")


def keep_generation(path: Path) -> None:
    """Keep the present file as generation 1, and move the earlier ones on. Raises OSError.

    ``path`` itself stays in its place throughout.
    """
    newest = generation(path, 1)
    if token_of(newest) == token_of(path):
        # A writer was killed after this step and before the rename.
        return
    for number in range(GENERATIONS - 1, 0, -1):
        with suppress(FileNotFoundError):
            os.replace(generation(path, number), generation(path, number + 1))
    try:
        os.link(path, newest)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        # A file system without hard links.
        os.replace(write_beside(path, read_regular(path).raw), newest)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def locked(path: Path, guarded: Path, timeout: float) -> Iterator[None]:
    """Hold the lock file ``path``, which is made when missing and never replaced or removed.

    Waits up to ``timeout`` seconds, then raises LockBusyError, which names ``guarded`` and the
    process that holds the lock. Raises OSError.
    """
    clock = SystemClock()
    deadline = clock.monotonic() + timeout
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(fd):
                if clock.monotonic() >= deadline:
                    reason = f"{_holder(fd)} is saving and does not finish"
                    raise LockBusyError(guarded, reason, "try again")
                time.sleep(_LOOK_EVERY)
            # Whoever removes the lock file by hand makes two of it; take the one that is there.
            if os.fstat(fd).st_ino == getattr(_lstat(path), "st_ino", None):
                yield
                return
        finally:
            os.close(fd)


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> str:
    """Who holds the lock, as Linux tells it: ``process 4123 (stagewatch)``."""
    inode = str(os.fstat(fd).st_ino)
    try:
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if "FLOCK" in fields and "->" not in fields and fields[5].rpartition(":")[2] == inode:
                pid = fields[4]
                return f"process {pid} ({Path(f'/proc/{pid}/comm').read_text().strip()})"
    except (OSError, IndexError):
        # No /proc, or the holder is gone or in another container.
        pass
    return "another process"
