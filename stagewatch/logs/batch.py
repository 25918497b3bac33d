"""The lines of one reading that are worth showing, bounded however many were read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from stagewatch.logs.levels import level_of, look
from stagewatch.logs.lines import Found, Lines
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.words import CRITICAL, ERROR

MOST_BAD = 200
MOST_OTHERS = 60
"""Of a log that is written fast, most of what its following costs is storing such lines."""
KEPT = 4096
"""Bytes of a line that are kept."""

_WAITING = 8
"""Pieces of what was read from which lines are still to be cut; each holds all that it was."""


class Kept(NamedTuple):
    """A line to show."""

    order: tuple[int, int]
    path: str
    at: float
    level: str | None
    """None: not looked at yet."""
    raw: bytes


class _Piece:
    """What was read at a time."""

    def __init__(self, number: int, path: str, data: bytes) -> None:
        self.number, self.path = number, path
        self._data = data

    def kept(self, start: int, at: float, level: str | None) -> Kept:
        """The line that begins at ``start``."""
        end = self._data.find(b"\n", start)
        raw = self._data[start : min(end, start + KEPT)]
        return Kept((self.number, start), self.path, at, level, raw)


class _Some(NamedTuple):
    """Lines of a piece that are still to be cut out."""

    piece: _Piece
    size: int
    newest: Callable[[], list[int]]
    """Tells where they begin; the newest of them where they are more than are kept."""
    at: float
    own: dict[int, float]
    """Where those begin that have a time of their own."""


class _Newest:
    """The newest lines of one kind. Those that newer ones would push out are never cut out."""

    def __init__(self, level: str | None, most: int) -> None:
        self._level, self._most = level, most
        self._kept: deque[Kept] = deque(maxlen=most)
        self._waiting: deque[_Some] = deque()
        self._newer = 0
        """Lines in what is waiting."""

    def __len__(self) -> int:
        return min(self._most, len(self._kept) + self._newer)

    def add(self, some: _Some) -> None:
        """Take these lines."""
        if some.size:
            self._waiting.append(some)
            self._newer += some.size
        while self._waiting and self._newer - self._waiting[0].size >= self._most:
            self._newer -= self._waiting.popleft().size
        if self._newer >= self._most:
            self._kept.clear()
        if len(self._waiting) > _WAITING:
            self.lines()

    def append(self, kept: Kept) -> None:
        """Take one line."""
        self.lines().append(kept)

    def lines(self) -> deque[Kept]:
        """Every one of them."""
        for some in self._waiting:
            for start in some.newest():
                at = some.own.get(start, some.at)
                self._kept.append(some.piece.kept(start, at, self._level))
        self._waiting.clear()
        self._newer = 0
        return self._kept


class Batch:
    """Keeps the newest critical lines and errors, MOST_BAD together, and MOST_OTHERS others."""

    def __init__(self) -> None:
        self.seen = 0
        """How many lines there were."""
        self.before: float | None = None
        """Lines that are no newer are from before the watch; None where there are none."""
        self._pieces = 0
        self._level_of: dict[str, Callable[[bytes], str]] = {}
        self._critical = _Newest(CRITICAL, MOST_BAD)
        self._error = _Newest(ERROR, MOST_BAD)
        self._others = _Newest(None, MOST_OTHERS)

    def add(
        self,
        path: str,
        found: Found,
        at: float,
        level_of: Callable[[bytes], str] = level_of,
    ) -> None:
        """Take lines, with what was found in them.

        ``level_of`` tells the level of one that is neither an error nor critical, when it is
        asked for.
        """
        lines = found.lines
        self.seen += lines.count
        self._level_of[path] = level_of
        self._pieces += 1
        piece = _Piece(self._pieces, path, lines.data)
        own = {lines.start(index): stamp for index, (_, stamp) in found.before.items()}
        bad: list[int] = []
        for level, target in ((CRITICAL, self._critical), (ERROR, self._error)):
            indices = found.bad(level)
            bad += indices
            newest = partial(_last, lines, indices)
            target.add(_Some(piece, len(indices), newest, at, own))
        others = partial(_last_others, lines, bad)
        self._others.add(_Some(piece, lines.count - len(bad), others, at, {}))

    @property
    def critical(self) -> int:
        """How many critical lines are kept."""
        return len(self._critical)

    @property
    def errors(self) -> int:
        """How many errors are kept."""
        return len(self._error)

    @property
    def crowded(self) -> bool:
        """Whether there is little room for more lines that are neither."""
        return len(self._others) > MOST_OTHERS // 2

    def context(self, path: str, lines: Iterable[bytes], before: float) -> None:
        """Take lines from before the watch: shown, with a time before it, and not counted."""
        self._pieces += 1
        self.before = before
        for number, line in enumerate(lines):
            seen = look(line)
            stamp = stamp_of(seen, before) if seen.record else None
            at = min(before, before if stamp is None else stamp)
            self.seen += 1
            self._others.append(Kept((self._pieces, number), path, at, seen.level, line[:KEPT]))

    def lines(self) -> list[Kept]:
        """What is kept, in the order of reading, each with its level."""
        critical = self._critical.lines()
        room = MOST_BAD - len(critical)
        errors = list(self._error.lines())[-room:] if room else []
        found = sorted([*critical, *errors, *self._others.lines()])
        return [self._levelled(kept) for kept in found]

    def __len__(self) -> int:
        bad = min(MOST_BAD, len(self._critical) + len(self._error))
        return bad + len(self._others)

    def _levelled(self, kept: Kept) -> Kept:
        if kept.level is not None:
            return kept
        return kept._replace(level=self._level_of[kept.path](kept.raw))


def _last_others(lines: Lines, indices: list[int]) -> list[int]:
    """Where the last lines begin that are not among these, as many as could be kept."""
    data, bad = lines.data, set(map(lines.start, indices))
    most = MOST_OTHERS + len(bad)
    pieces = data[:-1].rsplit(b"\n", most)
    if len(pieces) > most:
        del pieces[0]
    found: list[int] = []
    start = len(data)
    for piece in reversed(pieces):
        start -= len(piece) + 1
        if start not in bad:
            found.append(start)
    return found[:MOST_OTHERS][::-1]


def _last(lines: Lines, indices: list[int]) -> list[int]:
    return list(map(lines.start, indices[-MOST_BAD:]))
