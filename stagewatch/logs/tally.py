"""Counting the records of one file, fast where lines are alike and in full where they are not."""

from __future__ import annotations

from collections import deque

from stagewatch.logs.batch import Batch, Span
from stagewatch.logs.levels import INDENTED, LIMIT, TRACEBACK, look
from stagewatch.logs.named import Named
from stagewatch.logs.patterns import Patterns
from stagewatch.logs.records import Entry, RecordReader
from stagewatch.logs.runs import Runs
from stagewatch.logs.shapes import shape_of
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.state import Counts
from stagewatch.logs.suspects import Suspects
from stagewatch.logs.words import CRITICAL, ERROR, WARNING

PENDING = 200

VAIN = 64
"""Lines that are read in full for nothing before the rest of a chunk is searched for suspects."""


class Tally:
    """Counts the lines of one file into ``counts``."""

    def __init__(
        self,
        path: str,
        counts: Counts,
        watch_start: float,
        offset: float = 0.0,
        record_at: float | None = None,
        *,
        patterns: Patterns | None = None,
        named: Named | None = None,
    ) -> None:
        self.path, self.counts = path, counts
        self.patterns, self.named = patterns, named
        self.watch_start, self.offset = watch_start, offset
        self.reader = RecordReader(record_at)
        self.runs = Runs()
        self._suspects: Suspects | None = None
        self._vain = 0
        self.counted: list[Span] = []
        self._before: list[Span] = []
        self._pending: deque[tuple[bytes, float, float]] = deque(maxlen=PENDING)

    def feed(self, data: bytes, at: float, written_after: float, batch: Batch) -> None:
        """Count whole lines, read at ``at`` and not there yet at ``written_after``."""
        self._suspects, self._vain = None, 0
        self.counted, self._before = [], []
        self.counts.lines += data.count(b"\n")
        if self.named is not None:
            self.named.count(data)
        bad: list[Span] = []
        position, size = 0, len(data)
        while position < size:
            after = self._run(data, position, at, bad)
            if after == position:
                after = self._indented(data, position, at, written_after)
            if after == position and self._vain >= VAIN:
                after = self._plain(data, position, at, written_after)
            if after == position:
                after = self._line(data, position, at, written_after, bad)
            position = after
        batch.add(self.path, data, at, bad, self.runs.level_of)
        if self.patterns is not None:
            self.patterns.learn(data, self._before, self.path)
            self.patterns.feed(data, self.counted, self.path)

    def _run(self, data: bytes, position: int, at: float, bad: list[Span]) -> int:
        """Pass lines whose header is known; returns where they end."""
        level, end = self.runs.after(data, position)
        if end > position:
            self._pending.clear()
            self.reader.record_at = at
            if level:
                self._count(level, data.count(b"\n", position, end))
                self.counted.append(Span(position, end, level, at))
            if level == ERROR:
                bad.append(Span(position, end, level, at))
        return end

    def _indented(self, data: bytes, position: int, at: float, written_after: float) -> int:
        """Pass lines of a traceback that go on with a record; returns where they end."""
        match = INDENTED.match(data, position)
        if match is None:
            return position
        # The one thing that such a line can do to the next traceback is to break a chain.
        self._pending.append((b"  x", at, written_after))
        return match.end()

    def _plain(self, data: bytes, position: int, at: float, written_after: float) -> int:
        """Pass a line that cannot count; returns its end."""
        if self._suspects is None:
            self._suspects = Suspects(data)
        end = data.index(b"\n", position)
        if self._suspects.after(position) < end:
            return position
        self._pending.append((data[position : min(end, position + LIMIT)], at, written_after))
        return end + 1

    def _line(
        self, data: bytes, position: int, at: float, written_after: float, bad: list[Span]
    ) -> int:
        end = data.index(b"\n", position)
        line = data[position : min(end, position + LIMIT)].rstrip(b"\r")
        entry = self._entry(line, at, written_after)
        if entry.starts and entry.level in (CRITICAL, ERROR, WARNING):
            shown_at = self._judge(entry, at)
            counted = self.counted if shown_at == at else self._before
            counted.append(Span(position, end + 1, entry.level, at))
            if entry.level != WARNING:
                bad.append(Span(position, end + 1, entry.level, shown_at))
        else:
            self._vain += 1
        return end + 1

    def _entry(self, line: bytes, at: float, written_after: float) -> Entry:
        seen = look(line)
        if seen.record:
            self._pending.clear()
            if self.runs.wants(seen.level):
                shape = shape_of(line, seen, self.watch_start, self.offset)
                self.runs.learn(seen.level, shape)
        elif seen.crash == TRACEBACK:
            for earlier, *times in self._pending:
                self.reader.feed(earlier, *times)
            self._pending.clear()
        elif not seen.crash:
            self._pending.append((line, at, written_after))
            return Entry("", False, "", seen)
        return self.reader.place(seen, at, written_after)

    def _judge(self, entry: Entry, at: float) -> float:
        """Count a record unless it is from before the watch; returns when to show it."""
        stamp = stamp_of(entry.look, at, self.offset)
        if stamp is not None and stamp < self.watch_start:
            self.counts.before_watch += 1
            return stamp
        self._count(entry.level, 1)
        self.counts.tracebacks += entry.crash == TRACEBACK
        return at

    def _count(self, level: str, records: int) -> None:
        counts = self.counts
        if level == CRITICAL:
            counts.criticals += records
        elif level == ERROR:
            counts.errors += records
        elif level == WARNING:
            counts.warnings += records
