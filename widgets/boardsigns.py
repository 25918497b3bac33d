"""What people say on the verdict board: gates, lost lines, void readings and the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.model import State
from stagewatch.widgets.blocks import MARGIN, Block
from stagewatch.widgets.paint import BLANK, Line, Role, crop, ends, line, run, wrap
from stagewatch.widgets.table import columns
from stagewatch.widgets.view import Row, View
from stagewatch.widgets.words import second_of, span, time_of

if TYPE_CHECKING:
    from stagewatch.session.document import Invalidation
    from stagewatch.snapshot import GateNow, LossNow

FINAL: Row = ("final", "")
VOID: Row = ("void", "")
"""Stands for the whole section while an order is being saved."""
_ANSWERS = {
    State.PASS: ("✓ approved", Role.GOOD),
    State.FAIL: ("✖ rejected", Role.BAD),
    State.PENDING: ("· pending", Role.DIM),
}


def gate_row(gate: GateNow) -> Row:
    """The row of a gate."""
    return ("gate", gate.name)


def gate_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """Every gate: the answer, who gave it, when and why; whom it waits for."""
    assert view.snapshot is not None
    gates = view.snapshot.gates
    if not gates:
        return []
    passed = sum(gate.state is State.PASS for gate in gates)
    count = line((f"{passed} of {len(gates)} approved", Role.DIM))
    room = width - MARGIN
    head = ends(line(("GATES", Role.ACCENT)), count, room)
    cells = [_gate_cells(gate, view) for gate in gates]
    shape = columns(cells, room, 1, frozenset())
    blocks = [Block((head,))]
    for gate, row in zip(gates, cells, strict=True):
        at = gate_row(gate)
        below = _gate_below(gate, view, room, here=at == cursor)
        blocks.append(Block((shape.line(row), *below), at))
    return [*blocks, Block((BLANK,))]


def _gate_cells(gate: GateNow, view: View) -> list[Line]:
    word, role = _ANSWERS.get(gate.state, _ANSWERS[State.PENDING])
    act = view.acts.get(gate_row(gate), "")
    if act:
        said = line((f"[~] saving {act}", Role.WARN))
    elif gate.at is not None and gate.by:
        said = line((f"by {gate.by}, {time_of(gate.at, view.now)}", Role.DIM))
    else:
        said = line((f"waits for {gate.reviewer}", Role.DIM))
    return [line((word, role)), line((gate.name, Role.STRONG)), said]


def _gate_below(gate: GateNow, view: View, room: int, *, here: bool) -> list[Line]:
    if not here:
        return _indented(gate.reason, room, here=False)
    told = [gate.reason] if gate.reason else []
    told.append(f"asked of {gate.reviewer}: {gate.action}" if gate.action else gate.reviewer)
    if gate.four_eyes:
        told.append("four eyes: whoever ticked items of this watch may not approve")
    told.extend(_earlier(gate, view))
    return [row for text in told for row in _indented(text, room, here=True)]


def _earlier(gate: GateNow, view: View) -> list[str]:
    """The decisions that a later one took the place of, newest first."""
    assert view.snapshot is not None
    made = [d for d in view.snapshot.session.decision if d.gate == gate.name]
    return [
        f"before that {'approved' if d.approved else 'rejected'} by {d.by},"
        f" {time_of(d.at, view.now)}: {d.reason}"
        for d in reversed(made[:-1])
    ]


def loss_row(loss: LossNow) -> Row:
    """The row of a window in which lines may have been lost."""
    return ("loss", f"{loss.probe}@{loss.since:.3f}")


def loss_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """The windows in which log lines may have been lost, and who accepted them."""
    assert view.snapshot is not None
    losses = view.snapshot.losses
    if not losses:
        return []
    opened = sum(not loss.accepted_by for loss in losses)
    count = line((f"{opened} not accepted" if opened else "all accepted", Role.DIM))
    room = width - MARGIN
    head = ends(line(("LOG LINES THAT MAY BE LOST", Role.ACCENT)), count, room)
    return [
        Block((head,)),
        *(_loss_block(loss, view, room, cursor) for loss in losses),
        Block((BLANK,)),
    ]


def _loss_block(loss: LossNow, view: View, room: int, cursor: Row | None) -> Block:
    row = loss_row(loss)
    act = view.acts.get(row, "")
    mark = ("≈ accepted", Role.WARN) if loss.accepted_by else ("! lost lines", Role.WARN)
    if act:
        aside = line((f"[~] saving {act}", Role.WARN))
    elif loss.accepted_by:
        aside = line((f"by {loss.accepted_by}", Role.DIM))
    else:
        aside = line(("lasts" if loss.until is None else "not accepted", Role.DIM))
    told = line(mark, "  ", (loss.probe, Role.STRONG), f"  {_stretch(loss, view)}")
    text = f"{loss.cause}; {loss.path}" if loss.path else loss.cause
    return Block((ends(told, aside, room), *_indented(text, room, here=row == cursor)), row)


def _indented(text: str, room: int, *, here: bool) -> list[Line]:
    """A remark below a row: all of it under the cursor, else as much as one line holds."""
    inner = room - 2
    rows = wrap(text, inner, Role.DIM) if here else (crop(line((text, Role.DIM)), inner),)
    return [(run("  "), *row) for row in rows if row]


SHORT = 60.0
"""Seconds of a window below which it is told to the second."""


def _stretch(loss: LossNow, view: View) -> str:
    since = time_of(loss.since, view.now)
    if loss.until is None:
        return f"since {since}"
    lasted = loss.until - loss.since
    if lasted < SHORT:  # there may be many within a minute
        second = second_of(loss.since)[5:]
        return f"{since}{second} to {second_of(loss.until)}, {max(lasted, 0.1):.1f}s"
    return f"{since} to {time_of(loss.until, view.now)}, {span(lasted)}"


def void_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """The stretches whose readings people declared void."""
    assert view.snapshot is not None
    void = view.snapshot.session.invalidation
    act = view.acts.get(VOID, "")
    if not void and not act:
        return []
    saving = line((f"[~] saving {act}", Role.WARN)) if act else BLANK
    room = width - MARGIN
    blocks = [Block((ends(line(("READINGS DECLARED VOID", Role.ACCENT)), saving, room),))]
    for number, one in enumerate(void):
        row = ("void", str(number))
        blocks.append(Block(tuple(_void(one, view, room, here=row == cursor)), row))
    return [*blocks, Block((BLANK,))]


def _void(one: Invalidation, view: View, room: int, *, here: bool) -> list[Line]:
    start, end = (time_of(at, view.now) for at in (one.start, one.end))
    first = ends(
        line((one.probe or "every probe", Role.STRONG), f"  {start} to {end}"),
        line((f"by {one.by}, {time_of(one.at, view.now)}", Role.DIM)),
        room,
    )
    return [first, *_indented(one.reason, room, here=here)]


def final_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """The last word: a person's, after the window."""
    snapshot = view.snapshot
    assert snapshot is not None
    word, act = snapshot.confirmation, view.acts.get(FINAL, "")
    if word is not None:
        told = line(
            (f"{word.verdict} confirmed", Role.STRONG),
            (f"  by {word.by}, {time_of(word.at, view.now)}", Role.DIM),
        )
        why = word.note
    else:
        told = line(("· not given", Role.DIM))
        ends_at = time_of(snapshot.session.ends_at, view.now)
        over = view.now >= snapshot.session.ends_at
        why = (
            "nothing is a GO until a person confirms it with f"
            if over
            else f"a GO is confirmed with f once the window is over, {ends_at}"
        )
    aside = line((f"[~] saving {act}", Role.WARN)) if act else BLANK
    room = width - MARGIN
    rows = [ends(told, aside, room) if aside else told, *_indented(why, room, here=True)]
    return [Block((line(("FINAL WORD", Role.ACCENT)),)), Block(tuple(rows), FINAL)]
