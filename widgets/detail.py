"""One criterion in full: its rule, its state and since when, and the readings that it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stagewatch.model import State
from stagewatch.widgets.boardcriteria import (
    coverage_of,
    criterion_row,
    figures,
    said,
    trend_of,
)
from stagewatch.widgets.evidence import READING, chart_of, drawn_signals, log_row, reading_row
from stagewatch.widgets.paint import BLANK, Line, Role, crop, ends, fill, line, run, wrap
from stagewatch.widgets.rules import meaning
from stagewatch.widgets.states import badge, role_of
from stagewatch.widgets.view import View
from stagewatch.widgets.words import coarse, span, time_of

if TYPE_CHECKING:
    from stagewatch.grounds import Grounds
    from stagewatch.snapshot import CriterionNow, Snapshot
    from stagewatch.widgets.pointer import Pointer

LABEL = 14
"""Cells of the names at the left."""
CHARTS = 3
"""Signals that are drawn."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the evidence: it is being read, could not be read, or is here."""

    moment: float
    """Around which it was asked for."""
    since: float
    until: float
    grounds: Grounds | None = None
    problem: str = ""


class Body(NamedTuple):
    """Every row of the detail, to be scrolled."""

    rows: list[Line]
    charts: range
    """Which of them are the charts."""


def detail_body(
    view: View, criterion: CriterionNow, found: Found, width: int, pointer: Pointer
) -> Body:
    """The facts, the charts and what else the state rests on."""
    assert view.snapshot is not None
    facts = [*_facts(view, criterion, width), BLANK]
    charts = _charts(view, criterion, found, width, pointer)
    rest = [
        *_readings(view, criterion, found, width),
        *_log(view, criterion, found, width),
        *_gaps(view, criterion, width),
    ]
    return Body([*facts, *charts, *rest], range(len(facts), len(facts) + len(charts)))


def _facts(view: View, criterion: CriterionNow, width: int) -> list[Line]:
    snapshot, now = view.snapshot, view.now
    assert snapshot is not None
    since = f"since {time_of(criterion.since, now)}" if criterion.since is not None else ""
    state = line(*badge(criterion.state), (f"  {since}" if since else "", Role.DIM))
    act = view.acts.get(criterion_row(criterion), "")
    aside = line((f"[~] saving {act}", Role.WARN)) if act else BLANK
    rows = [ends(state, aside, width) if aside else state]
    rows += wrap(said(criterion, now), width)
    rows.append(BLANK)
    told = [
        ("rule", ": ".join(filter(None, (criterion.rule, meaning(criterion.rule))))),
        ("over", ", ".join(criterion.signals)),
        ("value", _figures(criterion, snapshot)),
        ("first bad", _moment(criterion.first_bad, now)),
        ("known since", _moment(criterion.incident, now)),
        ("the rule now", _now(criterion)),
        ("coverage", _coverage(criterion)),
        ("waiver", _waiver(criterion, now)),
        ("acknowledged", _acknowledged(criterion, now)),
    ]
    for name, text in told:
        rows += _fact(name, text, width)
    return rows


def _fact(name: str, text: str, width: int) -> list[Line]:
    """``first bad     03:40, 31m ago``; nothing for an empty text."""
    if not text:
        return []
    first, *rest = wrap(text, width - LABEL) or (BLANK,)
    head = fill(line((name, Role.DIM)), LABEL)
    return [(*head, *first), *((run(" " * LABEL), *row) for row in rest)]


def _figures(criterion: CriterionNow, snapshot: Snapshot) -> str:
    trend = trend_of(criterion, snapshot)
    if not trend:
        return figures(criterion, snapshot)
    within = "steady within the last hour" if trend == "steady" else f"{trend} in 1 h"
    return f"{figures(criterion, snapshot)} · {within}"


def _moment(at: float | None, now: float) -> str:
    return "" if at is None else f"{time_of(at, now)}, {coarse(now - at)} ago"


def _now(criterion: CriterionNow) -> str:
    if criterion.now:
        return criterion.now
    return "recovered" if criterion.recovered else ""


def _coverage(criterion: CriterionNow) -> str:
    share = coverage_of(criterion)
    return f"{share} of the watch so far has data for it" if share else ""


def _waiver(criterion: CriterionNow, now: float) -> str:
    waiver = criterion.waiver
    if waiver is None:
        return ""
    when, until = time_of(waiver.at, now), time_of(waiver.until, now)
    return f"by {waiver.by}, {when}, until {until}: {waiver.reason}"


