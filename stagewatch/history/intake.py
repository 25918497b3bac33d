"""A reading's way into the tables: its row, values, minutes, counts, lines and checkpoint."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from stagewatch.history.ids import Ids
from stagewatch.history.rows import Row, milliseconds, storable
from stagewatch.history.schema import RESULTS
from stagewatch.model import LogLine, LogPattern, Result

LINES_A_PROBE = 20_000
"""How many of a probe's newest log lines are kept."""

MINUTE = 60_000

_RESULT = {Result(name): number for number, name in enumerate(RESULTS)}

# The latest reading is the last one told, the newest the one with the highest time: they differ
# while a clock that was set back repeats itself, and a reader then may not go on from its sums.
_SEEN = (
    "UPDATE probe SET latest_ms = ?2, rewinds = rewinds + ifnull(?2 <= newest_ms, 0),"
    " newest_ms = max(?2, ifnull(newest_ms, ?2))"
)
_COUNT_SKIPPED = f"{_SEEN} WHERE id = ?1"
_COUNT_GOOD = (
    f"{_SEEN}, good = good + 1, total = total + 1, failing = 0,"
    " failed_until_ms = iif(failing, max(failed_from_ms, ?2), failed_until_ms) WHERE id = ?1"
)
_COUNT_FAILED = (
    f"{_SEEN}, total = total + 1, failing = 1, failed_ms = ?2,"
    " failed_from_ms = iif(failing, failed_from_ms, ?2),"
    " failed_until_ms = iif(failing, max(failed_from_ms, ?2), ?2) WHERE id = ?1"
)


class Intake:
    """Stores readings inside the caller's transaction; raises sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection, ids: Ids) -> None:
        self._db = db
        self._ids = ids

    def add(self, row: Row) -> None:
        """Store a reading with all that it carries, and count it."""
        probe_id = self._ids.probe(row.probe)
        at_ms = self._insert_reading(probe_id, row)
        if row.values:
            self._insert_values(probe_id, at_ms, row.values)
        self._count(probe_id, at_ms, row.result)
        if row.lines or row.left_out:
            self._insert_lines(probe_id, row.lines, row.left_out)
        if row.patterns:
            self._put_patterns(probe_id, row.patterns)
        if row.checkpoint is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO checkpoint VALUES(?, ?)", (probe_id, row.checkpoint)
            )

    def _insert_reading(self, probe_id: int, row: Row) -> int:
        """The time under which the reading is stored: the next free millisecond."""
        reason, missing, facts = map(self._ids.text, (row.reason, row.missing, row.facts))
        numbers = row.numbers or None
        at_ms = row.at_ms
        while not self._db.execute(
            "INSERT INTO reading VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (probe_id, at_ms, row.took_us, _RESULT[row.result], reason, missing, facts, numbers),
        ).rowcount:
            # A clock that was set back can give a moment a second time.
            at_ms += 1
        return at_ms

    def _insert_values(
        self, probe_id: int, at_ms: int, values: tuple[tuple[str, float], ...]
    ) -> None:
        minute = at_ms // MINUTE
        numbered = [(self._ids.signal(name, probe_id), value) for name, value in values]
        self._db.executemany(
            "INSERT INTO sample VALUES(?, ?, ?)",
            [(signal_id, at_ms, value) for signal_id, value in numbered],
        )
        self._db.executemany(
            "INSERT INTO minute VALUES(?1, ?2, 1, ?3, ?3, ?3) ON CONFLICT DO UPDATE SET"
            " count = count + 1, total = total + ?3, low = min(low, ?3), high = max(high, ?3)",
            [(signal_id, minute, value) for signal_id, value in numbered],
        )

    def _count(self, probe_id: int, at_ms: int, result: Result) -> None:
        """Keep the probe's latest reading, its counts and its newest run of failures."""
        if result is Result.VALUE:
            query = _COUNT_GOOD
        else:
            query = _COUNT_SKIPPED if result is Result.SKIPPED else _COUNT_FAILED
        self._db.execute(query, (probe_id, at_ms))

    def _insert_lines(self, probe_id: int, lines: Sequence[LogLine], left_out: int) -> None:
        query = "SELECT lines FROM probe WHERE id = ?"
        (seen,) = self._db.execute(query, (probe_id,)).fetchone()
        self._db.executemany(
            "INSERT INTO line VALUES(?, ?, ?, ?, ?, ?)",
            [
                (
                    probe_id,
                    number,
                    milliseconds(line.at),
                    self._ids.text(storable(line.source)),
                    storable(line.level),
                    storable(line.text),
                )
                for number, line in enumerate(lines, seen + 1)
            ],
        )
        newest = seen + len(lines)
        self._db.execute(
            "UPDATE probe SET lines = ?, lines_left_out = lines_left_out + ? WHERE id = ?",
            (newest, left_out, probe_id),
        )
        self._db.execute(
            "DELETE FROM line WHERE probe_id = ? AND number <= ?",
            (probe_id, newest - LINES_A_PROBE),
        )

    def _put_patterns(self, probe_id: int, patterns: Sequence[LogPattern]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO pattern VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    probe_id,
                    pattern.number,
                    storable(pattern.level),
                    storable(pattern.text),
                    pattern.count,
                    milliseconds(pattern.first),
                    milliseconds(pattern.last),
                    storable(pattern.example),
                    self._ids.text(storable(pattern.source)),
                    pattern.new,
                    pattern.other,
                )
                for pattern in patterns
            ],
        )
