"""A slow service: the average of minute means above a limit, over 15, 30 or 60 minutes.

The mean of minute means, and not of all samples, so that a probe that runs faster or slower
while the service is slow does not bias it. A window's lead over the limit is measured in standard
errors of its minute means, and its parts have to agree: one disturbance of up to five minutes
reaches two of them at the most, whatever its size.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.samples import Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Average
from stagewatch.profile.values import format_value

MINUTE = 60.0
SPARSE = 300.0
"""Seconds between readings above which minutes and windows are longer, in proportion."""
WITHOUT_WORST = 0.75
"""Share of a window's standard errors that its lead still has to have without its worst minutes
(``DISTURBANCE``)."""
FAILING = 2
"""Minutes in a row that have to fail."""
WARN_SHARE = 0.8
"""Of the limit: a mean above it warns."""
DISTURBANCE = 6
"""Minutes that one disturbance of up to five reaches: without the worst so many, a window has to
be above the limit still. Otherwise a single timeout beside it could make the parts agree."""
PLENTY = 10
"""Minutes of data that are enough for any window."""
ENOUGH = 0.4
"""Share of a window's minutes that is enough data."""
LEAST = 5
"""Minutes of data below which no window counts, however seldom the probe runs."""
EXPECTED = 0.7
"""Of the minutes that a slow probe can fill: so many are enough for it."""
GROSS = 1.2
"""Of the limit: a mean this high over half an hour or more needs no standard error …"""
GROSS_MINUTES = 0.4
"""… when this share of its minutes is above the limit, and it has EXPECTED of the minutes that the
probe can fill. Without this, an average far above the limit would pass as long as it is made of
very fast and very slow minutes."""
GROSS_SIZE = 30


class _Window(NamedTuple):
    size: int
    """Minutes."""
    parts: int
    agreeing: int
    """Parts whose own mean has to be above the limit."""
    errors: float
    """Standard errors by which its mean has to lie above the limit, where its minutes are many;
    few minutes need more, as Student's t has it: their spread is itself uncertain."""


# The shortest is looked at most often for its length and is there for what is far too slow: it
# has to be surer, or a service that is nearly slow all day would fail by chance.
WINDOWS = (_Window(15, 3, 3, 3.0), _Window(30, 4, 3, 2.0), _Window(60, 4, 3, 2.0))
LONGEST = WINDOWS[-1].size


class _Minute(NamedTuple):
    nth: int
    """Of the watch, from 0."""
    mean: float
    samples: int
    timeouts: int


@dataclass(frozen=True, slots=True)
class _Mean:
    """A window as it is when a minute closes."""

    window: _Window
    value: float
    fails: bool
    unbroken: bool
    """It has no silence that would be stale: good data in it tell that all is well."""
    samples: int
    timeouts: int


@dataclass(frozen=True, slots=True)
class _Closed:
    """What the last closed minute said."""

    end: int = 0
    """Minutes closed since the watch began."""
    means: tuple[_Mean, ...] = ()
    """The windows that hold enough data."""
    streak: int = 0
    """Minutes in a row that failed."""
    bad_from: float | None = None
    """Watch time at which the first of the windows began that failed or warned in a row."""


