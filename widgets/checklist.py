"""The checklist by phase: what is done, by when, what is overdue, the evidence, and the gates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from stagewatch.model import State
from stagewatch.widgets.itemdetail import detail_block
from stagewatch.widgets.itemevidence import mark_line, worst
from stagewatch.widgets.paint import (
    BLANK,
    Line,
    Role,
    Run,
    crop,
    ends,
    fill,
    join,
    line,
    run,
    width_of,
    wrap,
)
from stagewatch.widgets.view import View
from stagewatch.widgets.words import coarse, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagewatch.snapshot import GateNow, ItemNow, PhaseNow, Snapshot

SHORTEST_NAME = 7
"""Cells that are left of the name of whoever answered at a gate."""
INDENT = 6
"""Cells before an item's text: two blanks, the box, a blank."""
BESIDE = 72
"""Cells from which the item under the cursor stands beside the list, below it otherwise."""
LIST = 37
"""Cells of the list then."""
BETWEEN = " │ "


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that the cursor can stand on: a phase, or an item of an open one."""

    phase: str
    item: str = ""
    """Empty for the phase itself."""


def is_done(item: ItemNow, view: View) -> bool:
    """Whether the item is ticked, what is being saved included."""
    saving = view.saving or {}
    return saving.get((item.phase, item.item), item.done)


def detail_room(height: int) -> int:
    """Rows below the list for the item under the cursor at least, its heading included."""
    return 5 if height >= 30 else 4 if height >= 14 else 0


def list_room(width: int, height: int) -> tuple[int, int]:
    """Cells and rows that the list and the gates have at least."""
    return (LIST, height) if width >= BESIDE else (width, height - detail_room(height))


def open_phases(view: View, toggled: Mapping[str, bool], width: int, rows: int) -> frozenset[str]:
    """Which phases show their items: the current and the overdue ones, the others as they fit."""
    assert view.snapshot is not None
    phases = view.snapshot.phases
    needed = {p.name for p in phases if p.current or any(item.overdue for item in p.items)}
    width, rows = list_room(width, rows)
    room = rows - len(gate_lines(view.snapshot.gates, view.now, width, whole=True)) - 1
    room -= len(phases) + sum(_rows_of_items(p, view, width) for p in phases if p.name in needed)
    # Those to come first, in their order, then those that are done.
    spare = sorted((p for p in phases if p.name not in needed), key=lambda p: p.end <= view.now)
    for phase in spare:
        rows = _rows_of_items(phase, view, width)
        if rows <= room:
            needed.add(phase.name)
            room -= rows
    return frozenset(p.name for p in phases if toggled.get(p.name, p.name in needed))


def _rows_of_items(phase: PhaseNow, view: View, width: int) -> int:
    """Rows that an open phase takes beside its name."""
    return sum(map(len, _blocks(phase, view, width)))


def _blocks(phase: PhaseNow, view: View, width: int) -> list[list[Line]]:
    """The rows of each item."""
    asked = phase.start <= view.now
    return [item_lines(item, view, width, asked=asked) for item in phase.items]


def entries(snapshot: Snapshot, opened: frozenset[str]) -> list[Entry]:
    """Where the cursor can stand, from top to bottom."""
    places: list[Entry] = []
    for phase in snapshot.phases:
        places.append(Entry(phase.name))
        if phase.name in opened:
            places.extend(Entry(phase.name, item.item) for item in phase.items)
    return places


def mark_of(phase: PhaseNow, view: View) -> tuple[str, Role]:
    """``✓`` all done, ``!`` something overdue, ``▸`` current, ``·`` still to come."""
    if phase.items and all(is_done(item, view) for item in phase.items):
        return "✓", Role.GOOD
    if any(item.overdue and not is_done(item, view) for item in phase.items):
        return "!", Role.WARN
    return ("▸", Role.ACCENT) if phase.current else ("·", Role.DIM)


def phase_line(phase: PhaseNow, view: View, width: int) -> Line:
    """``▸ Load testing  1/5``."""
    done = sum(1 for item in phase.items if is_done(item, view))
    name_role = Role.STRONG if phase.current else Role.PLAIN
    count = line((f"{done}/{len(phase.items)}", Role.DIM))
    return ends(line(mark_of(phase, view), " ", (phase.name, name_role)), count, width)


def item_lines(item: ItemNow, view: View, width: int, *, asked: bool = False) -> list[Line]:
    """``[x] API response times   04:10``, the text over as many rows as it needs.

    ``asked``: its phase has begun, and the mark of its evidence stands at the end while it is open.
    """
    done = is_done(item, view)
    waiting = (item.phase, item.item) in (view.saving or {})
    box, role = ("[x]", Role.GOOD) if done else ("[ ]", Role.PLAIN)
    aside = BLANK
    if waiting:
        box, aside = ("[~]", line(("saving", Role.DIM)))
    elif done and item.at is not None:
        aside = line((time_of(item.at, view.now), Role.DIM))
    elif item.overdue:
        box, role, aside = "[!]", Role.WARN, line(("overdue", Role.WARN))
    if item.notes:
        aside = join((line(("n", Role.ACCENT)), aside), " ")
    if asked and not done and not waiting:
        assert view.snapshot is not None
        aside = join((aside, mark_line(worst(view.snapshot, item.signals, view.now))), " ")
    text = run(item.item, Role.DIM if done else Role.PLAIN)
    return list(_item_rows(text, run(box, role), aside, width))


@lru_cache(512)
def _item_rows(item: Run, box: Run, aside: Line, width: int) -> tuple[Line, ...]:
    """An item's text beside its box: asked for every item, and mostly the same as before."""
    right = sum(len(text) for text, _ in aside)
    rows = wrap(item[0], width - INDENT - (right + 1 if right else 0), item[1])
    first = ends((run("  "), box, run(" "), *(rows[0] if rows else BLANK)), aside, width, 1)
    return (first, *(line(" " * INDENT, *row) for row in rows[1:]))


