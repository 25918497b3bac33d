"""A rule over the results of a drill: the newest run decides, also where it left no value."""

from __future__ import annotations

from collections.abc import Callable

from stagewatch.judge.finding import Finding, RuleJudge
from stagewatch.model import Reading, State
from stagewatch.profile.drills import INTERRUPTED, fingerprint


class ResultJudge:
    """Between the results and the rule that judges one signal of them.

    A value that the newest run did not confirm passes no more: the service may have got worse, or
    be gone. What failed stays failed, and a run that somebody ended changes nothing; nor does one
    of a drill that the profile described in another way then.
    """

    def __init__(
        self,
        rule: RuleJudge,
        add: Callable[[float, float | None], None],
        signal: str,
        drill: object,
    ) -> None:
        self._rule, self._add, self._signal = rule, add, signal
        self._of = fingerprint(drill)
        self._without = ""
        """Why the newest run left no value; empty when it left one."""

    def take(self, t: float, reading: Reading) -> None:
        """What a run came to."""
        ran = reading.facts.get("of") or self._of
        if ran != self._of or reading.facts.get("outcome") == INTERRUPTED:
            return
        value = reading.values.get(self._signal)
        reason = reading.missing.get(self._signal) or reading.reason or "no value"
        self._without = reason if value is None else ""
        self._add(t, value)

    def look(self, t: float) -> Finding:
        """As the rule says, while it rests on the newest run."""
        found = self._rule.look(t)
        if not self._without or found.state is State.FAIL:
            return found
        reason = f"the newest run left no {self._signal}: {self._without}"
        return Finding(State.INCONCLUSIVE, reason, why=found.why)
