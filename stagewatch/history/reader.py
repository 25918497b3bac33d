"""The history as everybody but the recorder sees it: read only, any number, never blocking it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from stagewatch.history import changes, samples, walk
from stagewatch.history.buckets import Buckets
from stagewatch.history.coverage import Coverage
from stagewatch.history.errors import OldLayoutError
from stagewatch.history.files import convert
from stagewatch.history.query import Query
from stagewatch.history.records import Minute, ProbeRecord, StateChange, VerdictChange
from stagewatch.model import Event, Gap, LogLine, LogPattern, Reading, Series, Signal, Spread


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
        self._latest = walk.Latest(query)
        self._version: int | None = None

    @classmethod
    def open(cls, path: Path) -> History:
        """Open a recording; HistoryMissingError when there is none yet, HistoryError else.

        One of an older stagewatch is converted first: its recorder may have ended for good.
        """
        try:
            return cls(Query(path))
        except OldLayoutError:
            convert(path)
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
        """The newest reading of every probe that has one, without log lines; the same object while
        it is the newest."""
        return self._latest.read()

    def last_values(self) -> dict[str, tuple[float, float]]:
        """Signal → (at, value) of the newest reading that had a value for it."""
        return samples.last_values(self._query)

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
        return walk.readings(self._query, probe, since, until)

    def samples(
        self, signal: str, since: float | None = None, until: float | None = None
    ) -> list[tuple[float, float]]:
        """A signal's (at, value) in the order of their times."""
        return samples.samples(self._query, signal, since, until)

    def minutes(
        self, signal: str, since: float | None = None, until: float | None = None
    ) -> list[Minute]:
        """A signal's minutes of UTC whose start lies in the stretch; empty ones are left out."""
        return samples.minutes(self._query, signal, since, until)

    def series(self, signal: str, start: float, end: float, buckets: int) -> Series:
        """A signal in ``buckets`` equal buckets over [start, end), None where one is empty.

        Quick when asked again with the same stretch: only new values are read.
        """
        return self._buckets.series(signal, start, end, buckets)

    def spread(self, signal: str, since: float, until: float) -> Spread:
        """A signal's distribution; quantiles are nearest-rank, so each is a measured value."""
        return samples.spread(self._query, signal, since, until)

    def lines(self, probe: str, limit: int) -> list[LogLine]:
        """The newest ``limit`` log lines that are kept, oldest first."""
        return changes.lines(self._query, probe, limit)

    def patterns(self, probe: str, limit: int | None = None) -> list[LogPattern]:
        """The patterns of a log probe, in the order in which they were first known.

        With ``limit``, only those that occurred: the critical ones, then new ones, then the newest.
        """
        return changes.patterns(self._query, probe, limit)

    def newer_lines(self, probe: str, after: int, limit: int) -> tuple[int, list[LogLine]]:
        """(number of the newest line, the lines after number ``after``), of these the newest
        ``limit``, oldest first; numbers begin at 1."""
        return changes.newer_lines(self._query, probe, after, limit)

    def lines_between(
        self, probe: str, since: float, until: float, limit: int, *, newest: bool = False
    ) -> list[LogLine]:
        """At most ``limit`` kept log lines read within [since, until), oldest first.

        Of more, the first ones; the last ones when ``newest`` is set.
        """
        return changes.lines_between(self._query, probe, since, until, limit, newest=newest)

    def lines_left_out(self, probe: str) -> int:
        """How many log lines came in such floods that they were counted but not kept."""
        row = self._query.one("SELECT lines_left_out FROM probe WHERE name = ?", probe)
        return int(row[0]) if row else 0

    def gaps(self) -> tuple[Gap, ...]:
        """Every gap, by its start."""
        return changes.gaps(self._query)

    def events(
        self, limit: int, since: float | None = None, until: float | None = None
    ) -> tuple[Event, ...]:
        """The newest ``limit`` events of the stretch, newest first."""
        return changes.events(self._query, limit, since, until)

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
        return changes.states(self._query, since)

    def last_states(self) -> dict[str, StateChange]:
        """Criterion → the state that it is in."""
        return changes.last_states(self._query)

    def verdicts(self) -> list[VerdictChange]:
        """The changes of the verdict, oldest first."""
        return changes.verdicts(self._query)
