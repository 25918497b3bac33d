"""A rule over a count of a log, which may be a lower bound only: then it proves no upper one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from stagewatch.judge.finding import Finding, RuleJudge, Why
from stagewatch.judge.lapses import Lapse, Lapses
from stagewatch.model import State


class BoundedJudge:
    """Between the count and the rule that judges it.

    What the rule has against the deployment stands, since there are no fewer than were counted. It
    passes only where more would change nothing, or nothing is missing.
    """

    def __init__(self, rule: RuleJudge, *, more_is_good: bool) -> None:
        """``more_is_good``: the rule has no upper limit, so that a lower bound is enough."""
        self.within, self._more_is_good = rule, more_is_good
        self._lapses: defaultdict[str, Lapses] = defaultdict(Lapses)
        self._partial: dict[str, str] = {}

    def add(self, probe: str, lapses: Iterable[Lapse] | None, partial: str | None) -> None:
        """Take what the newest reading of a log says: windows, and why else its count may be too
        low; None of what it says nothing of."""
        self._lapses[probe].add(lapses)
        if partial is not None:
            self._partial[probe] = partial

    @property
    def _lost(self) -> bool:
        return any(lapses.any for lapses in self._lapses.values())

    def look(self, t: float) -> Finding:
        """As the rule says, unless it passes on a count that may be too low."""
        found = self.within.look(t)
        if found.state is State.FAIL and (any(self._partial.values()) or self._lost):
            return replace(found, reason=f"{found.reason}; the count is a lower bound")
        if found.state is not State.PASS or self._more_is_good:
            return found
        cause = "; ".join(filter(None, self._partial.values()))
        if not cause:
            lost = [lapse for lapses in self._lapses.values() for lapse in lapses.unaccepted]
            if not lost:
                return found
            cause = f"lines may have been lost, {lost[-1].cause}"
        reason = f"{found.reason}, but that is the least: {cause}"
        return replace(found, state=State.INCONCLUSIVE, reason=reason, why=Why.LOSS)
