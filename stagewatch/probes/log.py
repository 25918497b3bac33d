"""The ``log`` kind: follows a log file, or several, and counts what is critical in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, ProbeKind
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import Duration

if TYPE_CHECKING:
    from stagewatch.probes._logprobe import LogProbe


class LogConfig(ProbeConfig, kw_only=True, frozen=True):
    """``kind = "log"``."""

    path: str
    """The file, or a pattern such as ``backend/logs/*.log``; relative to the profile."""
    every: Duration = Duration(5)
    """How often a reading is recorded when the log is silent; new lines are recorded at once."""
    encoding: str = "utf-8"
    """How the file writes its characters; for showing lines only."""
    origin: Literal["now", "start"] = msgspec.field(name="from", default="now")
    """What counts when the watch begins: lines from now on, or what is in the file as well."""
    zone: str = "UTC"
    """The zone of times that name none: ``UTC``, ``local``, or a name like ``Europe/Berlin``."""


def signals(name: str, config: LogConfig) -> tuple[Signal, ...]:
    """Counts since the watch began."""
    return (
        Signal(f"{name}.lines", "", "lines read since the watch began"),
        Signal(f"{name}.errors", "", "ERROR records since the watch began"),
        Signal(f"{name}.warnings", "", "WARNING records since the watch began"),
        Signal(f"{name}.criticals", "", "critical records since the watch began"),
    )


def problems(config: LogConfig) -> Iterator[tuple[str, str]]:
    """What the types do not say."""
    if not config.path.strip():
        yield "path", "is empty; name the log file"
    try:
        ascii_kept = "\n a{".encode(config.encoding) == b"\n a{"
    except LookupError:
        yield "encoding", f"there is no encoding {config.encoding!r}; most logs are utf-8"
    else:
        if not ascii_kept:
            yield "encoding", f"{config.encoding} does not write a line end as one byte"

    if config.zone not in ("UTC", "local") and not _known_zone(config.zone):
        yield "zone", f"there is no zone {config.zone!r}; say UTC, local or one like Europe/Berlin"


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone_offset(name: str, at: float) -> float:
    """Seconds east of UTC in this zone at that time."""
    zone = None if name == "local" else ZoneInfo(name)
    offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() if offset else 0.0


def open_log(name: str, config: LogConfig, context: OpenContext) -> LogProbe:
    """Make the probe; files are touched by its first reading."""
    from stagewatch.logs.files import RealFiles
    from stagewatch.logs.state import loads
    from stagewatch.logs.watch import LogWatch, Plan
    from stagewatch.probes._logprobe import LogProbe

    plan = Plan(
        path=str(context.base / config.path),
        watch_start=context.watch_start,
        from_start=config.origin == "start",
        zone_offset=_zone_offset(config.zone, context.watch_start),
    )
    state = loads(context.checkpoint) if context.checkpoint else None
    watch = LogWatch(plan, RealFiles(), state)
    return LogProbe(name, config, context.clock, watch, signals(name, config))


KIND = ProbeKind(config=LogConfig, signals=signals, open=open_log, problems=problems)
