"""What a drill takes of a watch's window: the stretch that is left out of the rules, and whether
its result comes in time. What ends after the window is recorded, and never judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stagewatch.drills import validations
from stagewatch.drills.exercise import Load
from stagewatch.drills.station import DrillError, Station, disturbed
from stagewatch.profile.values import format_duration
from stagewatch.session.document import Session

LEAD = 2.0
"""Seconds between the announcement and the first request: the recorder looks every second."""
SEEN_WITHIN = 1.0
"""Seconds within which the recorder sees a result."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stretch whose readings the rules do not see."""

    probes: tuple[str, ...]
    seconds: float
    """At the most."""
    share: float
    """Percent of the shortest phase."""

    def told(self) -> str:
        """A line for a person."""
        names, span = ", ".join(self.probes), format_duration(self.seconds)
        share = f"{self.share:.1f} % of a phase"
        return f"left out of the rules meanwhile: {names}, for {span} at most ({share})"


@dataclass(frozen=True, slots=True)
class Span:
    """How long a drill takes that comes to what it is for."""

    least: float
    most: float

    def __add__(self, other: Span) -> Span:
        return Span(self.least + other.least, self.most + other.most)


def left_out(station: Station, name: str) -> LeftOut | None:
    """What running this validation leaves out of the rules; None for nothing."""
    drill = station.validation(name)
    probes = disturbed(station.profile, drill)
    seconds = validations.disturbs(drill)
    if station.folder is None or not probes or not seconds:
        return None
    deployment = station.profile.deployment
    hours = [phase.hours[1] - phase.hours[0] for phase in station.profile.phase]
    shortest = min(hours, default=deployment.window / 3600) * 3600
    return LeftOut(probes, seconds, 100 * seconds * deployment.speed / shortest)


def span_of(station: Station, drills: Iterable[str | Load]) -> Span:
    """Of validations, by their names, and an exercise's load, one after the other."""
    total = Span(0.0, 0.0)
    for drill in drills:
        if isinstance(drill, Load):
            total += Span(drill.lasts, drill.lasts + float(drill.exercise.timeout))
        else:
            lead = LEAD if left_out(station, drill) is not None else 0.0
            total += Span(lead, lead) + Span(*validations.lasts(station.validation(drill)))
    return total


def require_in_time(station: Station, drills: Iterable[str | Load], now: float) -> None:
    """Raises DrillError where no result could be judged any more."""
    span = span_of(station, drills)
    left = station.ends_at - now
    if station.folder is None or span.least + SEEN_WITHIN <= left:
        return
    raise DrillError(
        f"{station.folder.name}: its window is over in {_told(left)}, and this takes"
        f" {_told(span.least)} at least: no rule would judge the result; begin another watch for"
        " it, or run it when the window is over: then it is shown, and recorded nowhere"
    )


def doubt(station: Station, drills: Iterable[str | Load], now: float) -> str:
    """A line about a result that may come too late; empty when it cannot."""
    span = span_of(station, drills)
    left = station.ends_at - now
    if station.folder is None or span.most + SEEN_WITHIN <= left:
        return ""
    return (
        f"the window is over in {_told(left)}, and this may take {_told(span.most)}:"
        " what ends after it is recorded, and judged by no rule"
    )


def unjudged(session: Session, ended: float) -> str:
    """Why no rule judges what ended then; empty when the rules do."""
    if session.stopped_at is not None:
        return f"{session.stopped_by or 'somebody'} stopped the watch before it was over"
    late = ended - session.ends_at
    if late > 0:
        return f"it ended {_told(late)} after the watch's window"
    if late > -SEEN_WITHIN:
        return "it ended with the watch's window, which may be too late"
    return ""


def _told(seconds: float) -> str:
    return format_duration(round(max(seconds, 0.0), 1))
