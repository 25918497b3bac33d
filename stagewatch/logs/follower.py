"""Following one path through rotation: what to read next, and where lines may have been lost.

A state machine over ``Files`` that is told the time and keeps no clock. Every line that ends in a
newline is handed on once. docs/logs.md has the promise in full.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from stagewatch.logs.beside import Beside
from stagewatch.logs.draining import GRACE
from stagewatch.logs.files import Files, Identity, is_regular
from stagewatch.logs.ledger import Ledger
from stagewatch.logs.lookalikes import Begin
from stagewatch.logs.reading import Alone, Others, Reading
from stagewatch.logs.rewind import line_start, place_again, resumed_at
from stagewatch.logs.state import Mark, Place
from stagewatch.logs.tail import Sink, Tail
from stagewatch.logs.trouble import trouble
from stagewatch.logs.windows import Windows

LATELY = 60.0
SEVERAL = "rotated several times between two looks"
LATE = "the log was not followed from the beginning"
STOPPED = "rotated or truncated while the recorder was not running"
GONE = "a rotated file went away while the recorder was not running"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where counting begins in a file that is there at the first look."""

    watch_start: float
    from_start: bool = False
    """Its lines count; otherwise they are from before the watch."""
    new: bool = False
    """It came while other logs were followed, of which it may be a copy."""
    begin: Begin | None = None
    """Its lines count from here on, whenever the first look is."""


