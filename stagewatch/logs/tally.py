"""Counting the records of one file: at a glance where lines are alike, in full where not."""

from __future__ import annotations

from collections import Counter
from math import floor

from stagewatch.logs.batch import Batch
from stagewatch.logs.heads import ENOUGH, Heads
from stagewatch.logs.joins import Joins
from stagewatch.logs.known import KnownShapes
from stagewatch.logs.levels import LIMIT, PLAIN, TRACEBACK, Look, look
from stagewatch.logs.lines import COUNTED, NO_LINES, Found, Lines
from stagewatch.logs.masks import digits_alike
from stagewatch.logs.named import Named
from stagewatch.logs.passing import Passing
from stagewatch.logs.patterns import Patterns
from stagewatch.logs.seen import Seen
from stagewatch.logs.shapes import shape_of
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.state import Counts
from stagewatch.logs.stencils import head_of
from stagewatch.logs.suspects import may_hide, suspects
from stagewatch.logs.words import CRITICAL, ERROR, WARNING
from stagewatch.text import clean

SAMPLE = 32
"""Unknown lines that are read in full to learn from, before the others are looked at again."""


class Tally:
    """Counts the lines of one file into ``counts``."""

    def __init__(
        self,
        path: str,
        counts: Counts,
        watch_start: float,
        offset: float = 0.0,
        joins: Joins | None = None,
        *,
        patterns: Patterns | None = None,
        named: Named | None = None,
    ) -> None:
        self.path, self.counts = path, counts
        self.patterns, self.named = patterns, named
        # Most logs write whole seconds: a record of the same one may be from after the start.
        self.watch_start, self._offset = floor(watch_start), offset
        self.joins = joins or Joins(None)
        self._heads, self._shapes, self._seen = Heads(), KnownShapes(), Seen()
        self._passing = Passing()
        self._begin(NO_LINES, 0.0)

    def be_east_of_utc(self, offset: float) -> None:
        """How many seconds the log's times without a zone are, from now on."""
        if offset != self._offset:
            self._offset = offset
            self._heads, self._shapes, self._passing = Heads(), KnownShapes(), Passing()

    def feed(self, data: bytes, at: float, written_after: float, batch: Batch) -> Found:
        """Count whole lines, read at ``at`` and not there yet at ``written_after``."""
        lines = Lines(data, self._passing.others)
        found = self._begin(lines, at)
        self.counts.lines += lines.count
        try:
            if self.named is not None:
                self.named.count(data)
            self.joins.begin(lines, at, written_after)
            self._find()
            self._count()
            batch.add(self.path, found, at, self.level_of)
            if self.patterns is not None:
                self.patterns.feed(found, at, self.path)
        # These lines are passed whatever happens here: read again they would be counted again.
        except Exception as error:  # noqa: BLE001
            self.counts.unread += lines.count
            self.counts.fault = clean(f"{type(error).__name__}: {error}", 200)
            self.joins = Joins(None)
        self._begin(NO_LINES, at)
        return found

    def _find(self) -> None:
        """Put the records among the lines into ``found``."""
        lines = self._lines
        self._read(self._learned())
        for index in sorted(self._traces):
            if not self.joins.joined(index):
                self._judge(index, CRITICAL, look(lines.line(index, LIMIT).rstrip(b"\r")))
                self.counts.tracebacks += index not in self._found.before
        self.joins.end(in_record=bool(lines) and self._heads.find(lines.keys[-1]) is not None)

    def level_of(self, line: bytes) -> str:
        """The level of one line, read in full where nothing like it is known."""
        head = self._heads.find(digits_alike(line))
        level = head.level if head else self._shapes.level_at(line, 0)
        return look(line[:LIMIT].rstrip(b"\r")).level if level is None else level

    def _begin(self, lines: Lines, at: float) -> Found:
        self._lines, self._found, self._at = lines, Found(lines), at
        self._traces: list[int] = []
        return self._found

    def _learned(self) -> list[int]:
        """Learn from some of the lines that are not known; returns those that are left then."""
        self._shapes.often.clear()
        unknown = self._sift(range(len(self._lines)))
        if len(self._lines) >= ENOUGH:
            self._passing.choose(self._lines, Counter(self._heads.often) + self._shapes.often)
        size = SAMPLE
        while unknown:
            sample, rest = unknown[:size], unknown[size:]
            learned = sum([self._line(index) for index in sample])
            unknown = self._sift(rest) if learned else rest
            if not learned:
                break
            size *= 2
        return unknown

    def _read(self, unknown: list[int]) -> None:
        """Read those of these lines that may count."""
        if unknown:
            suspicious, others = suspects(self._lines, unknown)
            self.joins.unread(others)
            for index in suspicious:
                self._line(index)

    def _sift(self, indices: range | list[int]) -> list[int]:
        """Those of these lines of which nothing is known; the records among the others count."""
        unknown = self._heads.sift(self._lines, indices, self._found)
        if self._shapes:
            unknown = [index for index in unknown if not self._shaped(index)]
        self.joins.records(indices, unknown)
        unknown, records, traces = self._seen.sift(self._lines, unknown)
        self._traces += traces
        for index in records[:1]:
            self.joins.record(index)
        return unknown

    def _shaped(self, index: int) -> bool:
        level = self._shapes.level_at(self._lines.data, self._lines.start(index))
        if level in COUNTED:
            self._found.levels[level].append(index)
        return level is not None

    def _line(self, index: int) -> bool:
        """Read a line, in full where nothing is known of it; True where something was learned."""
        if not self._sift([index]):
            return False
        key = self._lines.keys[index]
        line = self._lines.line(index, LIMIT).rstrip(b"\r")
        seen = look(line)
        self._seen.remember(key, seen)
        if seen.form != PLAIN and not seen.level:
            self.counts.cut += may_hide(key)
        if not seen.record:
            if seen.crash == TRACEBACK:
                self._traces.append(index)
            return False
        self.joins.record(index)
        if seen.level in COUNTED:
            self._judge(index, seen.level, seen)
        return seen.level != CRITICAL and self._learn(line, seen)

    def _learn(self, line: bytes, seen: Look) -> bool:
        head = head_of(line, seen, self.watch_start, self._offset)
        if head is not None:
            self._heads.learn(head)
        if not self._shapes.wants(seen.level):
            return head is not None
        shape = shape_of(line, seen, self.watch_start, self._offset)
        self._shapes.learn(seen.level, shape)
        return head is not None or shape is not None

    def _judge(self, index: int, level: str, seen: Look) -> None:
        """Count a record unless it is from before the watch."""
        stamp = stamp_of(seen, self._at, self._offset)
        if stamp is not None and stamp < self.watch_start:
            self._found.before[index] = level, stamp
        else:
            self._found.levels[level].append(index)

    def _count(self) -> None:
        counts, found = self.counts, self._found
        found.sort()
        counts.before_watch += len(found.before)
        counts.criticals += len(found.levels[CRITICAL])
        counts.errors += len(found.levels[ERROR])
        counts.warnings += len(found.levels[WARNING])