def gate_lines(gates: Iterable[GateNow], now: float, width: int, *, whole: bool) -> list[Line]:
    """``gates 2/5 approved``, then one line a gate where there is room: who answered and when."""
    listed = tuple(gates)
    if not listed:
        return []
    passed = sum(1 for gate in listed if gate.state is State.PASS)
    role = Role.GOOD if passed == len(listed) else Role.DIM
    head = ends(
        line(("gates", Role.STRONG)), line((f"{passed}/{len(listed)} approved", role)), width
    )
    rows = [head]
    for gate in listed if whole else ():
        mark, _, colour = _GATES.get(gate.state, _PENDING)
        name = line((mark, colour), " ", gate.name)
        rows.append(ends(name, _answer(gate, now, width - width_of(name) - 2), width))
    return rows


def _answer(gate: GateNow, now: float, room: int) -> Line:
    """``alice 04:10``, or ``pending``; a long name gives way, the time does not."""
    _, word, colour = _GATES.get(gate.state, _PENDING)
    if gate.at is None or gate.state is State.PENDING:
        return line((word, colour))
    when = line((f" {time_of(gate.at, now)}", Role.DIM))
    said = line((f"{word} ", colour)) if gate.state is State.FAIL else BLANK
    who = crop(line((gate.by, Role.DIM)), max(SHORTEST_NAME, room - width_of((*said, *when))))
    return (*said, *who, *when)


_PENDING = ("·", "pending", Role.DIM)
_GATES = {State.PASS: ("✓", "approved", Role.GOOD), State.FAIL: ("✖", "rejected", Role.BAD)}


