"""Charts of a series: braille lines, blocks or ASCII, with gaps left open and a limit drawn in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stagewatch.model import Series
from stagewatch.widgets.paint import Line, Role

BLOCKS = "▁▂▃▄▅▆▇█"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800

Column = tuple[float, float] | None
"""Lowest and highest value of a column; None where there is no data."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The values at the bottom and the top of a chart."""

    low: float
    high: float

    def step(self, value: float, steps: int) -> int:
        """The step (0 at the bottom) that a value falls on, kept within the chart."""
        # Halves, because the distance of two floats may be more than a float can hold.
        span = self.high / 2 - self.low / 2
        kept = min(max(value, self.low), self.high)
        share = (kept / 2 - self.low / 2) / span if span > 0 else 0.5
        return min(steps - 1, max(0, round(share * (steps - 1))))


def elapsed(series: Series, now: float) -> Series:
    """The series without the buckets that lie in the future."""
    count = len(series.mean)
    if not count or now >= series.end:
        return series
    size = (series.end - series.start) / count
    keep = min(count, max(0, math.ceil((now - series.start) / size))) if size > 0 else count
    end = series.start + keep * size
    return Series(
        series.signal,
        series.start,
        end,
        series.mean[:keep],
        series.low[:keep],
        series.high[:keep],
    )


def cut(series: Series, since: float, until: float) -> Series:
    """The buckets that lie within [since, until), whole ones only."""
    count = len(series.mean)
    size = (series.end - series.start) / count if count else 0.0
    if size <= 0:
        return series
    # A millionth of a bucket: what falls on an edge must not miss it by a rounding.
    places = (math.ceil((at - series.start) / size - 1e-6) for at in (since, until))
    first, last = (min(count, max(0, place)) for place in places)
    last = max(first, last)
    start, end = (series.start + place * size for place in (first, last))
    kept = slice(first, last)
    return Series(series.signal, start, end, series.mean[kept], series.low[kept], series.high[kept])


def bridged(series: Series, seconds: float) -> Series:
    """The series with every stretch of at most ``seconds`` without a value held at the last one.

    Buckets can be shorter than the probe's interval; only what is longer is a gap.
    """
    count = len(series.mean)
    size = (series.end - series.start) / count if count else 0.0
    longest = int(seconds / size) if size > 0 else 0
    held = list(zip(series.mean, series.low, series.high, strict=True))
    last = -1
    for index in range(count + 1):
        if index < count and held[index][0] is None:
            continue
        if last >= 0 and index - last - 1 <= longest:
            held[last + 1 : index] = [held[last]] * (index - last - 1)
        last = index
    mean, low, high = zip(*held, strict=True) if held else ((), (), ())
    return Series(series.signal, series.start, series.end, mean, low, high)


def columns(series: Series, count: int) -> list[Column]:
    """The series in ``count`` columns; a column without any value stays open."""
    buckets = len(series.mean)
    if not buckets or count <= 0:
        return [None] * max(0, count)
    taken: list[Column] = []
    for x in range(count):
        first = x * buckets // count
        last = max(first + 1, (x + 1) * buckets // count)
        lows = [v for v in series.low[first:last] if v is not None and math.isfinite(v)]
        highs = [v for v in series.high[first:last] if v is not None and math.isfinite(v)]
        taken.append((min(lows), max(highs)) if lows and highs else None)
    return taken


def scale_of(drawn: Sequence[Column], *, limit: float | None, from_zero: bool) -> Scale:
    """A scale that shows every value, and the limit when that does not flatten the line."""
    lows = [column[0] for column in drawn if column]
    highs = [column[1] for column in drawn if column]
    low, high = (min(lows), max(highs)) if lows else (0.0, 0.0)
    if limit is not None and limit <= 6 * max(high, 0.0):
        high = max(high, limit * 1.04)
    if from_zero:
        return Scale(min(0.0, low), high if high > 0 else 1.0)
    # A steady value is drawn as a steady line: noise below a tenth of it does not fill the chart.
    room = max(abs(high) * 0.1 - (high - low), 0.0) / 2
    return Scale(low - room, high + room) if high - low + room > 0 else Scale(low - 1, high + 1)


def sparkline(drawn: Sequence[Column], scale: Scale) -> Line:
    """One row of blocks, by the highest value of each column."""
    cells = ("·" if c is None else BLOCKS[scale.step(c[1], len(BLOCKS))] for c in drawn)
    return tuple(_runs("".join(cells)))


def _runs(cells: str) -> list[tuple[str, Role]]:
    """Stretches of data and of gaps as runs of their own."""
    runs: list[tuple[str, Role]] = []
    for cell in cells:
        role = Role.DIM if cell == "·" else Role.CHART
        if runs and runs[-1][1] is role:
            runs[-1] = (runs[-1][0] + cell, role)
        else:
            runs.append((cell, role))
    return runs


def plot(
    series: Series, width: int, height: int, scale: Scale, *, limit: float | None, ascii: bool
) -> list[Line]:
    """``height`` rows of a line over the whole series; ``limit`` is a dashed row where it fits."""
    drawn = tuple(columns(series, width * (1 if ascii else 2)))
    return list(_plotted(drawn, width, height, scale, limit, ascii))


@lru_cache(8)
def _plotted(
    drawn: Sequence[Column], width: int, height: int, scale: Scale, limit: float | None, ascii: bool
) -> tuple[Line, ...]:
    """The same of columns, which a new reading changes only where it is the extreme of one."""
    across, down = (1, 1) if ascii else (2, 4)
    grid = _grid(drawn, width * across, height * down, scale)
    bar = height - 1 - scale.step(limit, height) if limit is not None else -1
    if limit is not None and not scale.low <= limit <= scale.high:
        bar = -1
    return tuple(
        _row(grid[y * down : (y + 1) * down], width, across, limit_row=y == bar)
        for y in range(height)
    )


def _grid(drawn: Sequence[Column], width: int, height: int, scale: Scale) -> list[bytearray]:
    """The dots of a line through the columns, joined across neighbours and not across gaps."""
    grid = [bytearray(width) for _ in range(height)]
    before: tuple[int, int] | None = None
    for x, column in enumerate(drawn):
        if column is None:
            before = None
            continue
        bottom, top = (scale.step(v, height) for v in column)
        reach = _joined(before, (bottom, top)) if before else (bottom, top)
        for step in range(reach[0], reach[1] + 1):
            grid[height - 1 - step][x] = 1
        before = (bottom, top)
    return grid


def _joined(before: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
    """The stretch of a column, prolonged until it touches its neighbour's."""
    bottom, top = now
    if bottom > before[1]:
        bottom = before[1] + 1
    elif top < before[0]:
        top = before[0] - 1
    return bottom, top


def _row(dots: Sequence[bytearray], width: int, across: int, *, limit_row: bool) -> Line:
    """One row of cells; a cell without a dot shows the limit where it passes."""
    row: list[tuple[str, Role]] = []
    for x in range(width):
        cell = _cell(dots, x, across)
        item = (
            (cell, Role.CHART) if cell else (("┄", Role.LIMIT) if limit_row else (" ", Role.CHART))
        )
        if row and row[-1][1] is item[1]:
            row[-1] = (row[-1][0] + item[0], item[1])
        else:
            row.append(item)
    return tuple(row)


def _cell(dots: Sequence[bytearray], x: int, across: int) -> str:
    if across == 1:
        return "*" if dots[0][x] else ""
    bits = 0
    for y, row in enumerate(dots):
        for side in (0, 1):
            if row[2 * x + side]:
                bits |= _DOTS[y][side]
    return chr(_BRAILLE + bits) if bits else ""
