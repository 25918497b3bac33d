"""From what a rule says to the state of its criterion: incidents, latching, waivers, flapping."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from stagewatch.judge.finding import Finding, Why
from stagewatch.model import State

FLAPS = 6
"""Turns between PASS and WARN within ``FLAP_WITHIN`` from which a criterion is flapping."""
FLAP_WITHIN = 3600.0
TREND_EVERY = 300.0
TREND_OVER = 3600.0
_GOOD = (State.PASS, State.WARN)


@dataclass(frozen=True, slots=True)
class Incident:
    """One stretch of failing. Times are watch time."""

    known: float
    """When it became known; a waiver given later covers it."""
    first_bad: float
    """Since when the value was bad."""
    reason: str
    """What the rule said at that moment."""
    value: float | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A criterion as the data alone say it: nobody has waived anything. Times are watch time."""

    name: str
    finding: Finding
    """What the rule says now, FAIL or not."""
    latched: bool = False
    """A no-go criterion that failed stays failed until a person waives the incident."""
    incident: Incident | None = None
    """The newest one."""
    since: float = 0.0
    """Since when the criterion is in this state."""
    trend: float | None = None
    """How much the value changed over the last hour."""

    @property
    def state(self) -> State:
        """The state, latched."""
        return State.FAIL if self.latched else self.finding.state

    @property
    def recovered(self) -> bool:
        """It failed, and its value is good again; that changes nothing."""
        return self.latched and self.finding.state in _GOOD


class Tracker:
    """Follows one criterion from finding to finding."""

    def __init__(self, name: str, *, latches: bool) -> None:
        self.latches = latches
        """Whether a failure stays until a person waives it."""
        self._now: Computed | None = None
        self._name = name
        self._failing = False
        """The incident goes on: it failed, and was neither PASS nor WARN since."""
        self._said: State | None = None
        """The rule's own last state, whatever was made of it."""
        self._turns: deque[float] = deque()
        self._values: deque[tuple[float, float]] = deque()

    @property
    def now(self) -> Computed | None:
        """The last answer; None before the first."""
        return self._now

    def follow(self, t: float, finding: Finding) -> Computed:
        """The criterion at ``t``."""
        before = self._now
        if before is not None and finding is before.finding and self._repeats(t, before):
            return before
        kept = self._without_flapping(t, finding)
        latched = before is not None and before.latched
        incident = before.incident if before else None
        if finding.state is State.FAIL:
            latched, incident = self.latches, self._incident(t, finding, incident)
        elif finding.state in _GOOD:
            self._failing = False
        state = State.FAIL if latched else kept.state
        since = before.since if before is not None and before.state is state else t
        trend = self._trend(t, kept)
        # Not replace(): this is done for every reading, and that takes ten times as long.
        self._now = now = Computed(self._name, kept, latched, incident, since, trend)
        return now

    def _repeats(self, t: float, before: Computed) -> bool:
        """Whether it changes nothing that a rule says the same finding again: not the trend, nor
        that the state turns to and fro."""
        said = before.finding
        return said.state is State.PASS and not self._turns and self._trend(t, said) == before.trend

    def _incident(self, t: float, finding: Finding, before: Incident | None) -> Incident:
        """The incident that a FAIL belongs to: the one before while it goes on, or a new one."""
        known = t if finding.incident is None else finding.incident
        same = finding.incident is None or (before is not None and before.known == known)
        going_on, self._failing = self._failing and same, True
        if going_on and before is not None:
            return before
        first_bad = known if finding.first_bad is None else finding.first_bad
        return Incident(known, first_bad, finding.reason, finding.value)

    def inherit(self, incident: Incident) -> None:
        """Take over an incident that latched under an earlier profile; a newer one stays."""
        now = self._now or Computed(
            self._name, Finding(State.INCONCLUSIVE, "not judged yet"), since=incident.known
        )
        newest = now.incident if now.incident and now.incident.known > incident.known else incident
        self._now = replace(now, latched=self.latches, incident=newest)

    def _without_flapping(self, t: float, finding: Finding) -> Finding:
        """A WARN that says so, while the state turns to and fro between PASS and WARN."""
        before, self._said = self._said, finding.state
        if before is not finding.state and {before, finding.state} == {State.PASS, State.WARN}:
            self._turns.append(t)
        while self._turns and self._turns[0] <= t - FLAP_WITHIN:
            self._turns.popleft()
        if len(self._turns) < FLAPS or finding.state is not State.PASS:
            return finding
        reason = f"{finding.reason}; it turned {len(self._turns)} times within the hour"
        return replace(finding, state=State.WARN, why=Why.FLAPPING, reason=reason)

    def _trend(self, t: float, finding: Finding) -> float | None:
        """The change of the value over the last hour; None while that is not known."""
        values = self._values
        if finding.value is None:
            return None
        if not values or t - values[-1][0] >= TREND_EVERY:
            values.append((t, finding.value))
        while len(values) > 1 and values[1][0] <= t - TREND_OVER:
            values.popleft()
        oldest, value = values[0]
        return finding.value - value if t - oldest >= TREND_OVER else None
