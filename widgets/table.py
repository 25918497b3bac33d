"""Rows of cells in columns that are as wide as they need to be; one of them gives way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stagewatch.widgets.paint import BLANK, Line, crop, fill, run, width_of

GAP = 2


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide each column is, and which ones stand at their right edge."""

    widths: tuple[int, ...]
    right: frozenset[int] = frozenset()

    def line(self, cells: Sequence[Line]) -> Line:
        """One row; a cell that is too long is cropped, a column without width is left out."""
        made: Line = BLANK
        for index, (cell, width) in enumerate(zip(cells, self.widths, strict=True)):
            if width <= 0:
                continue
            if made:
                made = (*made, run(" " * GAP))
            made = (*made, *_set(cell, width, right=index in self.right))
        return made


def _set(cell: Line, width: int, *, right: bool) -> Line:
    cell = crop(cell, width)
    if not right:
        return fill(cell, width)
    return (run(" " * (width - width_of(cell))), *cell) if width_of(cell) < width else cell


def columns(
    rows: Sequence[Sequence[Line]], width: int, flexible: int, right: frozenset[int]
) -> Columns:
    """Columns for these rows in ``width`` cells; ``flexible`` takes what the others leave."""
    widths = [max(map(width_of, column), default=0) for column in zip(*rows, strict=True)]
    others = sum(w for index, w in enumerate(widths) if index != flexible)
    shown = sum(w > 0 for w in widths)
    widths[flexible] = max(0, width - others - GAP * (shown - 1))
    return Columns(tuple(widths), right)
