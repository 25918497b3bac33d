"""The patterns of a log: records that differ in numbers, ids, quoted values or paths, as one.

Only records that count have a pattern: warnings, errors and critical ones. A pattern that the
baseline does not know is new. Bounded: what is too many ends in one pattern a level, "other".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stagewatch.logs.batch import Span
from stagewatch.logs.levels import LIMIT, TRACEBACK, Look, look
from stagewatch.logs.masks import digits_alike, masked, message_of, roughly_masked
from stagewatch.logs.traces import begins, exception_after
from stagewatch.logs.words import CRITICAL, ERROR, WARNING
from stagewatch.model import LogPattern
from stagewatch.text import clean

MOST = {CRITICAL: 200, ERROR: 500, WARNING: 300}
"""Patterns of a level that occur since the watch began; more are counted in "other"."""
MOST_KNOWN = 2000
"""Patterns of the baseline. What it held beyond is new when it comes."""
OTHER = "other records"
TEXT = 300
EXAMPLE = 1000

_CACHED = 4096
_FEW = 4
"""Lines that are looked up one by one; more are counted together."""
_MANY = 64
"""Unknown lines at a time that are not worth remembering one by one: they hold ids."""


@dataclass(slots=True)
class _Row:
    """A pattern while it is being counted."""

    number: int
    level: str
    text: str
    new: bool
    other: bool = False
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    example: bytes = b""
    source: str = ""

    def add(self, count: int, line: bytes, at: float, source: str) -> None:
        if not self.count:
            self.first = at
        self.count += count
        self.last, self.example, self.source = at, line, source


@dataclass(frozen=True, slots=True)
class _Held:
    """A record at the end of what was read: a traceback may still follow it."""

    level: str
    line: bytes
    at: float
    data: bytes
    """What was read behind it."""


class Patterns:
    """Every pattern of one probe. Not safe for threads: used by one look at a time."""

    def __init__(self, stored: Iterable[LogPattern] = (), encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._rows: dict[tuple[str, str], _Row] = {}
        self._others: dict[str, _Row] = {}
        self._occurring: Counter[str] = Counter()
        self._cache: dict[tuple[str, bytes], _Row] = {}
        self._dirty: dict[int, _Row] = {}
        self._held: dict[str, _Held] = {}
        self._learning = False
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

    def changed(self) -> tuple[LogPattern, ...]:
        """The patterns that are not as they were at the last call."""
        rows, self._dirty = list(self._dirty.values()), {}
        return tuple(self._told(row) for row in rows)

    @contextmanager
    def learning(self) -> Iterator[None]:
        """What is fed meanwhile is the baseline: known, and not counted."""
        self._learning = True
        self._cache.clear()
        held, self._held = self._held, {}  # these are to be counted
        try:
            yield
            self.settle()
        finally:
            self._learning, self._held = False, held
            self._cache.clear()

    def learn(self, data: bytes, spans: Iterable[Span], path: str) -> None:
        """Take the records that begin in these spans into the baseline."""
        found = list(spans)
        if found:
            with self.learning():
                self.feed(data, found, path)

    def feed(self, data: bytes, spans: Iterable[Span], path: str) -> None:
        """Count the records that begin in these spans of what was read from ``path``."""
        held = self._held.pop(path, None)
        if held:
            self._resume(held, data, path)
        for span in spans:
            start = span.end
            if span.level == CRITICAL or begins(data, span.end) or span.end == len(data):
                start = data.rfind(b"\n", span.start, span.end - 1) + 1
                start = max(start, span.start)
                line = data[start : min(span.end - 1, start + LIMIT)]
                self._traced(_Held(span.level, line, span.at, b""), data, span.end, path)
            if start > span.start:
                self._many(span.level, data[span.start : min(start, span.end)], span.at, path)

    def settle(self) -> None:
        """Count what waits for a traceback: nothing more is there to be read now."""
        held, self._held = self._held, {}
        for path, record in held.items():
            self._one(record.level, record.line, record.at, path)

    def _resume(self, held: _Held, data: bytes, path: str) -> None:
        whole = held.data + data
        self._traced(_Held(held.level, held.line, held.at, b""), whole, 0, path)

    def _traced(self, record: _Held, data: bytes, position: int, path: str) -> None:
        """Count a record with the exception that follows it, once that is read."""
        lone = record.line.startswith(b"Traceback (most")
        exception: bytes | None = b""
        if position == len(data) or lone or begins(data, position):
            exception = exception_after(data, position)
        if exception is None:
            rest = data[position:]
            self._held[path] = _Held(record.level, record.line, record.at, rest)
        else:
            self._one(record.level, record.line, record.at, path, exception)

    def _many(self, level: str, text: bytes, at: float, path: str) -> None:
        """Count whole lines, each with its end."""
        lines = text.split(b"\n")
        lines.pop()
        if len(lines) < _FEW:
            for line in lines:
                self._one(level, line[:LIMIT], at, path)
            return
        keys = digits_alike(text).split(b"\n")
        keys.pop()
        newest = dict(zip(keys, lines, strict=True))
        unknown: list[tuple[bytes, bytes, int]] = []
        for key, count in Counter(keys).items():
            row = self._cache.get((level, key[:LIMIT]))
            if row is None:
                unknown.append((key[:LIMIT], newest[key][:LIMIT], count))
            else:
                self._count(row, count, newest[key], at, path)
        if len(unknown) <= _MANY:
            for key, line, count in unknown:
                self._keyed(level, key, line, count, at, path)
        else:
            self._unknown(level, unknown, at, path)

    def _unknown(
        self, level: str, found: list[tuple[bytes, bytes, int]], at: float, path: str
    ) -> None:
        """Count lines that differ in more than digits, most of them in ids."""
        rough = roughly_masked(b"\n".join(line for _, line, _ in found)).split(b"\n")
        counts: dict[bytes, int] = {}
        lines: dict[bytes, bytes] = {}
        for key, (_, line, count) in zip(rough, found, strict=True):
            counts[key] = counts.get(key, 0) + count
            lines[key] = line
        for key, count in counts.items():
            self._keyed(level, b"\1" + key + b"\n", lines[key], count, at, path)

    def _one(self, level: str, line: bytes, at: float, path: str, exception: bytes = b"") -> None:
        key = digits_alike(line)
        if exception:
            key += b"\n" + digits_alike(exception)
        self._keyed(level, key, line, 1, at, path, exception)

    def _keyed(
        self,
        level: str,
        key: bytes,
        line: bytes,
        count: int,
        at: float,
        path: str,
        exception: bytes = b"",
    ) -> None:
        row = self._cache.get((level, key))
        if row is None:
            rough = b"\1" + roughly_masked(line) + b"\n" + roughly_masked(exception)
            row = self._cache.get((level, rough))
            if row is None:
                row = self._row(level, self._text(line, exception))
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[level, key] = self._cache[level, rough] = row
        self._count(row, count, line, at, path)

    def _count(self, row: _Row, count: int, line: bytes, at: float, path: str) -> None:
        if self._learning:
            return
        if not row.count and not row.other:
            self._occurring[row.level] += 1
        row.add(count, line[:EXAMPLE], at, path)
        self._dirty[row.number] = row

    def _row(self, level: str, text: str) -> _Row:
        """The pattern of this text; "other" where there are too many."""
        row = self._rows.get((level, text))
        if row is not None:
            return row
        if self._learning:
            return self._known(level, text)
        if self._occurring[level] < MOST[level]:
            row = self._rows[level, text] = self._made(level, text, new=True)
            return row
        row = self._others.get(level)
        if row is None:
            row = self._others[level] = self._made(level, OTHER, new=True)
            row.other = True
        return row

    def _known(self, level: str, text: str) -> _Row:
        if len(self._rows) >= MOST_KNOWN:
            return _Row(0, level, text, new=False)
        row = self._rows[level, text] = self._made(level, text, new=False)
        self._dirty[row.number] = row
        return row

    def _made(self, level: str, text: str, *, new: bool) -> _Row:
        number = len(self._rows) + len(self._others) + 1
        return _Row(number, level, text, new)

    def _text(self, line: bytes, exception: bytes) -> str:
        seen = look(line)
        raw = b"Traceback" if seen.crash == TRACEBACK else masked(message_of(seen))
        if exception:
            raw += b" | " + masked(exception)
        return clean(raw.decode(self._encoding, "replace"), TEXT)

    def _told(self, row: _Row) -> LogPattern:
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
            new=row.new,
            other=row.other,
        )

    def _restore(self, pattern: LogPattern) -> None:
        row = _Row(
            pattern.number,
            pattern.level,
            pattern.text,
            pattern.new,
            pattern.other,
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


def text_of(seen: Look, encoding: str = "utf-8") -> str:
    """The text of the pattern that a line taken by itself has."""
    raw = masked(message_of(seen))
    return clean(raw.decode(encoding, "replace"), TEXT)


def newest_first(patterns: Iterable[LogPattern]) -> Iterator[LogPattern]:
    """Those that occurred: critical ones first, then new ones, then by their last time."""
    occurred = (pattern for pattern in patterns if pattern.count)
    return iter(sorted(occurred, key=_urgency))


def _urgency(pattern: LogPattern) -> tuple[bool, bool, float]:
    return pattern.level != CRITICAL, not pattern.new, -pattern.last
