"""What made-up days are made of: traces, sampling and noise that lasts. All from a seed.

The days are meaner than real ones: more noise, and noise that lasts longer; samples up to five
minutes apart, hours without any; faults that begin late and are hardly above the limit.
``memory_days.py`` and ``other_days.py`` make them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from stagewatch.judge.scenario import judge
from stagewatch.model import State

START = 1767225600.0
DAY = 86400.0
HOUR = 3600.0
MINUTE = 60.0


@dataclass(frozen=True)
class Trace:
    """A day as the judge is given it, and what is true of it. Times are seconds of the watch."""

    signal: str
    interval: float
    rows: list[tuple[float, Any, dict[str, Any]]]
    limits: dict[str, float] = field(default_factory=dict)
    onset: float | None = None
    """When it began to be bad; None for a healthy day."""
    fail_by: float | None = None
    """When the FAIL has to be there."""

    @property
    def context(self) -> dict[str, Any]:
        """What the adapter is told."""
        names = list(self.rows[0][2]) if self.rows else []
        return {
            "signal": self.signal,
            "watch_start": START,
            "watch_end": START + DAY,
            "interval_s": self.interval,
            "columns": {name: [row[2][name] for row in self.rows] for name in names},
            **self.limits,
        }

    def judged(self) -> list[tuple[float, State]]:
        """Seconds of the watch and states."""
        stamps, values = [START + row[0] for row in self.rows], [row[1] for row in self.rows]
        return [(round(at - START, 3), state) for at, state in judge(stamps, values, self.context)]

    def with_rows(self, rows: list[tuple[float, Any, dict[str, Any]]]) -> Trace:
        """The same day, recorded otherwise."""
        return Trace(self.signal, self.interval, rows, self.limits, self.onset, self.fail_by)


Make = Callable[[Random], Trace]
"""Makes one day of its kind."""


@dataclass
class Sampling:
    """When a probe runs: an interval with jitter, some runs missing, some hours absent."""

    interval: float
    jitter: float = 0.08
    missing: float = 0.005
    empty: float = 0.003
    absent: list[tuple[float, float]] = field(default_factory=list)
    irregular: bool = False
    """Anything from 5 to 300 seconds apart, in stretches."""

    def times(self, random: Random) -> Iterator[float]:
        """Seconds of the watch."""
        pace = self.interval
        t = random.uniform(0, pace)
        while t < DAY:
            here = any(start <= t < end for start, end in self.absent)
            if not here and random.random() >= self.missing:
                yield round(t, 3)
            if self.irregular and random.random() < 0.02:
                pace = math.exp(random.uniform(math.log(5), math.log(300)))
            t += pace * random.uniform(1 - self.jitter, 1 + self.jitter)


def some_sampling(random: Random, interval: float) -> Sampling:
    """Mostly regular; now and then as irregular as can be, seldom, or absent for hours."""
    kind = random.random()
    if kind < 0.1:
        return Sampling(interval, irregular=True)
    if kind < 0.2:
        return Sampling(random.choice([15, 30, 120, 300]))
    sampling = Sampling(interval)
    if kind < 0.4:
        for _ in range(random.randint(1, 3)):
            at = random.uniform(0, DAY)
            sampling.absent.append((at, at + random.uniform(5 * MINUTE, 4 * HOUR)))
    return sampling


class Wander:
    """Noise that lasts: an Ornstein–Uhlenbeck process with white noise on top."""

    def __init__(self, random: Random, *, slow: float, tau: float, white: float) -> None:
        self._random, self._slow, self._tau, self._white = random, slow, tau, white
        self._state, self._t = random.gauss(0, slow), 0.0

    def at(self, t: float) -> float:
        """The relative deviation at ``t``; times rise."""
        keep = math.exp(-max(0.0, t - self._t) / self._tau)
        self._state = self._state * keep + self._random.gauss(0, self._slow) * math.sqrt(
            1 - keep * keep
        )
        self._t = t
        return self._state + self._random.gauss(0, self._white)


def first_fail(states: list[tuple[float, State]]) -> float | None:
    """When it failed first."""
    return next((t for t, state in states if state is State.FAIL), None)
