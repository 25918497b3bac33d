"""The criteria on the verdict board: state, value, limit, trend, since when, coverage and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stagewatch.judged import sentence
from stagewatch.model import State
from stagewatch.profile.values import format_value
from stagewatch.widgets.blocks import MARGIN, Block
from stagewatch.widgets.paint import BLANK, Line, Role, crop, ends, join, line, run, width_of, wrap
from stagewatch.widgets.patterns import all_known
from stagewatch.widgets.states import badge, role_of
from stagewatch.widgets.table import GAP, Columns, columns
from stagewatch.widgets.view import Row, View
from stagewatch.widgets.words import time_of

if TYPE_CHECKING:
    from stagewatch.snapshot import CriterionNow, Snapshot

WIDE = 96
"""Cells from which trend and coverage have columns of their own."""
STEADY = 0.005
"""A change within an hour of less than this share of the limit is none."""
PATTERNS_KNOWN = "every pattern of it is acknowledged"
_HEADS = ("", "", "value", "limit", "in 1 h", "since", "data")
_RIGHT = frozenset((2, 3, 6))
_TITLE = 1
_SECTIONS = (
    ("no-go", "NO-GO", "one that fails stops the deployment"),
    ("go", "GO", "all of them must pass"),
)


def criterion_row(criterion: CriterionNow) -> Row:
    """The row of a criterion; a name is unique among those of its kind."""
    return ("criterion", f"{criterion.kind}/{criterion.name}")


def unit_of(criterion: CriterionNow, snapshot: Snapshot) -> str:
    """The unit of its value and its limit."""
    match criterion.rule:
        case "coverage":
            return "%"
        case "savings":
            return snapshot.savings.currency if snapshot.savings else ""
        case "exhausted" | "compare" | "held" if not criterion.unit and criterion.signals:
            signal = snapshot.signals.get(criterion.signals[0])
            return signal.unit if signal else ""
    return criterion.unit


def value_of(criterion: CriterionNow, snapshot: Snapshot) -> str:
    """The value that is judged, with its unit; empty where there is none."""
    if criterion.value is None:
        return ""
    if criterion.rule == "gates":
        return f"{criterion.value:g} of {len(snapshot.gates)}"
    if criterion.rule == "checklist":
        return f"{criterion.value:g} of {sum(len(phase.items) for phase in snapshot.phases)}"
    if criterion.rule == "savings":
        return f"{criterion.value:,.2f} {unit_of(criterion, snapshot)}"
    text = format_value(criterion.value, unit_of(criterion, snapshot))
    return f"≥ {text}" if snapshot.is_least(criterion) else text


def limit_of(criterion: CriterionNow, snapshot: Snapshot) -> str:
    """``≤ 10 %/h``, ``≥ 90`` where the limit is the least that is good, ``of 80`` for a pool."""
    if criterion.rule == "savings" and snapshot.savings:
        return f"≥ {snapshot.savings.claim}"
    if criterion.rule == "exhausted":
        largest = most_of(criterion, snapshot)
        return "" if largest is None else f"of {format_value(largest, criterion.unit)}"
    if criterion.limit is None:
        return ""
    sign = "≥" if criterion.floor else "≤"
    return f"{sign} {format_value(criterion.limit, unit_of(criterion, snapshot))}"


def figures(criterion: CriterionNow, snapshot: Snapshot) -> str:
    """``17.2 %/h · limit ≤ 10 %/h``, ``12 of 80``."""
    value, limit = value_of(criterion, snapshot) or "no value", limit_of(criterion, snapshot)
    if limit.startswith("of "):
        return f"{value} {limit}"
    return f"{value} · limit {limit}" if limit else value


def most_of(criterion: CriterionNow, snapshot: Snapshot) -> float | None:
    """How many connections a pool has: the profile's number, else what the service reports."""
    if criterion.limit is not None:
        return criterion.limit
    reported = snapshot.signals.get(criterion.signals[1]) if len(criterion.signals) > 1 else None
    return reported.last_value if reported else None


def trend_of(criterion: CriterionNow, snapshot: Snapshot) -> str:
    """``↑ +1.4 %/h``: by how much the value changed within the last hour."""
    trend = criterion.trend
    if trend is None or criterion.value is None:
        return ""
    size = max(abs(criterion.limit or 0.0), abs(criterion.value))
    if abs(trend) <= size * STEADY:
        return "steady"
    amount = format_value(float(f"{abs(trend):.2g}"), unit_of(criterion, snapshot))
    return f"↑ +{amount}" if trend > 0 else f"↓ -{amount}"


def coverage_of(criterion: CriterionNow) -> str:
    """``98 %``, rounded down: nothing is said to be complete that is not."""
    return "" if criterion.coverage is None else f"{int(criterion.coverage * 100)} %"


def said(criterion: CriterionNow, now: float) -> str:
    """The sentence, with local times of day."""
    return sentence(criterion, lambda at: time_of(at, now))


