"""A moment that is pointed at in charts: which cell it is, and what the chart says there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagewatch.profile.values import format_value
from stagewatch.widgets import chart
from stagewatch.widgets.paint import Line, Role, line
from stagewatch.widgets.words import second_of, time_of

if TYPE_CHECKING:
    from stagewatch.model import Series

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a chart, from the left."""

    start: float
    end: float
    cells: int

    @property
    def size(self) -> float:
        """Seconds that a cell stands for."""
        return (self.end - self.start) / self.cells

    def cell(self, at: float) -> int | None:
        """The cell that shows a moment; None outside of the chart."""
        if not self.start <= at <= self.end:
            return None
        # A microsecond: where a cell begins belongs to it, however that was rounded.
        return min(self.cells - 1, int((at - self.start + 1e-6) / self.size))

    def begins(self, cell: int) -> float:
        """When a cell begins."""
        return self.start + cell * self.size

    def moved(self, at: float | None, step: int) -> float:
        """The beginning of the cell that is so many to the right; from nowhere, the newest one."""
        here = self.cell(at) if at is not None else None
        if here is None:
            here = -step if at is not None and at < self.start else self.cells - 1 - step
        return self.begins(min(self.cells - 1, max(0, here + step)))


class Pointer:
    """Where one points, in the charts of one pane."""

    def __init__(self) -> None:
        self.at: float | None = None
        """None: nowhere."""
        self.grid: Grid | None = None
        """Of the first chart, as it was drawn last; None while there is none."""

    def begin(self) -> None:
        """The charts are drawn anew."""
        self.grid = None

    def cell(self, grid: Grid) -> int | None:
        """The cell to be marked in a chart that is being drawn."""
        self.grid = self.grid or grid
        return grid.cell(self.at) if self.at is not None else None


def marked(row: Line, cell: int) -> Line:
    """A row of a chart with one cell turned round; every cell is one character wide."""
    found: list[tuple[str, Role]] = []
    position = 0
    for text, role in row:
        here = cell - position
        position += len(text)
        if not 0 <= here < len(text):
            found.append((text, role))
            continue
        pointed = text[here] if text[here].strip() else "│"
        parts = ((text[:here], role), (pointed, Role.CURSOR), (text[here + 1 :], role))
        found += [part for part in parts if part[0]]
    return tuple(found)


def said(series: Series, grid: Grid, cell: int, unit: str, now: float) -> Line:
    """``03:12–03:41  498 to 512 MiB``: the values that one cell stands for."""
    begin, end = grid.begins(cell), grid.begins(cell + 1)
    when = f"{time_of(begin, now)}–{time_of(end, end)}" if grid.size >= MINUTE else second_of(begin)
    values = chart.columns(series, grid.cells)[cell]
    if values is None:
        return line((when, Role.ACCENT), ("  no data", Role.WARN))
    low, high = (format_value(float(f"{value:.4g}"), unit) for value in values)
    told = low if low == high else f"{low} to {high}"
    return line((when, Role.ACCENT), "  ", (told, Role.STRONG))
