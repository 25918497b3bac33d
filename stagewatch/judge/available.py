"""The share of readings that succeed, over the watch so far; exact, in whole readings."""

from __future__ import annotations

import math
from fractions import Fraction

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.samples import Order, Silence
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Available
from stagewatch.profile.values import format_value

LEAST = 20
"""Readings below which nothing is judged."""
WARN_MARGIN = Fraction(1, 2)
"""Of the failures that the limit allows: more of them warn."""


class AvailableJudge:
    """Fed with how each run of a probe ended, runs that were skipped left out.

    Nothing is judged before so many readings that a single failure among them is within the limit
    (100 at 99 %), and LEAST at the least: otherwise one early failure would be a failure of the
    watch that a latch keeps for ever. Where one failure is more than the limit allows in the whole
    window, or more have failed already than it allows, waiting decides nothing.
    """

    def __init__(
        self,
        *,
        config: Available,
        interval: float,
        time: WatchTime,
        window: float | None = None,
    ) -> None:
        """``window`` is how long the watch lasts, in watch time, where that is known."""
        self._time, self._interval = time, interval
        self._limit = Fraction(repr(float(config.limit))) / 100
        self._shown_limit = format_value(config.limit, "%")
        self._window = window
        self._order = Order()
        self._silence = Silence(config.probe, interval, time)
        self._readings = self._failed = 0
        self._reason = ""
        """Why the last of them failed."""
        self._first: float | None = None
        """When the first of them failed."""

    def add(self, t: float, good: bool, reason: str) -> None:
        """Take a run of the probe that ended well, or did not, and why."""
        at = self._order.place(t)
        if at is None:
            return
        self._silence.heard(at)
        self._readings += 1
        if not good:
            self._failed += 1
            self._reason = reason.rstrip(". ")
            self._first = at if self._first is None else self._first

    def look(self, t: float) -> Finding:
        """The state at ``t``."""
        self._order.judged(t)
        silent = self._silence.finding(t)
        if silent is not None:
            return silent
        allowed = 1 - self._limit
        lost = self._failed > self._allowed_in_all()
        if self._readings < LEAST or (self._readings < self._needed() and not lost):
            return self._too_few()
        if self._failed > allowed * self._readings:
            return self._finding(State.FAIL, f", {self._regained(lost)}")
        if self._failed and self._failed > WARN_MARGIN * allowed * self._readings:
            return self._finding(State.WARN)
        return self._finding(State.PASS)

    def _allowed_in_all(self) -> float:
        """Failures that the limit allows in the whole window."""
        if self._window is None:
            return 0.0 if self._limit >= 1 else math.inf
        readings = max(self._readings, int(self._window // self._interval))
        return math.floor((1 - self._limit) * readings)

    def _needed(self) -> int:
        """Readings from which one failure is within the limit."""
        return LEAST if self._limit >= 1 else max(LEAST, math.ceil(1 / (1 - self._limit)))

    def _too_few(self) -> Finding:
        reason = f"{self._said()}, judged from {self._needed()} readings on{self._last()}"
        return Finding(State.INCONCLUSIVE, reason, self._value, Why.WARMING_UP)

    def _finding(self, state: State, more: str = "") -> Finding:
        first_bad = None if state is State.PASS else self._first
        reason = f"{self._said()}, limit {self._shown_limit}{more}{self._last()}"
        return Finding(state, reason, self._value, first_bad=first_bad)

    @property
    def _value(self) -> float:
        return 100.0 * (self._readings - self._failed) / self._readings

    def _said(self) -> str:
        if not self._failed:
            return f"all {self._readings} readings succeeded"
        # Cut and not rounded: 98.9996 % is not 99 %.
        share = math.floor(Fraction(self._readings - self._failed, self._readings) * 100_000)
        text = f"{share // 1000}.{share % 1000:03}".rstrip("0").rstrip(".")
        return f"{text} % of {self._readings} readings succeeded, {self._failed} failed"

    def _last(self) -> str:
        return f"; last failure: {self._reason or 'no reason given'}" if self._failed else ""

    def _regained(self, lost: bool) -> str:
        if lost:
            return f"{self._shown_limit} cannot be reached again"
        readings = self._failed / (1 - self._limit)  # as many as make the failures good
        rest = (math.ceil(readings) - self._readings) * self._interval
        return f"regained after {self._time.span(rest)} without a failure"
