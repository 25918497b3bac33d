"""The ``log`` kind: follows a log file, or several, and counts what is critical in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
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
    count: Mapping[str, str] = {}
    """Name → a regular expression; the lines that match it are the signal of that name."""
    baseline: str = ""
    """A log whose patterns are known, relative to the profile; empty: what the log itself held
    before the watch."""
    shown: bool = True
    """Whether its lines and patterns are shown; one that a ``records`` rule names always is."""


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TAKEN = ("lines", "errors", "warnings", "criticals", "new")


def signals(name: str, config: LogConfig) -> tuple[Signal, ...]:
    """Counts since the watch began."""
    return (
        Signal(f"{name}.lines", "", "lines read since the watch began"),
        Signal(f"{name}.errors", "", "ERROR records since the watch began"),
        Signal(f"{name}.warnings", "", "WARNING records since the watch began"),
        Signal(f"{name}.criticals", "", "critical records since the watch began"),
        Signal(f"{name}.new", "", "patterns since the watch began that the baseline has not"),
        *(
            Signal(f"{name}.{key}", "", f"lines since the watch began that match {text}")
            for key, text in config.count.items()
        ),
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
            why = f"{config.encoding} does not write a line end as one byte"
            if "16" in config.encoding:
                why = "leave it out: UTF-16 is recognised by the mark that the file begins with"
            yield "encoding", why

    if config.zone not in ("UTC", "local") and not _known_zone(config.zone):
        yield "zone", f"there is no zone {config.zone!r}; say UTC, local or one like Europe/Berlin"
    yield from _expression_problems(config)


def _expression_problems(config: LogConfig) -> Iterator[tuple[str, str]]:
    from stagewatch.expressions import Expression, ExpressionError

    for name, text in config.count.items():
        if not _NAME.fullmatch(name):
            yield f"count.{name}", "must be letters, digits and _, the first one no digit"
        if name in _TAKEN:
            yield f"count.{name}", "every log probe has a signal of this name; choose another"
        try:
            Expression(text)
        except ExpressionError as error:
            yield f"count.{name}", str(error)


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_offset(name: str, at: float) -> float:
    """Seconds east of UTC in this zone at that time."""
    zone = None if name == "local" else ZoneInfo(name)
    offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() if offset else 0.0


def open_log(name: str, config: LogConfig, context: OpenContext) -> LogProbe:
    """Make the probe; files are touched by its first reading."""
    from stagewatch.expressions import Expression
    from stagewatch.logs.files import RealFiles
    from stagewatch.logs.patterns import Patterns
    from stagewatch.logs.state import loads
    from stagewatch.logs.watch import LogWatch, Plan
    from stagewatch.probes._logprobe import LogProbe

    plan = Plan(
        path=str(context.base / config.path),
        watch_start=context.watch_start,
        from_start=config.origin == "start",
        offset_at=partial(zone_offset, config.zone),
        expressions={key: Expression(text, config.encoding) for key, text in config.count.items()},
        baseline=str(context.base / config.baseline) if config.baseline else "",
    )
    state = loads(context.checkpoint) if context.checkpoint else None
    patterns = Patterns(context.patterns if state else (), config.encoding)
    watch = LogWatch(plan, RealFiles(), state, patterns)
    return LogProbe(name, config, context.clock, watch, signals(name, config), shown=context.shown)


KIND = ProbeKind(config=LogConfig, signals=signals, open=open_log, problems=problems)
