"""The few file operations that following needs, as a port and over the real file system."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import Protocol

Identity = tuple[int, int]
"""Device and inode of a file."""


class Files(Protocol):
    """A file system; every method raises OSError as ``os`` does."""

    def stat(self, path: str) -> os.stat_result:
        """What the path leads to, through symbolic links."""
        ...

    def open(self, path: str) -> int:
        """A descriptor for reading; never blocks."""
        ...

    def fstat(self, fd: int) -> os.stat_result:
        """What the descriptor leads to."""
        ...

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; empty at the end."""
        ...

    def data_from(self, fd: int, offset: int) -> int:
        """The first offset from ``offset`` on that is not in a hole."""
        ...

    def close(self, fd: int) -> None:
        """Give the descriptor back."""
        ...

    def siblings(self, path: str) -> Iterator[tuple[str, int]]:
        """(path, inode) of the regular files beside ``path``, itself included."""
        ...


class RealFiles:
    """The machine's file system. Reads with pread: a mapped file that shrinks kills its reader."""

    def stat(self, path: str) -> os.stat_result:
        return os.stat(path)

    def open(self, path: str) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)

    def fstat(self, fd: int) -> os.stat_result:
        return os.fstat(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        return os.pread(fd, size, offset)

    def data_from(self, fd: int, offset: int) -> int:
        try:
            return os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                return os.fstat(fd).st_size
            return offset

    def close(self, fd: int) -> None:
        os.close(fd)

    def siblings(self, path: str) -> Iterator[tuple[str, int]]:
        folder = os.path.dirname(path) or "."
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield os.path.join(folder, entry.name), entry.inode()


def is_regular(found: os.stat_result) -> bool:
    """Whether this is a file with contents of its own, not a folder, pipe or device."""
    return stat.S_ISREG(found.st_mode)