def _acknowledged(criterion: CriterionNow, now: float) -> str:
    known = criterion.acknowledged
    if known is None:
        return ""
    why = f": {known.reason}" if known.reason else ""
    return f"by {known.by}, {time_of(known.at, now)}, until {time_of(known.until, now)}{why}"


def _head(title: str, aside: str, width: int) -> Line:
    return ends(line((title, Role.ACCENT)), line((aside, Role.DIM)), width)


def _charts(
    view: View, criterion: CriterionNow, found: Found, width: int, pointer: Pointer
) -> list[Line]:
    """The signals from about the first bad moment to now."""
    pointer.begin()
    if not criterion.signals:
        people = criterion.rule in ("gates", "checklist", "score")
        said_so = "People's acts decide this; no reading does." if people else ""
        return [*wrap(said_so, width, Role.DIM), BLANK] if people else []
    stretch = f"{time_of(found.since, view.now)} to {_end(found.until, view.now)}"
    rows: list[Line] = []
    for name in drawn_signals(criterion)[:CHARTS]:
        times = found.since, found.until
        drawn = chart_of(view, criterion, name, found.grounds, times, width, pointer)
        head = _head(name, stretch, width)
        if drawn.pointed:
            head = ends(line((name, Role.ACCENT)), drawn.pointed, width)
        rows += [head, *drawn.rows, BLANK]
    return rows


def _end(until: float, now: float) -> str:
    return "now" if until >= now - 60 else time_of(until, now)


def _pending(found: Found) -> Line | None:
    """What stands where the evidence is not there."""
    if found.problem:
        return line((f"✖ cannot be read: {found.problem}", Role.BAD))
    if found.grounds is None:
        return line((READING, Role.DIM))
    return None


def _readings(view: View, criterion: CriterionNow, found: Found, width: int) -> list[Line]:
    """The readings around the moment; the first bad one is pointed at."""
    if not criterion.signals:
        return []
    head = _head("readings", _around(criterion, found, view.now), width)
    missing = _pending(found)
    if missing is not None:
        return [head, *_cropped([missing], width), BLANK]
    assert found.grounds is not None
    assert view.snapshot is not None
    units = {name: signal.unit for name, signal in view.snapshot.signals.items()}
    rows = [
        reading_row(reading, criterion.signals, units, _bad_from(criterion))
        for reading in found.grounds.readings
    ]
    return [head, *(_cropped(rows, width) or [line(("none is kept", Role.DIM))]), BLANK]


def _around(criterion: CriterionNow, found: Found, now: float) -> str:
    """Which ones are shown: of what was never bad, the newest."""
    return "the newest" if criterion.first_bad is None else f"around {time_of(found.moment, now)}"


def _bad_from(criterion: CriterionNow) -> float:
    """From when on readings and lines are pointed at."""
    return math.inf if criterion.first_bad is None else criterion.first_bad


def _log(view: View, criterion: CriterionNow, found: Found, width: int) -> list[Line]:
    """What the logs said around the moment."""
    if found.grounds is None or not view.snapshot or not view.snapshot.logs:
        return []
    head = _head("log", _around(criterion, found, view.now), width)
    rows = [log_row(entry, _bad_from(criterion)) for entry in found.grounds.lines]
    nothing = line(("no line was read within five minutes of it", Role.DIM))
    return [head, *(_cropped(rows, width) or [nothing]), BLANK]


def _gaps(view: View, criterion: CriterionNow, width: int) -> list[Line]:
    """For the rule over all the data: where there are none."""
    assert view.snapshot is not None
    if criterion.rule != "coverage":
        return []
    rows = []
    for gap in view.snapshot.gaps:
        end = gap.end if gap.end is not None else view.now
        lasts = "" if gap.end is not None else ", and lasts"
        text = f"  {time_of(gap.start, view.now)}, {span(end - gap.start)}{lasts}"
        rows.append(
            line((gap.probe or "everything", Role.STRONG), text, (f"  {gap.cause}", Role.DIM))
        )
    return [_head("gaps", "", width), *(_cropped(rows, width) or [line(("none", Role.DIM))]), BLANK]


def _cropped(rows: Iterable[Line], width: int) -> list[Line]:
    return [crop(row, width) for row in rows]


def title_of(criterion: CriterionNow) -> Line:
    """The title, and on which side it counts."""
    word = "NO-GO criterion" if criterion.kind == "no-go" else "GO criterion"
    role = role_of(criterion.state) if criterion.state is State.FAIL else Role.STRONG
    return line((criterion.title, role), (f" · {word} {criterion.name}", Role.DIM))
