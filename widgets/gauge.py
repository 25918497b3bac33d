"""A value with its chart over the window: what the memory and the latency pane have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from stagewatch.profile.values import format_value
from stagewatch.widgets import chart
from stagewatch.widgets.box import Frame, frame
from stagewatch.widgets.paint import BLANK, Line, Role, crop, fill, flow, join, line, width_of
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.pointer import Grid, Pointer, marked, said
from stagewatch.widgets.view import View, over, probe_of, signal_late
from stagewatch.widgets.words import ago, time_of

if TYPE_CHECKING:
    from stagewatch.model import Series
    from stagewatch.snapshot import SignalNow, Snapshot


TALL = 6
"""Rows from which a gauge has a second row for its figures, and its chart says the limit."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One signal as a pane shows it."""

    name: str
    """What it is called when a pane shows several."""
    signal: SignalNow
    facts: tuple[Line, ...]
    """After the value, the most important first."""
    series: Series | None
    bound: Line = BLANK
    """The limit in words, where the chart has no room to say it."""
    kind: str = ""
    """What is measured, where the name does not tell: ``RSS``."""
    limit: float | None = None
    """Drawn into the chart, in the signal's unit."""
    from_zero: bool = False
    """Whether the chart starts at zero; else it shows the range that occurred."""


def lateness(view: View, gauges: Sequence[Gauge]) -> object:
    """Which values are late or absent; these count the seconds, in steps of ten."""
    if view.snapshot is None:
        return None
    late = tuple(signal_late(view.snapshot, gauge.signal, view.now) for gauge in gauges)
    return late, view.now // 10 if any(late) else None


def value_of(snapshot: Snapshot, signal: SignalNow, now: float) -> tuple[Line, ...]:
    """The value; when it is late or absent, the last one with its age and why."""
    probe = probe_of(snapshot, signal.name)
    if signal.value is not None:
        shown = format_value(signal.value, signal.unit)
        if not signal_late(snapshot, signal, now) or signal.at is None:
            return (line((shown, Role.STRONG)),)
        if probe is not None and over(probe, now):
            return (line((shown, Role.STRONG), (f"  {ago(signal.at, now)}", Role.DIM)),)
        return (line((f"{shown}  LATE, {ago(signal.at, now)}", Role.WARN)),)
    why = signal.reason or (probe.reason if probe else "")
    parts = [line(("✖ no value", Role.BAD))]
    if signal.last_value is not None and signal.last_value_at is not None:
        old = format_value(signal.last_value, signal.unit)
        parts.append(line((f"last {old}, {ago(signal.last_value_at, now)}", Role.WARN)))
    if why:
        parts.append(line((why, Role.BAD)))
    return tuple(parts)


def gauge_lines(
    view: View, gauge: Gauge, width: int, height: int, pointer: Pointer, *, named: bool
) -> list[Line]:
    """A gauge in ``height`` rows: the figures, then the chart; of a moment that is pointed at,
    what the chart says there instead of what is now."""
    assert view.snapshot is not None
    name = line((gauge.name, Role.DIM)) if named else BLANK
    if gauge.signal.at is None:
        return [crop(join((name, line(("waiting for the first reading", Role.DIM)))), width)]
    tall = height >= TALL
    facts = gauge.facts if tall else (*gauge.facts, gauge.bound)
    parts = (name, *value_of(view.snapshot, gauge.signal, view.now), *facts)
    head = flow(parts, width, rows=2 if tall else 1)
    if height < 2 or gauge.series is None:
        return head
    probe = probe_of(view.snapshot, gauge.signal.name)
    patience = probe.patience if probe else 0.0
    series = chart.bridged(chart.elapsed(gauge.series, view.now), patience)
    if not any(value is not None for value in series.mean):
        return [*head, line(("nothing recorded yet", Role.DIM))]
    drawn = chart_rows(view, gauge, series, width, height - len(head), pointer)
    if drawn.pointed:
        head = [crop(join((name, drawn.pointed)), width), *head[1:]]
    return [*head, *drawn.rows]


