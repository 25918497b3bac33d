"""The criteria and the verdict as they stand: what the judge stored, and honesty where it has not.

A criterion without a stored state is INCONCLUSIVE; without a stored verdict the watch is HOLD
while it runs and INCONCLUSIVE afterwards. A stored GO counts only for a watch whose window is
over and that nobody ended early.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stagewatch.history.reader import History
from stagewatch.history.records import StateChange
from stagewatch.model import State, Verdict
from stagewatch.profile.schema import AnyRule, Profile
from stagewatch.profile.values import Limit
from stagewatch.session.document import Session
from stagewatch.snapshot import CriterionNow

NOT_JUDGED = "not judged yet"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say at one moment."""

    verdict: Verdict
    reason: str
    criteria: tuple[CriterionNow, ...]


def judged(profile: Profile, session: Session, history: History | None, now: float) -> Judgement:
    """The criteria and the verdict at ``now``; raises HistoryError."""
    stored = history.last_states() if history else {}
    criteria = tuple(
        _criterion(name, kind, rule, stored.get(name))
        for kind, rules in (("no-go", profile.nogo), ("go", profile.go))
        for name, rule in rules.items()
    )
    verdict, reason = _verdict(history, session, criteria, now)
    return Judgement(verdict, reason, criteria)


def rule_signals(rule: AnyRule) -> tuple[str, ...]:
    """The signals that a rule judges, the most telling one first."""
    return tuple(dict.fromkeys(_signals(rule)))


def _signals(rule: AnyRule) -> Iterator[str]:
    for key in ("signal", "used", "max", "waiting", "timeouts"):
        value = getattr(rule, key, "")
        if isinstance(value, str) and value:
            yield value
    for probe in getattr(rule, "probes", ()):
        yield f"{probe}.criticals"


def _criterion(name: str, kind: str, rule: AnyRule, stored: StateChange | None) -> CriterionNow:
    limit = _limit(rule)
    unit = limit.unit if isinstance(limit, Limit) else ""
    tag = rule.__struct_config__.tag
    assert isinstance(tag, str)
    detail: Mapping[str, Any] = stored.detail if stored else {}
    return CriterionNow(
        name=name,
        title=rule.title or name,
        kind=kind,
        rule=tag,
        state=stored.state if stored else State.INCONCLUSIVE,
        value=stored.value if stored else None,
        limit=detail.get("limit", limit),
        unit=detail.get("unit", unit),
        since=stored.at if stored else None,
        coverage=detail.get("coverage"),
        reason=stored.reason if stored else NOT_JUDGED,
        first_bad=detail.get("first_bad"),
        latched=detail.get("latched", False),
        recovered=detail.get("recovered", False),
        signals=rule_signals(rule),
    )


def _limit(rule: AnyRule) -> float | None:
    """The number that the rule compares with, where it has one."""
    for key in ("limit", "above", "below", "share"):
        value = getattr(rule, key, None)
        if value is not None:
            return float(value) if not isinstance(value, Limit) else value
    return None


def _verdict(
    history: History | None, session: Session, criteria: tuple[CriterionNow, ...], now: float
) -> tuple[Verdict, str]:
    changes = history.verdicts() if history else []
    last = changes[-1] if changes else None
    if last is not None and last.verdict is Verdict.NO_GO:
        return last.verdict, last.reason
    if session.state == "stopped" and (session.stopped_at or now) < session.ends_at:
        return Verdict.INCONCLUSIVE, (
            f"{session.stopped_by or 'an operator'} ended the watch before its window was over;"
            " that is never a GO"
        )
    if now < session.ends_at:
        if last is not None and last.verdict is Verdict.HOLD:
            return last.verdict, last.reason
        return Verdict.HOLD, f"the watch runs; {_open_ends(criteria)}"
    if last is not None and last.verdict is not Verdict.HOLD:
        return last.verdict, last.reason
    return Verdict.INCONCLUSIVE, f"the window is over; {_open_ends(criteria)}"


def _open_ends(criteria: tuple[CriterionNow, ...]) -> str:
    """How many criteria are not judged, in words."""
    missing = sum(c.reason == NOT_JUDGED for c in criteria)
    if not criteria:
        return "the profile has no criteria to judge"
    if missing == len(criteria):
        return f"none of the {missing} criteria is judged yet"
    return f"{missing} of {len(criteria)} criteria are not judged" if missing else "no verdict yet"