class AverageJudge:
    """Fed with milliseconds (or the unit of the limit), one sample a run of the probe."""

    def __init__(
        self,
        *,
        signal: str,
        config: Average,
        interval: float,
        time: WatchTime,
        timeout_ms: float,
    ) -> None:
        self._config, self._time, self._timeout = config, time, timeout_ms
        self._interval = interval
        self._unit = MINUTE * max(1.0, interval / SPARSE)
        self._order = Order()
        self._silence = Silence(signal, interval, time)
        self._values: list[float] = []
        self._timeouts = 0
        self._open = 0
        """The minute that ``_values`` belong to."""
        self._minutes: deque[_Minute] = deque()
        self._closed = _Closed()

    def add(self, t: float, ms: float | None, *, timed_out: bool = False) -> None:
        """Take a run of the probe: None when it has no usable latency. A timeout counts at
        ``timeout_ms``, whatever ``ms`` is."""
        at = self._order.place(t)
        value = usable(self._timeout if timed_out else ms)
        if at is None or value is None:
            return
        self._close(at)
        self._silence.heard(at)
        if at >= self._config.warm_up:
            self._values.append(value)
            self._timeouts += timed_out

    def look(self, t: float) -> Finding:
        """The state at ``t``: of the last minute that is over, or of the silence since."""
        self._order.judged(t)
        self._close(t)
        silent = self._silence.finding(t)
        if t < self._config.warm_up:
            return self._warming_up()
        if silent is not None:
            return silent
        if self._closed.streak >= FAILING:
            worst = next(m for m in self._closed.means if m.fails)
            return self._finding(State.FAIL, worst)
        if not any(mean.unbroken for mean in self._closed.means):
            return self._too_little(t)
        high = [mean for mean in self._closed.means if self._is_high(mean)]
        if high:
            return self._finding(State.WARN, max(high, key=lambda mean: mean.value))
        return self._finding(State.PASS, next(m for m in self._closed.means if m.unbroken))

    def _finding(self, state: State, mean: _Mean) -> Finding:
        unit = self._config.limit.unit
        span = self._time.span(mean.window.size * self._unit)
        reason = (
            f"mean {format_value(mean.value, unit)} over {span},"
            f" limit {format_value(self._config.limit, unit)}"
        )
        if mean.timeouts:
            reason += f", {mean.timeouts} of {mean.samples} readings timed out"
        first_bad = None if state is State.PASS else self._closed.bad_from
        return Finding(state, reason, mean.value, first_bad=first_bad)

    def _warming_up(self) -> Finding:
        span = self._time.span(self._config.warm_up)
        reason = f"the first {span} of the watch are not judged"
        return Finding(State.INCONCLUSIVE, reason, why=Why.WARMING_UP)

    def _too_little(self, t: float) -> Finding:
        shortest = self._shortest()
        span = shortest.size * self._unit
        begins = self._closed.end - shortest.size
        held = sum(minute.nth >= begins for minute in self._minutes)
        has, needs = held * self._unit, self._need(shortest) * self._unit
        reason = f"data for {self._time.span(has)} of the last {self._time.span(span)}"
        why = Why.WARMING_UP if t < self._config.warm_up + span else Why.GAP
        reason = f"{reason}, {self._time.span(needs)} needed"
        return Finding(State.INCONCLUSIVE, reason, why=why)

    def _shortest(self) -> _Window:
        """The shortest window that this probe can fill."""
        return next((w for w in WINDOWS if self._expected(w) >= LEAST), WINDOWS[-1])

    def _expected(self, window: _Window) -> float:
        """Minutes of a window that hold data while the probe does what it should."""
        return min(window.size, window.size * self._unit / self._interval)

    def _need(self, window: _Window) -> int:
        sparse = max(float(LEAST), EXPECTED * self._expected(window))
        return -int(-min(PLENTY, ENOUGH * window.size, sparse) // 1)

    def _is_high(self, mean: _Mean) -> bool:
        return mean.value > WARN_SHARE * self._config.limit

    def _close(self, t: float) -> None:
        """Close every minute that is over at ``t``."""
        now = int(t // self._unit)
        while self._open < now:
            if self._values:
                mean = fmean(self._values)
                self._minutes.append(_Minute(self._open, mean, len(self._values), self._timeouts))
                self._values, self._timeouts = [], 0
            self._open += 1
            while self._minutes and self._minutes[0].nth < self._open - LONGEST:
                self._minutes.popleft()
            if not self._minutes:
                self._open = now  # nothing to be seen in the minutes between
            self._judge()

    def _judge(self) -> None:
        means = [self._mean(window) for window in WINDOWS]
        counting = tuple(mean for mean in means if mean is not None)
        fails = any(mean.fails for mean in counting)
        bad = [m for m in counting if m.fails] or [m for m in counting if self._is_high(m)]
        bad_from = self._closed.bad_from if bad else None
        if bad and (bad_from is None or (fails and not self._closed.streak)):
            bad_from = max(0.0, (self._open - bad[0].window.size) * self._unit)
        streak = self._closed.streak + 1 if fails else 0
        self._closed = _Closed(self._open, counting, streak, bad_from)

    def _mean(self, window: _Window) -> _Mean | None:
        """The window that ends with the last closed minute; None when it holds too little."""
        begin = self._open - window.size
        minutes = [minute for minute in self._minutes if minute.nth >= begin]
        if len(minutes) < self._need(window):
            return None
        limit, value = self._config.limit, fmean([minute.mean for minute in minutes])
        return _Mean(
            window,
            value,
            value > limit
            and _agree(minutes, window, begin, limit)
            and self._is_above(minutes, window, 1.0, 0)
            and self._is_above(_without_worst(minutes), window, WITHOUT_WORST, DISTURBANCE),
            self._unbroken(minutes, begin),
            sum(minute.samples for minute in minutes),
            sum(minute.timeouts for minute in minutes),
        )

    def _is_above(
        self, minutes: Sequence[_Minute], window: _Window, share: float, left_out: int
    ) -> bool:
        """The mean is above the limit by this share of the window's standard errors, or so far
        that none is needed. ``left_out``: minutes that are left out of the window."""
        count, limit = len(minutes), self._config.limit
        if count < 2:
            return False
        mean = fmean([minute.mean for minute in minutes])
        squares = math.fsum((minute.mean - mean) ** 2 for minute in minutes)
        standard_error = math.sqrt(squares / (count - 1) / count)
        if mean - _student(share * window.errors, count - 1) * standard_error > limit:
            return True
        slow = sum(minute.mean > limit for minute in minutes)
        gross = window.size >= GROSS_SIZE and mean >= GROSS * limit
        enough = max(PLENTY, EXPECTED * self._expected(window)) - left_out
        return gross and count >= enough and slow >= GROSS_MINUTES * count

    def _unbroken(self, minutes: Sequence[_Minute], begin: int) -> bool:
        """No stretch of the window is silent for so long that it would be stale."""
        warm = int(-(-self._config.warm_up // self._unit))
        known = [max(begin, warm) - 1, *(minute.nth for minute in minutes), self._open]
        longest = max(after - before - 1 for before, after in pairwise(known))
        return longest * self._unit < self._silence.most


def _agree(minutes: Sequence[_Minute], window: _Window, begin: int, limit: float) -> bool:
    """Enough parts of the window are above the limit, each by its own mean."""
    parts: list[list[float]] = [[] for _ in range(window.parts)]
    for minute in minutes:
        parts[(minute.nth - begin) * window.parts // window.size].append(minute.mean)
    above = sum(bool(part) and fmean(part) > limit for part in parts)
    return above >= window.agreeing


def _without_worst(minutes: Sequence[_Minute]) -> Sequence[_Minute]:
    """The window without that stretch of DISTURBANCE minutes without which its mean is lowest."""
    total, count = math.fsum(minute.mean for minute in minutes), len(minutes)
    lowest, cut = math.inf, (0, 0)
    end, inside = 0, 0.0
    for begin, first in enumerate(minutes):
        while end < count and minutes[end].nth < first.nth + DISTURBANCE:
            inside += minutes[end].mean
            end += 1
        rest = count - (end - begin)
        mean = (total - inside) / rest if rest else -math.inf
        if mean < lowest:
            lowest, cut = mean, (begin, end)
        inside -= first.mean
    return [*minutes[: cut[0]], *minutes[cut[1] :]]


def _student(z: float, freedom: int) -> float:
    """The quantile of Student's t that belongs to the normal quantile ``z``.

    The expansion in the degrees of freedom of Abramowitz and Stegun, 26.7.5, to three terms.
    """
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