class Drawn(NamedTuple):
    """A chart."""

    rows: list[Line]
    pointed: Line
    """What it says at the moment that is pointed at; nothing when none is, or it lies outside."""


def chart_rows(
    view: View, gauge: Gauge, series: Series, width: int, height: int, pointer: Pointer
) -> Drawn:
    """The chart with its scale at the right, where there are rows enough for one."""
    values = chart.columns(series, width)
    scale = chart.scale_of(values, limit=gauge.limit, from_zero=gauge.from_zero)
    labels = _labels(gauge, scale, height) if height >= 3 else []
    wide = max((width_of(label) + 1 for label in labels), default=0)
    grid = Grid(series.start, series.end, max(1, width - wide))
    cell = pointer.cell(grid)
    rows = (
        chart.plot(series, grid.cells, height, scale, limit=gauge.limit, ascii=view.ascii)
        if labels
        else [chart.sparkline(values, scale)]
    )
    pointed = BLANK
    if cell is not None:
        rows = [marked(row, cell) for row in rows]
        pointed = said(series, grid, cell, gauge.signal.unit, view.now)
    if not labels:
        return Drawn(rows, pointed)
    scaled = [
        (*fill(row, grid.cells), (" " * (wide - width_of(label)), Role.PLAIN), *label)
        for row, label in zip(rows, labels, strict=True)
    ]
    return Drawn(scaled, pointed)


def _labels(gauge: Gauge, scale: chart.Scale, height: int) -> list[Line]:
    """The values at the top, at the limit and at the bottom."""
    labels: list[Line] = [BLANK] * height
    labels[0] = line((format_value(_round(scale.high), gauge.signal.unit), Role.DIM))
    labels[-1] = line((format_value(_round(scale.low), gauge.signal.unit), Role.DIM))
    if gauge.limit is not None and scale.low <= gauge.limit <= scale.high:
        at = height - 1 - scale.step(gauge.limit, height)
        labels[at] = line((format_value(gauge.limit, gauge.signal.unit), Role.LIMIT))
    return labels


def _round(value: float) -> float:
    """Three figures: an axis needs no more."""
    return float(f"{value:.3g}")


def gauges_frame(
    view: View,
    how: Frame,
    gauges: Sequence[Gauge],
    absent: str,
    size: tuple[int, int],
    pointer: Pointer,
) -> list[Line]:
    """A whole pane of gauges, which share the rows evenly."""
    width, height = size
    pointer.begin()
    kinds = {gauge.kind for gauge in gauges}
    how = replace(how, aside=line((" ".join(sorted(kinds)), Role.DIM)))
    if how.boxed:
        first, last = _span(gauges, view.now)
        how = replace(how, foot=first, foot_aside=last)
    inner, rows = how.room(width, height)
    if view.snapshot is None or not gauges:
        sentence = "waiting for the first reading" if view.snapshot is None else absent
        return frame(how, [line((sentence, Role.DIM))], width, height)
    shown = gauges[: max(1, rows // 2)]
    each = rows // len(shown)
    body: list[Line] = []
    for gauge in shown:
        part = gauge_lines(view, gauge, inner, each, pointer, named=len(gauges) > 1)
        body.extend([*part, *[BLANK] * (each - len(part))])
    return frame(how, [crop(row, inner) for row in body], width, height)


def _span(gauges: Sequence[Gauge], now: float) -> tuple[Line, Line]:
    """The times at the two ends of the charts."""
    series = next((g.series for g in gauges if g.series is not None and g.series.mean), None)
    if series is None:
        return BLANK, BLANK
    end = "now" if series.end >= now - 60 else time_of(series.end, now)
    return line((time_of(series.start, now), Role.DIM)), line((end, Role.DIM))


class GaugePane(Pane, can_focus=True):
    """Gauges with charts in which one can point at a moment."""

    PACE = 60.0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pointer = Pointer()

    def point(self, at: float | None) -> None:
        """Point at this moment in every chart, or at none."""
        if self.pointer.at != at:
            self.pointer.at = at
            self.repaint()
