"""What every rule needs of its samples: their order, usable numbers, counters, and silence."""

from __future__ import annotations

import math

from stagewatch.judge.finding import Finding, Why, stale_after
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State


def usable(value: float | None) -> float | None:
    """``value`` when it is a finite number."""
    return value if value is not None and math.isfinite(value) else None


class Order:
    """Puts samples in the order of their times, which never run back."""

    def __init__(self) -> None:
        self._last = self._newest = self._judged = -math.inf

    def place(self, t: float) -> float | None:
        """The time at which a sample of ``t`` counts; None when it was there already."""
        if t in (self._last, self._newest) or not math.isfinite(t):
            return None
        self._last = t
        # Not max(), here and below: this is done for every reading, and that takes as long again.
        if t > self._newest:
            self._newest = t
        return self._newest if self._newest > self._judged else self._judged

    def judged(self, t: float) -> None:
        """All up to ``t`` is judged: what lies before it counts at ``t`` from now on."""
        if t > self._judged:
            self._judged = t


class Counter:
    """Increases of a counter that may fall back to 0 when its process starts anew."""

    def __init__(self, origin: float | None = None) -> None:
        self._value = origin

    def increase(self, value: float) -> float:
        """By how much it grew since the last value; the first one is the origin, and no growth."""
        before, self._value = self._value, value
        if before is None:
            return 0.0
        return value - before if value >= before else value


class Silence:
    """Says when there was no usable sample for too long."""

    def __init__(
        self, of: str, interval: float, time: WatchTime, most: float | None = None
    ) -> None:
        """``most`` where somebody said how long a value counts."""
        self._of, self._time = of, time
        self.most = stale_after(interval) if most is None else float(most)
        """Seconds of silence from which nothing is known."""
        self.last: float | None = None
        """Watch time of the newest usable sample."""

    def heard(self, t: float) -> bool:
        """Take a usable sample; whether it is the first one after a silence that was too long."""
        before, self.last = self.last, t
        return before is not None and t - before >= self.most

    def finding(self, t: float) -> Finding | None:
        """INCONCLUSIVE where nothing is known at ``t``; None where something is."""
        since = 0.0 if self.last is None else self.last
        if t - since >= self.most:
            span, most = self._time.span(t - since), self._time.span(self.most)
            reason = f"no usable reading of {self._of} for {span}, limit {most}"
            return Finding(State.INCONCLUSIVE, reason, why=Why.STALE)
        if self.last is None:
            reason = f"no usable reading of {self._of} yet"
            return Finding(State.INCONCLUSIVE, reason, why=Why.WARMING_UP)
        return None
