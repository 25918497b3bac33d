"""How much time lies between two requests of a client for a path, from the lines of a log."""

from __future__ import annotations

import math
from collections import OrderedDict, deque

from stagewatch.linepattern import LinePattern
from stagewatch.profile.derived import Intervals

CLIENTS = 10_000
"""At most so many are remembered, those that were seen last."""
MOST = 50_000
"""Intervals that are kept at most."""


class IntervalWatch:
    """Remembers when each client last asked for each path, and the intervals of late."""

    def __init__(self, wanted: Intervals) -> None:
        self._wanted = wanted
        self._line = LinePattern(wanted.pattern)
        self._path = LinePattern(wanted.path)
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._recent: deque[tuple[float, float, str]] = deque(maxlen=MOST)
        """(end, length, client)."""

    def line(self, at: float, text: str) -> None:
        """A line of the log, read at ``at``."""
        match = self._line.search(text)
        if match is None or not self._path.fits(match["path"]):
            return
        key = match["client"], match["path"]
        before = self._seen.pop(key, None)
        self._seen[key] = at
        if len(self._seen) > CLIENTS:
            self._seen.popitem(last=False)
        if before is not None and 0 <= at - before < self._wanted.pause:
            self._recent.append((at, at - before, key[0]))

    def gap(self) -> None:
        """Lines are missing: an interval that began before it has no known end."""
        self._seen.clear()

    def tell(self, now: float) -> dict[str, float] | str:
        """The numbers, or why there are none."""
        recent, wanted = self._recent, self._wanted
        while recent and recent[0][0] <= now - wanted.over:
            recent.popleft()
        if len(recent) < wanted.at_least:
            return f"{len(recent)} intervals of late, needs {wanted.at_least}"
        ranked = sorted(length for _, length, _ in recent)
        return {
            "value": _rank(ranked, 0.5),
            "fastest": _rank(ranked, 0.1),
            "clients": float(len({client for _, _, client in recent})),
        }


def _rank(ranked: list[float], q: float) -> float:
    return ranked[math.ceil(q * len(ranked)) - 1]
