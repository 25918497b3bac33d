"""A rule over a count of a log, which may be a lower bound only: then it proves no upper one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from stagewatch.judge.finding import Finding, RuleJudge, Why
from stagewatch.judge.lapses import Lapse, Lapses
from stagewatch.model import State


class BoundedJudge:
    """Between the count and the rule that judges it.

    What it has against a count that is too high stands, since there are no fewer than were
    counted. It passes, warns of a high count or fails a low one only where nothing is missing.
    """

    def __init__(
        self, rule: RuleJudge, *, more_is_good: bool, proves: Callable[[float], bool]
    ) -> None:
        """``more_is_good``: the rule has no upper limit, so that a lower bound is enough.
        ``proves``: whether a count that is at least this fails the rule."""
        self.within, self._more_is_good, self._proves = rule, more_is_good, proves
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
        """As the rule says, unless it says so of a count that may be too low."""
        found = self.within.look(t)
        cause = self._missing()
        if found.state is State.FAIL and (self._proves(found.value or 0.0) or not cause):
            if any(self._partial.values()) or self._lost:
                found = replace(found, reason=f"{found.reason}; the count is a lower bound")
            return found
        good = (State.PASS, State.WARN)
        if not cause or (found.state in good and self._more_is_good):
            return found
        if found.state not in (*good, State.FAIL):
            return found
        reason = f"{found.reason}, but that is the least: {cause}"
        return Finding(State.INCONCLUSIVE, reason, found.value, Why.LOSS)

    def _missing(self) -> str:
        """Why there may be more than were counted; empty where nobody thinks so."""
        cause = "; ".join(filter(None, self._partial.values()))
        lost = [lapse for lapses in self._lapses.values() for lapse in lapses.unaccepted]
        return cause or (f"lines may have been lost, {lost[-1].cause}" if lost else "")
