"""The item under the cursor: who ticked it, what its evidence says now, and the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.widgets.itemevidence import evidence_lines, summary
from stagewatch.widgets.paint import BLANK, Line, Role, crop, line, width_of, wrap
from stagewatch.widgets.words import time_of

if TYPE_CHECKING:
    from stagewatch.snapshot import ItemNow
    from stagewatch.widgets.view import View

NOTE_ROWS = 3
HOW = "space ticks it"
HOW_WITH = "space ticks it with these values"


def heading(item: ItemNow | None, view: View, width: int) -> Line:
    """A rule with what the evidence comes to: ``─ evidence: 1 of 3 late or missing ─────``."""
    if item is None or view.snapshot is None:
        return line(("─" * width, Role.BORDER))
    words = crop(summary(view.snapshot, item, view.now), max(0, width - 4))
    rest = max(0, width - width_of(words) - 3)
    return (*line(("─ ", Role.BORDER)), *words, *line((" " + "─" * rest, Role.BORDER)))


def detail_lines(item: ItemNow, view: View, width: int, rows: int) -> list[Line]:
    """What is known of the item in at most ``rows``: the evidence first, notes as they fit."""
    assert view.snapshot is not None
    said = _ticked(item, view)
    notes = [
        row
        for note in reversed(item.notes)
        for row in wrap(
            f"{note.by}, {time_of(note.at, view.now)}: {note.text}", width, rows=NOTE_ROWS
        )
    ]
    # The newest note begins to show, whatever the evidence would take.
    room = rows - len(said) - min(1, len(notes))
    shown = [*said, *evidence_lines(view.snapshot, item, view.now, width, room), *notes]
    if not item.done and len(shown) + 2 <= rows:
        shown.extend((BLANK, line((HOW_WITH if item.signals else HOW, Role.DIM))))
    return [crop(row, width) for row in shown[:rows]]


def _ticked(item: ItemNow, view: View) -> list[Line]:
    """``ticked by alice, 04:10``; nothing of an item that nobody touched."""
    if item.done and item.at is not None:
        return [line((f"ticked by {item.by}, {time_of(item.at, view.now)}", Role.DIM))]
    if item.history:
        last = item.history[-1]
        return [line((f"unticked by {last.by}, {time_of(last.at, view.now)}", Role.DIM))]
    return []


def detail_block(item: ItemNow | None, view: View, width: int, rows: int) -> list[Line]:
    """The heading and the details in exactly ``rows``."""
    if rows < 1:
        return []
    body = detail_lines(item, view, width, rows - 1) if item is not None and rows > 1 else []
    return [heading(item, view, width), *body, *[BLANK] * (rows - 1 - len(body))]
