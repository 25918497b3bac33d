"""What a criterion's state rests on: its signals over a stretch, and readings and log lines
around one moment, straight from the history. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stagewatch.history.reader import History
from stagewatch.model import LogLine, Reading, Series
from stagewatch.paths import HISTORY

BUCKETS = 240
READINGS = (5, 7)
"""At most so many readings of a probe before the moment, and from it on."""
LINES = (8, 16)
"""At most so many lines of a log before the moment, and from it on."""
LINES_WITHIN = 300.0
"""Seconds on either side of the moment in which lines are looked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to see of a criterion."""

    criterion: str
    signals: tuple[str, ...]
    moment: float
    """Around which readings and lines are shown."""
    since: float
    until: float
    """The stretch of the chart."""
    patience: Mapping[str, float] = field(default_factory=dict)
    """Probe of these signals → seconds within which its next reading is due."""
    logs: tuple[str, ...] = ()
    """The log probes."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The answer; everything by its time."""

    series: Mapping[str, Series]
    readings: tuple[Reading, ...]
    lines: tuple[LogLine, ...]


def grounds_of(folder: Path, asked: Question) -> Grounds:
    """The answer from the history in a session's folder; raises HistoryError."""
    with History.open(folder / HISTORY) as history:
        return Grounds(
            series={
                name: history.series(name, asked.since, asked.until, BUCKETS)
                for name in asked.signals
                if asked.since < asked.until
            },
            readings=_readings(history, asked),
            lines=_lines(history, asked),
        )


def _readings(history: History, asked: Question) -> tuple[Reading, ...]:
    before, after = READINGS
    found: list[Reading] = []
    for probe, patience in asked.patience.items():
        since = asked.moment - patience * before
        until = asked.moment + patience * after
        near = list(history.readings(probe, since, until))
        turn = sum(reading.at < asked.moment for reading in near)
        found += near[max(0, turn - before) : turn + after]
    return tuple(sorted(found, key=lambda reading: reading.at))


def _lines(history: History, asked: Question) -> tuple[LogLine, ...]:
    before, after = LINES
    since, turn, until = (asked.moment + shift for shift in (-LINES_WITHIN, 0.0, LINES_WITHIN))
    found: list[LogLine] = []
    for probe in asked.logs:
        found += history.lines_between(probe, since, turn, before, newest=True)
        found += history.lines_between(probe, turn, until, after)
    return tuple(sorted(found, key=lambda line: line.at))
