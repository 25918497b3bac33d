"""Whether a result comes in time: what ends after the window is recorded, and never judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stagewatch.drills import validations
from stagewatch.drills.exercise import Load
from stagewatch.drills.station import DrillError, Station
from stagewatch.profile.values import format_duration
from stagewatch.session.document import Session

LEAD = 2.0
"""Seconds between the announcement and the first request: the recorder looks every second."""
SEEN_WITHIN = 1.0
"""Seconds within which the recorder sees a result."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long a drill takes that comes to what it is for."""

    least: float
    most: float

    def __add__(self, other: Span) -> Span:
        return Span(self.least + other.least, self.most + other.most)


def span_of(station: Station, drills: Iterable[str | Load]) -> Span:
    """Of validations, by their names, and an exercise's load, one after the other."""
    total = Span(0.0, 0.0)
    for drill in drills:
        if isinstance(drill, Load):
            total += Span(drill.lasts, drill.lasts + float(drill.exercise.timeout))
        else:
            one = station.validation(drill)
            lead = LEAD if station.folder is not None and validations.disturbs(one) else 0.0
            total += Span(lead, lead) + Span(*validations.lasts(one))
    return total


def require_in_time(station: Station, span: Span, now: float) -> None:
    """Raises DrillError where no result could be judged any more."""
    left = station.ends_at - now
    if station.folder is None or span.least + SEEN_WITHIN <= left:
        return
    raise DrillError(
        f"{station.folder.name}: its window is over in {_told(left)}, and this takes"
        f" {_told(span.least)} at least: no rule would judge the result; begin another watch for"
        " it, or run it when the window is over: then it is shown, and recorded nowhere"
    )


def doubt(station: Station, span: Span, now: float) -> str:
    """A line about a result that may come too late; empty when it cannot."""
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
