"""The newest lines of every followed log, as rows; those that repeat are one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from stagewatch.widgets import patterns
from stagewatch.widgets.paint import BLANK, Line, Role, crop, join, line, width_of, wrap
from stagewatch.widgets.subjects import title_of
from stagewatch.widgets.view import View, kept
from stagewatch.widgets.words import plural, second_of

if TYPE_CHECKING:
    from stagewatch.model import LogLine
    from stagewatch.snapshot import LogNow, Snapshot

_STAMP = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ](\d\d:\d\d:\d\d)"
    r"(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?\s{1,4}"
)
_LEVEL = re.compile(r"\[?(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\]?:?\s{1,4}")
_COUNTS = (
    ("criticals", "critical", Role.BAD),
    ("errors", "error", Role.WARN),
    ("lines", "line", Role.DIM),
)
_NUMBER = re.compile(r"\d+")
_ROLES = {
    "CRITICAL": Role.BAD,
    "FATAL": Role.BAD,
    "ERROR": Role.BAD,
    "WARNING": Role.WARN,
    "WARN": Role.WARN,
}


def log_line(entry: LogLine, *, named: bool = False, zone: str = "UTC") -> Line:
    """``12:58:03  ERROR    pool timeout``: the line's own time where it carries one, in local time.

    ``named``: with the file that it is from. ``zone``: of times that name none.
    """
    text = entry.text
    source = (f"{os.path.basename(entry.source)}: ", Role.DIM) if named else ("", Role.DIM)
    if text.startswith("{") and (parts := _json_line(text)):
        at, level, said = parts
        return line(
            (second_of(at if at is not None else entry.at), Role.DIM),
            "  ",
            (level.ljust(8), _ROLES.get(level, Role.DIM)),
            " ",
            source,
            said,
        )
    stamp = _STAMP.match(text)
    time = (_own_second(stamp[0], zone) or stamp[1]) if stamp else second_of(entry.at)
    text = text[stamp.end() :] if stamp else text
    found = _LEVEL.match(text)
    level = found[1] if found else entry.level
    text = text[found.end() :] if found else text
    if not level:
        return line((time, Role.DIM), "  ", source, text)
    shown = (level.ljust(8), _ROLES.get(level, Role.DIM))
    return line((time, Role.DIM), "  ", shown, " ", source, text)


@lru_cache(1024)
def _own_second(stamp: str, zone: str) -> str:
    """The time of day that a record states, in local time; kept, as ``_shape``."""
    from stagewatch.logs.stamps import text_time
    from stagewatch.probes.log import zone_offset

    raw = stamp.encode()
    about = text_time(raw, 0.0)
    if about is None:
        return ""
    return second_of(text_time(raw, 0.0, zone_offset(zone, about)) or about)


@kept
def zones(snapshot: Snapshot) -> Mapping[str, str]:
    """File → the zone of its times that name none."""
    return {entry.source: log.zone for log in snapshot.logs for entry in log.lines}


@lru_cache(512)
def _json_line(text: str) -> tuple[float | None, str, str] | None:
    """(its time, its level, what it says) of a record of JSON; kept, as ``_shape``."""
    from stagewatch.logs.readable import parts

    return parts(text.encode())


@kept
def all_lines(snapshot: Snapshot) -> tuple[LogLine, ...]:
    """The lines of every log, oldest first."""
    if len(snapshot.logs) == 1:
        return snapshot.logs[0].lines
    merged = (entry for log in snapshot.logs for entry in log.lines)
    return tuple(sorted(merged, key=lambda entry: entry.at))


def problems(snapshot: Snapshot, width: int) -> list[Line]:
    """Why a log cannot be read, a sentence each."""
    rows: list[Line] = []
    for log in snapshot.logs:
        if log.problem:
            named = log.path in log.problem
            text = log.problem if named else f"{log.path}: {log.problem}"
            rows.extend(wrap(text, width, Role.WARN, rows=2))
    return rows


@dataclass(frozen=True, slots=True)
class Run:
    """Lines in a row that differ in nothing but numbers, shown as one."""

    first: LogLine
    last: LogLine
    count: int


def runs(entries: Iterable[LogLine]) -> list[Run]:
    """The lines, oldest first, with neighbours of one shape taken together."""
    found: list[Run] = []
    shape = None
    for entry in entries:
        same = (entry.source, entry.level, _shape(entry.text))
        if same == shape:
            found[-1] = Run(found[-1].first, entry, found[-1].count + 1)
        else:
            found.append(Run(entry, entry, 1))
        shape = same
    return found


@lru_cache(1024)
def _shape(text: str) -> str:
    """The text without its numbers; kept, since most lines are there again a second later."""
    return _NUMBER.sub("#", text)


def run_line(run: Run, *, named: bool = False, zone: str = "UTC") -> Line:
    """Its newest line, and how often there was one like it; the rest as above."""
    newest = log_line(run.last, named=named, zone=zone)
    if run.count == 1:
        return newest
    return (*newest[:-1], (f"×{run.count}  ", Role.STRONG), newest[-1])


def log_lines(
    view: View,
    held: tuple[LogLine, ...] | None,
    back: int,
    width: int,
    height: int,
    tail: Tail | None = None,
    *,
    told: bool = False,
) -> list[Line]:
    """The newest lines, or ``held`` ones ``back`` rows from their end; ``told``: what is wrong
    with the logs stands elsewhere."""
    snapshot = view.snapshot
    if snapshot is None:
        return [line(("waiting for the first reading", Role.DIM))]
    if not snapshot.logs:
        return [line(("this profile follows no log", Role.DIM))]
    rows = [] if told else problems(snapshot, width)
    room = max(0, height - len(rows))
    known = zones(snapshot)

    def zone_of(entry: LogLine) -> str:
        return known.get(entry.source, "UTC")

    named = len({entry.source for entry in held or all_lines(snapshot)}) > 1
    if held is None:
        shown = (tail or Tail()).newest(runs(all_lines(snapshot)), room)
        if not shown and not rows:
            return [line(("no line yet", Role.DIM))]
        told_runs = (run_line(run, named=named, zone=zone_of(run.last)) for run in shown)
        return [*rows, *(crop(each, width) for each in told_runs)]
    last = len(held) - back
    kept = held[max(0, last - room) : last]
    told_lines = (log_line(entry, named=named, zone=zone_of(entry)) for entry in kept)
    return [*rows, *(crop(each, width) for each in told_lines)]


class Tail:
    """Which runs the pane shows, so that one new line does not move every other.

    A pane that is full starts again with the newest two thirds: over a slow link a row that
    stays where it is costs nothing, and one that moves is sent again.
    """

    def __init__(self) -> None:
        self._top: LogLine | None = None

    def newest(self, found: list[Run], room: int) -> list[Run]:
        """The runs to show in ``room`` rows; the last one is always among them."""
        start = self._start(found)
        some = room if room < 5 else room * 2 // 3
        if not some <= len(found) - start <= room:  # full, or older ones came in late
            start = max(0, len(found) - some)
        self._top = found[start].first if start < len(found) else None
        return found[start:]

    def _start(self, found: list[Run]) -> int:
        for index in range(len(found) - 1, -1, -1):
            if found[index].first == self._top:
                return index
        return 0


def log_title(snapshot: Snapshot | None) -> Line:
    """``errors · backend/logs/error.log``."""
    if snapshot is None or not snapshot.logs:
        return line(("log", Role.STRONG))
    if len(snapshot.logs) == 1:
        log = snapshot.logs[0]
        return line((_name(snapshot, log), Role.STRONG), (f" · {log.path}", Role.DIM))
    names = ", ".join(_name(snapshot, log) for log in snapshot.logs)
    return line(("logs", Role.STRONG), (f" · {names}", Role.DIM))


def _name(snapshot: Snapshot, log: LogNow) -> str:
    """What the profile calls the log."""
    probe = snapshot.probes.get(log.probe)
    return title_of(probe) if probe is not None else log.probe


def log_count(snapshot: Snapshot | None, room: int = 1000) -> Line:
    """``1 critical · 43 errors · 214 lines`` since the watch began; «≥» where lines may be lost.

    As many of them as have ``room``, and each whole.
    """
    if snapshot is None or not snapshot.logs:
        return BLANK
    parts: list[Line] = []
    for name, one, role in _COUNTS:
        signals = [snapshot.signals.get(f"{log.probe}.{name}") for log in snapshot.logs]
        known = [s.last_value for s in signals if s is not None and s.last_value is not None]
        if known and (sum(known) or name == "lines"):
            text = plural(int(sum(known)), one, name if name != "criticals" else "critical")
            least = any(s is not None and s.at_least for s in signals)
            parts.append(line((f"≥{text}" if least else text, role)))
    parts.insert(0, patterns.summary(snapshot))
    while len(parts) > 1 and width_of(join(parts, " · ")) > room:
        parts.pop()
    return join(parts, " · ")
