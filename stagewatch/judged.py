"""The criteria and the verdict as they stand: what the data say, and what people did.

What the data say comes from the recorder (``judge/standing.py``); gates, checklist, score, waivers
and the verdict are worked out from it and the session wherever somebody looks, so that an act
counts at once, also after the recorder has ended. A criterion that nobody has judged of late is
INCONCLUSIVE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from stagewatch.judge.engine import coverage_rule
from stagewatch.judge.finding import Why
from stagewatch.judge.savings import SavingsResult
from stagewatch.judge.score import ScoreResult
from stagewatch.judge.standing import Stand, Standing
from stagewatch.judge.verdict import Case, Course, decide
from stagewatch.manual import implied, manual_finding, score_of
from stagewatch.model import State, Verdict
from stagewatch.needs import rests_on
from stagewatch.profile.schema import (
    AnyRule,
    Available,
    Compare,
    Coverage,
    Exhausted,
    Profile,
    Records,
    Score,
)
from stagewatch.profile.values import Limit, format_duration
from stagewatch.session.derive import final_word, known_profiles, waiver_in_force
from stagewatch.session.document import Acknowledgement, Session, Waiver
from stagewatch.snapshot import CriterionNow

NOT_JUDGED = "not judged yet"
LATE = 120.0
"""Seconds after which a standing of a watch that runs says nothing about the present."""
UNWAIVABLE = frozenset(("coverage", "gates", "checklist"))
"""Rules that no waiver covers: a GO needs the data, the approvals and the items themselves."""

_BAD = (State.FAIL, State.WARN, State.WAIVED)

When = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say at one moment."""

    verdict: Verdict
    reason: str
    criteria: tuple[CriterionNow, ...]
    score: ScoreResult | None = None
    savings: SavingsResult | None = None


