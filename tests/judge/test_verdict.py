"""The verdict: the first rule that applies, and a sentence that says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stagewatch.judge.finding import Why
from stagewatch.judge.verdict import Case, Course, decide
from stagewatch.model import State, Verdict

RUNS = Course(over=False)
OVER = Course(over=True)
CONFIRMED = Course(over=True, confirmed="ada")


def case(title: str, state: State, *, nogo: bool = False, **more: bool | Why) -> Case:
    return Case(title, nogo, state, f"{title} is so", **more)  # type: ignore[arg-type]


GOOD = [case("leak", State.PASS, nogo=True), case("score", State.PASS)]


@pytest.mark.parametrize("course", [RUNS, OVER, CONFIRMED, Course(True, ended_early="bob")])
def test_a_failed_no_go_criterion_is_a_no_go_at_any_time(course: Course) -> None:
    """Nothing that comes later in the order can outvote it."""
    verdict, reason = decide([*GOOD, case("slow", State.FAIL, nogo=True)], course)
    assert verdict is Verdict.NO_GO
    assert reason == "slow: slow is so"


def test_a_critical_error_ends_the_watch_at_once() -> None:
    """Zero critical errors is a GO criterion whose failure is final."""
    assert decide([case("zero", State.FAIL, decisive=True)], RUNS)[0] is Verdict.NO_GO


def test_while_the_watch_runs_it_holds() -> None:
    """Also when a GO criterion fails, for it may pass at the end."""
    verdict, reason = decide([*GOOD, case("savings", State.FAIL)], RUNS)
    assert verdict is Verdict.HOLD
    assert reason.startswith("not on track: 2 of 3 pass · savings")


def test_ending_early_is_never_a_go() -> None:
    """However good everything was."""
    verdict, reason = decide(GOOD, Course(over=True, ended_early="bob", confirmed="ada"))
    assert verdict is Verdict.INCONCLUSIVE
    assert "bob ended the watch" in reason


def test_a_go_criterion_that_fails_at_the_end_is_a_no_go() -> None:
    """All of them must pass."""
    assert decide([*GOOD, case("savings", State.FAIL)], CONFIRMED)[0] is Verdict.NO_GO


def test_what_is_unknown_at_the_end_makes_no_go() -> None:
    """GO means that we had the data: for either kind of criterion."""
    for nogo in (True, False):
        unknown = case("pool", State.INCONCLUSIVE, nogo=nogo)
        verdict, reason = decide([*GOOD, unknown], CONFIRMED)
        assert verdict is Verdict.INCONCLUSIVE
        assert reason == "pool INCONCLUSIVE: pool is so"


def test_what_people_have_still_to_do_holds_the_watch() -> None:
    """An unanswered gate is never an approval."""
    gates = case("gates", State.PENDING, manual=True)
    assert decide([*GOOD, gates], CONFIRMED)[0] is Verdict.HOLD


def test_without_a_final_confirmation_nothing_is_a_go() -> None:
    """A person says the last word."""
    assert decide(GOOD, OVER)[0] is Verdict.HOLD
    verdict, reason = decide(GOOD, CONFIRMED)
    assert verdict is Verdict.GO
    assert reason == "all 2 criteria pass; confirmed by ada"


def test_a_warning_does_not_block() -> None:
    """It is shown, and that is all."""
    assert decide([*GOOD, case("sockets", State.WARN, nogo=True)], CONFIRMED)[0] is Verdict.GO


def test_a_waiver_is_named_in_the_verdict() -> None:
    """Nobody reads GO without reading what was waived."""
    verdict, reason = decide([*GOOD, case("slow", State.WAIVED, nogo=True)], CONFIRMED)
    assert verdict is Verdict.GO
    assert reason.startswith("(waived: slow: slow is so)")


def test_remarks_stand_in_every_verdict() -> None:
    """An edit of the profile is never silent."""
    for course in (RUNS, CONFIRMED):
        told = replace(course, remarks=("the profile was edited",))
        assert decide(GOOD, told)[1].endswith("the profile was edited")


def test_a_watch_that_can_be_no_go_says_why() -> None:
    """Whatever its criteria say; a failure is a failure all the same."""
    never = replace(CONFIRMED, never="its window was shortened")
    assert decide(GOOD, never) == (Verdict.INCONCLUSIVE, "its window was shortened")
    failed = [*GOOD, case("slow", State.FAIL, nogo=True)]
    assert decide(failed, never)[0] is Verdict.NO_GO


def test_a_waived_check_is_named_in_the_verdict() -> None:
    """As a waived criterion is."""
    told = replace(CONFIRMED, waived=("Sockets, ping: waived by eve",))
    assert decide(GOOD, told)[1].startswith("(waived: Sockets, ping: waived by eve)")


def test_warming_up_is_no_trouble() -> None:
    """In the first half hour the watch is on track though not everything is judged yet."""
    young = case("leak", State.INCONCLUSIVE, nogo=True, why=Why.WARMING_UP)
    assert decide([GOOD[1], young], RUNS)[1] == "on track: 1 of 2 pass · 1 warming up"


def test_the_sentence_names_what_is_not_known() -> None:
    """As an operator reads it at night."""
    unknown = case("db pool", State.INCONCLUSIVE, nogo=True, why=Why.STALE)
    assert decide([*GOOD, unknown], RUNS)[1] == (
        "on track: 2 of 3 pass · db pool INCONCLUSIVE: db pool is so"
    )


def test_of_many_troubles_the_first_are_named() -> None:
    """And the others counted."""
    many = [case(f"c{i}", State.FAIL, nogo=True) for i in range(5)]
    assert decide(many, RUNS)[1].endswith("and 3 more")
