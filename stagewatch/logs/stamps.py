"""A record's own time, as it writes it into its header."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from stagewatch.logs.fields import json_time, pairs_time
from stagewatch.logs.headers import ZONES
from stagewatch.logs.levels import JSON, LIMIT, PAIRS, Look, look

_LEAD = rb"(?:[\[(]?[A-Za-z]{1,9}[\])]?[:,]?[ \t]{0,8})?[\[(]{0,2}"
_ISO = re.compile(
    _LEAD + rb"(\d{4})[-/.](\d\d)[-/.](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    rb" ?(Z\b|[+-]\d\d(?::?\d\d)?(?!\d)|(?:" + ZONES + rb")\b)?"
)
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_HOURS = {
    name: hours
    for hours, names in (
        (0, b"Z UTC GMT WET"),
        (1, b"CET WEST WAT"),
        (2, b"CEST EET CAT SAST"),
        (3, b"EEST MSK EAT TRT"),
        (5, b"PKT"),
        (7, b"ICT"),
        (8, b"HKT SGT AWST"),
        (9, b"JST KST"),
        (10, b"AEST"),
        (11, b"AEDT"),
        (12, b"NZST"),
        (13, b"NZDT"),
        (-3, b"BRT"),
        (-4, b"EDT"),
        (-5, b"EST CDT"),
        (-6, b"MDT"),
        (-7, b"MST PDT"),
        (-8, b"PST AKDT"),
        (-9, b"AKST"),
        (-10, b"HST"),
    )
    for name in names.split()
}
"""East of UTC. Names that mean several zones (``IST``, ``CST``) are left out."""
_DAY_FIRST = re.compile(
    _LEAD + rb"(\d{1,2})[-/ ]([A-Z][a-z]{2})[-/ ](\d{4})[: ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    rb" ?([+-]\d\d:?\d\d)?"
)
_SYSLOG = re.compile(
    _LEAD + rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([A-Z][a-z]{2}) ([ \d]?\d)"
    rb" (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: (\d{4})\b)?"
)
_GLOG = re.compile(rb"[IWEF](\d{4})?(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_EPOCH = re.compile(_LEAD + rb"(\d{10})(?:\.(\d{1,9}))?(?=[\s\]])")


def stamp_of(seen: Look, near: float, offset: float = 0.0) -> float | None:
    """The time that a record states, in Unix seconds; None where it states none.

    ``near`` chooses the year where the record names none. A time without a zone is ``offset``
    seconds east of UTC.
    """
    payload, found = seen.payload, None
    if seen.form == JSON:
        found = json_time(seen.fields or {})
    elif seen.form == PAIRS:
        found = pairs_time(payload[seen.head :])
    own = text_time(payload, near, offset) if found is None else _value(found, near, offset)
    if own is None and seen.outer_time:
        return text_time(seen.outer_time, near, offset)
    return own


def record_time(line: bytes, near: float = 0.0, offset: float = 0.0) -> float | None:
    """The time that a line states, as ``stamp_of``; None where it begins no record, or states
    none. Without ``near`` it is good for comparing it with others of its log."""
    seen = look(line[:LIMIT])
    return stamp_of(seen, near, offset) if seen.record else None


def _value(found: str | float, near: float, offset: float) -> float | None:
    if isinstance(found, str):
        return text_time(found.encode("utf-8", "replace"), near, offset) or _epoch_text(found)
    return _epoch(found)


def _epoch_text(found: str) -> float | None:
    try:
        return _epoch(float(found))
    except ValueError:
        return None


def _epoch(number: float) -> float | None:
    """Seconds from a number of s, ms, µs or ns since 1970, told apart by their size."""
    for scale in (1, 1000, 1_000_000, 1_000_000_000):
        if 1e8 * scale <= number < 1e10 * scale:
            return number / scale
    return None


def text_time(text: bytes, near: float, offset: float = 0.0) -> float | None:
    """The time at the start of ``text``."""
    try:
        return (
            _iso(text, offset)
            or _day_first(text, offset)
            or _yearless(text, near, offset)
            or _seconds(text)
        )
    except (ValueError, OverflowError):  # the 31st of February, hour 25
        return None


def _iso(text: bytes, offset: float) -> float | None:
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match.group(i)) for i in range(1, 7))
    zone = _zone(match[8], offset)
    if zone is None:
        return None
    when = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
    return when.timestamp() + _fraction(match[7])


def _day_first(text: bytes, offset: float) -> float | None:
    """Tomcat's and Apache's ``01-Jan-2026 00:00:00``."""
    match = _DAY_FIRST.match(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match.group(i)) for i in (1, 3, 4, 5, 6))
    zone = _zone(match[8], offset)
    month = _MONTHS.index(match[2]) + 1
    when = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
    return when.timestamp() + _fraction(match[7])


def _yearless(text: bytes, near: float, offset: float) -> float | None:
    syslog = _SYSLOG.match(text)
    if syslog and syslog[1] in _MONTHS:
        month, day, year = _MONTHS.index(syslog[1]) + 1, int(syslog[2]), syslog[7]
        clock, fraction = syslog.groups()[2:5], syslog[6]
    else:
        glog = _GLOG.match(text)
        if glog is None:
            return None
        year, month, day = glog[1], int(glog[2]), int(glog[3])
        clock, fraction = glog.groups()[3:6], glog[7]
    hour, minute, second = (int(part) for part in clock)
    zone = _zone(None, offset)
    this = datetime.fromtimestamp(near, UTC).year
    years = (int(year),) if year else (this - 1, this, this + 1)
    days = (month, day, hour, minute, min(second, 59))
    times = [datetime(y, *days, tzinfo=zone).timestamp() for y in years if _exists(y, month, day)]
    return min(times, key=lambda t: abs(t - near)) + _fraction(fraction) if times else None


def _exists(year: int, month: int, day: int) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (month, day) != (2, 29) or leap


def _seconds(text: bytes) -> float | None:
    match = _EPOCH.match(text)
    return float(match[1]) + _fraction(match[2]) if match else None


def _fraction(digits: bytes | None) -> float:
    return float(b"0." + digits) if digits else 0.0


def _zone(text: bytes | None, offset: float) -> timezone | None:
    """The zone of this name or number; ``offset`` where none is stated, None for an unknown one."""
    if text in (None, b"AM", b"PM"):
        return timezone(timedelta(seconds=offset))
    if text[:1] not in (b"+", b"-"):
        return timezone(timedelta(hours=_HOURS[text])) if text in _HOURS else None
    digits = text[1:].replace(b":", b"")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-away if text[:1] == b"-" else away)
