"""The way to the log's screen: which log is meant, and where it opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stagewatch.tui.logdesk import Target
from stagewatch.tui.lookfor import LookFor
from stagewatch.tui.screens.log import LogScreen

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
    acknowledge: Callable[[], None] | None
    chart: Callable[[float], bool]
    """Points at a moment in the charts that one comes from."""


def opened(snapshot: Snapshot | None, probes: Sequence[str]) -> LogNow | None:
    """The log of the first of these probes that has one, else the first log; None without any."""
    logs = {log.probe: log for log in snapshot.logs} if snapshot else {}
    meant = next((logs[probe] for probe in probes if probe in logs), None)
    return meant or next(iter(logs.values()), None)


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
    )
