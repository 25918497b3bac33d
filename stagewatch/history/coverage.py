"""How much of a stretch of time a probe's readings vouch for.

A reading with result VALUE vouches for the time from its start to the next such reading when
that one comes in time (within a tenth of ``every``), and for ``every`` seconds when it does not.
Coverage is the share of the stretch that is vouched for. In the plain case that is the share of
expected slots that hold a reading; unlike fixed slots it does not depend on how a reading's
moment lies to a slot's edge. ERROR, NO_DATA and SKIPPED vouch for nothing.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from dataclasses import dataclass

from stagewatch.history.query import Query

LATE = 1.1
"""A next reading within this many ``every`` is in time."""
_STRETCHES_KEPT = 256


@dataclass(slots=True)
class _Counted:
    """What is counted of a stretch: everything up to ``last``, the newest VALUE reading seen."""

    every: float
    rewinds: int
    upto_ms: int
    held_ms: int = 0
    last: int | None = None

    def add(self, times: list[int], start: int) -> None:
        """Count the VALUE readings at ``times``, which follow those counted before."""
        if self.last is not None:
            times = [self.last, *times]
        # Of the readings before the stretch only the newest can reach into it.
        times = times[max(0, bisect_left(times, start) - 1) :]
        if not times:
            return
        every, late = round(self.every * 1000), self.every * 1000 * LATE
        held = [step if step <= late else every for step in map(operator.sub, times[1:], times)]
        self.held_ms += sum(held)
        if held and times[0] < start:
            self.held_ms -= min(held[0], start - times[0])
        self.last = times[-1]

    def share(self, start: int, end: int) -> float:
        held = self.held_ms
        if self.last is not None:
            until = min(end, self.last + round(self.every * 1000))
            held += max(0, until - max(self.last, start))
        return min(1.0, held / (end - start))


class Coverage:
    """Counts coverage, and goes on from the last count when more readings have come."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._known: dict[tuple[str, int], _Counted] = {}

    def share(self, probe: str, start: float, end: float) -> float:
        """The share (0..1) of [start, end); 0 for an empty stretch and an unknown probe."""
        start_ms, end_ms = round(start * 1000), round(end * 1000)
        if end_ms <= start_ms:
            return 0.0
        with self._query.moment():
            row = self._query.one(
                "SELECT id, every, rewinds, newest_ms FROM probe WHERE name = ?", probe
            )
            if row is None or row[3] is None:
                return 0.0
            counted = self._count(probe, row, start_ms, end_ms)
        return counted.share(start_ms, end_ms)

    def _count(
        self, probe: str, row: tuple[int, float, int, int], start: int, end: int
    ) -> _Counted:
        probe_id, every, rewinds, newest = row
        known = self._known.get((probe, start))
        if known is not None and (known.every, known.rewinds) != (every, rewinds):
            known = None
        counted = known
        if counted is None or counted.upto_ms > end:
            counted = _Counted(every, rewinds, start - round(every * 1000 * LATE))
        counted.add(self._times(probe_id, counted.upto_ms, end), start)
        counted.upto_ms = max(counted.upto_ms, min(newest + 1, end))
        if known is None or known.upto_ms < counted.upto_ms:
            if len(self._known) >= _STRETCHES_KEPT:
                self._known.clear()
            self._known[probe, start] = counted
        return counted

    def _times(self, probe_id: int, low: int, high: int) -> list[int]:
        """When the VALUE readings of [low, high) began."""
        rest = "FROM reading WHERE probe_id = ? AND at_ms >= ? AND at_ms < ? AND result = 0"
        # An aggregate promises no order; in practice it is sorted, and sorting it costs nothing.
        return sorted(self._query.column("at_ms", rest, probe_id, low, high))
