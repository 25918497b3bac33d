"""One life of a process: its memory in 5-minute bins, its baseline, and how fast it grows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stagewatch.judge.steps import is_slope
from stagewatch.judge.theilsen import Fit, MovingLine, line_through, middle, quantile

BIN = 300.0
"""Seconds of a bin; its value is the median of its samples."""
BINS_PER_HOUR = 12
BASELINE_BINS = 3
"""The baseline is the median of the first bins after the warm-up."""
ENOUGH_BINS = 0.7
"""The share of its bins that a window needs to have data in."""
SPARSE = 200.0
"""Seconds between readings above which bins stay empty by themselves."""
ERRORS = 3.0
"""Standard errors by which growth is certain."""
VOTES = 2
"""Closed bins in a row at which the same window has to find a leak."""
OLD_LEVEL = 0.9
"""The quantile of all earlier bins that is the level seen before."""
ABOVE_OLD = 0.3
"""How far above that level a leak is, in limits per hour of the window."""
OBSERVED = 15
"""Bins with data before anything is found: 75 minutes."""
LONG = 18
"""Bins of the shortest window that can say that nothing grows: 90 minutes."""
WARN = 0.7
"""Certain growth above this share of the limit is a warning."""
BARS = {9: 3.0, 12: 2.0, 18: 1.5, 24: 1.2, 30: 1.0, 36: 1.0, 72: 1.0, 144: 1.0}
"""Windows in bins → limits that the growth has to exceed for certain: the shorter, the more."""
ENDED_BINS = 36
"""Bins at the end of a life that its growth is taken from, and how few may be there."""
ENDED_FEWEST = 6


@dataclass(frozen=True, slots=True)
class Growth:
    """How fast a life grows over one window."""

    bins: int
    rate: float
    """% of the baseline per hour."""
    error: float
    start: float
    """Watch time at which the window begins."""

    @property
    def certain(self) -> float:
        """The rate that is exceeded for certain."""
        return self.rate - ERRORS * self.error

    @property
    def seconds(self) -> float:
        """The length of the window."""
        return self.bins * BIN


@dataclass(frozen=True, slots=True)
class Ended:
    """What is remembered of a life that is over."""

    hours: float
    """Of the part that could be judged."""
    rate: float
    rose: bool
    """It grew in both halves of that part."""


class Life:
    """A process from its first sample on; ``advance`` closes its bins on a grid of its own."""

    def __init__(
        self, first: float, started: float | None, *, warm_up: float, limit: float, interval: float
    ) -> None:
        born = first if started is None else min(started, first)
        self._origin = max(born, 0.0)
        self._limit = limit
        self._share = ENOUGH_BINS * min(1.0, SPARSE / interval) if interval > 0 else ENOUGH_BINS
        self._open = math.floor((first - self._origin) / BIN)
        """The bin that is being filled; those before the first sample never were."""
        self._warm = math.ceil((born + warm_up - self._origin) / BIN)
        """The first bin after the warm-up."""
        self._first = max(self._open, self._warm)
        """The first bin that may be judged."""
        self._samples: list[float] = []
        self._bins: list[tuple[int, float]] = []
        self._baseline: float | None = None
        self._lines: dict[int, MovingLine] = {}
        self._votes = dict.fromkeys(BARS, 0)
        self.growths: dict[int, Growth] = {}
        """The windows that can be judged at the last closed bin."""
        self.leak: Growth | None = None
        """The first window that found a leak, until a long window says that it is over."""

    @property
    def judged_from(self) -> float:
        """Watch time at which the first bin begins that may be judged."""
        return self._origin + self._first * BIN

    @property
    def judgeable_from(self) -> float:
        """Watch time from which there would be a long window if no reading were missing."""
        return self._origin + (self._first + LONG) * BIN

    @property
    def longest(self) -> Growth | None:
        """The longest window that can be judged, if it is long enough to say anything."""
        longest = max(self.growths, default=0)
        return self.growths[longest] if longest >= LONG else None

    @property
    def leaking(self) -> Growth | None:
        """What it grows by while it leaks: the longest window that says so, or the first."""
        if self.leak is None:
            return None
        voting = [size for size in self.growths if self._votes[size] >= VOTES]
        longest = max(voting, default=self.leak.bins)
        return self.growths.get(longest, self.leak)

    @property
    def warning(self) -> Growth | None:
        """The steepest long window that grows faster than is good."""
        grows = [g for g in self.growths.values() if g.bins >= LONG and self._grows(g)]
        return max(grows, key=lambda growth: growth.rate, default=None)

    def _grows(self, growth: Growth) -> bool:
        return growth.rate > self._limit or (
            growth.rate > WARN * self._limit and growth.certain > 0
        )

    def add(self, t: float, rss: float) -> None:
        """A sample in the open bin."""
        self.advance(t)
        self._samples.append(rss)

    def advance(self, t: float) -> None:
        """Close every bin that is over at ``t``."""
        while t >= self._origin + (self._open + 1) * BIN:
            value = middle(sorted(self._samples)) if self._samples else None
            self._samples.clear()
            self._close(self._open, value)
            self._open += 1

    def _close(self, index: int, value: float | None) -> None:
        if value is not None:
            self._bins.append((index, value))
        if index < self._first:
            return
        if self._baseline is None:
            self._baseline = self._first_level()
        if self._baseline is None:
            return
        relative = None if value is None else self._relative(value)
        if self._lines:
            for line in self._lines.values():
                line.step(index, relative)
        else:
            self._draw(index)
        self._judge(index)

    def _first_level(self) -> float | None:
        """The baseline; None while there are too few bins after the warm-up."""
        judged = [level for at, level in self._bins if at >= self._first]
        return middle(sorted(judged)) if len(judged) == BASELINE_BINS else None

    def _draw(self, index: int) -> None:
        """The lines through what there is, up to the bin ``index``."""
        self._lines = {size: MovingLine(size) for size in BARS}
        since = max(self._first, index - max(BARS) + 1)
        for at, level in self._bins:
            if at >= since:
                for line in self._lines.values():
                    line.step(at, self._relative(level))

    def _relative(self, value: float) -> float:
        """In % of the baseline, rounded so that the unit of memory makes no difference."""
        assert self._baseline is not None
        return round(100 * value / self._baseline, 9)

    def _judge(self, index: int) -> None:
        """What the windows say that end with this bin."""
        self.growths.clear()
        for size, line in self._lines.items():
            whole = index - self._first + 1 >= size
            fit = line.fit() if whole and len(line) >= self._share * size else None
            if fit is None:
                self._votes[size] = 0
                continue
            growth = self._growth(fit, size, index)
            self.growths[size] = growth
            self._votes[size] = self._votes[size] + 1 if self._leaks(growth, index) else 0
            if self._votes[size] >= VOTES:
                self.leak = self.leak or growth
        if self.longest and not self.warning and not any(self._votes.values()):
            self.leak = None

    def _growth(self, fit: Fit, size: int, index: int) -> Growth:
        start = self._origin + (index + 1 - size) * BIN
        return Growth(size, fit.slope * BINS_PER_HOUR, fit.error * BINS_PER_HOUR, start)

    def _leaks(self, growth: Growth, index: int) -> bool:
        """Growth over the limit, certain and new."""
        return (
            len(self._bins) >= OBSERVED
            and growth.rate > self._limit
            and growth.certain > BARS[growth.bins] * self._limit
            and self._is_new(growth, index)
            and (self.leak is not None or is_slope(self._lines[growth.bins].points))
        )

    def _is_new(self, growth: Growth, index: int) -> bool:
        """The last third of the window lies above what this life has seen before."""
        since = index - growth.bins // 3
        split = len(self._bins)
        while split and self._bins[split - 1][0] > since:
            split -= 1
        earlier = sorted(value for _, value in self._bins[:split])
        latest = sorted(value for _, value in self._bins[split:])
        if not earlier or not latest:
            return False
        above = self._relative(middle(latest)) - self._relative(quantile(earlier, OLD_LEVEL))
        return above > ABOVE_OLD * self._limit * growth.bins / BINS_PER_HOUR

    def end(self) -> Ended | None:
        """What to remember of it; None when too little of it could be judged."""
        self._lines.clear()
        self.growths.clear()
        self.leak = None
        last = self._bins[-1][0] if self._bins else 0
        points = [p for p in self._bins if p[0] >= self._first and p[0] > last - ENDED_BINS]
        if self._baseline is None or len(points) < ENDED_FEWEST:
            return None
        length = last - points[0][0] + 1
        fit = line_through([(at, self._relative(value)) for at, value in points])
        if fit is None or len(points) < self._share * length:
            return None
        rose = _rises([value for _, value in points])
        return Ended(length / BINS_PER_HOUR, fit.slope * BINS_PER_HOUR, rose)


def _rises(values: list[float]) -> bool:
    """From third to third, by their medians."""
    third = len(values) // 3
    parts = (values[:third], values[third:-third], values[-third:])
    low, mid, high = (middle(sorted(part)) for part in parts)
    return low < mid < high
