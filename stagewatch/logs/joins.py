"""Whether a traceback belongs to a record, told from lines of which most were not read in full.

``stagewatch.logs.records`` says when it does: a record stands before it, no more than a second
older, or a line that chains it to another traceback.
"""

from __future__ import annotations

from collections import deque

from stagewatch.logs.levels import LIMIT, TRACEBACK, look
from stagewatch.logs.lines import NO_LINES, Lines
from stagewatch.logs.records import CHAIN, JOIN

PENDING = 200
"""Lines that are remembered unread while no record is known behind them."""


class Joins:
    """What stands before a traceback, in one file."""

    def __init__(self, record_at: float | None, *, chained: bool = False) -> None:
        self.record_at = record_at
        """When the last log record was read."""
        self.chained = chained
        """What was read so far ends with a line that chains the next traceback."""
        self._pending: deque[tuple[bytes, float]] = deque(maxlen=PENDING)
        self.begin(NO_LINES, 0.0, 0.0)

    def begin(self, lines: Lines, at: float, written_after: float) -> None:
        """Go on with these lines, read at ``at`` and not there yet at ``written_after``."""
        self._lines, self._at, self._since = lines, at, min(at, written_after)
        self._first = len(lines) if lines.passed is None else lines.passed - 0.5
        """The first line that is known to begin a record; a passed one is between two others."""
        self._unread: list[int] = []
        """Lines that may begin one, in order."""

    def record(self, index: int) -> None:
        """A record begins in this line."""
        self._first = min(self._first, index)

    def records(self, before: range | list[int], after: list[int]) -> None:
        """One begins in each of the lines ``before`` that are not in ``after``."""
        if len(before) > len(after):
            changed = (old for old, new in zip(before, after, strict=False) if old != new)
            self.record(next(changed, before[len(after)]))

    def unread(self, indices: list[int]) -> None:
        """These lines were passed unread."""
        self._unread = indices

    def joined(self, index: int) -> bool:
        """Whether the traceback in this line belongs to a record."""
        if self._record_before(index) or self._chained_before(index):
            return True
        while self._pending and not self._recent():
            self._settle_one()
        return self._recent()

    def settled(self) -> float | None:
        """When the last record was read, with nothing left to find that out from."""
        while self._pending:
            self._settle_one()
        return self.record_at

    def end(self, *, in_record: bool) -> None:
        """Remember what the lines read next have to know; ``in_record``: the last of these begins
        a record."""
        self.chained = not in_record and self._chained_before(len(self._lines))
        if self._first < len(self._lines):
            self.record_at = self._at
            self._pending.clear()
        else:
            newest = self._unread[-PENDING:]
            self._pending.extend((self._line(index), self._at) for index in newest)
        self.begin(NO_LINES, 0.0, 0.0)

    def _settle_one(self) -> None:
        line, at = self._pending.pop()
        if look(line).record:
            self.record_at = at
            self._pending.clear()

    def _recent(self) -> bool:
        return self.record_at is not None and self._since - self.record_at <= JOIN

    def _record_before(self, index: int) -> bool:
        while self._first > index and self._unread and self._unread[0] < index:
            # From the first one: what is read here once is never read again.
            unread = self._unread.pop(0)
            if look(self._line(unread)).record:
                self._first = unread
        return self._first < index

    def _chained_before(self, index: int) -> bool:
        while index:
            index -= 1
            if self._lines.end(index) != self._lines.start(index + 1):
                return False  # a record was passed
            line = self._line(index)
            if not line.strip():
                continue
            seen = look(line)
            if seen.record or seen.crash == TRACEBACK:
                return False
            if CHAIN.match(seen.payload):
                return True
            if seen.payload.strip():
                return False
        return self.chained and self._lines.passed != 0

    def _line(self, index: int) -> bytes:
        return self._lines.line(index, LIMIT).rstrip(b"\r")
