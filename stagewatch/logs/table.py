"""The patterns that occurred, with their counts, and those that are known from the baseline.

Bounded: of each level so many occur, and so many are known; what goes beyond is "other".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stagewatch.logs.words import MOST, MOST_KNOWN
from stagewatch.model import LogPattern
from stagewatch.text import clean

OTHER = "other records"
EXAMPLE = 1000


@dataclass(slots=True)
class Row:
    """A pattern while it is being counted."""

    number: int
    level: str
    text: str
    new: bool
    other: bool = False
    occurs: bool = False
    """It is one of those that occurred since the watch began."""
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    example: bytes = b""
    source: str = ""


class Table:
    """Rows by level and text, and "other" by level."""

    def __init__(self, stored: Iterable[LogPattern], encoding: str) -> None:
        self.learning = False
        """What is asked for is known from now on, and not counted."""
        self.crowded = False
        """The baseline has more patterns than are kept."""
        self._blind = False
        self._encoding = encoding
        self._rows: dict[tuple[str, str], Row] = {}
        self._others: dict[str, Row] = {}
        self._occurring: Counter[str] = Counter()
        self._dirty: dict[int, Row] = {}
        for pattern in stored:
            self._restore(pattern)

    @property
    def new(self) -> int:
        """How many patterns occurred that the baseline does not know; "other" is one a level."""
        return sum(row.new for row in (*self._rows.values(), *self._others.values()))

    @property
    def overflown(self) -> bool:
        """Whether there are more patterns than are told apart."""
        return bool(self._others)

    @property
    def blind(self) -> bool:
        """Nothing is known of the baseline, so that no pattern is told to be new."""
        return self._blind

    @blind.setter
    def blind(self, blind: bool) -> None:
        if blind != self._blind:
            self._blind = blind
            every = (*self._rows.values(), *self._others.values())
            self._dirty |= {row.number: row for row in every if row.count}

    def suspect(self) -> None:
        """The stored patterns were told while nothing was known: each that occurred may be new."""
        self._blind = True
        for row in self._rows.values():
            row.new = row.new or row.occurs

    def changed(self) -> tuple[LogPattern, ...]:
        """The patterns that are not as they were at the last call."""
        rows, self._dirty = list(self._dirty.values()), {}
        return tuple(self._told(row) for row in rows)

    def row(self, level: str, text: str) -> Row:
        """The pattern of this text; "other" where there are too many."""
        row = self._rows.get((level, text))
        if row is not None:
            if self.learning and row.new:
                row.new = False
                self._dirty[row.number] = row
            return row
        if self.learning:
            return self._known(level, text)
        if self._occurring[level] < MOST[level]:
            row = self._rows[level, text] = self._made(level, text, new=True)
            return row
        row = self._others.get(level)
        if row is None:
            row = self._others[level] = self._made(level, OTHER, new=True)
            row.other = True
        return row

    def occurs(self, row: Row) -> None:
        """This pattern is one of those that occurred, of which there may be so many."""
        if not (row.occurs or row.other or self.learning):
            row.occurs = True
            self._occurring[row.level] += 1

    def count(self, row: Row, count: int, line: bytes, at: float, source: str) -> None:
        """Add records to a pattern; the last of them is its example."""
        if self.learning:
            return
        if not row.count:
            row.first = at
        row.count += count
        row.last, row.example, row.source = at, line[:EXAMPLE], source
        self._dirty[row.number] = row

    def _known(self, level: str, text: str) -> Row:
        if len(self._rows) >= MOST_KNOWN:
            self.crowded = True
            return Row(0, level, text, new=False)
        row = self._rows[level, text] = self._made(level, text, new=False)
        self._dirty[row.number] = row
        return row

    def _made(self, level: str, text: str, *, new: bool) -> Row:
        number = len(self._rows) + len(self._others) + 1
        return Row(number, level, text, new)

    def _told(self, row: Row) -> LogPattern:
        example = row.example.rstrip(b"\r").decode(self._encoding, "replace")
        return LogPattern(
            number=row.number,
            level=row.level,
            text=row.text,
            count=row.count,
            first=row.first,
            last=row.last,
            example=clean(example, EXAMPLE),
            source=row.source,
            new=row.new and not self._blind,
            other=row.other,
        )

    def _restore(self, pattern: LogPattern) -> None:
        row = Row(
            pattern.number,
            pattern.level,
            pattern.text,
            pattern.new,
            pattern.other,
            pattern.count > 0,
            pattern.count,
            pattern.first,
            pattern.last,
            pattern.example.encode(self._encoding, "replace"),
            pattern.source,
        )
        if row.other:
            self._others[row.level] = row
            return
        self._rows[row.level, row.text] = row
        self._occurring[row.level] += row.count > 0
