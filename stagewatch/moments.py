"""Moments as scripts read them."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(at: float | None) -> str | None:
    """RFC 3339 in UTC with its offset, to the millisecond; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds")
