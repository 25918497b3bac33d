"""Readings put together again from the file's tables."""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.history.query import Query, Row, span
from stagewatch.history.rows import join_facts
from stagewatch.history.schema import RESULTS
from stagewatch.model import Reading, Result

PAGE = 1000
"""Readings fetched at a time: a long walk holds no transaction open."""

_RESULTS = tuple(Result(name) for name in RESULTS)
_COLUMNS = "at_ms, took_us, result, reason_id, missing_id, facts_id, numbers"


class Latest:
    """The newest reading of every probe; one that is known is not read again, since a stored
    reading never changes."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._known: dict[int, tuple[int, Reading]] = {}

    def read(self) -> dict[str, Reading]:
        """Probe → its newest reading, without log lines."""
        query, found = self._query, dict[str, Reading]()
        with query.moment():
            for probe_id, name, at_ms in query.all(
                "SELECT id, name, latest_ms FROM probe WHERE latest_ms IS NOT NULL ORDER BY id"
            ):
                known = self._known.get(probe_id)
                if known is None or known[0] != at_ms:
                    row = query.one(
                        f"SELECT ?, {_COLUMNS} FROM reading WHERE probe_id = ? AND at_ms = ?",
                        *(name, probe_id, at_ms),
                    )
                    if row is None:
                        continue
                    values = _values(query, probe_id, at_ms, at_ms).get(at_ms, {})
                    known = self._known[probe_id] = at_ms, _reading(query, row, values)
                found[name] = known[1]
        return found


def readings(
    query: Query, probe: str, since: float | None, until: float | None
) -> Iterator[Reading]:
    """A probe's readings of [since, until) in the order of their times."""
    found = query.one("SELECT id FROM probe WHERE name = ?", probe)
    low, high = span(since, until)
    while found:
        with query.moment():
            rows = query.all(
                f"SELECT ?, {_COLUMNS} FROM reading"
                " WHERE probe_id = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?",
                *(probe, found[0], low, high, PAGE),
            )
            if not rows:
                return
            values = _values(query, found[0], rows[0][1], rows[-1][1])
            page = [_reading(query, row, values.get(row[1], {})) for row in rows]
        yield from page
        low = rows[-1][1] + 1


def _values(query: Query, probe_id: int, first: int, last: int) -> dict[int, dict[str, float]]:
    """Time → signal → value, of one probe."""
    found: dict[int, dict[str, float]] = {}
    for name, at_ms, value in query.all(
        "SELECT name, at_ms, value FROM signal JOIN sample ON signal_id = signal.id"
        " WHERE probe_id = ? AND at_ms BETWEEN ? AND ? ORDER BY signal.id",
        *(probe_id, first, last),
    ):
        found.setdefault(at_ms, {})[name] = value
    return found


def _reading(query: Query, row: Row, values: dict[str, float]) -> Reading:
    probe, at_ms, took_us, result, reason_id, missing_id, facts_id, numbers = row
    reason = query.text(reason_id)
    missing = query.object(missing_id)
    return Reading(
        probe=probe,
        at=at_ms / 1000,
        took=took_us / 1_000_000,
        result=_RESULTS[result],
        reason=reason,
        values=values,
        missing={name: reason if why is None else why for name, why in missing.items()},
        facts=join_facts(query.object(facts_id), numbers),
    )
