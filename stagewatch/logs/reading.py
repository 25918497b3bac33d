"""What is read of one path: its file, and those that were rotated away and may still be written."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from stagewatch.logs.copies import Replacement
from stagewatch.logs.draining import GRACE, Draining
from stagewatch.logs.files import Identity
from stagewatch.logs.ledger import Ledger
from stagewatch.logs.newcomers import Newcomer
from stagewatch.logs.rewriting import Rewriting
from stagewatch.logs.tail import Sink, Tail, TruncatedError
from stagewatch.logs.trouble import trouble
from stagewatch.logs.windows import Windows

ALIKE = "the file was written anew with the same lines"
TRUNCATED = "the file was truncated in place"
TOO_OFTEN = "rotated too often to follow every file"


class Alike:
    """Whether a file was emptied and written anew, with as many bytes and the same ones.

    Nothing shows that but its time of change. A write that is under way changes the time before it
    makes the file longer: one that has not after ``GRACE``, or a second time, was none.
    """

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        """The look before the time had changed, and when that was seen."""

    def since(self, tail: Tail, written: bool, looked: float, boot: float) -> float | None:
        """Since when lines may have been lost for it; None where nothing says so."""
        again = tail.touched and written
        if tail.grew or (self._first is None and not again):
            self._first = None
            return None
        if self._first is None:
            self._first = looked, boot
            return None
        since, began = self._first
        if not again and boot - began < GRACE:
            return None
        self._first = (looked, boot) if again else None
        return since


class Others(Protocol):
    """The other logs of the same probe, as ``stagewatch.logs.sources`` has them."""

    def have(self, path: str, found: Identity, /) -> bool: ...
    def keep(self, found: Identity, /) -> bool: ...
    def give(self, found: Identity, now: float, /) -> Tail | None: ...
    def logs(self) -> Iterable[Tail]: ...


class Alone:
    """There are no others."""

    def have(self, path: str, found: Identity, /) -> bool:
        """None of them has a file."""
        return False

    def keep(self, found: Identity, /) -> bool:
        """Nor keeps one."""
        return False

    def give(self, found: Identity, now: float, /) -> Tail | None:
        """Nor gives one."""
        return None

    def logs(self) -> Iterable[Tail]:
        """Nor reads one."""
        return ()


class Reading:
    """Reads every file to its end, none of them twice; keeps no clock."""

    def __init__(self, ledger: Ledger, windows: Windows) -> None:
        self.tail: Tail | None = None
        """The current file."""
        self._ledger, self._windows = ledger, windows
        self._replacing: Replacement | Newcomer | None = None
        """Set while it is not known where to begin in the current file."""
        self._old = Draining(ledger)
        self.written = False
        """Whether the kernel has told of writing since the last look; set by who knows."""
        self.rewritten: float | None = None
        """When a file of this path was emptied or rewritten last."""
        self._rewriting: Rewriting | None = None
        """Set while the current file may be getting back what it had."""
        self._alike = Alike()

    @property
    def old(self) -> list[Tail]:
        """The rotated files that are read still, oldest first."""
        return self._old.tails

    @property
    def tails(self) -> list[Tail]:
        """All of them."""
        return self.old + ([self.tail] if self.tail else [])

    def known(self, tail: Tail, now: float, others: Others) -> Tail:
        """``tail`` behind what was counted of this file when it was read before, here or at
        another path."""
        file = tail.dev, tail.ino
        reading = self._old.take_back(file) or others.give(file, now)
        if reading:
            reading.path = tail.path
            tail.close()
            return reading
        mark = self._ledger.recall(tail)
        if mark:
            tail.seek(mark.offset)
            self._ledger.forget([tail])
        return tail

    def give(self, file: Identity, now: float) -> Tail | None:
        """The reader of this file, for another path that leads to it now."""
        tail = self.tail
        if tail is None or (tail.dev, tail.ino) != file:
            return self._old.take_back(file)
        self._begin(now)
        self._settle()
        self.tail = None
        return tail

    @property
    def waiting(self) -> bool:
        """Whether lines are there that the next look will read or pass."""
        return self._rewriting is not None and self._rewriting.pending

    def follow(self, tail: Tail, now: float, boot: float, others: Others) -> None:
        """Read this file from now on; the one before it drains."""
        before = self.tail
        self.retire(now, boot)
        self.tail = tail
        if before and not tail.offset and _is_emptied(before):
            self.doubt(tail, others)  # what was in it may be in the new file
        elif before:
            self.replace(before, tail)

    def replace(self, before: Tail, tail: Tail) -> None:
        """This file, which is to be read now, may be a copy of the one before it."""
        self._replacing = None if tail.offset else Replacement(before, tail)

    def doubt(self, tail: Tail, others: Others, copied: int = 0) -> None:
        """This file, which is to be read now, may be a copy of another log, or of an old file."""
        logs = lambda: (*self.old, *others.logs())  # noqa: E731  # asked anew each time
        self._replacing = Newcomer(tail, logs, copied=copied)

    @property
    def copied(self) -> int | None:
        """Up to where the current file is a copy of another log, as long as that is asked."""
        return self._replacing.copied if isinstance(self._replacing, Newcomer) else None

    def drain(self, tail: Tail, now: float, boot: float) -> None:
        """Read this file, which was rotated away, as long as it is written."""
        if not self._old.add(tail, boot):
            self._windows.lost(now, TOO_OFTEN)

    def retire(self, now: float, boot: float) -> None:
        """The current file was rotated away."""
        if self.tail:
            self._begin(now)
            self._settle()
            self.drain(self.tail, now, boot)
            self.tail = None

    def read(self, now: float, boot: float, budget: int, sink: Sink) -> int:
        """Read what is new, about ``budget`` bytes of each file; returns how many that were."""
        read = self._old.read(boot, lambda tail: self._advance(tail, now, boot, budget, sink))
        if self.tail is None or (self._replacing and self._replacing.waits()):
            return read
        if self._waits(now, boot):
            return read
        self._begin(now)
        self._settle()
        new = self._advance(self.tail, now, boot, budget, sink)
        since = self._alike.since(self.tail, self.written, self._windows.since(now), boot)
        if since is not None:
            self._windows.lost(now, ALIKE, since)
        return read + new

    def close(self) -> None:
        """Give every descriptor back; idempotent."""
        for tail in self.tails:
            tail.close()

    def _begin(self, now: float) -> None:
        """Leave out of the current file what it has from the one before it."""
        replacing, self._replacing = self._replacing, None
        if replacing and (cause := replacing.settle()):
            self._windows.lost(now, cause)

    def _waits(self, now: float, boot: float) -> bool:
        if self._rewriting is None:
            return False
        try:
            waits = self._rewriting.waits(boot)
        except OSError:
            return False
        if self._rewriting.again:
            self._windows.lost(now, TRUNCATED)
        return waits

    def _settle(self) -> None:
        """Go on in a file that was rewritten, behind what was counted of it."""
        rewriting, self._rewriting = self._rewriting, None
        with suppress(OSError):  # the next look says what is wrong
            if rewriting:
                rewriting.settle()

    def _advance(self, tail: Tail, now: float, boot: float, budget: int, sink: Sink) -> int:
        try:
            return tail.advance(budget, sink)
        except TruncatedError:
            self.rewritten = now
            self._windows.lost(now, TRUNCATED)
            if tail is self.tail:
                self._rewriting = Rewriting(tail, boot)
                if self._waits(now, boot):
                    return 0
        except OSError as error:
            self._windows.troubled(trouble(self._windows.path, error), self._windows.since(now))
            return 0
        try:
            self._rewriting = self._rewriting or Rewriting(tail, boot)
            self._settle()
            return tail.advance(budget, sink)
        except (TruncatedError, OSError):
            return 0  # it is being rewritten this very moment; the next look sees the rest


def _is_emptied(tail: Tail) -> bool:
    """Whether nothing of what was read of this file is in it."""
    size = tail.size
    if size < tail.start:
        tail.former = tail.before_start
    return size < tail.start or not tail.start
