"""The latency pane: the average that is judged, the slow end, and the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.profile.values import format_value
from stagewatch.widgets.box import Frame
from stagewatch.widgets.gauge import Gauge, GaugePane, gauges_frame, lateness
from stagewatch.widgets.paint import BLANK, Line, Role, line
from stagewatch.widgets.states import role_of
from stagewatch.widgets.subjects import judging, latencies, title_of
from stagewatch.widgets.view import View, kept
from stagewatch.widgets.words import span

if TYPE_CHECKING:
    from stagewatch.snapshot import Snapshot


def averages(snapshot: Snapshot, signal: str) -> tuple[Line, ...]:
    """``avg 15m 141 ms``, ``p95 188 ms``; empty while nothing has been measured."""
    spread = snapshot.spreads.get(signal)
    if spread is None or not spread.count or spread.mean is None:
        return ()
    unit = snapshot.signals[signal].unit
    parts = [line((f"avg {span(spread.span)} ", Role.DIM), format_value(round(spread.mean), unit))]
    if spread.p95 is not None:
        parts.append(line(("p95 ", Role.DIM), format_value(round(spread.p95), unit)))
    return tuple(parts)


@kept
def latency_gauges(snapshot: Snapshot) -> list[Gauge]:
    """A gauge for every timed endpoint."""
    gauges = []
    for probe in latencies(snapshot):
        name = f"{probe.name}.latency"
        criterion = judging(snapshot, "average", name)
        limit = criterion.limit if criterion else None
        bound = BLANK
        if criterion is not None and limit is not None:
            bound = line(("limit ", Role.DIM), (format_value(limit), role_of(criterion.state)))
        gauges.append(
            Gauge(
                title_of(probe),
                snapshot.signals[name],
                averages(snapshot, name),
                snapshot.series.get(name),
                bound,
                limit=limit,
                from_zero=True,
            )
        )
    return gauges


class LatencyPane(GaugePane):
    """How long the watched endpoints take to answer."""

    def about(self, snapshot: Snapshot) -> object:
        return latency_gauges(snapshot)

    def moment(self, view: View) -> object:
        return lateness(view, latency_gauges(view.snapshot) if view.snapshot else ())

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        gauges = latency_gauges(view.snapshot) if view.snapshot else []
        name = f" · {gauges[0].name}" if len(gauges) == 1 else ""
        title = line(("latency", Role.STRONG), (name, Role.DIM))
        absent = "this profile times no endpoint"
        how = Frame(title, boxed=not view.compact, focused=self.has_focus)
        return gauges_frame(view, how, gauges, absent, (width, height), self.pointer)
