"""The lines of one reading that are worth showing, bounded however many were read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from stagewatch.logs.levels import level_of, look
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.words import CRITICAL

MOST_BAD = 200
MOST_OTHERS = 500
KEPT = 4096
"""Bytes of a line that are kept."""


class Span(NamedTuple):
    """Lines of one level that follow one another in what was read."""

    start: int
    end: int
    """Behind the end of the last line."""
    level: str
    at: float
    """When it was read; for a record from before the watch, its own time."""


class Kept(NamedTuple):
    """A line to show."""

    order: tuple[int, int]
    path: str
    at: float
    level: str | None
    """None: not looked at yet."""
    raw: bytes


class Batch:
    """Keeps the newest critical lines and errors, MOST_BAD together, and MOST_OTHERS others."""

    def __init__(self) -> None:
        self.seen = 0
        """How many lines there were."""
        self.before: float | None = None
        """Lines that are no newer are from before the watch; None where there are none."""
        self._chunks = 0
        self._level_of: dict[str, Callable[[bytes], str]] = {}
        self._critical: deque[Kept] = deque(maxlen=MOST_BAD)
        self._error: deque[Kept] = deque(maxlen=MOST_BAD)
        self._others: deque[Kept] = deque(maxlen=MOST_OTHERS)

    def add(
        self,
        path: str,
        data: bytes,
        at: float,
        bad: list[Span],
        level_of: Callable[[bytes], str] = level_of,
    ) -> None:
        """Take whole lines, of which those in ``bad`` are errors or critical.

        ``level_of`` tells the level of one of the others, when it is asked for.
        """
        self.seen += data.count(b"\n")
        self._level_of[path] = level_of
        self._chunks += 1
        for span in bad:
            target = self._critical if span.level == CRITICAL else self._error
            target.extend(self._slice(path, data, span.start, span.end, span.level, span.at))
        self._others.extend(self._rest(path, data, at, bad))

    def _rest(self, path: str, data: bytes, at: float, bad: list[Span]) -> list[Kept]:
        """The last lines that are not in ``bad``."""
        found: list[Kept] = []
        end = len(data)
        for start, before in reversed([(0, 0), *((span.end, span.start) for span in bad)]):
            if end > start:
                found[:0] = self._slice(path, data, start, end, None, at)
            if len(found) >= MOST_OTHERS:
                break
            end = before
        return found

    @property
    def critical(self) -> int:
        """How many critical lines are kept."""
        return len(self._critical)

    @property
    def errors(self) -> int:
        """How many errors are kept."""
        return len(self._error)

    def context(self, path: str, lines: Iterable[bytes], before: float) -> None:
        """Take lines from before the watch: shown, with a time before it, and not counted."""
        self._chunks += 1
        self.before = before
        for number, line in enumerate(lines):
            seen = look(line)
            stamp = stamp_of(seen, before) if seen.record else None
            at = min(before, before if stamp is None else stamp)
            self.seen += 1
            self._others.append(Kept((self._chunks, number), path, at, seen.level, line[:KEPT]))

    def lines(self) -> list[Kept]:
        """What is kept, in the order of reading, each with its level."""
        room = MOST_BAD - len(self._critical)
        errors = list(self._error)[-room:] if room else []
        found = sorted([*self._critical, *errors, *self._others])
        return [self._levelled(kept) for kept in found]

    def __len__(self) -> int:
        bad = min(MOST_BAD, len(self._critical) + len(self._error))
        return bad + len(self._others)

    def _slice(
        self, path: str, data: bytes, start: int, end: int, level: str | None, at: float
    ) -> Iterator[Kept]:
        """The last lines between two line starts, at most as many as could be kept."""
        most = MOST_OTHERS if level is None else MOST_BAD
        pieces = data[start : end - 1].rsplit(b"\n", most)
        position = start
        if len(pieces) > most:
            position += len(pieces[0]) + 1
            del pieces[0]
        for piece in pieces:
            yield Kept((self._chunks, position), path, at, level, piece[:KEPT])
            position += len(piece) + 1

    def _levelled(self, kept: Kept) -> Kept:
        if kept.level is not None:
            return kept
        return kept._replace(level=self._level_of[kept.path](kept.raw))
