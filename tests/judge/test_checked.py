"""A check that a signal decides: by its latest value, and by nothing that is missing or old."""

from __future__ import annotations

import pytest

from stagewatch.judge.checked import CheckJudge
from stagewatch.judge.finding import Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Check
from stagewatch.profile.values import Duration, Limit

MINUTE = 60.0


def judge(
    *,
    at_least: float | None = 50.0,
    at_most: float | None = None,
    hold: float = 0.0,
    within: float | None = None,
) -> CheckJudge:
    check = Check(
        name="hit rate",
        signal="cache.rate",
        at_least=None if at_least is None else Limit(at_least, "%"),
        at_most=None if at_most is None else Limit(at_most, "%"),
        hold=Duration(hold),
        within=None if within is None else Duration(within),
    )
    return CheckJudge(config=check, interval=MINUTE, time=WatchTime())


@pytest.mark.parametrize(
    ("low", "high", "value", "state"),
    [
        (50.0, None, 50.0, State.PASS),
        (50.0, None, 49.9, State.FAIL),
        (None, 50.0, 50.0, State.PASS),
        (None, 50.0, 50.1, State.FAIL),
        (25.0, 35.0, 30.0, State.PASS),
        (25.0, 35.0, 24.0, State.FAIL),
        (25.0, 35.0, 36.0, State.FAIL),
    ],
)
def test_a_value_on_a_bound_passes(
    low: float | None, high: float | None, value: float, state: State
) -> None:
    """Both bounds belong to what passes."""
    check = judge(at_least=low, at_most=high)
    check.add(0.0, value)
    found = check.look(0.0)
    assert (found.state, found.value) == (state, value)


def test_the_sentence_names_signal_value_and_bound() -> None:
    """In the unit of the bound."""
    check = judge()
    check.add(0.0, 93.5)
    assert check.look(0.0).reason == "cache.rate 93.5 %, at least 50 %"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_verifies_nothing(value: float | None) -> None:
    """It neither passes nor fails."""
    check = judge()
    check.add(0.0, value)
    found = check.look(1.0)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.WARMING_UP)


def test_the_latest_value_counts() -> None:
    """Whatever was before; one run without a value changes nothing yet."""
    check = judge()
    for minute, value in enumerate((10.0, 90.0, None)):
        check.add(minute * MINUTE, value)
    assert check.look(2 * MINUTE).state is State.PASS


def test_a_value_that_is_old_verifies_nothing() -> None:
    """After ten minutes, or three intervals where that is longer."""
    check = judge()
    check.add(0.0, 90.0)
    assert check.look(10 * MINUTE - 1).state is State.PASS
    found = check.look(10 * MINUTE)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.STALE)


def test_a_result_that_is_measured_once_counts_for_as_long_as_the_profile_says() -> None:
    """And no longer."""
    check = judge(within=3600.0)
    check.add(0.0, 90.0)
    assert check.look(3599.0).state is State.PASS
    assert check.look(3600.0).state is State.INCONCLUSIVE


def test_a_side_that_must_be_held_is_not_verified_before() -> None:
    """And says how long it has been."""
    check = judge(hold=300.0)
    for minute in range(5):
        check.add(minute * MINUTE, 90.0)
        found = check.look(minute * MINUTE)
        assert found.state is State.INCONCLUSIVE
    assert found.reason == "cache.rate 90 %, at least 50 %, for 4m of 5m"
    check.add(5 * MINUTE, 90.0)
    assert check.look(5 * MINUTE).state is State.PASS


def test_one_bad_reading_does_not_decide_where_a_side_must_be_held() -> None:
    """The side before counts on, and the sentence says what the newest value is."""
    check = judge(hold=300.0)
    for minute in range(6):
        check.add(minute * MINUTE, 90.0)
    check.add(6 * MINUTE, 10.0)
    found = check.look(6 * MINUTE)
    assert found.state is State.PASS
    assert found.reason == "cache.rate 10 %, at least 50 %, beyond it for 0s of 5m"


def test_a_signal_that_goes_to_and_fro_is_verified_no_more() -> None:
    """What was held long ago is no word on now, though the other side never was."""
    check = judge(hold=300.0)
    states = []
    for minute in range(30):
        bad = minute >= 6 and minute % 2
        check.add(minute * MINUTE, 10.0 if bad else 90.0)
        states.append(check.look(minute * MINUTE).state)
    assert states[6:16] == [State.PASS] * 10
    assert set(states[18:]) == {State.INCONCLUSIVE}
    assert "to and fro" in check.look(29 * MINUTE).reason


def test_a_failure_that_was_held_says_since_when() -> None:
    """From the first of the bad readings on."""
    check = judge(hold=300.0)
    for minute in range(6):
        check.add(minute * MINUTE, 10.0)
    found = check.look(5 * MINUTE)
    assert (found.state, found.first_bad) == (State.FAIL, 0.0)


def test_a_side_is_held_by_three_readings_at_the_least() -> None:
    """Two are no time in which it was so."""
    check = judge(hold=MINUTE)
    check.add(0.0, 90.0)
    check.add(MINUTE, 90.0)
    assert check.look(MINUTE).state is State.INCONCLUSIVE
    check.add(2 * MINUTE, 90.0)
    assert check.look(2 * MINUTE).state is State.PASS


def test_nothing_is_held_across_a_gap() -> None:
    """Two readings with nothing between them say nothing of what lies between."""
    check = judge(hold=300.0)
    for minute in (0, 1, 6):
        check.add(minute * MINUTE, 90.0)
    assert check.look(6 * MINUTE).state is State.INCONCLUSIVE


def test_what_was_held_before_a_long_silence_says_nothing_after_it() -> None:
    """The side has to be held anew."""
    check = judge(hold=300.0)
    for minute in range(6):
        check.add(minute * MINUTE, 90.0)
    check.add(30 * MINUTE, 90.0)
    assert check.look(30 * MINUTE).state is State.INCONCLUSIVE
