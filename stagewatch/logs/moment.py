"""From a time to the place in a log, and from a place to its time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stagewatch.logs.source import BLOCK, Row, Source, backward, forward, line_start
from stagewatch.logs.stamps import record_time

STEP = 4096
"""Bytes in which reading on costs less than halving."""
NEAR = 4 * BLOCK
"""Bytes within which a record that tells its time is looked for."""


class Told(NamedTuple):
    """A record that tells its time."""

    at: float
    row: Row


def place_at(source: Source, at: float, offset: float = 0.0) -> int | None:
    """The first record at or after a time, else the last one; None when none tells its time.

    ``offset``: seconds that times without a zone are east of UTC. Found by halving: the log's
    times are taken to grow.
    """
    low, high = 0, source.size()
    while high - low > STEP:
        middle = line_start(source, (low + high) // 2)
        if middle <= low:
            break
        found = first_told(source, middle, at, offset)
        if found is None or found.at >= at:
            high = middle
        else:
            low = found.row.end
    place = _first_at(source, low, at, offset)
    return place.row.start if place else None


def _first_at(source: Source, start: int, at: float, offset: float) -> Told | None:
    """The first record from ``start`` on that is not before ``at``, else the last one."""
    last: Told | None = None
    for row in forward(source, start):
        stamp = record_time(row.raw, at, offset)
        if stamp is not None:
            last, start = Told(stamp, row), row.end
            if stamp >= at:
                break
        elif row.end - start > NEAR:
            break
    return last or first_told(source, 0, at, offset)


def first_told(source: Source, start: int, near: float, offset: float) -> Told | None:
    """The first record from ``start`` on that tells its time."""
    return _told(forward(source, start), start, near, offset)


def time_at(source: Source, start: int, near: float, offset: float) -> float | None:
    """When the line at ``start`` was written: by itself, or by what is next to it, the record
    that it goes on with first."""
    own = next(forward(source, start), None)
    above = _told([own] if own else [], start, near, offset)
    above = above or _told(backward(source, start), start, near, offset)
    found = above or first_told(source, start, near, offset)
    return found.at if found else None


def _told(rows: Iterable[Row], start: int, near: float, offset: float) -> Told | None:
    for row in rows:
        stamp = record_time(row.raw, near, offset)
        if stamp is not None:
            return Told(stamp, row)
        if abs(row.end - start) > NEAR:
            return None
    return None
