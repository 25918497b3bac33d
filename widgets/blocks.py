"""A list of blocks of rows, some of which the cursor can stand on; scrolled so that it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stagewatch.widgets.paint import BLANK, Line, Role, fill, run
from stagewatch.widgets.view import Row

MARGIN = 2
"""Cells before every row of a block, for the cursor's mark."""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, or the rows of one entry."""

    lines: tuple[Line, ...]
    row: Row | None = None
    """What the cursor stands on; None where it cannot."""


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that are seen, and how far the list is scrolled."""

    lines: list[Line]
    top: int
    total: int


def places(blocks: Sequence[Block]) -> list[Row]:
    """Where the cursor can stand, from top to bottom."""
    return [block.row for block in blocks if block.row is not None]


def moved(rows: Sequence[Row], here: Row | None, by: int) -> Row | None:
    """``by`` entries further, stopping at the ends; the first one from nowhere."""
    if not rows:
        return None
    at = rows.index(here) if here in rows else 0
    return rows[min(len(rows) - 1, max(0, at + by))]


def window(
    blocks: Sequence[Block], cursor: Row | None, top: int, width: int, height: int
) -> Window:
    """``height`` rows from ``top`` on, scrolled no further than the cursor's block asks for."""
    rows: list[Line] = []
    first = last = 0
    head = 0
    for index, block in enumerate(blocks):
        marked = block.row is not None and block.row == cursor
        if marked:
            # The heading above the first entry of a section is shown with it.
            above = index > 0 and blocks[index - 1].row is None
            first, last = len(rows), len(rows) + len(block.lines) - 1
            head = len(rows) - (len(blocks[index - 1].lines) if above else 0)
        rows.extend(_margin(block.lines, width, marked=marked))
    top = max(top, min(last - height + 1, first))
    top = min(top, head) if last - head < height else min(top, first)
    top = max(0, min(top, len(rows) - height))
    return Window(rows[top : top + height], top, len(rows))


def _margin(lines: Sequence[Line], width: int, *, marked: bool) -> list[Line]:
    """The rows with their margin; under the cursor the first is turned round, the rest tied on."""
    if not marked:
        return [(run(" " * MARGIN), *row) if row else BLANK for row in lines]
    first, *rest = lines
    head = fill((("› ", Role.CURSOR), *((text, Role.CURSOR) for text, _ in first)), width)
    turned = tuple((text, Role.CURSOR) for text, _ in head)
    return [turned, *((("│ ", Role.FOCUS), *row) for row in rest)]
