"""The writer's side of the file: every change as SQL, inside a transaction of its caller.

No thread, no queue, no clock: ``HistoryWriter`` brings those.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from stagewatch.history.rows import Row, milliseconds, storable, to_json
from stagewatch.history.schema import RESULTS
from stagewatch.model import Event, Gap, LogLine, Result, Signal, State, Verdict

LINES_A_PROBE = 20_000
"""How many of a probe's newest log lines are kept."""

_TEXTS_KEPT = 256
_RESULT = {Result(name): number for number, name in enumerate(RESULTS)}
_BATCH = "writer.batch"


class Store:
    """Changes to an open history; raises sqlite3.Error and leaves the rollback to its caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._probes: dict[str, int] = {}
        self._signals: dict[str, int] = {}
        self._texts: OrderedDict[str, int] = OrderedDict()

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
        self._forget()

    def _forget(self) -> None:
        """Drop numbers that a rollback may have taken back."""
        self._probes.clear()
        self._signals.clear()
        self._texts.clear()

    def savepoint(self) -> None:
        """Mark the place that ``undo_savepoint`` returns to."""
        self._db.execute("SAVEPOINT change")

    def undo_savepoint(self) -> None:
        """Undo what was done since the mark, which stays."""
        self._db.execute("ROLLBACK TO change")
        self._forget()

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
        probe_id = self._probe(name)
        self._db.executemany(
            "INSERT INTO signal(name, probe_id, unit, help) VALUES(?, ?, ?, ?)"
            " ON CONFLICT(name) DO UPDATE"
            " SET probe_id = excluded.probe_id, unit = excluded.unit, help = excluded.help",
            [(s.name, probe_id, s.unit, s.help) for s in signals],
        )

    def add(self, row: Row) -> None:
        """Store a reading with its values, lines and checkpoint, and count it."""
        probe_id = self._probe(row.probe)
        at_ms = self._insert_reading(probe_id, row)
        if row.values:
            self._insert_values(probe_id, at_ms, row.values)
        self._count(probe_id, at_ms, row.result)
        if row.lines or row.left_out:
            self._insert_lines(probe_id, row.lines, row.left_out)
        if row.checkpoint is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO checkpoint VALUES(?, ?)", (probe_id, row.checkpoint)
            )

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

    def _insert_reading(self, probe_id: int, row: Row) -> int:
        """The time under which the reading is stored: the next free millisecond."""
        reason, missing, facts = (self._text(t) for t in (row.reason, row.missing, row.facts))
        at_ms = row.at_ms
        while True:
            done = self._db.execute(
                "INSERT INTO reading VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (probe_id, at_ms, row.took_us, _RESULT[row.result], reason, missing, facts),
            )
            if done.rowcount:
                return at_ms
            # A clock that was set back can give a moment a second time.
            at_ms += 1

    def _insert_values(
        self, probe_id: int, at_ms: int, values: tuple[tuple[str, float], ...]
    ) -> None:
        minute = at_ms // 60_000
        numbered = [(self._signal(name, probe_id), value) for name, value in values]
        self._db.executemany(
            "INSERT OR REPLACE INTO sample VALUES(?, ?, ?)",
            [(signal_id, at_ms, value) for signal_id, value in numbered],
        )
        self._db.executemany(
            "INSERT INTO minute VALUES(?1, ?2, 1, ?3, ?3, ?3) ON CONFLICT DO UPDATE SET"
            " count = count + 1, total = total + ?3, low = min(low, ?3), high = max(high, ?3)",
            [(signal_id, minute, value) for signal_id, value in numbered],
        )

    def _count(self, probe_id: int, at_ms: int, result: Result) -> None:
        """Keep the probe's latest reading, counts and newest run of failures."""
        self._db.execute(
            "UPDATE probe SET rewinds = rewinds + (latest_ms IS NOT NULL AND latest_ms >= ?2),"
            " latest_ms = ?2 WHERE id = ?1",
            (probe_id, at_ms),
        )
        if result is Result.VALUE:
            self._db.execute(
                "UPDATE probe SET good = good + 1, total = total + 1, failing = 0,"
                " failed_until_ms = iif(failing, max(failed_from_ms, ?2), failed_until_ms)"
                " WHERE id = ?1",
                (probe_id, at_ms),
            )
        elif result is not Result.SKIPPED:
            self._db.execute(
                "UPDATE probe SET total = total + 1, failing = 1, failed_ms = ?2,"
                " failed_from_ms = iif(failing, failed_from_ms, ?2),"
                " failed_until_ms = iif(failing, max(failed_from_ms, ?2), ?2) WHERE id = ?1",
                (probe_id, at_ms),
            )

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
                    self._text(storable(line.source)),
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

    def _probe(self, name: str) -> int:
        known = self._probes.get(name)
        if known is None:
            self._db.execute("INSERT OR IGNORE INTO probe(name) VALUES(?)", (name,))
            (known,) = self._db.execute("SELECT id FROM probe WHERE name = ?", (name,)).fetchone()
            self._probes[name] = known
        return known

    def _signal(self, name: str, probe_id: int) -> int:
        known = self._signals.get(name)
        if known is None:
            self._db.execute(
                "INSERT OR IGNORE INTO signal(name, probe_id) VALUES(?, ?)", (name, probe_id)
            )
            (known,) = self._db.execute("SELECT id FROM signal WHERE name = ?", (name,)).fetchone()
            self._signals[name] = known
        return known

    def _text(self, body: str) -> int | None:
        """The number of a text that repeats; None for an empty one."""
        if not body:
            return None
        known = self._texts.get(body)
        if known is not None:
            self._texts.move_to_end(body)
            return known
        self._db.execute("INSERT OR IGNORE INTO text(body) VALUES(?)", (body,))
        (number,) = self._db.execute("SELECT id FROM text WHERE body = ?", (body,)).fetchone()
        self._texts[body] = number
        if len(self._texts) > _TEXTS_KEPT:
            self._texts.popitem(last=False)
        return int(number)
