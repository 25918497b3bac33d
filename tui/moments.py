"""Moments as an operator types them: a time of day, a date with one, or how long ago or ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from stagewatch.profile.values import parse_duration

_OF_DAY = ("%H:%M", "%H:%M:%S")
_DATED = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def stamp(at: float) -> str:
    """``2025-09-06 15:23`` in local time, as it may be typed."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def parse_past(text: str, now: float) -> float:
    """``14:05`` (the last one), ``2025-09-06 14:05``, ``35min`` ago, ``now``; raises ValueError."""
    told = text.strip().removesuffix("ago").strip()
    if told == "now":
        return now
    at = clock_time(told, now, ahead=False)
    if at is None:
        at = now - _length(told, "2025-09-06 14:05, 14:05, 35min or now")
    if at > now:
        raise ValueError(f"{stamp(at)} is still to come")
    return at


def parse_ahead(text: str, now: float) -> float:
    """``14:05`` (the next one), ``2025-09-07 14:05``, ``48h`` from now; raises ValueError."""
    told = text.strip().removeprefix("in ").strip()
    at = clock_time(told, now, ahead=True)
    if at is None:
        at = now + _length(told, "48h, 14:05 or 2025-09-07 14:05")
    if at <= now:
        raise ValueError(f"{stamp(at)} is over already")
    return at


def clock_time(text: str, now: float, *, ahead: bool) -> float | None:
    """The moment that a clock and perhaps a calendar tell; None for any other text."""
    here = datetime.fromtimestamp(now)
    for form in _OF_DAY:
        try:
            time = datetime.strptime(text, form).time()
        except ValueError:
            continue
        moment = datetime.combine(here.date(), time)
        if ahead and moment <= here:
            moment += timedelta(days=1)
        elif not ahead and moment > here:
            moment -= timedelta(days=1)
        return moment.timestamp()
    for form in _DATED:
        try:
            return datetime.strptime(text, form).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _length(text: str, usual: str) -> float:
    if not text:
        raise ValueError(f"is needed; write {usual}")
    if ":" in text or "-" in text:
        # Meant as a clock: what is wrong with it as a duration would be no help.
        raise ValueError(f'"{text[:40]}" is no time; write {usual}')
    return parse_duration(text)
