"""The patterns of a log: records that differ in numbers, ids, quoted values or paths, as one.

Only records that count have a pattern: warnings, errors and critical ones. A pattern that the
baseline does not know is new. Bounded: what is too many ends in one pattern a level, "other".
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from operator import itemgetter

from stagewatch.logs.levels import LIMIT, look
from stagewatch.logs.lines import Found, Lines
from stagewatch.logs.masks import (
    alike_masked,
    digits_alike,
    escapes_apart,
    roughly_masked,
)
from stagewatch.logs.table import Row, Table
from stagewatch.logs.traces import COMMON, begins, exception_after, is_wrapped
from stagewatch.logs.wording import is_wordless, text_of
from stagewatch.logs.words import CRITICAL, MOST
from stagewatch.model import LogPattern

_CACHED = 4096
_CACHED_BYTES = 4 * 1024 * 1024
"""Of the keys of one level, which may be long."""
_MOST_HELD = 32
"""Records of one file that wait for the end of a traceback."""
_MANY = 64
"""Unknown lines at a time that are not worth remembering one by one: they hold ids."""


@dataclass(slots=True)
class _Held:
    """A record at the end of what was read: a traceback may still follow it."""

    level: str
    line: bytes
    at: float
    position: int = 0
    """Where what follows it begins in what waits with it."""


@dataclass(slots=True)
class _Waiting:
    """Such records of one file."""

    behind: bytes
    """What was read behind the first of them."""
    records: list[_Held] = field(default_factory=list)


class Patterns:
    """Every pattern of one probe. Not safe for threads: used by one look at a time."""

    def __init__(self, stored: Iterable[LogPattern] = (), encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._table = Table(stored, encoding)
        self._cache: dict[str, dict[bytes, Row]] = {level: {} for level in MOST}
        self._cached: Counter[str] = Counter()
        """Bytes of the keys."""
        self.wordless = False
        """A record was so long that what it says was not seen: it may hide a new pattern."""
        self._held: dict[str, _Waiting] = {}

    @property
    def new(self) -> int:
        """How many patterns occurred that the baseline does not know; "other" is one a level."""
        return self._table.new

    @property
    def overflown(self) -> bool:
        """Whether there are more patterns than are told apart."""
        return self._table.overflown

    @property
    def crowded(self) -> bool:
        """Whether the baseline has more patterns than are kept."""
        return self._table.crowded

    def blind(self, why: str) -> None:
        """Why nothing is known to be new; empty where the baseline is known."""
        self._table.blind = bool(why)

    def suspect(self) -> None:
        """The stored patterns are from a watch that knew no baseline."""
        self._table.suspect()

    def changed(self) -> tuple[LogPattern, ...]:
        """The patterns that are not as they were at the last call."""
        return self._table.changed()

    @contextmanager
    def learning(self) -> Iterator[None]:
        """What is fed meanwhile is the baseline: known, and not counted."""
        self._table.learning = True
        self._forget()
        held, self._held = self._held, {}  # these are to be counted
        try:
            yield
            self.settle()
        finally:
            self._table.learning, self._held = False, held
            self._forget()

    def feed(self, found: Found, at: float, path: str) -> None:
        """Count what was found in lines of ``path``, and know what is from before the watch."""
        if found.before:
            with self.learning():
                for level in found.levels:
                    older = (i for i, (each, _) in found.before.items() if each == level)
                    self._feed(found.lines, level, sorted(older), at, path)
        waiting = self._held.pop(path, None)
        if waiting:
            self._resume(waiting, found.lines.data, path)
        for level, indices in found.levels.items():
            if indices:
                self._feed(found.lines, level, indices, at, path)

    def settle(self) -> None:
        """Count what waits for a traceback: nothing more is there to be read now."""
        every, self._held = self._held, {}
        for path, waiting in every.items():
            for held in waiting.records:
                self._one(held, path)

    def _feed(self, lines: Lines, level: str, indices: list[int], at: float, path: str) -> None:
        """Count records of one level, each with the exception that follows it."""
        data, size = lines.data, len(lines.data)
        exceptions: dict[int, bytes] = {}
        waiting = set()
        traced = indices
        if len(indices) > _MANY:
            alone = level != CRITICAL and len(indices) == lines.count  # no traceback among them
            if alone or COMMON not in data:
                traced = indices[-1:]
        # Of few records each one is asked, which takes less time than to ask all of the data.
        wrapped = len(traced) <= _MANY or is_wrapped(data)
        for index in traced:
            position = lines.end(index)
            lone = level == CRITICAL and begins(data, lines.start(index), wrapped=wrapped)
            if not (lone or position == size or begins(data, position, wrapped=wrapped)):
                continue
            exception = exception_after(data, position)
            if exception is None:
                line = lines.line(index, LIMIT)
                self._hold(_Held(level, line, at), data[position:], path)
                waiting.add(index)
            elif exception:
                exceptions[index] = exception
        if waiting:
            first = bisect_left(indices, min(waiting))
            later = [index for index in indices[first:] if index not in waiting]
            indices = indices[:first] + later
        self._many(lines, level, indices, exceptions, at, path)

    def _hold(self, record: _Held, behind: bytes, path: str) -> None:
        waiting = self._held.setdefault(path, _Waiting(behind))
        waiting.records.append(record)
        # What is behind this record is the end of what is behind those before it.
        record.position = len(waiting.behind) - len(behind)
        if len(waiting.records) > _MOST_HELD:
            self._one(waiting.records.pop(0), path)

    def _resume(self, waiting: _Waiting, data: bytes, path: str) -> None:
        whole = waiting.behind + data
        for held in waiting.records:
            exception: bytes | None = b""
            if begins(held.line, 0) or begins(whole, held.position):
                exception = exception_after(whole, held.position)
            if exception is None:
                self._hold(held, whole[held.position :], path)
            else:
                self._one(held, path, exception)

    def _one(self, held: _Held, path: str, exception: bytes = b"") -> None:
        """Count one record."""
        key = _with_exception(digits_alike(escapes_apart(held.line)), exception)
        row = self._cache[held.level].get(key)
        row = row or self._found(held.level, key, held.line, exception)
        self._table.occurs(row)
        self._table.count(row, 1, held.line, held.at, path)

    def _many(
        self,
        lines: Lines,
        level: str,
        indices: list[int],
        exceptions: dict[int, bytes],
        at: float,
        path: str,
    ) -> None:
        """Count records, those alike together, and as one by one they would be counted."""
        keys = lines.keys_of(indices)
        if lines.longer_than(LIMIT):
            keys = [key[:LIMIT] for key in keys]
        # One byte is looked for first, since that takes no time.
        if b"\\" in lines.data and b"\\u" in lines.data:
            for number, index in enumerate(indices):
                if b"\\u" in keys[number]:
                    keys[number] = digits_alike(escapes_apart(lines.line(index, LIMIT)))
        for number, index in enumerate(indices) if exceptions else ():
            keys[number] = _with_exception(keys[number], exceptions.get(index, b""))
        cache, counted = self._cache[level], []
        unknown = set(keys).difference(cache)
        if len(unknown) > _MANY:
            rough = _rough_of_both(unknown) if exceptions else _rough(unknown)
            keys = list(map(rough.get, keys, keys))
        newest = dict(zip(keys, indices, strict=True))
        for key, count in Counter(keys).items():
            row, index = cache.get(key), newest[key]
            if row is None:
                line, exception = lines.line(index, LIMIT), exceptions.get(index, b"")
                row = self._found(level, key, line, exception)
            self._table.occurs(row)
            counted.append((index, count, row))
        for index, count, row in sorted(counted, key=itemgetter(0)):
            self._table.count(row, count, lines.line(index, LIMIT), at, path)

    def _found(self, level: str, key: bytes, line: bytes, exception: bytes) -> Row:
        """The pattern of a record whose key is not known, or not in this form."""
        cache = self._cache[level]
        rough = _rough_key(roughly_masked(escapes_apart(line)), roughly_masked(exception))
        row = cache.get(rough)
        if row is None:
            seen = look(line)
            self.wordless = self.wordless or (len(line) >= LIMIT and is_wordless(seen))
            row = self._table.row(level, text_of(seen, self._encoding, exception))
        if len(cache) >= _CACHED or self._cached[level] >= _CACHED_BYTES:
            cache.clear()
            self._cached[level] = 0
        cache[key] = cache[rough] = row
        self._cached[level] += len(key) + len(rough)
        return row

    def _forget(self) -> None:
        for cache in self._cache.values():
            cache.clear()
        self._cached.clear()


def _with_exception(key: bytes, exception: bytes) -> bytes:
    return key + b"\n" + digits_alike(exception) if exception else key


def _rough(keys: set[bytes]) -> dict[bytes, bytes]:
    """The rougher keys of lines that differ in more than digits, most of them in ids."""
    # What all of them begin with is masked once. A space ends whatever is masked.
    first, last = min(keys), max(keys)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    size = first.rfind(b" ", 0, sum(1 for _ in alike)) + 1
    begun = _rough_key(alike_masked(first[:size]))
    rests = alike_masked(b"\n".join([key[size:] for key in keys])).split(b"\n")
    return dict(zip(keys, map(begun.__add__, rests), strict=True))


def _rough_of_both(keys: set[bytes]) -> dict[bytes, bytes]:
    """The same where exceptions follow some of the lines."""
    parted = [key.partition(b"\n") for key in keys]
    lines = _rough({line for line, _, _ in parted})
    ends = {end: alike_masked(end) for end in {end for _, _, end in parted}}
    return {line + gap + end: lines[line] + gap + ends[end] for line, gap, end in parted}


def _rough_key(line: bytes, exception: bytes = b"") -> bytes:
    return b"\1" + line + (b"\n" + exception if exception else b"")
