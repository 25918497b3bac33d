"""Any signal against a bound: it fails when it was on the wrong side for long enough."""

from __future__ import annotations

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.samples import Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Compare
from stagewatch.profile.values import format_value

LEAST = 3
"""Samples on the wrong side that a failure rests on."""


class CompareJudge:
    """Fed with values; judged at each sample, so that silence changes nothing until it is stale."""

    def __init__(
        self,
        *,
        signal: str,
        config: Compare,
        interval: float,
        time: WatchTime,
        unit: str,
        single: bool = False,
    ) -> None:
        """``single``: the signal has a value when somebody ran something, and the newest decides
        at once; it is no course of values of which one may be chance."""
        self._config, self._time, self._unit = config, time, unit
        self._interval, self._signal = interval, signal
        self._least, self._hold = (1, 0.0) if single else (LEAST, float(config.hold))
        self._order = Order()
        self._silence = Silence(signal, interval, time)
        self._value = 0.0
        self._wrong_since: float | None = None
        """The first of the samples in a row that are on the wrong side."""
        self._wrong = 0
        self._right: float | None = None
        """The newest sample before them: it was on the right side."""

    def add(self, t: float, value: float | None) -> None:
        """Take a value in the unit of the limits; None where a run of the probe had none."""
        at, number = self._order.place(t), usable(value)
        if at is None or number is None:
            return
        if self._silence.heard(at):
            self._wrong_since, self._wrong = None, 0  # nothing is known of so long a silence
        self._value = number
        if not self.is_wrong(number):
            self._wrong_since, self._wrong, self._right = None, 0, at
            return
        self._wrong += 1
        if self._wrong_since is None:
            self._wrong_since = at

    def look(self, t: float) -> Finding:
        """The state at ``t``: that of the newest sample, unless it is stale."""
        self._order.judged(t)
        silent = self._silence.finding(t)
        if silent is not None:
            return silent
        if self._wrong_since is None or self._silence.last is None:
            return Finding(State.PASS, self._said(), self._value)
        held = self._silence.last - self._wrong_since
        span = self._time.span
        reason = f"{self._said()}, beyond it for {span(held)} of {span(self._hold)}"
        if self._wrong >= self._least and held >= self._hold:
            reason = f"{self._said()}, beyond it for {span(held)}" if self._hold else self._said()
            return Finding(State.FAIL, reason, self._value, first_bad=self._wrong_since)
        unseen = self._unseen(self._wrong_since)
        if held + unseen >= self._hold and unseen > 0:
            reason += f", after {span(unseen)} without a reading"
            return Finding(State.INCONCLUSIVE, reason, self._value, Why.GAP)
        return Finding(State.WARN, reason, self._value, first_bad=self._wrong_since)

    def _unseen(self, since: float) -> float:
        """How long before its first wrong sample the signal may have been on the wrong side
        unseen: the time without readings, where it is longer than two intervals."""
        silence = since - (0.0 if self._right is None else self._right)
        return silence if silence > 2 * self._interval else 0.0

    def is_wrong(self, value: float) -> bool:
        """Whether a value is beyond a limit."""
        above, below = self._config.above, self._config.below
        return (above is not None and value > above) or (below is not None and value < below)

    def _said(self) -> str:
        above, below = self._config.above, self._config.below
        text = f"{self._signal} {format_value(self._value, self._unit)}"
        if above is not None and below is not None:
            low, high = format_value(below, self._unit), format_value(above, self._unit)
            return f"{text}, limits {low} and {high}"
        if above is not None:
            return f"{text}, limit {format_value(above, self._unit)}"
        return text if below is None else f"{text}, at least {format_value(below, self._unit)}"
