"""Reading one open file forward, line by line, and noticing when it was changed behind us."""

from __future__ import annotations

import os
from collections.abc import Callable

from stagewatch.logs.files import Files
from stagewatch.logs.state import Mark, digest
from stagewatch.logs.wide import Wide, wide_of

CHUNK = 256 * 1024
SMALL = 16 * 1024
HEAD = 4096
BEFORE = 4096
LENGTHS = (BEFORE, 1024, 256)
"""Bytes before a place by which it is found again: long lines need many, of a short rest few
remain."""
LINE = 4096
"""Bytes that are kept of a line."""

Sink = Callable[[bytes], None]
"""Takes whole lines, each with its end."""


class TruncatedError(Exception):
    """What was read already is no longer there."""


class Tail:
    """One open file. Memory is bounded by CHUNK, whatever the file holds."""

    def __init__(self, files: Files, fd: int, found: os.stat_result, path: str) -> None:
        self.files, self.fd = files, fd
        self.path = os.path.realpath(path)
        self.dev, self.ino = found.st_dev, found.st_ino
        self.offset = 0
        """How far the file was read."""
        self.start = 0
        """Where the line that is not complete yet begins."""
        self.head = b""
        self.before = b""
        """Up to BEFORE bytes before ``offset``."""
        self.before_start = b""
        self.former = b""
        """What stood there before the file was emptied or rewritten."""
        self.former_mark: Mark | None = None
        """The same of a file that was rewritten while nobody looked."""
        self.carry = b""
        """The beginning of the line that is not complete yet."""
        self.wide: Wide | None = None
        """Set for a file in UTF-16, of which an even number of bytes is read at a time."""
        self._was_wide: Wide | None = None
        """What it was before it was emptied: its writer may write no second mark."""
        self.grew = False
        """At the last look there was something new in it."""
        self.touched = False
        """At the last look its time of change was another one, and all else the same."""
        self._seen: tuple[int, int] | None = None

    def seek(self, offset: int) -> None:
        """Go on at ``offset``, taking what stands before it as read."""
        self.offset = self.start = offset
        self.head = self.files.read(self.fd, min(HEAD, offset), 0)
        self._was_wide = self.wide or self._was_wide
        self.wide = wide_of(self.head)
        size = min(BEFORE, offset)
        self.before = self.before_start = self.files.read(self.fd, size, offset - size)
        self.carry = b""
        self._seen = None

    def holds(self, mark: Mark) -> bool:
        """Whether this file still has everything that ``mark`` remembers."""
        if (self.dev, self.ino) != (mark.dev, mark.ino):
            return False
        head = self.files.read(self.fd, mark.head_size, 0)
        start = mark.offset - mark.before_size
        before = self.files.read(self.fd, mark.before_size, start)
        return digest(head) == mark.head and digest(before) == mark.before

    def emptied(self, mark: Mark) -> bool:
        """Whether this file, empty as ``mark`` knew it, was written and truncated since."""
        found = self.files.fstat(self.fd)
        return not found.st_size and mark.empty_since not in (None, found.st_mtime_ns)

    def mark(self) -> Mark:
        """Where to go on after a restart."""
        head = self.head[: self.start]
        return Mark(
            path=self.path,
            dev=self.dev,
            ino=self.ino,
            offset=self.start,
            head_size=len(head),
            head=digest(head),
            first_size=(first := head.find(b"\n") + 1),
            first=digest(head[:first]),
            before_size=len(self.before_start),
            before=digest(self.before_start),
            nearer={
                length: digest(self.before_start[-length:])
                for length in (*LENGTHS, last_line(self.before_start))
                if 0 < length < len(self.before_start)
            },
            empty_since=self._seen[1] if self._seen and not self.start else None,
        )

    def advance(self, budget: int, sink: Sink) -> int:
        """Read what is new, up to ``budget`` bytes; returns how many bytes that were.

        Raises TruncatedError when the file no longer holds what was read from it, OSError when it
        cannot be read.
        """
        found = self.files.fstat(self.fd)
        seen = (found.st_size, found.st_mtime_ns)
        self.touched = self.grew = False
        if seen == self._seen and found.st_size == self.offset:
            return 0
        emptied = self._seen is not None and not found.st_size  # written, and truncated since
        if found.st_size < self.offset or emptied or not self._head_holds():
            raise TruncatedError
        done = 0
        while done < budget:
            new = self._read(found.st_size)
            if not new:
                break
            done += self._take(new, sink)
        self.grew = done > 0
        self.touched = self._seen is not None and self._seen[0] == found.st_size == self.offset
        self._seen = seen
        return done

    @property
    def changed(self) -> bool:
        """Whether what was read of the file is no longer in it, as far as its beginning tells."""
        return self.size < self.offset or not self._head_holds()

    @property
    def size(self) -> int:
        """Bytes that the file has now."""
        return self.files.fstat(self.fd).st_size

    @property
    def behind(self) -> int:
        """Bytes that are there and not read yet."""
        return max(0, self.size - self.offset)

    @property
    def named(self) -> bool:
        """Whether the file still has a name anywhere."""
        return self.files.fstat(self.fd).st_nlink > 0

    def is_file(self, found: os.stat_result) -> bool:
        """Whether ``found`` is this file."""
        return (found.st_dev, found.st_ino) == (self.dev, self.ino)

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        if self.fd >= 0:
            self.files.close(self.fd)
            self.fd = -1

    def _head_holds(self) -> bool:
        return self.files.read(self.fd, len(self.head), 0) == self.head

    def _read(self, end: int) -> bytes:
        """The next bytes, of a file that reaches to ``end`` or a little further; what precedes
        them is read again in the same call and compared."""
        size = len(self.before)
        # The room for a whole chunk costs more than everything else when a line is new.
        room = min(CHUNK, max(end - self.offset, SMALL))
        data = self.files.read(self.fd, room + size, self.offset - size)
        if data[:size] != self.before:
            raise TruncatedError
        new = data[size:]
        if not self.start:
            first = self.head + new[:HEAD]
            again = self._was_wide if b"\0" in first else None
            self.wide = wide_of(first) or again
        even = (self.offset + len(new)) & ~1
        return new[: even - self.offset] if self.wide else new

    def _take(self, new: bytes, sink: Sink) -> int:
        empty = not self.wide and not self.carry.strip(b"\0") and not new.strip(b"\0")
        if empty and self._skip_hole(len(new)):
            return len(new)
        if len(self.head) < HEAD and self.offset == len(self.head):
            self.head += new[: HEAD - len(self.head)]
        end = self.wide.last_end(new, self.offset) if self.wide else new.rfind(b"\n") + 1
        if end:
            self._lines(new, end, sink)
            self.before_start = _last(self.before, new[max(0, end - BEFORE) : end])
            self.start = self.offset + end
        room = (2 * LINE if self.wide else LINE) - len(self.carry)
        self.carry += new[end : end + room]
        if not self.wide:
            self.carry = self.carry.lstrip(b"\0")
        self.before = _last(self.before, new[-BEFORE:])
        self.offset += len(new)
        return len(new)

    def _lines(self, new: bytes, end: int, sink: Sink) -> None:
        if self.wide:
            self._wide_lines(self.wide, new, end, sink)
            return
        first, begun = 0, b""
        if self.carry:
            first = new.find(b"\n") + 1
            begun = (self.carry + new[: first - 1])[:LINE] + b"\n"
            self.carry = b""
        if new.startswith(b"\0", first):
            # Behind a hole, which is as long as the file was; the line itself comes after it.
            first = end - len(new[first:end].lstrip(b"\0"))
        sink(b"".join((begun, memoryview(new)[first:end])))

    def _wide_lines(self, wide: Wide, new: bytes, end: int, sink: Sink) -> None:
        first = 0
        if self.carry:
            first = wide.first_end(new, self.offset)
            sink(wide.utf8((self.carry + new[: first - 2])[: 2 * LINE])[:LINE] + b"\n")
            self.carry = b""
        if end > first:
            sink(wide.utf8(new[first:end]))

    def _skip_hole(self, size: int) -> bool:
        """Jump over a hole that starts here and is longer than ``size``."""
        there = self.files.data_from(self.fd, self.offset)
        if there - self.offset <= size:
            return False
        self.before = self.files.read(self.fd, min(BEFORE, there), there - min(BEFORE, there))
        self.offset = there
        return True


def last_line(text: bytes) -> int:
    """How long the last line of ``text`` is, which ends in a newline."""
    return len(text) - text.rfind(b"\n", 0, -1) - 1


def _last(before: bytes, new: bytes) -> bytes:
    """The last BEFORE bytes of both."""
    return new if len(new) == BEFORE else (before + new)[-BEFORE:]
