"""What happened beside the readings: log lines, gaps, events, states and verdicts."""

from __future__ import annotations

from typing import Any

import msgspec

from stagewatch.history.query import Query, Row, span
from stagewatch.history.records import StateChange, VerdictChange
from stagewatch.model import Event, Gap, LogLine, LogPattern, State, Verdict

_STATE = "SELECT criterion, at_ms, state, value, reason, detail FROM state"


def lines(query: Query, probe: str, limit: int) -> list[LogLine]:
    """The newest ``limit`` log lines that are kept, oldest first."""
    return newer_lines(query, probe, 0, limit)[1]


def newer_lines(query: Query, probe: str, after: int, limit: int) -> tuple[int, list[LogLine]]:
    """(number of the newest line, the newest ``limit`` lines after number ``after``)."""
    rows = query.all(
        "SELECT number, at_ms, source_id, level, body FROM line"
        " WHERE probe_id = (SELECT id FROM probe WHERE name = ?) AND number > ?"
        " ORDER BY number DESC LIMIT ?",
        *(probe, after, max(0, limit)),
    )
    return rows[0][0] if rows else after, [
        LogLine(at_ms / 1000, query.text(source), level, body)
        for _, at_ms, source, level, body in reversed(rows)
    ]


def patterns(query: Query, probe: str, limit: int | None) -> list[LogPattern]:
    """A log probe's patterns; with ``limit``, the most urgent that occurred."""
    rest = "ORDER BY number"
    if limit is not None:
        rest = (
            "AND count > 0"
            " ORDER BY level <> 'CRITICAL', is_new = 0, is_other = 0, last_ms DESC LIMIT ?"
        )
    rows = query.all(
        "SELECT number, level, body, count, first_ms, last_ms, example, source_id, is_new, is_other"
        f" FROM pattern WHERE probe_id = (SELECT id FROM probe WHERE name = ?) {rest}",
        *((probe,) if limit is None else (probe, max(0, limit))),
    )
    return [
        LogPattern(
            number=number,
            level=level,
            text=body,
            count=count,
            first=first / 1000,
            last=last / 1000,
            example=example,
            source=query.text(source),
            new=bool(is_new),
            other=bool(is_other),
        )
        for number, level, body, count, first, last, example, source, is_new, is_other in rows
    ]


def lines_between(
    query: Query, probe: str, since: float, until: float, limit: int, *, newest: bool
) -> list[LogLine]:
    """At most ``limit`` log lines read within [since, until), oldest first.

    Lines are numbered as they were read, so the stretch is found by halving, and only what is
    given back is read. Where the clock was set back, it is that of one of the two passages.
    """
    found = query.one("SELECT id FROM probe WHERE name = ?", probe)
    if found is None or limit <= 0:
        return []
    low, high = span(since, until)
    with query.moment():
        first, last = (_first_from(query, found[0], at_ms) for at_ms in (low, high))
        rows = query.all(
            "SELECT at_ms, source_id, level, body FROM line"
            " WHERE probe_id = ? AND number >= ? AND number < ? AND at_ms >= ? AND at_ms < ?"
            f" ORDER BY number {'DESC' if newest else 'ASC'} LIMIT ?",
            *(found[0], first, last, low, high, limit),
        )
        return [
            LogLine(at_ms / 1000, query.text(source), level, body)
            for at_ms, source, level, body in (reversed(rows) if newest else rows)
        ]


def _first_from(query: Query, probe_id: int, at_ms: int) -> int:
    """The number of the first line read at ``at_ms`` or later; one past the last if none was."""
    ends = query.one("SELECT min(number), max(number) FROM line WHERE probe_id = ?", probe_id)
    if ends is None or ends[0] is None:
        return 0
    low, high = ends[0], ends[1] + 1
    while low < high:
        middle = (low + high) // 2
        row = query.one(
            "SELECT number, at_ms FROM line WHERE probe_id = ? AND number >= ?"
            " ORDER BY number LIMIT 1",
            *(probe_id, middle),
        )
        if row is None or row[1] >= at_ms:
            high = middle
        else:
            low = row[0] + 1
    return int(low)


def gaps(query: Query) -> tuple[Gap, ...]:
    """Every gap, by its start."""
    rows = query.all("SELECT probe, start_ms, end_ms, cause FROM gap ORDER BY start_ms, id")
    return tuple(
        Gap(probe, start / 1000, None if end is None else end / 1000, cause)
        for probe, start, end, cause in rows
    )


def events(query: Query, limit: int, since: float | None, until: float | None) -> tuple[Event, ...]:
    """The newest ``limit`` events of [since, until), newest first."""
    rows = query.all(
        "SELECT at_ms, kind, body, probe FROM event WHERE at_ms >= ? AND at_ms < ?"
        " ORDER BY at_ms DESC, id DESC LIMIT ?",
        *(*span(since, until), max(0, limit)),
    )
    return tuple(Event(at / 1000, kind, text, probe) for at, kind, text, probe in rows)


def states(query: Query, since: float | None) -> list[StateChange]:
    """The changes of the criteria's states, in the order in which they were stored."""
    low, _ = span(since, None)
    return [_state(row) for row in query.all(f"{_STATE} WHERE at_ms >= ? ORDER BY id", low)]


def last_states(query: Query) -> dict[str, StateChange]:
    """Criterion → the state that it is in."""
    newest = "SELECT max(id) FROM state GROUP BY criterion"
    rows = query.all(f"{_STATE} WHERE id IN ({newest}) ORDER BY id")
    return {row[0]: _state(row) for row in rows}


def verdicts(query: Query) -> list[VerdictChange]:
    """The changes of the verdict, in the order in which they were stored."""
    rows = query.all("SELECT at_ms, verdict, reason FROM verdict ORDER BY id")
    return [VerdictChange(at / 1000, Verdict(verdict), reason) for at, verdict, reason in rows]


def _state(row: Row) -> StateChange:
    criterion, at_ms, state, value, reason, detail = row
    known: dict[str, Any] = msgspec.json.decode(detail or "{}")
    return StateChange(criterion, at_ms / 1000, State(state), value, reason, known)
