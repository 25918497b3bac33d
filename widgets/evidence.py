"""What a criterion rests on, drawn: a signal with its limit, readings, and lines of a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from stagewatch.model import Result
from stagewatch.model import probe_of as probe_name
from stagewatch.profile.values import format_value
from stagewatch.widgets import chart
from stagewatch.widgets.boardcriteria import most_of
from stagewatch.widgets.gauge import Drawn, Gauge, chart_rows
from stagewatch.widgets.log import log_line
from stagewatch.widgets.paint import BLANK, Line, Role, line
from stagewatch.widgets.view import View, probe_of
from stagewatch.widgets.words import second_of

if TYPE_CHECKING:
    from stagewatch.grounds import Grounds
    from stagewatch.model import LogLine, Reading, Series
    from stagewatch.snapshot import CriterionNow, Snapshot
    from stagewatch.widgets.pointer import Pointer

ROWS = (7, 4)
"""Of the chart of the signal that is judged, and of the others."""
SAME_UNIT = ("average", "held", "compare")
"""Rules whose limit is a value of their signal."""
READING = "reading the record …"

Stretch = tuple[float, float]


def drawn_signals(criterion: CriterionNow) -> tuple[str, ...]:
    """Those that have a chart; the size of a pool that reports it is the limit in another."""
    if criterion.rule == "exhausted" and criterion.limit is None:
        return (*criterion.signals[:1], *criterion.signals[2:])
    return criterion.signals


def limit_in(snapshot: Snapshot, criterion: CriterionNow, signal: str) -> float | None:
    """The limit as a value of this signal, where it is one."""
    if signal not in criterion.signals[:1]:
        return None
    if criterion.rule in SAME_UNIT:
        return criterion.limit
    return most_of(criterion, snapshot) if criterion.rule == "exhausted" else None


def _series(
    snapshot: Snapshot, signal: str, grounds: Grounds | None, stretch: Stretch
) -> Series | None:
    """The signal over the stretch: as the history tells it, until then as the panes chart it."""
    if grounds is not None and signal in grounds.series:
        return grounds.series[signal]
    charted = snapshot.series.get(signal)
    return chart.cut(charted, *stretch) if charted is not None else None


def chart_of(
    view: View,
    criterion: CriterionNow,
    signal: str,
    grounds: Grounds | None,
    stretch: Stretch,
    width: int,
    pointer: Pointer,
) -> Drawn:
    """A chart with its scale at the right, or why there is none."""
    snapshot = view.snapshot
    assert snapshot is not None
    known = snapshot.signals.get(signal)
    series = _series(snapshot, signal, grounds, stretch)
    if series is None or known is None:
        return _instead(READING if known and grounds is None else "no values")
    probe = probe_of(snapshot, signal)
    patience = probe.patience if probe else 0.0
    series = chart.bridged(chart.elapsed(series, view.now), patience)
    if not any(value is not None for value in series.mean):
        return _instead("no values in this stretch")
    limit = limit_in(snapshot, criterion, signal)
    gauge = Gauge(signal, known, (), series, limit=limit, from_zero=limit is not None)
    height = ROWS[signal not in criterion.signals[:1]]
    return chart_rows(view, gauge, series, width, height, pointer)


def _instead(why: str) -> Drawn:
    return Drawn([line((why, Role.DIM))], BLANK)


def reading_row(
    reading: Reading, signals: Iterable[str], units: Mapping[str, str], moment: float
) -> Line:
    """``› 03:40:12  backend  rss 512 MiB``, or why it has no value; pointed at from the moment
    on."""
    head = (*_pointer(reading.at, moment), *line((second_of(reading.at), Role.DIM)))
    mine = [name for name in signals if probe_name(name) == reading.probe]
    values = [
        f"{name.partition('.')[2]} {format_value(reading.values[name], units.get(name, ''))}"
        for name in mine
        if name in reading.values
    ]
    told = line(f"  {reading.probe:<10}", *("  " + value for value in values))
    if reading.result is not Result.VALUE:
        why = f"  ✖ {reading.result.value}  {reading.reason}"
        return (*head, *told, *line((why, Role.BAD)))
    lost = [reading.missing[name] for name in mine if name in reading.missing]
    return (*head, *told, *line((f"  {lost[0]}" if lost else "", Role.WARN)))


def log_row(entry: LogLine, moment: float) -> Line:
    """A line of the log, pointed at from the moment on."""
    return (*_pointer(entry.at, moment), *log_line(entry))


def _pointer(at: float, moment: float) -> Line:
    return line(("› ", Role.WARN)) if at >= moment else line("  ")