class Follower:
    """One path. ``poll`` is called again and again; it never raises for what the files do."""

    def __init__(
        self, path: str, files: Files, origin: Origin, ledger: Ledger, optional: bool = False
    ) -> None:
        self.path, self.files, self.origin, self.ledger = path, files, origin, ledger
        self.optional = optional
        """The path is one of a pattern: it may go away for good."""
        self.finished = False
        """An optional path is gone, and all that was in it is read."""
        self.appeared = 0
        """How often a file has appeared here since the last look; set by who knows."""
        self.written = False
        """Whether the kernel has told of writing since the last look; set by who knows."""
        self.others: Others = Alone()
        self.windows = Windows(path)
        self.on_skip: Callable[[Tail], None] = _ignore
        """Told of the file whose lines do not count, positioned behind them."""
        self._beside = Beside(path, files)
        self._reading = Reading(ledger, self.windows)
        self._fresh = True
        self._gone: tuple[float, float] | None = None
        self._copied = 0
        """Up to where a former follower took the current file for a copy."""
        self._left: tuple[Mark, float] | None = None
        """Where a former follower was in a file that cannot be reached yet, and when."""

    def poll(self, now: float, boot: float, budget: int, sink: Sink) -> int:
        """Look once, at wall time ``now``; returns the bytes read.

        ``boot`` is a clock that only moves forward. What is left beyond about ``budget`` bytes
        waits for the next call.
        """
        here = 0
        try:
            found = self.files.stat(self.path)
            here = 1
            self._available(found, now, boot)
        except OSError as error:
            self._unavailable(error, now, boot)
        # The looks see one file each; whatever its name is now, another one was not read.
        if self.appeared > here and not self.windows.lasting:
            self.windows.lost(now, SEVERAL)
        self._reading.written = self.written
        read = self._reading.read(now, boot, budget, sink)
        self.finished = self.optional and self.windows.absent and not self._reading.tails
        self.windows.looked = now
        return read

    @property
    def waiting(self) -> bool:
        """Whether lines are there that the next look will read or pass."""
        return self._reading.waiting

    @property
    def behind(self) -> int:
        """Bytes that wait to be read."""
        try:
            return sum(tail.behind for tail in self._reading.tails)
        except OSError:
            return 0  # the next look says what is wrong

    @property
    def tail(self) -> Tail | None:
        """The current file."""
        return self._reading.tail

    @property
    def tails(self) -> list[Tail]:
        """Every file that is read under this path, rotated ones too."""
        return self._reading.tails

    def rewritten(self, now: float) -> bool:
        """Whether a file of this path was emptied or rewritten within the last LATELY seconds."""
        at = self._reading.rewritten
        try:
            changed = self.tail is not None and self.tail.changed
        except OSError:
            changed = True
        return changed or (at is not None and now - at < LATELY)

    def owns(self, identity: Identity | None) -> bool:
        """Whether the file with this device and inode is being read under this path."""
        return any((tail.dev, tail.ino) == identity for tail in self._reading.tails)

    def give(self, identity: Identity, now: float) -> Tail | None:
        """The reader of this file, for another path that leads to it now; None where there is
        none."""
        return self._reading.give(identity, now)

    def place(self) -> Place:
        """What to remember across a restart."""
        lasting = self.windows.lasting
        left = self._left[0] if self._left else None
        return Place(
            current=self.tail.mark() if self.tail else left,
            old=[tail.mark() for tail in self._reading.old],
            trouble_since=lasting.since if lasting else None,
            trouble=lasting.cause if lasting else "",
            rewritten=self._reading.rewritten,
            copied=self._reading.copied,
            fresh=self._fresh,
        )

    def resume(self, place: Place, at: float, now: float, boot: float) -> None:
        """Go on where a former follower of this path was at time ``at``."""
        self.windows.looked, self._fresh = at, place.fresh
        self._reading.rewritten = place.rewritten
        if place.trouble_since is not None:
            self.windows.begin(place.trouble_since, place.trouble)
        for mark in place.old:
            tail = self._found(mark)
            if tail:
                self._reading.drain(tail, now, boot)
            else:
                self.windows.lost(now, GONE, at)
        self._copied = place.copied or 0
        if place.current:
            self._resume_current(place.current, at, now, boot)
        if self.tail and place.copied is not None and not self.tail.offset:
            self._reading.doubt(self.tail, self.others, min(place.copied, self.tail.size))

    def close(self) -> None:
        """Give every descriptor back; idempotent."""
        self._reading.close()

    def _available(self, found: os.stat_result, now: float, boot: float) -> None:
        if self._left:
            (mark, at), self._left = self._left, None
            self._resume_current(mark, at, now, boot)
        if self.tail and self.tail.is_file(found):
            self._well(now, same=True)
            self._beside.remember(self.tail.path)
            return
        if self.others.keep((found.st_dev, found.st_ino)):
            self._reading.retire(now, boot)
            self._well(now, same=False)
            return
        opened = self._open(now)
        if opened is None:
            return
        try:
            tail = self._reading.known(opened, now, self.others)
            self._follow(tail, now, boot)
        except OSError:
            opened.close()
            raise
        self._well(now, same=False)
        self._beside.remember(tail.path)

    def _follow(self, tail: Tail, now: float, boot: float) -> None:
        """Read this file from now on."""
        if self.tail:
            draining = {old.ino for old in self._reading.old}
            if self._beside.unseen(self.tail, tail, draining, self.others.have):
                self.windows.lost(now, SEVERAL)
        elif self._fresh and not self.origin.from_start and not tail.offset:
            self._skip(tail, now)
        newcomer = not (self.tail or tail.offset) and (self.origin.new or not self._fresh)
        self._reading.follow(tail, now, boot, self.others)
        if newcomer:
            self._reading.doubt(tail, self.others)
        self._fresh = False

    def _open(self, now: float) -> Tail | None:
        """The file that the path leads to now; a trouble where it cannot be read."""
        try:
            return _opened(self.files, self.path)
        except OSError as error:
            self.windows.troubled(trouble(self.path, error), self.windows.since(now))
        return None

    def _skip(self, tail: Tail, now: float) -> None:
        """Leave out what was written before the watch, up to the last whole line."""
        found = self.files.fstat(tail.fd)
        begin = self.origin.begin
        tail.seek(line_start(tail, begin.offset if begin else found.st_size))
        if begin:
            if begin.since is not None:
                self.windows.lost(now, LATE, begin.since)
            self.on_skip(tail)
            return
        start = self.origin.watch_start
        if self.windows.lasting is None and now - start > GRACE and found.st_mtime > start:
            self.windows.lost(now, LATE, start)
        self.on_skip(tail)

    def _unavailable(self, error: OSError, now: float, boot: float) -> None:
        found = trouble(self.path, error)
        if not found.absent:
            self.windows.troubled(found, self.windows.since(now))
            return
        self._fresh = False
        if self.optional:
            self.windows.trouble = found
            self._reading.retire(now, boot)
            return
        self._gone = self._gone or (self.windows.since(now), boot)
        since, began = self._gone
        if not self._reading.tails or boot - began >= GRACE:  # else a rotation is under way
            self.windows.troubled(found, since)

    def _well(self, now: float, *, same: bool) -> None:
        self.windows.well(now, same=same)
        self._gone = None

    def _resume_current(self, mark: Mark, at: float, now: float, boot: float) -> None:
        try:
            tail: Tail | None = _opened(self.files, self.path)
        except OSError:
            tail = None
        if tail and (tail.dev, tail.ino) == (mark.dev, mark.ino):
            offset, whole = resumed_at(tail, mark)
            tail.seek(offset)
            self._reading.tail = tail
            self._beside.remember(tail.path)
            if not whole:
                tail.former_mark = mark
                self._reading.rewritten = now
                self.windows.well(now, same=False)
                self.windows.lost(now, STOPPED, at)
            return
        moved = self._found(mark)
        if moved:
            if self._copied and not moved.offset:
                moved.seek(line_start(moved, min(self._copied, moved.size)))
            self._reading.drain(moved, now, boot)
        elif mark.offset and not (tail or self.optional):
            self._left = mark, at  # whether it is the same that comes is seen then
            return
        if tail:
            self.windows.well(now, same=False)  # missing or not, this is another file
            self._reading.tail = tail = self._reading.known(tail, now, self.others)
            if moved:
                self._reading.replace(moved, tail)
            elif not tail.offset:
                tail.seek(place_again(tail, mark))
        # Even where the rest of it is read: nobody knows how many files came after it.
        self.windows.lost(now, STOPPED, at)

    def _found(self, mark: Mark) -> Tail | None:
        """The file of ``mark`` under another name, unless it is read there."""
        tail = self._beside.find(mark)
        if tail and self.others.keep((tail.dev, tail.ino)):
            tail.close()
            return None
        return tail


def _ignore(tail: Tail) -> None:
    """Nobody wants the lines from before the watch."""


def _opened(files: Files, path: str) -> Tail:
    fd = files.open(path)
    found = files.fstat(fd)
    if is_regular(found):
        return Tail(files, fd, found, path)
    files.close(fd)
    raise IsADirectoryError(errno.EISDIR, "not a regular file", path)
