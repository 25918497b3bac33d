"""The verdict board: every criterion, optimisation, saving, gate and order, on one scroll."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stagewatch.model import State
from stagewatch.widgets.blocks import Block, Window, window
from stagewatch.widgets.boardcriteria import criteria_blocks, criterion_row
from stagewatch.widgets.boardscore import (
    SAVINGS,
    check_row,
    has_row,
    savings_blocks,
    score_blocks,
)
from stagewatch.widgets.boardsigns import (
    FINAL,
    final_blocks,
    gate_blocks,
    gate_row,
    loss_blocks,
    loss_row,
    void_blocks,
)
from stagewatch.widgets.box import Frame, frame
from stagewatch.widgets.paint import BLANK, Line, Role, join, line, width_of
from stagewatch.widgets.states import MARKS, role_of
from stagewatch.widgets.view import Row, View, kept

if TYPE_CHECKING:
    from stagewatch.judge.score import CheckScore
    from stagewatch.snapshot import CriterionNow, GateNow, LossNow, Snapshot

URGENCY = (State.FAIL, State.INCONCLUSIVE, State.WARN)
"""States in the order in which the cursor looks for one when the board is opened."""
_WORST_FIRST = (*URGENCY, State.WAIVED, State.PENDING, State.PASS)
_SECTIONS = (
    criteria_blocks, score_blocks, savings_blocks, gate_blocks, loss_blocks, void_blocks,
    final_blocks,
)  # fmt: skip


def board_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """Everything on the board, from top to bottom."""
    if view.snapshot is None:
        return [Block((line(("waiting for the first reading", Role.DIM)),))]
    return [block for section in _SECTIONS for block in section(view, cursor, width)]


@kept
def board_places(snapshot: Snapshot) -> list[Row]:
    """Where the cursor can stand, from top to bottom: a row for every block that has one."""
    rows = [
        criterion_row(c) for kind in ("no-go", "go") for c in snapshot.criteria if c.kind == kind
    ]
    for one in snapshot.score.rows if snapshot.score else ():
        rows.append(("optimisation", one.name))
        rows += [check_row(one.name, c.name) for c in one.checks if has_row(c)]
    rows += [SAVINGS] if snapshot.savings else []
    rows += map(gate_row, snapshot.gates)
    rows += map(loss_row, snapshot.losses)
    rows += [("void", str(number)) for number in range(len(snapshot.session.invalidation))]
    return [*rows, FINAL]


def first_place(snapshot: Snapshot) -> Row | None:
    """The criterion that most needs a look: it failed, else is unknown, else warns."""
    for state in URGENCY:
        for criterion in snapshot.criteria:
            if criterion.state is state and criterion.why != "warming-up":
                return criterion_row(criterion)
    return criterion_row(snapshot.criteria[0]) if snapshot.criteria else None


def board_lines(
    view: View, cursor: Row | None, top: int, width: int, height: int
) -> tuple[list[Line], Window]:
    """The board in its frame, and what of it is seen."""
    how = Frame(line(("verdict board", Role.STRONG)), boxed=not view.compact, focused=True)
    inner, rows = how.room(width, height)
    seen = window(board_blocks(view, cursor, inner), cursor, top, inner, rows)
    count = _count(view.snapshot, width // 2 - (4 if how.boxed else 16))
    place = line((scrolled(seen), Role.DIM))
    if not how.boxed:
        count, place = join((count, place)), BLANK
    how = replace(how, aside=count, foot_aside=place)
    return frame(how, seen.lines, width, height), seen


def scrolled(seen: Window) -> str:
    """``1–14 of 37``; nothing when all of them are seen."""
    shown = len(seen.lines)
    return f"{seen.top + 1}–{seen.top + shown} of {seen.total}" if shown < seen.total else ""


def _count(snapshot: Snapshot | None, room: int) -> Line:
    """``2 fail · 1 inconclusive · 9 pass``; only the marks where there is no room for words."""
    if snapshot is None:
        return ()
    states = [criterion.state for criterion in snapshot.criteria]
    found = [(state, states.count(state)) for state in _WORST_FIRST if state in states]
    words = line((" · ".join(f"{count} {state.value.lower()}" for state, count in found), Role.DIM))
    if width_of(words) <= room:
        return words
    return join([line((f"{MARKS[state]} {count}", role_of(state))) for state, count in found])


def criterion_at(snapshot: Snapshot, row: Row | None) -> CriterionNow | None:
    """The criterion under the cursor."""
    return next((c for c in snapshot.criteria if criterion_row(c) == row), None)


def gate_at(snapshot: Snapshot, row: Row | None) -> GateNow | None:
    """The gate under the cursor."""
    return next((g for g in snapshot.gates if gate_row(g) == row), None)


def loss_at(snapshot: Snapshot, row: Row | None) -> LossNow | None:
    """The window of lost lines under the cursor."""
    return next((loss for loss in snapshot.losses if loss_row(loss) == row), None)


def check_at(snapshot: Snapshot, row: Row | None) -> tuple[str, CheckScore] | None:
    """The check under the cursor, with its optimisation's name."""
    scored = snapshot.score.rows if snapshot.score else ()
    found = ((one.name, check) for one in scored for check in one.checks)
    return next(((name, c) for name, c in found if check_row(name, c.name) == row), None)