def criteria_blocks(view: View, cursor: Row | None, width: int) -> list[Block]:
    """Both sections, in columns that they share."""
    assert view.snapshot is not None
    listed = view.snapshot.criteria
    if not listed:
        return [Block((line(("no criterion has been judged yet", Role.DIM)),))]
    rows = [_cells(criterion, view, wide=width >= WIDE) for criterion in listed]
    heads = [line((word, Role.DIM)) for word in _HEADS]
    # The heads count for the widths of the columns that have something in them.
    used = [cell if any(row[i] for row in rows) else BLANK for i, cell in enumerate(heads)]
    shape = columns([used, *rows], width - MARGIN, _TITLE, _RIGHT)
    blocks: list[Block] = []
    for kind, name, meaning in _SECTIONS:
        members = [(c, row) for c, row in zip(listed, rows, strict=True) if c.kind == kind]
        if not members:
            continue
        blocks.append(Block((_head(name, meaning, shape, used, first=not blocks),)))
        for criterion, row in members:
            at = criterion_row(criterion)
            lines = (shape.line(row), *_below(criterion, view, shape, width, here=at == cursor))
            blocks.append(Block(lines, at))
        blocks.append(Block((BLANK,)))
    return blocks


def _head(name: str, meaning: str, shape: Columns, used: list[Line], *, first: bool) -> Line:
    """The section's name over the first two columns; the others' names stand there once."""
    left = line((name, Role.ACCENT), (f"  {meaning}", Role.DIM))
    if not first:
        return left
    room = shape.widths[0] + GAP + shape.widths[_TITLE]
    row = shape.line([BLANK, BLANK, *used[2:]])
    skipped = room
    tail: Line = BLANK
    for text, role in row:
        if skipped >= len(text):
            skipped -= len(text)
            continue
        tail, skipped = (*tail, (text[skipped:], role)), 0
    head = crop(left, room)
    return (*head, run(" " * (room - width_of(head))), *tail)


def _cells(criterion: CriterionNow, view: View, *, wide: bool) -> list[Line]:
    snapshot = view.snapshot
    assert snapshot is not None
    role = role_of(criterion.state) if criterion.state is not State.PASS else Role.PLAIN
    since = time_of(criterion.since, view.now) if criterion.since is not None else ""
    return [
        badge(criterion.state),
        line((criterion.title, Role.STRONG)),
        line((value_of(criterion, snapshot), role)),
        line((limit_of(criterion, snapshot), Role.DIM)),
        line(trend_of(criterion, snapshot)) if wide else BLANK,
        line((since, Role.DIM)),
        line((coverage_of(criterion), Role.DIM)) if wide else BLANK,
    ]


def _below(
    criterion: CriterionNow, view: View, shape: Columns, width: int, *, here: bool
) -> list[Line]:
    """The sentence under the row: as much as one line holds, and all of it under the cursor."""
    assert view.snapshot is not None
    wide = width >= WIDE
    indent = shape.widths[0] + GAP if wide else GAP
    room = width - MARGIN - indent
    text = said(criterion, view.now)
    role = Role.DIM if criterion.state in (State.PASS, State.PENDING) else Role.PLAIN
    aside = BLANK if wide else _figures(criterion, view)
    aside = join((_standing(criterion, view, here=here), aside))
    if here:
        rows = [*_whole(criterion, shape, room), *wrap(text, room, Role.PLAIN)]
        rows += _more(criterion, view, room)
        rows += [aside] if aside else []
    else:
        rows = [ends(line((text, role)), aside, room) if aside else crop(line((text, role)), room)]
    return [(run(" " * indent), *row) for row in rows]


def _whole(criterion: CriterionNow, shape: Columns, room: int) -> Sequence[Line]:
    """The title, where its column had to crop it."""
    title = line((criterion.title, Role.STRONG))
    return wrap(criterion.title, room) if width_of(title) > shape.widths[_TITLE] else ()


def _figures(criterion: CriterionNow, view: View) -> Line:
    """Trend and coverage in words, where they have no columns."""
    assert view.snapshot is not None
    trend, coverage = trend_of(criterion, view.snapshot), coverage_of(criterion)
    shown = trend if trend in ("", "steady") else f"{trend} in 1 h"
    return join((line((shown, Role.DIM)), line((coverage and f"{coverage} data", Role.DIM))), " · ")


def _standing(criterion: CriterionNow, view: View, *, here: bool) -> Line:
    """What a person did about it: being saved, or acknowledged; under the cursor ``_more`` says."""
    act = view.acts.get(criterion_row(criterion), "")
    if act:
        return line((f"[~] saving {act}", Role.WARN))
    known = None if here else criterion.acknowledged
    if known:
        return line((f"acknowledged until {time_of(known.until, view.now)}", Role.DIM))
    assert view.snapshot is not None
    silent = not here and all_known(view.snapshot, criterion)
    return line((PATTERNS_KNOWN, Role.DIM)) if silent else ()


def _more(criterion: CriterionNow, view: View, room: int) -> list[Line]:
    """Under the cursor: what the rule says now, and who acknowledged or waived it and why."""
    told: list[str] = []
    if criterion.now:
        told.append(f"now: {criterion.now}")
    waiver = criterion.waiver
    if waiver is not None and criterion.state is not State.WAIVED:
        told.append(
            f"its incident was waived by {waiver.by} until {time_of(waiver.until, view.now)}"
            f" ({waiver.reason})"
        )
    known = criterion.acknowledged
    if known is not None:
        why = f": {known.reason}" if known.reason else ""
        at, until = time_of(known.at, view.now), time_of(known.until, view.now)
        told.append(f"acknowledged by {known.by}, {at}, until {until}{why}")
    elif view.snapshot is not None and all_known(view.snapshot, criterion):
        told.append(f"{PATTERNS_KNOWN}; a new one is told again")
    return [row for text in told for row in wrap(text, room, Role.DIM)]