def title_lines(snapshot: Snapshot | None, now: float, width: int) -> tuple[Line, Line]:
    """The current phase as the title, and the time it has left."""
    current = next((p for p in snapshot.phases if p.current), None) if snapshot else None
    if current is None:
        return line(("checklist", Role.STRONG)), BLANK
    first, last = (f"{hour:g}" for hour in current.hours)
    rest = line((f"{coarse(max(0.0, current.end - now))} left", Role.DIM))
    short = line((f"hour {first}–{last}", Role.STRONG))
    title = line(*short, (f" · {current.name}", Role.DIM))
    return title if width_of(title) + width_of(rest) + 10 <= width else short, rest


@dataclass(frozen=True, slots=True)
class Position:
    """Where one is in the checklist."""

    cursor: Entry | None
    opened: frozenset[str]
    focused: bool


def body_rows(view: View, place: Position, width: int) -> tuple[list[Line], int, int]:
    """Every row of the list, and the first and last one of the entry under the cursor."""
    assert view.snapshot is not None
    rows: list[Line] = []
    first = last = 0
    for phase in view.snapshot.phases:
        blocks = [(Entry(phase.name), [phase_line(phase, view, width)])]
        if phase.name in place.opened:
            places = (Entry(phase.name, item.item) for item in phase.items)
            blocks.extend(zip(places, _blocks(phase, view, width), strict=True))
        for entry, block in blocks:
            if entry == place.cursor:
                first, last = len(rows), len(rows) + len(block) - 1
                block = _marked(block, width, focused=place.focused)
            rows.extend(block)
    return rows, first, last


def _marked(block: list[Line], width: int, *, focused: bool) -> list[Line]:
    """The rows under the cursor: inverted while the checklist has the keys, else pointed at."""
    rows = [fill(row, width) for row in block]
    if focused:
        return [tuple((text, Role.CURSOR) for text, _ in row) for row in rows]
    head, *rest = rows[0]
    if not head[0].startswith(" "):
        # A phase begins with its mark; its name is pointed at.
        return [(head, (("›" + rest[0][0][1:]), Role.ACCENT), *rest[1:]), *rows[1:]]
    return [(("›" + head[0][1:], Role.ACCENT), *rest), *rows[1:]]


def checklist_lines(view: View, place: Position, width: int, height: int) -> list[Line]:
    """The body of the pane: the list scrolled to the cursor, with the item's evidence beside it
    or below."""
    snapshot = view.snapshot
    if snapshot is None:
        return [line(("waiting for the first reading", Role.DIM))]
    if not snapshot.phases and not snapshot.gates:
        return [line(("this profile has no checklist", Role.DIM))]
    item = item_at(snapshot, place.cursor)
    least = detail_room(height)
    if width < BESIDE:
        listed = _listed(view, place, width, height - least)
        room = height - len(listed) if least else 0
        return [*listed, *detail_block(item, view, width, room)][:height]
    left = _listed(view, place, LIST, height)
    right = detail_block(item, view, width - LIST - len(BETWEEN), height)
    left = [*left, *[BLANK] * (height - len(left))]
    return [
        (*fill(mine, LIST), (BETWEEN, Role.BORDER), *told)
        for mine, told in zip(left, right, strict=True)
    ]


def _listed(view: View, place: Position, width: int, most: int) -> list[Line]:
    """The list scrolled to the cursor and the gates below it, in at most ``most`` rows."""
    assert view.snapshot is not None
    rows, first, last = body_rows(view, place, width)
    gates = view.snapshot.gates
    below = gate_lines(gates, view.now, width, whole=True)
    if len(rows) + 1 + len(below) > most:
        below = gate_lines(gates, view.now, width, whole=False)
    if below and len(rows) + 1 + len(below) <= most:
        below = [BLANK, *below]
    room = max(1, most - len(below))
    start = max(0, min(first, last - room + 1))
    return [*rows[start:][:room], *below]


def item_at(snapshot: Snapshot, cursor: Entry | None) -> ItemNow | None:
    """The item under the cursor; None on a phase."""
    if cursor is None or not cursor.item:
        return None
    items = (i for p in snapshot.phases if p.name == cursor.phase for i in p.items)
    return next((i for i in items if i.item == cursor.item), None)
