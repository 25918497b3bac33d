"""The way to the log's screen: which log is meant, and where it opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stagewatch.tui.logfiles import Target
from stagewatch.tui.lookfor import LookFor
from stagewatch.tui.screens.log import Acknowledge, LogScreen

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.model import LogLine, LogPattern
    from stagewatch.snapshot import LogNow, Snapshot


class Asking(NamedTuple):
    """What is wanted of a log, and by whom."""

    pattern: LogPattern | None
    """Whose newest record is shown."""
    at: float | None
    """Or the moment that is; with neither, the end."""
    acknowledge: Acknowledge | None
    next_log: Callable[[], None] | None
    """Opens the next log of the profile."""
    chart: Callable[[float], bool]
    """Points at a moment in the charts that one comes from."""


def opened(snapshot: Snapshot | None, probes: Sequence[str]) -> LogNow | None:
    """The log of the first of these probes that has one, else the first log; None without any."""
    logs = {log.probe: log for log in snapshot.logs} if snapshot else {}
    meant = next((logs[probe] for probe in probes if probe in logs), None)
    return meant or next(iter(logs.values()), None)


def after(snapshot: Snapshot | None, probe: str) -> str | None:
    """The probe whose log comes after this one's, round and round; None where there is one."""
    names = [log.probe for log in snapshot.logs] if snapshot else []
    if len(names) < 2 or probe not in names:
        return None
    return names[(names.index(probe) + 1) % len(names)]


def log_screen(
    log: LogNow,
    kept: Callable[[str], Sequence[LogLine]],
    clock: Clock,
    asking: Asking,
    *,
    ascii: bool,
) -> LogScreen:
    """The screen over it; ``kept`` gives the lines that the record holds."""
    first = asking.pattern.source if asking.pattern else ""
    return LogScreen(
        Target(log.probe, log.file, kept, first),
        LookFor(log.encoding, log.zone),
        clock,
        ascii=ascii,
        pattern=asking.pattern,
        at=asking.at,
        acknowledge=asking.acknowledge,
        chart=asking.chart,
        next_log=asking.next_log,
    )
