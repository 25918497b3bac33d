"""Counting an exercise: latencies from the intended start, in a histogram of bounded size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_PER_DOUBLING = 32
"""Buckets between a value and its double: a quantile is right to about 2 %."""
_LEAST = 1e-5
"""Seconds below which nothing is told apart."""


class Histogram:
    """Durations in seconds; quantiles to about two percent, whatever their number."""

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        self.most = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        bucket = math.ceil(math.log2(max(seconds, _LEAST) / _LEAST) * _PER_DOUBLING)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        self.most = max(self.most, seconds)

    def quantile(self, q: float) -> float | None:
        """The value that a share ``q`` of them does not exceed; None without any."""
        if not self.count:
            return None
        wanted = max(1, math.ceil(q * self.count))
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(self.most, _LEAST * math.exp2(bucket / _PER_DOUBLING))
        return self.most


@dataclass(slots=True)
class Tally:
    """What an exercise has seen so far."""

    due: int = 0
    """Requests whose time has come."""
    sent: int = 0
    answered: int = 0
    """With a status that is an answer."""
    limited: int = 0
    errors: int = 0
    unsent: int = 0
    """Requests that were not sent, since too many were under way: those count as errors."""
    hits: int = 0
    told: int = 0
    """Answers that say whether they came from the cache."""
    sockets: int = 0
    """WebSockets that are open."""
    sockets_lost: int = 0
    latency: Histogram = field(default_factory=Histogram)
    """Of usable answers, and of those that did not come in time, from when the request was due.
    A refusal or an error is quick, and says nothing about speed."""
    late: Histogram = field(default_factory=Histogram)
    """How late requests began."""
    faults: dict[str, int] = field(default_factory=dict)
    """Word → how often."""

    def fail(self, word: str) -> None:
        """A request, or a WebSocket, came to nothing."""
        self.faults[word] = self.faults.get(word, 0) + 1

    @property
    def ended(self) -> int:
        """Requests of which the outcome is known."""
        return self.answered + self.limited + self.errors

    def share(self, part: int) -> float:
        """Percent of the requests that ended."""
        return 100.0 * part / self.ended if self.ended else 0.0
