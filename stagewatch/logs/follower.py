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
from stagewatch.logs.copies import Replacement
from stagewatch.logs.draining import GRACE, Draining
from stagewatch.logs.files import Files, is_regular
from stagewatch.logs.ledger import Ledger
from stagewatch.logs.lookalikes import Begin
from stagewatch.logs.rewind import kept, line_start, place_again, resumed_at
from stagewatch.logs.state import Loss, Mark, Place
from stagewatch.logs.tail import Sink, Tail, TruncatedError
from stagewatch.logs.trouble import Trouble, trouble

TRUNCATED = "the file was truncated in place"
COPIED = "the log was replaced by a copy of itself"
SEVERAL = "rotated several times between two looks"
TOO_OFTEN = "rotated too often to follow every file"
LATE = "the log was not followed from the beginning"
STOPPED = "rotated or truncated while the recorder was not running"
GONE = "a rotated file went away while the recorder was not running"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where counting begins in a file that is there at the first look."""

    watch_start: float
    from_start: bool = False
    """Its lines count; otherwise they are from before the watch."""
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
        self.losses: list[Loss] = []
        """Closed windows, to be taken away by the caller."""
        self.trouble: Trouble | None = None
        """Why the path cannot be read now."""
        self.lasting: Loss | None = None
        """The window that lasts while the trouble does."""
        self.on_skip: Callable[[Tail], None] = _ignore
        """Told of the file whose lines do not count, positioned behind them."""
        self._beside = Beside(path, files)
        self._tail: Tail | None = None
        self._replacing: Replacement | None = None
        """Set while it is not known where to begin in the current file."""
        self._old = Draining(ledger)
        self._fresh = True
        self._looked: float | None = None
        self._gone: tuple[float, float] | None = None

    def poll(self, now: float, boot: float, budget: int, sink: Sink) -> int:
        """Look once, at wall time ``now``; returns the bytes read.

        ``boot`` is a clock that only moves forward. What is left beyond about ``budget`` bytes
        waits for the next call.
        """
        try:
            self._available(self.files.stat(self.path), now, boot)
        except OSError as error:
            self._unavailable(error, now, boot)
        read = self._old.read(boot, lambda tail: self._advance(tail, now, budget, sink))
        self.finished = self.optional and self._absent and not self._tails()
        if self._tail is not None and self._placed(self._tail, now):
            read += self._advance(self._tail, now, budget, sink)
        self._looked = now
        return read

    @property
    def behind(self) -> int:
        """Bytes that wait to be read."""
        try:
            return sum(tail.behind for tail in self._tails())
        except OSError:
            return 0  # the next look says what is wrong

    @property
    def tail(self) -> Tail | None:
        """The current file."""
        return self._tail

    def owns(self, identity: tuple[int, int] | None) -> bool:
        """Whether the file with this device and inode is being read under this path."""
        return any((tail.dev, tail.ino) == identity for tail in self._tails())

    def place(self) -> Place:
        """What to remember across a restart."""
        return Place(
            current=self._tail.mark() if self._tail else None,
            old=[tail.mark() for tail in self._old.tails],
            trouble_since=self.lasting.since if self.lasting else None,
            trouble=self.lasting.cause if self.lasting else "",
            fresh=self._fresh,
        )

    def resume(self, place: Place, at: float, now: float, boot: float) -> None:
        """Go on where a former follower of this path was at time ``at``."""
        self._looked, self._fresh = at, place.fresh
        if place.trouble_since is not None:
            self.lasting = Loss(
                path=self.path, since=place.trouble_since, until=None, cause=place.trouble
            )
        for mark in place.old:
            tail = self._beside.find(mark)
            if tail:
                self._old.add(tail, boot)
            else:
                self._lost(at, now, GONE)
        if place.current:
            self._resume_current(place.current, at, now, boot)

    def close(self) -> None:
        """Give every descriptor back; idempotent."""
        for tail in self._tails():
            tail.close()

    def _tails(self) -> list[Tail]:
        return self._old.tails + ([self._tail] if self._tail else [])

    def _available(self, found: os.stat_result, now: float, boot: float) -> None:
        if self._tail and self._tail.is_file(found):
            self._well()
            self.lasting = None  # the same file goes on: nothing was missed meanwhile
            self._beside.remember()
            return
        opened = self._open(now)
        if opened is None:
            return
        try:
            tail = self._known(opened)
            self._follow(tail, now, boot)
        except OSError:
            opened.close()
            raise
        self._well()
        if self.lasting:
            self.losses.append(self.lasting.ended(now))
            self.lasting = None
        self._beside.remember()

    def _follow(self, tail: Tail, now: float, boot: float) -> None:
        """Read this file from now on; the one before it drains."""
        if self._tail:
            if self._beside.unseen(self._tail, tail, {old.ino for old in self._old.tails}):
                self._lost(self._looked or now, now, SEVERAL)
            if self._replacing:
                self._place(self._replacing, self._tail, now)
            self._replacing = None if tail.offset else Replacement(self._tail, tail)
            self._retire(self._tail, now, boot)
        elif self._fresh and not self.origin.from_start:
            self._skip(tail, now)
        self._tail, self._fresh = tail, False

    def _placed(self, tail: Tail, now: float) -> bool:
        """Whether it is known where to begin in the current file."""
        if self._replacing and self._replacing.waits():
            return False
        if self._replacing:
            self._place(self._replacing, tail, now)
            self._replacing = None
        return True

    def _place(self, replacing: Replacement, tail: Tail, now: float) -> None:
        """Leave out of this file what it has from the one before it."""
        place, certain = replacing.place()
        tail.seek(place)
        if not certain:
            self._lost(self._looked or now, now, COPIED)

    def _open(self, now: float) -> Tail | None:
        """The file that the path leads to now; a trouble where it cannot be read."""
        try:
            return _opened(self.files, self.path)
        except OSError as error:
            self._troubled(trouble(self.path, error), self._looked or now)
        return None

    def _known(self, tail: Tail) -> Tail:
        """``tail`` behind what was counted of this file when it was read before."""
        reading = self._old.take_back(tail)
        if reading:
            tail.close()
            return reading
        mark = self.ledger.recall(tail)
        if mark:
            self._fresh = False
            tail.seek(mark.offset)
        return tail

    def _skip(self, tail: Tail, now: float) -> None:
        """Leave out what was written before the watch, up to the last whole line."""
        found = self.files.fstat(tail.fd)
        begin = self.origin.begin
        tail.seek(line_start(tail, begin.offset if begin else found.st_size))
        if begin:
            if begin.since is not None:
                self._lost(begin.since, now, LATE)
            self.on_skip(tail)
            return
        start = self.origin.watch_start
        if self.lasting is None and now - start > GRACE and found.st_mtime > start:
            self._lost(start, now, LATE)
        self.on_skip(tail)

    def _retire(self, tail: Tail, now: float, boot: float) -> None:
        if not self._old.add(tail, boot):
            self._lost(self._looked or now, now, TOO_OFTEN)

    def _advance(self, tail: Tail, now: float, budget: int, sink: Sink) -> int:
        try:
            return tail.advance(budget, sink)
        except TruncatedError:
            self._lost(self._looked or now, now, TRUNCATED)
        except OSError as error:
            self._troubled(trouble(self.path, error), self._looked or now)
            return 0
        try:
            tail.seek(kept(tail))
            return tail.advance(budget, sink)
        except (TruncatedError, OSError):
            return 0  # it is being rewritten this very moment; the next look sees the rest

    @property
    def _absent(self) -> bool:
        return self.trouble is not None and self.trouble.absent

    def _unavailable(self, error: OSError, now: float, boot: float) -> None:
        found = trouble(self.path, error)
        if not found.absent:
            self._troubled(found, self._looked or now)
            return
        self._fresh = False
        if self.optional:
            self.trouble = found
            if self._tail:
                self._retire(self._tail, now, boot)
                self._tail = None
            return
        self._gone = self._gone or (self._looked or now, boot)
        since, began = self._gone
        if not self._tails() or boot - began >= GRACE:  # else a rotation is under way
            self._troubled(found, since)

    def _troubled(self, found: Trouble, since: float) -> None:
        self.trouble = found
        if self.lasting is None:
            self.lasting = Loss(path=self.path, since=since, until=None, cause=found.cause)

    def _well(self) -> None:
        self.trouble, self._gone = None, None

    def _lost(self, since: float, until: float, cause: str) -> None:
        self.losses.append(Loss(path=self.path, since=since, until=until, cause=cause))

    def _resume_current(self, mark: Mark, at: float, now: float, boot: float) -> None:
        try:
            tail: Tail | None = _opened(self.files, self.path)
        except OSError:
            tail = None
        if tail and (tail.dev, tail.ino) == (mark.dev, mark.ino):
            offset, whole = resumed_at(tail, mark)
            tail.seek(offset)
            self._tail = tail
            self._beside.remember()
            if not whole:
                self._lost(at, now, STOPPED)
            return
        moved = self._beside.find(mark)
        if moved:
            self._old.add(moved, boot)
        if tail:
            self._tail = tail = self._known(tail)
            if moved and not tail.offset:
                self._replacing = Replacement(moved, tail)
            elif not tail.offset:
                tail.seek(place_again(tail, mark))
        # Even where the rest of it is read: nobody knows how many files came after it.
        self._lost(at, now, STOPPED)


def _ignore(tail: Tail) -> None:
    """Nobody wants the lines from before the watch."""


def _opened(files: Files, path: str) -> Tail:
    fd = files.open(path)
    found = files.fstat(fd)
    if is_regular(found):
        return Tail(files, fd, found, path)
    files.close(fd)
    raise IsADirectoryError(errno.EISDIR, "not a regular file", path)
