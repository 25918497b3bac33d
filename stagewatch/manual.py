"""The criteria that people's acts decide, in whole or in part: score, gates, checklist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stagewatch.judge.engine import free_name
from stagewatch.judge.score import ScoreResult, score
from stagewatch.judge.standing import Standing
from stagewatch.model import State
from stagewatch.profile.schema import AnyRule, Checklist, Gates, Profile, Score
from stagewatch.progress import gates
from stagewatch.session.derive import item_state, waived_checks
from stagewatch.session.document import Session
from stagewatch.snapshot import GateNow

NAMED = 3
"""Gates and items that a sentence names."""


@dataclass(frozen=True, slots=True)
class Manual:
    """The state of a criterion that rests on people's acts."""

    state: State
    reason: str
    value: float | None = None
    why: str = ""
    """``warming-up``: of a score, while only that keeps it from being known."""


def implied(profile: Profile) -> Iterator[tuple[str, AnyRule]]:
    """What every GO needs though the profile has no rule for it, by name."""
    rules = [*profile.go.values(), *profile.nogo.values()]
    if profile.gate and not any(isinstance(rule, Gates) for rule in rules):
        yield free_name("gates", profile), Gates(title="every gate approved")
    items = any(phase.items for phase in profile.phase)
    if items and not any(isinstance(rule, Checklist) for rule in rules):
        yield free_name("checklist", profile), Checklist(title="checklist complete")


def manual_finding(
    rule: AnyRule, profile: Profile, session: Session, standing: Standing | None, at: float
) -> Manual | None:
    """How a criterion over people's acts stands; None for one over data alone."""
    if isinstance(rule, Score):
        found = score_of(profile, session, standing, at, rule.limit)
        mean = None if found.mean is None else float(found.mean)
        return Manual(found.state, found.reason, mean, found.why.value)
    if isinstance(rule, Gates):
        return _gates(gates(profile, session))
    return _checklist(profile, session) if isinstance(rule, Checklist) else None


def score_of(
    profile: Profile,
    session: Session,
    standing: Standing | None,
    at: float,
    limit: float | None = None,
) -> ScoreResult:
    """The optimisations with what the data say and the waivers that are in force."""
    limits = (r.limit for r in profile.go.values() if isinstance(r, Score))
    asked = next(limits, Score().limit) if limit is None else limit
    stands = standing.checks if standing else {}
    return score(profile.optimisation, waived_checks(session, at), limit=asked, stands=stands)


def _gates(found: tuple[GateNow, ...]) -> Manual:
    if not found:
        return Manual(State.INCONCLUSIVE, "the profile has no gates")
    rejected = [gate for gate in found if gate.state is State.FAIL]
    waiting = [gate for gate in found if gate.state is State.PENDING]
    approved = float(len(found) - len(rejected) - len(waiting))
    if rejected:
        first = rejected[0]
        more = f", and {len(rejected) - 1} more" if len(rejected) > 1 else ""
        reason = f"{first.name} was rejected by {first.by}: {first.reason}{more}"
        return Manual(State.FAIL, reason, approved)
    if waiting:
        named = ", ".join(f"{gate.name} ({gate.reviewer})" for gate in waiting[:NAMED])
        more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
        return Manual(
            State.PENDING, f"{len(waiting)} of {len(found)} unanswered: {named}{more}", approved
        )
    return Manual(State.PASS, f"all {len(found)} gates are approved", approved)


def _checklist(profile: Profile, session: Session) -> Manual:
    items = [(phase.name, item.text) for phase in profile.phase for item in phase.all_items()]
    open_items = [text for phase, text in items if not item_state(session, phase, text).done]
    done = float(len(items) - len(open_items))
    if not items:
        return Manual(State.INCONCLUSIVE, "the profile has no checklist")
    if open_items:
        named = ", ".join(f"«{text}»" for text in open_items[:1])
        more = " first" if len(open_items) > 1 else ""
        return Manual(State.PENDING, f"{len(open_items)} of {len(items)} open, {named}{more}", done)
    return Manual(State.PASS, f"all {len(items)} items are done", done)
