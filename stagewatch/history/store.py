"""The writer's side of the file: every change as SQL, inside a transaction of its caller.

No thread, no queue, no clock: ``HistoryWriter`` brings those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from stagewatch.history.ids import Ids
from stagewatch.history.intake import Intake
from stagewatch.history.rows import Row, milliseconds, storable, to_json
from stagewatch.model import Event, Gap, Signal, State, Verdict

_BATCH = "writer.batch"


class Store:
    """Changes to an open history; raises sqlite3.Error and leaves the rollback to its caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._ids = Ids(connection)
        self._intake = Intake(connection, self._ids)

    def begin(self) -> None:
        """Start the transaction that the changes below belong to."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self, batch: int) -> None:
        """End it; ``batch`` tells later whether this very commit reached the file."""
        self.put(_BATCH, str(batch))
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, and forget the numbers that it may have given out."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._ids.forget()

    def savepoint(self) -> None:
        """Mark the place that ``undo_savepoint`` returns to."""
        self._db.execute("SAVEPOINT change")

    def undo_savepoint(self) -> None:
        """Undo what was done since the mark, which stays."""
        self._db.execute("ROLLBACK TO change")
        self._ids.forget()

    def release_savepoint(self) -> None:
        """Remove the mark."""
        self._db.execute("RELEASE change")

    def last_batch(self) -> int:
        """The number of the last commit that reached the file; 0 before the first."""
        row = self._db.execute("SELECT value FROM fact WHERE key = ?", (_BATCH,)).fetchone()
        return int(row[0]) if row else 0

    def declare(self, name: str, kind: str, every: float, signals: Sequence[Signal]) -> None:
        """Enter a probe and its signals, or bring what is known of them up to date."""
        self._db.execute(
            "INSERT INTO probe(name, kind, every) VALUES(?, ?, ?)"
            " ON CONFLICT(name) DO UPDATE SET kind = excluded.kind, every = excluded.every",
            (name, kind, every),
        )
        probe_id = self._ids.probe(name)
        self._db.executemany(
            "INSERT INTO signal(name, probe_id, unit, help) VALUES(?, ?, ?, ?)"
            " ON CONFLICT(name) DO UPDATE"
            " SET probe_id = excluded.probe_id, unit = excluded.unit, help = excluded.help",
            [(s.name, probe_id, s.unit, s.help) for s in signals],
        )

    def add(self, row: Row) -> None:
        """Store a reading with its values, lines and checkpoint, and count it."""
        self._intake.add(row)

    def open_gap(self, probe: str, start: float, cause: str) -> None:
        """Begin a gap; an open one of the probe stays as it is."""
        self._db.execute(
            "INSERT INTO gap(probe, start_ms, cause) VALUES(?, ?, ?)"
            " ON CONFLICT(probe) WHERE end_ms IS NULL DO NOTHING",
            (probe, milliseconds(start), storable(cause)),
        )

    def close_gap(self, probe: str, end: float) -> None:
        """End the probe's open gap, if there is one."""
        self._db.execute(
            "UPDATE gap SET end_ms = max(start_ms, ?) WHERE probe = ? AND end_ms IS NULL",
            (milliseconds(end), probe),
        )

    def gap(self, gap: Gap) -> None:
        """Enter a whole gap; one that is already there is not entered twice."""
        if gap.end is None:
            self.open_gap(gap.probe, gap.start, gap.cause)
            return
        fields = (gap.probe, milliseconds(gap.start), milliseconds(gap.end), storable(gap.cause))
        self._db.execute(
            "INSERT INTO gap(probe, start_ms, end_ms, cause) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS"
            " (SELECT 1 FROM gap WHERE probe = ?1 AND start_ms = ?2 AND end_ms = ?3)",
            fields,
        )

    def event(self, event: Event) -> None:
        """Enter an event."""
        self._db.execute(
            "INSERT INTO event(at_ms, kind, body, probe) VALUES(?, ?, ?, ?)",
            (milliseconds(event.at), event.kind, storable(event.text), event.probe),
        )

    def put(self, key: str, value: str) -> None:
        """Keep a small text about the recording under ``key``."""
        self._db.execute("INSERT OR REPLACE INTO fact VALUES(?, ?)", (key, storable(value)))

    def state(
        self,
        criterion: str,
        at: float,
        state: State,
        value: float | None,
        reason: str,
        detail: Mapping[str, Any],
    ) -> None:
        """Enter a criterion's state, unless it is the one that the criterion is in."""
        self._db.execute(
            "INSERT INTO state(criterion, at_ms, state, value, reason, detail)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?3 IS NOT"
            " (SELECT state FROM state WHERE criterion = ?1 ORDER BY id DESC LIMIT 1)",
            (criterion, milliseconds(at), state.value, value, storable(reason), to_json(detail)),
        )

    def verdict(self, at: float, verdict: Verdict, reason: str) -> None:
        """Enter the watch's verdict, unless it is the present one."""
        self._db.execute(
            "INSERT INTO verdict(at_ms, verdict, reason) SELECT ?1, ?2, ?3 WHERE ?2 IS NOT"
            " (SELECT verdict FROM verdict ORDER BY id DESC LIMIT 1)",
            (milliseconds(at), verdict.value, storable(reason)),
        )
