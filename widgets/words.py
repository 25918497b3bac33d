"""Times, ages and marks in the few forms that every pane uses."""

from __future__ import annotations

from datetime import datetime

from stagewatch.profile.values import format_duration

NEAR = 20 * 3600.0
"""Times of day stand alone within this many seconds; beyond it they carry the date."""


def time_of(at: float, now: float) -> str:
    """``09:12`` in local time, with the date when that is not obvious."""
    moment = datetime.fromtimestamp(at)
    return moment.strftime("%H:%M" if abs(now - at) < NEAR else "%d %b %H:%M")


def second_of(at: float) -> str:
    """``09:12:33`` in local time."""
    return datetime.fromtimestamp(at).strftime("%H:%M:%S")


def hms(seconds: float) -> str:
    """``13:07:12``; hours go on past a day."""
    total = max(0, int(seconds))
    return f"{total // 3600:02d}:{total % 3600 // 60:02d}:{total % 60:02d}"


def span(seconds: float) -> str:
    """A duration without fractions of a second: ``3s``, ``4m12s``, ``24h``."""
    return format_duration(max(0.0, float(int(seconds))))


def coarse(seconds: float) -> str:
    """As ``span``, in whole minutes from ten minutes on: ``9m58s``, ``15m``, ``4h52m``."""
    return span(seconds - seconds % 60 if seconds >= 600 else seconds)


def ago(at: float, now: float) -> str:
    """``3s ago``; a clock that was set back never makes an age negative."""
    return f"{span(now - at)} ago"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 reading``, ``2 readings``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
