"""The kernel's word that something happened to a file: it may wake a poll, and never replaces one.

It says nothing of what another machine does on a network file system, nor of what is written
through a mapped file; whoever uses it goes on looking, only less often.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

MODIFY = 0x2
ATTRIB = 0x4
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
FOLDER = 0x40000000
"""It happened to a folder."""
OVERFLOW = 0x4000
"""There was more than the queue holds: nobody knows what."""
CONTENT = MODIFY | ATTRIB | DELETE_SELF | MOVE_SELF
"""What happens to a file itself."""
NAMES = CREATE | DELETE | MOVED_FROM | MOVED_TO
"""What happens to the names in a folder."""

_HEAD = struct.Struct("iIII")
_ROOM = 16 * 1024
_LONGEST = _HEAD.size + 256
"""Bytes of an event with the longest name."""


class Inotify:
    """One queue of the kernel's; any number of files. Nothing in it ever waits for a disk but
    ``watch``, which looks the path up."""

    def __init__(self) -> None:
        """Raises OSError where this cannot be had: another system, no descriptor left."""
        self._libc = _libc()
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise _last_error()

    def fileno(self) -> int:
        """Becomes readable when something happened; -1 when it is closed."""
        return self._fd

    def watch(self, path: str | Path, mask: int) -> int:
        """Be told of these events at ``path``; the same number for the same file. OSError."""
        number: int = self._libc.inotify_add_watch(self._fd, os.fsencode(path), mask)
        if number < 0:
            raise _last_error(str(path))
        return number

    def forget(self, number: int) -> None:
        """Be told no more; a number that is not known any longer is ignored."""
        self._libc.inotify_rm_watch(self._fd, number)

    def happened(self) -> bool:
        """Whether anything happened since the last call."""
        found = False
        for _ in self.events():
            found = True
        return found

    def events(self) -> Iterator[tuple[int, int, str]]:
        """(watch, mask, name within a folder) of what happened since the last call."""
        for number, mask, name, _ in self.moves():
            yield number, mask, name

    def moves(self) -> Iterator[tuple[int, int, str, int]]:
        """The same, each with the number that both halves of a move have; else 0."""
        more = True
        while more and (data := self._read()):
            # The kernel gives as many whole events as there are and fit: with room for another one
            # left, these were all.
            more = len(data) > _ROOM - _LONGEST
            at = 0
            while at < len(data):
                number, mask, move, size = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                yield number, mask, os.fsdecode(data[at : at + size].rstrip(b"\0")), move
                at += size

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, _ROOM)
        except BlockingIOError:
            return b""


def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "inotify_init1"):
        raise OSError(errno.ENOSYS, "this system has no inotify")
    return library


def _last_error(path: str | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
