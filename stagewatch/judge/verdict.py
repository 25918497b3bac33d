"""From the states of all criteria to the verdict, and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stagewatch.judge.finding import Why
from stagewatch.model import State, Verdict

SHOWN = 2
"""Criteria that the sentence names; of more it tells how many."""
EXPECTED = (Why.WARMING_UP,)
"""Reasons for not knowing yet that belong to every watch."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the verdict needs to know of a criterion."""

    title: str
    nogo: bool
    state: State
    sentence: str
    """Its reason, with the times of day that a person needs."""
    decisive: bool = False
    """A GO criterion that ends the watch at once when it fails: no critical error."""
    manual: bool = False
    """People's acts make its state."""
    why: Why = Why.NONE


@dataclass(frozen=True, slots=True)
class Course:
    """How far the watch has come, beside its criteria."""

    over: bool
    """Its whole window has passed."""
    ended_early: str = ""
    """Who ended it before; empty when nobody did."""
    confirmed: str = ""
    """Who said the final word for a GO after the window; empty while nobody has."""
    never: str = ""
    """Why it can be no GO whatever its criteria say; empty for no such reason."""
    waived: tuple[str, ...] = ()
    """Checks that were waived, each with who and why."""
    remarks: tuple[str, ...] = ()
    """What the verdict must name: a profile that was edited, readings declared void."""


def decide(cases: Sequence[Case], course: Course) -> tuple[Verdict, str]:
    """The verdict and its reason; the first rule that applies."""
    verdict, reason = _decide(cases, course)
    waived = [f"{c.title}: {c.sentence}" for c in cases if c.state is State.WAIVED]
    waived += course.waived
    if waived and verdict in (Verdict.GO, Verdict.HOLD):
        named = "; ".join(waived)
        reason = f"(waived: {named}) {reason}" if verdict is Verdict.GO else f"{reason} · {named}"
    return verdict, " · ".join([reason, *course.remarks])


def _decide(cases: Sequence[Case], course: Course) -> tuple[Verdict, str]:
    failed = [c for c in cases if c.state is State.FAIL and (c.nogo or c.decisive)]
    if failed:
        return Verdict.NO_GO, _named(failed)
    if course.ended_early:
        return Verdict.INCONCLUSIVE, (
            f"{course.ended_early} ended the watch before its window was over; that is never a GO"
        )
    if not course.over:
        return Verdict.HOLD, _under_way(cases)
    return _at_the_end(cases, course)


def _at_the_end(cases: Sequence[Case], course: Course) -> tuple[Verdict, str]:
    if failed := _in(cases, State.FAIL):
        return Verdict.NO_GO, _named(failed)
    if course.never:
        return Verdict.INCONCLUSIVE, course.never
    if unknown := _in(cases, State.INCONCLUSIVE):
        return Verdict.INCONCLUSIVE, _named(unknown)
    if waiting := _in(cases, State.PENDING):
        return Verdict.HOLD, f"the window is over; still to do: {_named(waiting)}"
    if not course.confirmed:
        return Verdict.HOLD, "every criterion passes; a person is still to confirm the GO"
    return Verdict.GO, f"all {len(cases)} criteria pass; confirmed by {course.confirmed}"


def _under_way(cases: Sequence[Case]) -> str:
    """How it stands while the watch runs: what is wrong first, then what is unknown."""
    failed = _in(cases, State.FAIL)
    unknown = [c for c in _in(cases, State.INCONCLUSIVE) if c.why not in EXPECTED]
    warned = _in(cases, State.WARN)
    data = [case for case in cases if not case.manual]
    good = sum(case.state in (State.PASS, State.WARN, State.WAIVED) for case in data)
    count = f"{good} of {len(data)} pass"
    if failed:
        return f"not on track: {count} · {_named(failed)}"
    if unknown or warned:
        word = "on track" if len(unknown) + len(warned) <= 1 else "watch closely"
        return f"{word}: {count} · {_named([*unknown, *warned])}"
    young = [c for c in _in(cases, State.INCONCLUSIVE) if c.why in EXPECTED]
    warming = f" · {len(young)} warming up" if young else ""
    return f"on track: {count}{warming}"


def _in(cases: Sequence[Case], state: State) -> list[Case]:
    return [case for case in cases if case.state is state]


def _named(cases: Sequence[Case]) -> str:
    """The first few with their sentences, and how many more there are."""
    told = []
    for case in cases[:SHOWN]:
        state = "" if case.state in (State.FAIL, State.PENDING) else f" {case.state.value}"
        told.append(f"{case.title}{state}: {case.sentence}")
    more = len(cases) - SHOWN
    return " · ".join(told) + (f" · and {more} more" if more > 0 else "")
