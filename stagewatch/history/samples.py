"""A signal's values: as they are, by the minute, and as a distribution."""

from __future__ import annotations

from math import fsum

from stagewatch.history.query import Query, span
from stagewatch.history.records import Minute
from stagewatch.model import Spread

_OF_SIGNAL = "signal_id = (SELECT id FROM signal WHERE name = ?)"
_WITHIN = f"{_OF_SIGNAL} AND at_ms >= ? AND at_ms < ?"


def samples(
    query: Query, signal: str, since: float | None, until: float | None
) -> list[tuple[float, float]]:
    """(at, value) in the order of their times."""
    columns = "SELECT at_ms / 1000.0, value FROM sample"
    return query.all(f"{columns} WHERE {_WITHIN} ORDER BY at_ms", signal, *span(since, until))


def last_values(query: Query) -> dict[str, tuple[float, float]]:
    """Signal → (at, value) of the newest reading that had a value for it."""
    rows = query.all(
        "SELECT signal.name, at_ms, value FROM signal JOIN probe ON probe.id = probe_id"
        " JOIN sample ON signal_id = signal.id AND at_ms = (SELECT max(at_ms) FROM sample"
        " WHERE signal_id = signal.id AND at_ms <= latest_ms)"
    )
    return {name: (at_ms / 1000, value) for name, at_ms, value in rows}


def minutes(query: Query, signal: str, since: float | None, until: float | None) -> list[Minute]:
    """The minutes of UTC that begin within [since, until) and hold a value."""
    low, high = span(since, until)
    rows = query.all(
        "SELECT minute * 60.0, count, total / count, low, high FROM minute"
        f" WHERE {_OF_SIGNAL} AND minute >= ? AND minute < ? ORDER BY minute",
        *(signal, -(-low // 60_000), -(-high // 60_000)),
    )
    return [Minute(*row) for row in rows]


def spread(query: Query, signal: str, since: float, until: float) -> Spread:
    """The distribution over [since, until); quantiles are nearest-rank: each was measured."""
    rest = f"FROM sample WHERE {_WITHIN}"
    values: list[float] = query.column("value", rest, signal, *span(since, until))
    values.sort()
    count = len(values)
    if not count:
        return Spread(signal, until - since, 0, None, None, None, None)
    p50, p95, p99 = (values[-(-count * percent // 100) - 1] for percent in (50, 95, 99))
    return Spread(signal, until - since, count, fsum(values) / count, p50, p95, p99)