def utc(at: float) -> str:
    """``03:40 UTC``, with the date before it: what a record says, whoever reads it and when."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M UTC")


def judged(
    profile: Profile,
    session: Session,
    standing: Standing | None,
    now: float,
    *,
    alive: bool,
    when: When = utc,
    sha256: str = "",
) -> Judgement:
    """The criteria and the verdict at ``now``.

    ``alive`` says whether a recorder judges on; ``when`` words a Unix time for whoever reads;
    ``sha256`` is that of the profile in force: one that the session does not know of was edited
    behind everybody's back.
    """
    known = _believed(standing, session, now, alive=alive, when=when)
    # What was confirmed stays confirmed, though a waiver ends later.
    word = final_word(session, now)
    at = float(word.at) if word else now
    criteria = tuple(_criteria(profile, session, known, at))
    score = score_of(profile, session, known, at) if profile.optimisation else None
    cases = [_case(criterion, when) for criterion in criteria]
    course = Course(
        over=now >= session.ends_at,
        ended_early=_ended_early(session, now),
        confirmed=word.by if word else "",
        never=_never(profile, session, sha256),
        waived=tuple(_waived_checks(score)),
        remarks=tuple(_remarks(session, when)),
    )
    verdict, reason = decide(cases, course)
    return Judgement(
        verdict,
        reason,
        criteria,
        score=score,
        savings=known.savings if known else None,
    )


def next_change(session: Session, standing: Standing | None, now: float) -> float:
    """The next moment at which time alone changes what is judged here."""
    ends = [float(session.ends_at)]
    ends += [float(at) for waiver in session.waiver for at in (waiver.at, waiver.until)]
    ends += [float(at) for known in session.acknowledgement for at in (known.at, known.until)]
    if standing is not None and not standing.final:
        ends.append(standing.at + LATE + 1e-3)
    return min((end for end in ends if end > now), default=float("inf"))


def _believed(
    standing: Standing | None, session: Session, now: float, *, alive: bool, when: When
) -> Standing | None:
    """The standing, INCONCLUSIVE where it says nothing of the present."""
    whole = standing is not None and standing.final and standing.at >= session.ends_at - 1
    if standing is None or whole or session.state == "stopped":
        return standing
    until = min(now, float(session.ends_at))
    over, late = now >= session.ends_at, until - standing.at
    if not over and abs(late) <= LATE:
        return standing
    who = "the recorder has not judged" if alive else "no recorder has judged"
    silence = f"{who} for {format_duration(late)}, since {when(standing.at)}"
    if late < 0:
        silence = f"the clock was set back behind what is judged, up to {when(standing.at)}"
    elif over and late <= LATE:
        silence = "the end of the window is not judged yet"
    return replace(
        standing,
        criteria={name: _silent(stand, silence) for name, stand in standing.criteria.items()},
        checks={key: _silent(stand, silence) for key, stand in standing.checks.items()},
    )


def _silent(stand: Stand, silence: str) -> Stand:
    """What is known of the past stays; of the present nothing is known."""
    reason = f"{silence}; before that: {stand.reason}"
    return replace(
        stand, state=State.INCONCLUSIVE, why=Why.STALE.value, reason=reason, recovered=False
    )


def _criteria(
    profile: Profile, session: Session, standing: Standing | None, at: float
) -> Iterator[CriterionNow]:
    for kind, rules in (("no-go", profile.nogo), ("go", profile.go)):
        for name, rule in rules.items():
            yield _criterion(name, kind, rule, profile, session, standing, at)
    name, rule = coverage_rule(profile)
    if name not in profile.go and name not in profile.nogo:
        rule = Coverage(title="enough data")
        yield _criterion(name, "go", rule, profile, session, standing, at)
    for name, needed in implied(profile):
        yield _criterion(name, "go", needed, profile, session, standing, at)
    for name, stand in _orphans(profile, standing):
        yield _orphan(name, stand, session, at)


def _orphans(profile: Profile, standing: Standing | None) -> Iterator[tuple[str, Stand]]:
    """What failed and is no no-go criterion any more, whoever judged it by which profile."""
    if standing is None:
        return
    yield from standing.orphans.items()
    for name, stand in standing.criteria.items():
        if stand.latched and name not in profile.nogo:
            yield name, stand


def _criterion(
    name: str,
    kind: str,
    rule: AnyRule,
    profile: Profile,
    session: Session,
    standing: Standing | None,
    at: float,
) -> CriterionNow:
    limit = _limit(rule)
    tag = rule.__struct_config__.tag
    assert isinstance(tag, str)
    blank = CriterionNow(
        name=name,
        title=rule.title or name,
        kind=kind,
        rule=tag,
        state=State.INCONCLUSIVE,
        value=None,
        limit=limit,
        unit=limit.unit if isinstance(limit, Limit) else "",
        since=None,
        coverage=None,
        reason=NOT_JUDGED,
        signals=rests_on(rule, profile),
        acknowledged=_acknowledged(session, name, at),
        floor=_is_floor(rule),
    )
    manual = manual_finding(rule, profile, session, standing, at)
    if manual is not None:
        return replace(
            blank,
            state=manual.state,
            reason=manual.reason,
            value=manual.value,
            why=manual.why,
            manual=tag in ("gates", "checklist"),
        )
    stand = standing.criteria.get(name) if standing else None
    if stand is None:
        return blank
    waivable = tag not in UNWAIVABLE
    return _standing_as(blank, stand, waiver_in_force(session, name, at) if waivable else None)


def _orphan(name: str, stand: Stand, session: Session, at: float) -> CriterionNow:
    """A no-go criterion that failed before the profile was edited and lost it."""
    blank = CriterionNow(
        name=name,
        title=f"{name}, which the profile no longer has as a no-go criterion",
        kind="no-go",
        rule="",
        state=State.FAIL,
        value=None,
        limit=None,
        unit="",
        since=None,
        coverage=None,
        reason="",
        acknowledged=_acknowledged(session, name, at),
    )
    return _standing_as(blank, stand, waiver_in_force(session, name, at))


def _standing_as(blank: CriterionNow, stand: Stand, waiver: Waiver | None) -> CriterionNow:
    """The criterion with what the data say of it, a waiver of its newest incident applied."""
    failed = stand.latched or stand.state is State.FAIL
    over = failed and stand.state is not State.FAIL
    told = replace(
        blank,
        state=State.FAIL if failed else stand.state,
        value=stand.failed_value if over else stand.value,
        since=stand.since,
        coverage=stand.coverage,
        reason=stand.failed_reason if over else stand.reason,
        now=stand.reason if over else "",
        first_bad=stand.first_bad,
        latched=stand.latched,
        recovered=stand.recovered,
        why=stand.why if not failed else "",
        trend=stand.trend,
        incident=stand.incident,
    )
    if not failed or waiver is None or (stand.incident or stand.since) > waiver.at:
        return told
    if stand.state is State.INCONCLUSIVE:
        # What was waived is the incident; that nothing is known now was not.
        return replace(
            told, state=State.INCONCLUSIVE, reason=stand.reason, why=stand.why, waiver=waiver
        )
    return replace(told, state=State.WAIVED, computed=State.FAIL, waiver=waiver)


def _limit(rule: AnyRule) -> float | None:
    """The number that the rule compares with, where it has one."""
    if isinstance(rule, Exhausted) and not isinstance(rule.max, str):
        return float(rule.max)
    for key in ("limit", "above", "below", "share"):
        value = getattr(rule, key, None)
        if value is not None:
            return float(value) if not isinstance(value, Limit) else value
    return None


def _is_floor(rule: AnyRule) -> bool:
    """Whether the limit is the least that is good, not the most."""
    if isinstance(rule, Compare):
        return rule.above is None
    return isinstance(rule, Available | Coverage | Score)


def _acknowledged(session: Session, name: str, at: float) -> Acknowledgement | None:
    known = (a for a in reversed(session.acknowledgement) if a.criterion == name and not a.pattern)
    return next((a for a in known if a.at <= at < a.until), None)


def _case(criterion: CriterionNow, when: When) -> Case:
    return Case(
        title=criterion.title,
        nogo=criterion.kind == "no-go",
        state=criterion.state,
        sentence=sentence(criterion, when),
        decisive=criterion.rule == Records.__struct_config__.tag,
        manual=criterion.manual or criterion.rule == "score",
        why=Why(criterion.why),
    )


def sentence(criterion: CriterionNow, when: When) -> str:
    """Why the criterion is in its state, with the times that a person needs."""
    reason = criterion.reason
    if criterion.first_bad is not None and criterion.state in (
        State.FAIL,
        State.WARN,
        State.WAIVED,
    ):
        reason = f"{reason}, since {when(criterion.first_bad)}"
    if criterion.state is State.WAIVED and criterion.waiver is not None:
        waiver = criterion.waiver
        until = f"until {when(waiver.until)}"
        return f"waived by {waiver.by} {until} ({waiver.reason}); computed FAIL: {reason}"
    if criterion.state is State.FAIL and criterion.recovered:
        return f"{reason}; recovered since, and stays failed until somebody waives it"
    return reason


def _ended_early(session: Session, now: float) -> str:
    stopped = session.state == "stopped" and (session.stopped_at or now) < session.ends_at
    return (session.stopped_by or "an operator") if stopped else ""


def _never(profile: Profile, session: Session, sha256: str) -> str:
    """Why this watch can be no GO, whatever its criteria say."""
    planned = profile.deployment.window / profile.deployment.speed
    if session.ends_at - session.started_at < planned - 1:
        length = format_duration(session.ends_at - session.started_at)
        return (
            f"the session's window of {length} is shorter than the"
            f" {format_duration(planned)} of its profile; that is never a GO"
        )
    if sha256 and session.profile_sha256 and sha256 not in known_profiles(session):
        return "the profile was edited and no recorder has seen it; that is never a GO"
    return ""


def _waived_checks(score: ScoreResult | None) -> Iterator[str]:
    """The optimisations' checks that count only because somebody waived them."""
    for row in score.rows if score else ():
        for check in row.checks:
            if check.waived_by:
                why = f"waived by {check.waived_by}: {check.waived_because}"
                yield f"{row.name}, {check.name}: {why}"


def _remarks(session: Session, when: When) -> Iterator[str]:
    """What the verdict must name beside the criteria."""
    edits = session.profile_edit
    if edits:
        often = f" {len(edits)} times, last" if len(edits) > 1 else ""
        yield f"the profile was edited{often} at {when(edits[-1].at)}"
    void = [void for void in session.invalidation if not void.drill]
    if void:
        count = len(void)
        who = ", ".join(sorted({each.by for each in void}))
        yield f"readings of {count} stretch{'es' if count > 1 else ''} declared void by {who}"
    drills = {(each.drill, each.at) for each in session.invalidation if each.drill}
    if drills:
        count = len(drills)
        yield f"readings during {count} validation{'s' if count > 1 else ''} left out of the rules"
    if session.acceptance:
        who = ", ".join(sorted({accepted.by for accepted in session.acceptance}))
        count = len(session.acceptance)
        yield f"lost log lines in {count} window{'s' if count > 1 else ''} accepted by {who}"
