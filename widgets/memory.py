"""The memory pane: how much, how fast it grows, of which process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.profile.values import format_value
from stagewatch.widgets.box import Frame
from stagewatch.widgets.gauge import Gauge, GaugePane, gauges_frame, lateness
from stagewatch.widgets.paint import BLANK, Line, Role, line
from stagewatch.widgets.states import role_of
from stagewatch.widgets.subjects import judging, memory_signal, processes, title_of
from stagewatch.widgets.view import View, kept
from stagewatch.widgets.words import plural

if TYPE_CHECKING:
    from stagewatch.snapshot import ProbeNow, Snapshot


def growth(snapshot: Snapshot, signal: str) -> Line:
    """``+1.8 %/h of 10``; the limit alone while the growth is not known."""
    criterion = judging(snapshot, "growth", signal)
    if criterion is None:
        return BLANK
    limit = format_value(criterion.limit, "") if criterion.limit is not None else ""
    if criterion.value is None:
        return line((f"limit +{limit} {criterion.unit}", Role.DIM)) if limit else BLANK
    rate = f"{format_value(round(criterion.value, 1), '')} {criterion.unit}"
    sign = "+" if criterion.value >= 0 else ""
    return line((f"{sign}{rate}", role_of(criterion.state)), (f" of {limit}", Role.DIM))


def identity(probe: ProbeNow) -> Line:
    """``pid 4123``: the process that the last reading measured."""
    pid = str(probe.facts.get("proc", "")).partition("@")[0]
    return line(("pid ", Role.DIM), pid) if pid else BLANK


def burden(snapshot: Snapshot, probe: ProbeNow) -> tuple[Line, ...]:
    """What else the process takes: CPU, and how many processes there are when not one."""
    cpu = snapshot.signals.get(f"{probe.name}.cpu")
    count = snapshot.signals.get(f"{probe.name}.count")
    parts = []
    if cpu is not None and cpu.value is not None:
        parts.append(line(("cpu ", Role.DIM), format_value(round(cpu.value, 1), cpu.unit)))
    if count is not None and count.value is not None and count.value != 1:
        parts.append(line(plural(int(count.value), "process", "processes")))
    return tuple(parts)


@kept
def memory_gauges(snapshot: Snapshot) -> list[Gauge]:
    """A gauge for every process."""
    gauges = []
    for probe in processes(snapshot):
        name = memory_signal(snapshot, probe)
        if name:
            kind = name.rpartition(".")[2].upper()
            gauges.append(
                Gauge(
                    title_of(probe),
                    snapshot.signals[name],
                    (growth(snapshot, name), identity(probe), *burden(snapshot, probe)),
                    snapshot.series.get(name),
                    kind=kind,
                )
            )
    return gauges


class MemoryPane(GaugePane):
    """Memory of the watched processes."""

    def about(self, snapshot: Snapshot) -> object:
        return memory_gauges(snapshot)

    def moment(self, view: View) -> object:
        return lateness(view, memory_gauges(view.snapshot) if view.snapshot else ())

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        gauges = memory_gauges(view.snapshot) if view.snapshot else []
        name = f" · {gauges[0].name}" if len(gauges) == 1 else ""
        title = line(("memory", Role.STRONG), (name, Role.DIM))
        absent = "this profile watches no process"
        how = Frame(title, boxed=not view.compact, focused=self.has_focus)
        return gauges_frame(view, how, gauges, absent, (width, height), self.pointer)
