"""A check of an optimisation that a signal decides: by its latest value, while that is not old.

It passes, fails or is not verified. Nothing that is missing, late or too short to tell passes.
"""

from __future__ import annotations

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.samples import Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Check
from stagewatch.profile.values import format_value

LEAST = 3
"""Samples on one side that a side rests on which must have been held."""
FLAPPING = 2.0
"""Holds after which a side that was not held anew says nothing any more, though the other was not
held either."""
GAP = 2.5
"""Intervals without a sample across which nothing is held."""


class CheckJudge:
    """Fed with values; each one counts until the next comes, or until it is too old."""

    def __init__(self, *, config: Check, interval: float, time: WatchTime) -> None:
        self._config, self._time, self._unit = config, time, unit_of(config)
        self._bounds = bounds_of(config.at_least, config.at_most, self._unit)
        self._passing: Finding | None = None
        """What is said while the newest value passes: most readings repeat the one before."""
        self._order = Order()
        self._longest = GAP * interval
        self._silence = Silence(config.signal, interval, time, config.within)
        self._value = 0.0
        self._side = False
        """Whether the newest value passes."""
        self._since: float | None = None
        """The first of the samples in a row on that side."""
        self._samples = 0
        self._counts: bool | None = None
        """The side that was held last; None: none was since the last silence."""
        self._held_at = 0.0
        """When the newest sample came with which that side was held."""
        self._bad: float | None = None
        """When the samples began that the present failure rests on."""

    def add(self, t: float, value: float | None) -> None:
        """Take a value in the unit of the bounds; None where a run of the probe had none."""
        at, number = self._order.place(t), usable(value)
        if at is None or number is None:
            return
        before = self._silence.last
        if self._silence.heard(at):
            # What was before says nothing about now.
            self._counts, self._bad = None, None
        if before is None or at - before > self._longest:
            self._since = None
        self._value = number
        good = is_within(number, self._config.at_least, self._config.at_most)
        if self._since is None or good is not self._side:
            self._side, self._since, self._samples = good, at, 0
        self._samples += 1
        hold = self._config.hold
        if not hold or (self._samples >= LEAST and at - self._since >= hold):
            self._counts, self._held_at = good, at
            self._bad = None if good else self._since

    def look(self, t: float) -> Finding:
        """PASS, FAIL, or INCONCLUSIVE while it is not verified."""
        self._order.judged(t)
        silent = self._silence.finding(t)
        if silent is not None:
            return silent
        passing = self._pass()
        said = passing.reason
        if self._counts is None:
            reason = f"{said}, {self._held()}"
            return Finding(State.INCONCLUSIVE, reason, self._value, Why.WARMING_UP)
        if self._counts is not self._side:
            turned = "beyond it" if self._counts else "within it again"
            said = f"{said}, {turned} {self._held()}"
        if not self._counts:
            return Finding(State.FAIL, said, self._value, first_bad=self._bad)
        if self._flaps():
            reason = f"{said}; it goes to and fro"
            return Finding(State.INCONCLUSIVE, reason, self._value, Why.FLAPPING)
        return passing if self._side else Finding(State.PASS, said, self._value)

    def _flaps(self) -> bool:
        """Whether no side was held for so long that the one before is no word on now."""
        hold, last = self._config.hold, self._silence.last
        return bool(hold) and last is not None and last - self._held_at > FLAPPING * hold

    def _held(self) -> str:
        """``for 2m of 5m``: how long the newest values have been on one side."""
        assert self._since is not None
        assert self._silence.last is not None
        span = self._time.span
        return f"for {span(self._silence.last - self._since)} of {span(self._config.hold)}"

    def _pass(self) -> Finding:
        if self._passing is None or self._passing.value != self._value:
            value = format_value(self._value, self._unit)
            said = f"{self._config.signal} {value}, {self._bounds}"
            self._passing = Finding(State.PASS, said, self._value)
        return self._passing


def is_within(value: float, low: float | None, high: float | None) -> bool:
    """Whether a value is within its bounds; one on a bound is."""
    return (low is None or value >= low) and (high is None or value <= high)


def unit_of(check: Check) -> str:
    """The unit of its bounds, which its signal is measured in."""
    bound = check.at_most if check.at_least is None else check.at_least
    return "" if bound is None else bound.unit


def bounds_of(low: float | None, high: float | None, unit: str) -> str:
    """``at least 25s``, ``at most 100``, ``25s to 35s``."""
    if low is not None and high is not None:
        return f"{format_value(low, unit)} to {format_value(high, unit)}"
    if low is not None:
        return f"at least {format_value(low, unit)}"
    assert high is not None  # the profile was checked
    return f"at most {format_value(high, unit)}"
