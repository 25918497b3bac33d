"""Drills and the rules: a result decides at once, and a disturbed stretch excuses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stagewatch.judge.rulings import Rulings, Stretch
from stagewatch.model import Reading, Result, State
from stagewatch.profile.drills import fingerprint
from stagewatch.profile.schema import Profile
from tests.judge.test_engine import (
    HOUR,
    START,
    TEXT,
    day,
    engine,
    feed,
    health,
    profile_from,
    states,
)

DRILLS = """
[validation.limit]
kind = "rate-limit"
url = "http://127.0.0.1:1/quota"
[go.limited]
rule = "compare"
signal = "validation-limit.passed"
below = 1
[nogo.left]
rule = "compare"
signal = "validation-limit.refused_at"
above = 6
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """The engine's profile with a validation and two criteria on it."""
    return profile_from(tmp_path, TEXT + DRILLS)


def result(at: float, passed: float | None, refused_at: float = 6.0) -> Reading:
    """What a run that ended at this time came to."""
    values = {"validation-limit.refused_at": refused_at}
    if passed is not None:
        values["validation-limit.passed"] = passed
    return Reading("validation-limit", START + at, 60.0, Result.VALUE, values=values)


def test_without_a_result_it_is_inconclusive_and_with_one_the_newest_decides(
    profile: Profile,
) -> None:
    """One result is enough, for hours; a single bad one fails."""
    judge = engine(profile)
    assert feed(judge, day(HOUR), HOUR)["limited"].state is State.INCONCLUSIVE
    judge.take(result(HOUR + 1, 1.0))
    judge.pass_time(START + 5 * HOUR)
    assert judge.computed()["limited"].state is State.PASS
    judge.take(result(5 * HOUR + 1, 0.0, 9.0))
    assert states(judge.computed()) | {} == {
        **states(judge.computed()),
        "limited": State.FAIL,
        "left": State.FAIL,
    }
    judge.take(result(5 * HOUR + 300, 1.0))
    assert judge.computed()["limited"].state is State.PASS
    assert judge.computed()["left"].latched


def test_a_run_that_was_interrupted_changes_nothing(profile: Profile) -> None:
    """It says nothing about the service, for better or worse."""
    judge = engine(profile)
    judge.take(result(600, 0.0))
    judge.take(Reading("validation-limit", START + 900, 1.0, Result.NO_DATA, "interrupted"))
    assert judge.computed()["limited"].state is State.FAIL


@pytest.mark.parametrize(
    ("facts", "state"),
    [({"outcome": "unreachable"}, State.INCONCLUSIVE), ({"outcome": "interrupted"}, State.PASS)],
)
def test_a_value_that_the_newest_run_did_not_confirm_passes_no_more(
    tmp_path: Path, facts: dict[str, str], state: State
) -> None:
    """Neither for a criterion nor for a check, unless somebody ended that run."""
    check = """
[[optimisation]]
name = "limit"
checks = [{ name = "sixth", signal = "validation-limit.refused_at", at_most = 6 }]
"""
    judge = engine(profile_from(tmp_path, TEXT + DRILLS + check))
    judge.take(result(600, 1.0))
    assert judge.computed()["left"].state is judge.checks()["limit/sixth"].state is State.PASS
    why = "nobody there"
    judge.take(Reading("validation-limit", START + 900, 1.0, Result.NO_DATA, why, facts=facts))
    for computed in (judge.computed()["left"], judge.checks()["limit/sixth"]):
        assert computed.state is state
        assert state is State.PASS or computed.finding.reason.endswith("refused_at: nobody there")


def test_a_result_counts_only_for_what_the_profile_says_now(tmp_path: Path) -> None:
    """Whoever edits a drill has to run it again; its title is no part of what it does."""
    text = TEXT + DRILLS
    old = profile_from(tmp_path, text).validation["limit"]
    run = replace(result(600, 1.0), facts={"of": fingerprint(old)})
    titled = text.replace("[go.limited]", 'title = "Limit"\n[go.limited]')
    edited = text.replace("[go.limited]", "allowed = 3\n[go.limited]")
    for now, state in ((titled, State.PASS), (edited, State.INCONCLUSIVE)):
        judge = engine(profile_from(tmp_path, now))
        judge.take(run)
        judge.pass_time(START + 700)
        assert judge.computed()["limited"].state is state


def test_results_take_no_part_in_coverage(profile: Profile) -> None:
    """A drill that is run once covers nothing, and leaves no gap."""
    computed = feed(engine(profile), day())
    assert computed["coverage"].state is State.PASS
    assert engine(profile).coverage("limited") is None


def drill(start: float, end: float) -> Stretch:
    """A stretch that a drill disturbs."""
    return Stretch("health", START + start, START + end, "ann", "validation-limit")


def test_a_disturbed_reading_is_left_out_and_counts_as_missing(profile: Profile) -> None:
    """A minute costs a minute of coverage, as any void reading does."""
    slow = [health(at, orphans=900) for at in (3603, 3633, 3663)]
    usual = [r for r in day() if not (r.probe == "health" and 3600 <= r.at - START < 3690)]
    judge = engine(profile, Rulings((drill(3600, 3690),)))
    computed = feed(judge, [*usual, *slow])
    assert computed["sockets"].state is State.PASS
    assert computed["coverage"].state is State.PASS
    share = judge.coverage("sockets")
    assert share is not None
    assert 0.99 < share < 1.0
    long = engine(profile, Rulings((drill(3600, 3600 + 0.06 * 6 * HOUR),)))
    assert feed(long, day())["coverage"].state is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("result", "facts", "state"),
    [
        (Result.ERROR, {}, State.FAIL),
        (Result.NO_DATA, {"http_status": 500}, State.FAIL),
        (Result.NO_DATA, {"http_status": 429}, State.PASS),
    ],
)
def test_a_drill_excuses_a_refusal_and_no_failure(
    profile: Profile, result: Result, facts: dict[str, int], state: State
) -> None:
    """Whatever is sent, a service has to answer; a person's own order may say otherwise."""
    usual = [r for r in day() if not (r.probe == "health" and 3600 <= r.at - START < 7200)]
    gone = [
        Reading("health", START + 3603 + 30 * n, 0.1, result, "no", {"health.ok": 0.0}, facts=facts)
        for n in range(120)
    ]
    stretch = drill(3600, 7200)
    assert feed(engine(profile, Rulings((stretch,))), [*usual, *gone])["up"].state is state
    own = Stretch("health", stretch.start, stretch.end, "ann")
    assert feed(engine(profile, Rulings((own,))), [*usual, *gone])["up"].state is State.PASS


def test_a_stretch_after_it_takes_no_failure_back(profile: Profile) -> None:
    """What failed before the drill has failed, judged again or not."""
    bad = [health(1800 + 30 * n, orphans=900) for n in range(30)]
    usual = [r for r in day() if not (r.probe == "health" and 1800 <= r.at - START < 2700)]
    before = feed(engine(profile), [*usual, *bad])["sockets"]
    after = feed(engine(profile, Rulings((drill(2700, 2800),))), [*usual, *bad])["sockets"]
    assert before.latched
    assert after.latched
    assert before.incident == after.incident
