"""A count that stays above a limit: orphaned connections that nobody reaps."""

from __future__ import annotations

from collections import deque

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.samples import Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Held
from stagewatch.profile.values import format_value

WARN_SHARE = 0.7
"""Of the limit: above it warns where the profile does not say ``warn``."""
SHARE = (9, 10)
"""The share of the samples that have to be above the limit, as a fraction."""
SPAN = 0.8
"""Of ``hold``: what the samples have to span, and those above the limit by themselves. A short
excursion that is sampled more densely than what is around it would otherwise be the majority."""
LEAST = 3
"""Samples; where ``hold`` has fewer of them, older ones are added."""


class _Window:
    """The samples of the last ``hold``, counted as they come and go."""

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self._times: deque[float] = deque()
        self._above: deque[float] = deque()

    def clear(self) -> None:
        self._times.clear()
        self._above.clear()

    def add(self, t: float, above: bool) -> None:
        self._times.append(t)
        if above:
            self._above.append(t)
        while len(self._times) > LEAST and self._times[0] < t - self._hold:
            self._times.popleft()
        while self._above and self._above[0] < self._times[0]:
            self._above.popleft()

    @property
    def samples(self) -> int:
        return len(self._times)

    @property
    def above(self) -> int:
        return len(self._above)

    @property
    def span(self) -> float:
        """Seconds from the first sample to the last."""
        return self._times[-1] - self._times[0]

    @property
    def first_above(self) -> float:
        return self._above[0]

    def holds(self, missing: int = 0) -> bool:
        """Enough samples are above, those ``missing`` included."""
        part, whole = SHARE
        return whole * (self.above + missing) >= part * (self.samples + missing)

    def is_held(self) -> bool:
        if self.samples < LEAST or not self.holds():
            return False
        return self._above[-1] - self._above[0] >= SPAN * self._hold


class HeldJudge:
    """Fed with counts; judged at each sample, so that silence changes nothing until it is stale."""

    def __init__(self, *, signal: str, config: Held, interval: float, time: WatchTime) -> None:
        self._config, self._time, self._interval = config, time, interval
        limit = float(config.limit)
        self._warn = min(limit, WARN_SHARE * limit) if config.warn is None else float(config.warn)
        self._order = Order()
        self._silence = Silence(signal, interval, time)
        self._window = _Window(config.hold)
        self._value = 0.0
        self._high_since: float | None = None
        """The first of the samples in a row that warn."""
        self._held_since: float | None = None

    def add(self, t: float, value: float | None) -> None:
        """Take a count; None where a run of the probe had none."""
        at, number = self._order.place(t), usable(value)
        if at is None or number is None:
            return
        if self._silence.heard(at):
            self._window.clear()  # what was before so long a silence says nothing about now
            self._high_since = self._held_since = None
        self._value = number
        self._window.add(at, number > self._config.limit)
        if number <= self._warn:
            self._high_since = None
        elif self._high_since is None:
            self._high_since = at
        if not self._window.is_held():
            self._held_since = None
        elif self._held_since is None:
            self._held_since = self._window.first_above

    def look(self, t: float) -> Finding:
        """The state at ``t``: that of the newest sample, unless it is stale."""
        self._order.judged(t)
        silent = self._silence.finding(t)
        if silent is not None:
            return silent
        if self._held_since is not None:
            return self._finding(State.FAIL, first_bad=self._held_since)
        if self._may_be_held():
            return self._unknown()
        if self._high_since is not None:
            return self._finding(State.WARN, first_bad=self._high_since)
        return self._finding(State.PASS)

    def _known(self) -> float:
        """Seconds of the watch that the window can be about."""
        assert self._silence.last is not None
        return min(self._config.hold, self._silence.last)

    def _missing(self) -> int:
        expected = int(self._known() // self._interval) + 1
        return max(0, expected - self._window.samples)

    def _may_be_held(self) -> bool:
        """It would be a failure if the samples that are missing were above the limit."""
        missing = self._missing()
        long_enough = self._known() >= SPAN * self._config.hold
        return missing > 0 and long_enough and self._window.holds(missing)

    def _unknown(self) -> Finding:
        reason = (
            f"{self._said()}; {self._missing()} readings of the last"
            f" {self._time.span(self._known())} are missing"
        )
        return Finding(State.INCONCLUSIVE, reason, self._value, Why.GAP)

    def _finding(self, state: State, first_bad: float | None = None) -> Finding:
        reason = self._said()
        if state is State.WARN and not self._window.above:
            reason += f", warning above {format_value(self._warn, self._config.limit.unit)}"
        return Finding(state, reason, self._value, first_bad=first_bad)

    def _said(self) -> str:
        unit, window = self._config.limit.unit, self._window
        limit = format_value(self._config.limit, unit)
        reason = f"{format_value(self._value, unit)}, limit {limit}"
        if not window.above:
            return reason
        over = f" over {self._time.span(window.span)}" if window.samples > 1 else ""
        return f"{reason}, above it in {window.above} of {window.samples} readings{over}"
