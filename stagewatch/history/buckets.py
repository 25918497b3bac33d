"""A signal over a stretch of time in equal buckets, without reading every value each time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from stagewatch.history.query import Query
from stagewatch.model import Series

MINUTE = 60_000
_SERIES_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Grid:
    """Which bucket a millisecond falls into, in whole numbers, the same here and in SQL."""

    start: int
    width: int
    count: int

    def sql(self, at: str) -> str:
        return f"({at} - {self.start}) * {self.count} / {self.width}"

    def edges(self) -> list[int]:
        """The first millisecond of every bucket, and the end."""
        steps = range(self.count + 1)
        return [self.start - (-step * self.width // self.count) for step in steps]


class _Filled:
    """What is known of a series so far: everything before ``upto_ms``."""

    def __init__(self, grid: _Grid, rewinds: int) -> None:
        self.width = grid.width
        """Milliseconds of the whole stretch."""
        self.rewinds = rewinds
        self.upto_ms = grid.start
        self.mean: list[float | None] = [None] * grid.count
        self.low: list[float | None] = [None] * grid.count
        self.high: list[float | None] = [None] * grid.count
        self._sums: dict[int, tuple[int, float, float, float]] = {}
        """Bucket → count, total, lowest, highest."""

    def merge(self, rows: list[tuple[int, int, float, float, float]]) -> None:
        for index, count, total, low, high in rows:
            old = self._sums.get(index)
            if old is not None:
                count, total = count + old[0], total + old[1]
                low, high = min(low, old[2]), max(high, old[3])
            self._sums[index] = (count, total, low, high)
            if 0 <= index < len(self.mean):
                self.mean[index], self.low[index], self.high[index] = total / count, low, high


class Buckets:
    """Makes series, and remembers the buckets of the last ones: new readings are added to them."""

    def __init__(self, query: Query) -> None:
        self._query = query
        # Without the width: a series that has grown takes the place of its former self.
        self._known: OrderedDict[tuple[str, int, int], _Filled] = OrderedDict()

    def series(self, signal: str, start: float, end: float, count: int) -> Series:
        """``count`` equal buckets over [start, end); None where a bucket holds no value."""
        start_ms, end_ms = round(start * 1000), round(end * 1000)
        if count < 1:
            raise ValueError("a series needs at least one bucket")
        # A stretch that has only just begun is drawn as if it had lasted a little.
        width = max(end_ms - start_ms, count)
        with self._query.moment():
            filled = self._fill(signal, _Grid(start_ms, width, count))
        if filled is None:
            nothing = (None,) * count
            return Series(signal, start, end, nothing, nothing, nothing)
        parts = tuple(filled.mean), tuple(filled.low), tuple(filled.high)
        return Series(signal, start, end, *parts)

    def _fill(self, signal: str, grid: _Grid) -> _Filled | None:
        row = self._query.one(
            "SELECT signal.id, newest_ms, rewinds FROM signal JOIN probe ON probe.id = probe_id"
            " WHERE signal.name = ? AND newest_ms IS NOT NULL",
            signal,
        )
        if row is None:
            return None
        signal_id, newest_ms, rewinds = row
        key = (signal, grid.start, grid.count)
        filled = self._known.pop(key, None)
        if filled is None or (filled.width, filled.rewinds) != (grid.width, rewinds):
            filled = _Filled(grid, rewinds)
            self._fill_minutes(filled, signal_id, grid)
        else:
            end = grid.start + grid.width
            filled.merge(self._raw(signal_id, grid, filled.upto_ms, end))
        filled.upto_ms = max(filled.upto_ms, newest_ms + 1)
        self._known[key] = filled
        if len(self._known) > _SERIES_KEPT:
            self._known.popitem(last=False)
        return filled

    def _fill_minutes(self, filled: _Filled, signal_id: int, grid: _Grid) -> None:
        """Whole minutes from their sums, the rest (edges inside a minute) from the values."""
        end = grid.start + grid.width
        if grid.width < 2 * MINUTE * grid.count:
            filled.merge(self._raw(signal_id, grid, grid.start, end))
            return
        first, last = grid.sql(f"minute * {MINUTE}"), grid.sql(f"minute * {MINUTE} + {MINUTE - 1}")
        filled.merge(
            self._query.all(
                f"SELECT {first} AS bucket, sum(count), sum(total), min(low), max(high)"
                " FROM minute WHERE signal_id = ? AND minute >= ? AND minute < ?"
                f" AND bucket = {last} GROUP BY bucket",
                *(signal_id, -(-grid.start // MINUTE), end // MINUTE),
            )
        )
        cut = sorted({edge // MINUTE * MINUTE for edge in grid.edges() if edge % MINUTE})
        filled.merge(
            self._query.all(
                f"SELECT {grid.sql('at_ms')} AS bucket, count(*), sum(sample.value),"
                " min(sample.value), max(sample.value) FROM json_each(?) AS cut CROSS JOIN sample"
                f" ON signal_id = ? AND at_ms >= cut.value AND at_ms < cut.value + {MINUTE}"
                # The plus keeps SQLite from walking the whole window for every minute.
                " WHERE +at_ms >= ? AND +at_ms < ? GROUP BY bucket",
                *(str(cut), signal_id, grid.start, end),
            )
        )

    def _raw(
        self, signal_id: int, grid: _Grid, low: int, high: int
    ) -> list[tuple[int, int, float, float, float]]:
        return self._query.all(
            f"SELECT {grid.sql('at_ms')} AS bucket, count(*), sum(value), min(value), max(value)"
            " FROM sample WHERE signal_id = ? AND at_ms >= ? AND at_ms < ? GROUP BY bucket",
            *(signal_id, low, high),
        )
