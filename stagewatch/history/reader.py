"""The history as everybody but the recorder sees it: read only, any number, never blocking it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from math import fsum
from pathlib import Path
from typing import Any

import msgspec

from stagewatch.history.buckets import Buckets
from stagewatch.history.coverage import Coverage
from stagewatch.history.query import Query, Row, span
from stagewatch.history.records import Minute, ProbeRecord, StateChange, VerdictChange
from stagewatch.history.schema import RESULTS
from stagewatch.model import (
    Event,
    Gap,
    LogLine,
    Reading,
    Result,
    Series,
    Signal,
    Spread,
    State,
    Verdict,
)

_PAGE = 1000
"""Readings fetched at a time: a long walk holds no transaction open."""
_RESULTS = tuple(Result(name) for name in RESULTS)
_STATE = "SELECT criterion, at_ms, state, value, reason, detail FROM state"


class History:
    """One connection to a recording. Several threads may use it, one after the other.

    Times are Unix seconds; every stretch is half open, [since, until), None leaving a side open.
    Every method raises HistoryError when the file cannot be read.
    """

    def __init__(self, query: Query) -> None:
        self.path = query.path
        self._query = query
        self._buckets = Buckets(query)
        self._coverage = Coverage(query)
        self._version: int | None = None

    @classmethod
    def open(cls, path: Path) -> History:
        """Open a recording; HistoryMissingError when there is none yet, HistoryError else."""
        return cls(Query(path))

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; idempotent."""
        self._query.close()

    def moment(self) -> AbstractContextManager[None]:
        """``with history.moment():`` makes all reads inside see one and the same moment."""
        return self._query.moment()

    def changed(self) -> bool:
        """Whether anything was stored since the last call; True for the first one."""
        before = self._version
        (self._version,) = self._query.all("PRAGMA data_version")[0]
        return before != self._version

    def probes(self) -> dict[str, ProbeRecord]:
        """Every declared probe by name, in the order of declaration."""
        names: dict[int, list[str]] = {}
        with self.moment():
            for probe_id, name in self._query.all("SELECT probe_id, name FROM signal ORDER BY id"):
                names.setdefault(probe_id, []).append(name)
            rows = self._query.all("SELECT id, name, kind, every FROM probe ORDER BY id")
        return {
            name: ProbeRecord(name, kind, every, tuple(names.get(number, ())))
            for number, name, kind, every in rows
        }

    def signals(self) -> dict[str, Signal]:
        """Every signal by its full name, in the order of declaration."""
        rows = self._query.all("SELECT name, unit, help FROM signal ORDER BY id")
        return {name: Signal(name, unit, help) for name, unit, help in rows}

    def latest(self) -> dict[str, Reading]:
        """The newest reading of every probe that has one, without log lines."""
        values: dict[str, dict[str, float]] = {}
        with self.moment():
            rows = self._query.all(
                "SELECT name, at_ms, took_us, result, reason_id, missing_id, facts_id"
                " FROM probe JOIN reading ON probe_id = id AND at_ms = latest_ms ORDER BY id"
            )
            for probe, signal, value in self._query.all(
                "SELECT probe.name, signal.name, value FROM probe"
                " JOIN signal ON signal.probe_id = probe.id"
                " JOIN sample ON signal_id = signal.id AND at_ms = latest_ms"
            ):
                values.setdefault(probe, {})[signal] = value
            return {row[0]: self._reading(row, values.get(row[0], {})) for row in rows}

    def last_values(self) -> dict[str, tuple[float, float]]:
        """Signal → (at, value) of the newest reading that had a value for it."""
        rows = self._query.all(
            "SELECT signal.name, at_ms, value FROM signal JOIN probe ON probe.id = probe_id"
            " JOIN sample ON signal_id = signal.id AND at_ms = (SELECT max(at_ms) FROM sample"
            " WHERE signal_id = signal.id AND at_ms <= latest_ms)"
        )
        return {name: (at_ms / 1000, value) for name, at_ms, value in rows}

    def counts(self) -> dict[str, tuple[int, int]]:
        """Probe → (readings with result VALUE, readings taken: SKIPPED ones left out)."""
        rows = self._query.all("SELECT name, good, total FROM probe ORDER BY id")
        return {name: (good, total) for name, good, total in rows}

    def failures(self) -> dict[str, tuple[float | None, float]]:
        """Probe → (start of the newest failed reading, seconds of the newest run of failures).

        A run of failures lasts from its first failed reading to the first good one after it, or
        to the newest failed one while it goes on. (None, 0) when no reading failed. SKIPPED
        readings neither fail nor end a run.
        """
        rows = self._query.all(
            "SELECT name, failed_ms, failed_until_ms - failed_from_ms FROM probe ORDER BY id"
        )
        return {
            name: (None, 0.0) if at_ms is None else (at_ms / 1000, length / 1000)
            for name, at_ms, length in rows
        }

    def readings(
        self, probe: str, since: float | None = None, until: float | None = None
    ) -> Iterator[Reading]:
        """A probe's readings in the order of their times, without log lines."""
        found = self._query.one("SELECT id FROM probe WHERE name = ?", probe)
        low, high = span(since, until)
        while found:
            with self.moment():
                rows = self._query.all(
                    "SELECT ?, at_ms, took_us, result, reason_id, missing_id, facts_id FROM reading"
                    " WHERE probe_id = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?",
                    *(probe, found[0], low, high, _PAGE),
                )
                if not rows:
                    return
                values = self._values(found[0], rows[0][1], rows[-1][1])
                page = [self._reading(row, values.get(row[1], {})) for row in rows]
            yield from page
            low = rows[-1][1] + 1

    def samples(
        self, signal: str, since: float | None = None, until: float | None = None
    ) -> list[tuple[float, float]]:
        """A signal's (at, value) in the order of their times."""
        return self._query.all(
            "SELECT at_ms / 1000.0, value FROM sample WHERE at_ms >= ? AND at_ms < ?"
            " AND signal_id = (SELECT id FROM signal WHERE name = ?) ORDER BY at_ms",
            *(*span(since, until), signal),
        )

    def minutes(
        self, signal: str, since: float | None = None, until: float | None = None
    ) -> list[Minute]:
        """A signal's minutes of UTC whose start lies in the stretch; empty ones are left out."""
        low, high = span(since, until)
        rows = self._query.all(
            "SELECT minute * 60.0, count, total / count, low, high FROM minute"
            " WHERE minute >= ? AND minute < ?"
            " AND signal_id = (SELECT id FROM signal WHERE name = ?) ORDER BY minute",
            *(-(-low // 60_000), -(-high // 60_000), signal),
        )
        return [Minute(*row) for row in rows]

    def series(self, signal: str, start: float, end: float, buckets: int) -> Series:
        """A signal in ``buckets`` equal buckets over [start, end), None where one is empty.

        Quick when asked again with the same stretch: only new values are read.
        """
        return self._buckets.series(signal, start, end, buckets)

    def spread(self, signal: str, since: float, until: float) -> Spread:
        """A signal's distribution; quantiles are nearest-rank, so each is a measured value."""
        rows = self._query.all(
            "SELECT value FROM sample WHERE at_ms >= ? AND at_ms < ?"
            " AND signal_id = (SELECT id FROM signal WHERE name = ?)",
            *(*span(since, until), signal),
        )
        values = sorted([value for (value,) in rows])
        count = len(values)
        if not count:
            return Spread(signal, until - since, 0, None, None, None, None)
        p50, p95, p99 = (values[-(-count * percent // 100) - 1] for percent in (50, 95, 99))
        return Spread(signal, until - since, count, fsum(values) / count, p50, p95, p99)

    def lines(self, probe: str, limit: int) -> list[LogLine]:
        """The newest ``limit`` log lines that are kept, oldest first."""
        rows = self._query.all(
            "SELECT at_ms, source_id, level, body FROM line"
            " WHERE probe_id = (SELECT id FROM probe WHERE name = ?)"
            " ORDER BY number DESC LIMIT ?",
            *(probe, max(0, limit)),
        )
        return [
            LogLine(at_ms / 1000, self._query.text(source), level, body)
            for at_ms, source, level, body in reversed(rows)
        ]

    def lines_left_out(self, probe: str) -> int:
        """How many log lines came in such floods that they were counted but not kept."""
        row = self._query.one("SELECT lines_left_out FROM probe WHERE name = ?", probe)
        return int(row[0]) if row else 0

    def gaps(self) -> tuple[Gap, ...]:
        """Every gap, by its start."""
        rows = self._query.all("SELECT probe, start_ms, end_ms, cause FROM gap ORDER BY start_ms")
        return tuple(
            Gap(probe, start / 1000, None if end is None else end / 1000, cause)
            for probe, start, end, cause in rows
        )

    def events(
        self, limit: int, since: float | None = None, until: float | None = None
    ) -> tuple[Event, ...]:
        """The newest ``limit`` events of the stretch, newest first."""
        rows = self._query.all(
            "SELECT at_ms, kind, body, probe FROM event WHERE at_ms >= ? AND at_ms < ?"
            " ORDER BY at_ms DESC, id DESC LIMIT ?",
            *(*span(since, until), max(0, limit)),
        )
        return tuple(Event(at / 1000, kind, text, probe) for at, kind, text, probe in rows)

    def checkpoint(self, probe: str) -> str | None:
        """What the probe's newest reading with a checkpoint carried."""
        row = self._query.one(
            "SELECT value FROM checkpoint JOIN probe ON id = probe_id WHERE name = ?", probe
        )
        return row[0] if row else None

    def get(self, key: str) -> str | None:
        """The text kept under ``key``."""
        row = self._query.one("SELECT value FROM fact WHERE key = ?", key)
        return row[0] if row else None

    def coverage(self, probe: str, start: float, end: float, *, now: float | None = None) -> float:
        """The share (0..1) of [start, end) that VALUE readings vouch for; see ``coverage.py``.

        ``now`` cuts off what lies in the future. 0 where nothing is expected yet.
        """
        return self._coverage.share(probe, start, end if now is None else min(end, now))

    def states(self, since: float | None = None) -> list[StateChange]:
        """The changes of the criteria's states, oldest first."""
        low, _ = span(since, None)
        return [
            _state(row) for row in self._query.all(f"{_STATE} WHERE at_ms >= ? ORDER BY id", low)
        ]

    def last_states(self) -> dict[str, StateChange]:
        """Criterion → the state that it is in."""
        query = f"{_STATE} WHERE id IN (SELECT max(id) FROM state GROUP BY criterion) ORDER BY id"
        return {row[0]: _state(row) for row in self._query.all(query)}

    def verdicts(self) -> list[VerdictChange]:
        """The changes of the verdict, oldest first."""
        rows = self._query.all("SELECT at_ms, verdict, reason FROM verdict ORDER BY id")
        return [VerdictChange(at / 1000, Verdict(verdict), reason) for at, verdict, reason in rows]

    def _values(self, probe_id: int, first_ms: int, last_ms: int) -> dict[int, dict[str, float]]:
        """Time → signal → value, of one probe."""
        found: dict[int, dict[str, float]] = {}
        for name, at_ms, value in self._query.all(
            "SELECT name, at_ms, value FROM signal JOIN sample ON signal_id = signal.id"
            " WHERE probe_id = ? AND at_ms BETWEEN ? AND ?",
            *(probe_id, first_ms, last_ms),
        ):
            found.setdefault(at_ms, {})[name] = value
        return found

    def _reading(self, row: Row, values: dict[str, float]) -> Reading:
        probe, at_ms, took_us, result, reason, missing, facts = row
        return Reading(
            probe=probe,
            at=at_ms / 1000,
            took=took_us / 1_000_000,
            result=_RESULTS[result],
            reason=self._query.text(reason),
            values=values,
            missing=self._query.object(missing),
            facts=self._query.object(facts),
        )


def _state(row: Row) -> StateChange:
    criterion, at_ms, state, value, reason, detail = row
    known: dict[str, Any] = msgspec.json.decode(detail or "{}")
    return StateChange(criterion, at_ms / 1000, State(state), value, reason, known)
