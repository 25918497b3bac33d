"""Counting the records in what was read, and keeping the lines that are worth showing."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from stagewatch.logs.levels import LIMIT, look
from stagewatch.logs.records import RecordReader
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.state import Counts
from stagewatch.logs.words import CRITICAL, ERROR, WARNING

MOST_BAD = 200
MOST_OTHERS = 500
KEPT = 4096
"""Bytes of a line that are kept for showing."""


class Kept(NamedTuple):
    """A line to show."""

    number: int
    """Its place in the order of reading."""
    path: str
    at: float
    level: str
    raw: bytes


class Batch:
    """The lines of one reading, bounded: bad ones go last."""

    def __init__(self) -> None:
        self.seen = 0
        self._critical: deque[Kept] = deque(maxlen=MOST_BAD)
        self._error: deque[Kept] = deque(maxlen=MOST_BAD)
        self._others: deque[Kept] = deque(maxlen=MOST_OTHERS)

    def add(self, path: str, at: float, level: str, raw: bytes) -> None:
        """Take the next line."""
        self.seen += 1
        kept = Kept(self.seen, path, at, level, raw[:KEPT])
        if level == CRITICAL:
            self._critical.append(kept)
        elif level == ERROR:
            self._error.append(kept)
        else:
            self._others.append(kept)

    def context(self, path: str, watch_start: float, raw: bytes) -> None:
        """Take a line from before the watch, to show and not to count."""
        at = watch_start - 0.001
        seen = look(raw[:LIMIT])
        stamp = stamp_of(seen, at) if seen.record else None
        self.add(path, min(at, stamp or at), seen.level, raw)

    def lines(self) -> list[Kept]:
        """What is kept, in the order of reading."""
        errors = list(self._error)[len(self._critical) :] if self._full() else list(self._error)
        return sorted([*self._critical, *errors, *self._others])

    def _full(self) -> bool:
        return len(self._critical) + len(self._error) > MOST_BAD


class Tally:
    """Counts the lines of one file into ``counts``."""

    def __init__(
        self,
        path: str,
        counts: Counts,
        watch_start: float,
        offset: float = 0.0,
        record_at: float | None = None,
    ) -> None:
        self.path, self.counts = path, counts
        self.watch_start, self.offset = watch_start, offset
        self.reader = RecordReader(record_at)

    def feed(self, data: bytes, at: float, written_after: float, batch: Batch) -> None:
        """Count whole lines, read at ``at`` and not there yet at ``written_after``."""
        for line in data[:-1].split(b"\n"):
            self._line(line, at, written_after, batch)

    def _line(self, line: bytes, at: float, written_after: float, batch: Batch) -> None:
        self.counts.lines += 1
        entry = self.reader.feed(line[:LIMIT].rstrip(b"\r"), at, written_after)
        shown_at = at
        if entry.starts and entry.level in (CRITICAL, ERROR, WARNING):
            stamp = stamp_of(entry.look, at, self.offset)
            if stamp is not None and stamp < self.watch_start:
                self.counts.before_watch += 1
                shown_at = stamp
            else:
                self._count(entry.level, bool(entry.crash == "traceback"))
        batch.add(self.path, shown_at, entry.level, line)

    def _count(self, level: str, traceback: bool) -> None:
        counts = self.counts
        counts.criticals += level == CRITICAL
        counts.errors += level == ERROR
        counts.warnings += level == WARNING
        counts.tracebacks += traceback
