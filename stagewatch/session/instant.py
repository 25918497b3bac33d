"""Instants to the millisecond, which is what the file keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stagewatch.session.document import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def instant(at: float) -> Instant:
    """``at`` (Unix seconds) to the millisecond; raises ValueError outside the years 1 to 9999."""
    return from_datetime(to_datetime(at))


def to_datetime(at: float) -> datetime:
    """The date and time in UTC; raises ValueError outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=round(at * 1000))
    except (OverflowError, ValueError):
        raise ValueError(f"{at} is no time") from None


def from_datetime(moment: datetime) -> Instant:
    """Unix seconds to the millisecond; raises ValueError for a time without an offset."""
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset: 2025-11-23T19:02:12Z")
    return Instant(round((moment - _EPOCH) / _MILLISECOND) / 1000)


def rfc3339(at: float) -> str:
    """``2025-11-23T19:02:12.123Z``."""
    return to_datetime(at).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
