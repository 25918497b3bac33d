"""Which bytes of a record's own time have to stay as they are for it not to be earlier."""

from __future__ import annotations

import re

from stagewatch.logs.stamps import text_time

HOUR, MINUTE = 3600.0, 60.0

Spots = tuple[tuple[int, int], ...]
"""Where such bytes begin and end, in order."""

_CLOCK = re.compile(rb"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:")
_ZONE = re.compile(rb"[\d:.,]{0,20}( ?[+-]\d\d(?::?\d\d)?)")
_EPOCH = re.compile(rb"[12]\d{9}(?:\d{3}){0,3}")


def time_spots(text: bytes, stamp: float, start: float) -> Spots | None:
    """Everything up to the hour, or to the minute near ``start``, and the zone.

    None: ``stamp``, which is the time in ``text``, has no date before it, or is too early.
    """
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    hour, minute = clock.end() - 3, clock.end()
    literal = hour if stamp - HOUR >= start else minute if stamp - MINUTE >= start else 0
    if not literal:
        return None
    zone = _ZONE.match(text, literal)
    return ((0, literal), zone.span(1)) if zone else ((0, literal),)


def spots_of(value: bytes, start: float, offset: float) -> Spots | None:
    """The same for the value of a time field."""
    if value.isdigit():
        return _epoch_spots(value, start)
    stamp = text_time(value, start, offset)
    return None if stamp is None else time_spots(value, stamp, start)


def _epoch_spots(text: bytes, start: float) -> Spots | None:
    """Of a number of seconds (ms, µs, ns) since 1970: all but some three hours or two minutes."""
    if not _EPOCH.fullmatch(text):
        return None
    for free in (4, 2):
        if float(text[: 10 - free]) * 10**free >= start:
            return ((0, 10 - free),)
    return None
