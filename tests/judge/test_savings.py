"""Savings are decimal sums over a whole day of observed calls."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from stagewatch.judge.finding import Why
from stagewatch.judge.savings import DAY, SavingsJudge, saved_per_month
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Savings

CLAIM = Savings(
    per_workspace_month="346.14",
    baseline_calls_per_day="7200",
    price_per_call="0.002",
    calls="usage.calls",
    investment="1500",
)


def judge(config: Savings = CLAIM, every: float = 60.0) -> SavingsJudge:
    return SavingsJudge(config=config, workspaces=10, interval=every, time=WatchTime())


def feed(
    made: SavingsJudge,
    calls: int,
    *,
    begin: float = 0.0,
    end: float = DAY,
    without: tuple[float, float] = (0.0, 0.0),
    every: float = 60.0,
) -> SavingsJudge:
    """A counter that stood at 500 and grows by ``calls`` from its first reading to its last."""
    times = [begin + every * i for i in range(int((end - begin) // every) + 1)]
    for i, t in enumerate(times):
        if not without[0] <= t < without[1]:
            made.add(t, 500.0 + calls * i // (len(times) - 1))
    return made


def test_the_claim_is_reached_with_1431_calls_a_day() -> None:
    """(7200 - 1431) x 0.002 x 30 = 346.14; a year of ten workspaces is 41,536.80."""
    made = feed(judge(), 1431)
    found = made.look(DAY)
    assert found.state is State.PASS
    assert found.reason == (
        "346.14 EUR per workspace and month at 1431 calls a day, claim 346.14 EUR, margin +0.00"
    )
    result = made.result
    assert (result.per_workspace_month, result.per_year) == ("346.14", "41536.80")
    assert (result.margin, result.pay_back_days) == ("0.00", "13.0")


def test_one_call_more_misses_it() -> None:
    """By six cents."""
    found = feed(judge(), 1432).look(DAY)
    assert found.state is State.FAIL
    assert "346.08 EUR" in found.reason
    assert found.reason.endswith("margin -0.06")


def test_a_tolerance_is_named() -> None:
    """Whether it is needed or not."""
    config = Savings(
        per_workspace_month="346.14",
        baseline_calls_per_day="7200",
        price_per_call="0.002",
        calls="usage.calls",
        tolerance="0.06",
    )
    found = feed(judge(config), 1432).look(DAY)
    assert found.state is State.PASS
    assert "tolerance 0.06 EUR" in found.reason
    assert feed(judge(config), 1433).look(DAY).state is State.FAIL


def test_a_part_of_a_day_is_not_scaled_up() -> None:
    """Before the day is over there are no sums."""
    made = feed(judge(), 700, end=DAY / 2)
    found = made.look(DAY / 2)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.WARMING_UP)
    assert found.reason == "observed calls need a whole day, 12h of it are to come"
    assert made.result.per_workspace_month is None


@pytest.mark.parametrize(("hours", "state"), [(1.1, State.PASS), (1.3, State.INCONCLUSIVE)])
def test_95_percent_of_the_day_have_to_be_covered(hours: float, state: State) -> None:
    """A gap of 72 minutes is the most."""
    gap = (6 * 3600.0, (6 + hours) * 3600.0)
    assert feed(judge(), 1431, without=gap).look(DAY).state is state


@pytest.mark.parametrize(
    ("begin", "end", "where"), [(1800.0, DAY, "first 30m"), (0.0, DAY - 1800, "last 30m")]
)
def test_calls_at_the_edges_of_the_day_show_in_no_reading(
    begin: float, end: float, where: str
) -> None:
    """A gap in between costs nothing, since the counter goes on; one at an edge hides calls."""
    found = feed(judge(), 1431, begin=begin, end=end).look(DAY)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.GAP)
    assert where in found.reason


def test_a_counter_that_starts_anew_goes_on() -> None:
    """What it shows after the fall has come since."""
    made = judge()
    for i in range(1441):
        made.add(60.0 * i, 5000.0 + i if i < 720 else float(i - 700))
    made.look(DAY)
    assert made.result.calls_per_day == 719 + 740


def test_what_a_counter_counted_before_it_began_anew_is_not_covered() -> None:
    """Once is named; a service that restarts all the time hides its calls, and nothing is known."""
    made = judge()
    for i in range(1441):
        made.add(60.0 * i, float(i % 700))
    assert made.look(DAY).reason.endswith("; the counter began anew 2 times")
    crashing = judge()
    for i in range(1441):
        crashing.add(60.0 * i, float(i % 3))
    found = crashing.look(DAY)
    assert found.state is State.INCONCLUSIVE
    assert "covers 66.6 % of the day" in found.reason


def test_a_counter_of_several_workspaces_is_divided_by_them() -> None:
    """The claim and the baseline are of one."""
    whole = feed(judge(replace(CLAIM, calls_of=10)), 14_310)
    found = whole.look(DAY)
    assert found.state is State.PASS
    assert found.reason.startswith("346.14 EUR per workspace and month at 1431 calls a day")
    assert whole.result.calls_per_day == 1431
    third = feed(judge(replace(CLAIM, calls_of=3)), 1000)
    assert "at 333.33 calls a day" in third.look(DAY).reason


def test_readings_that_come_unevenly_cover_the_day() -> None:
    """Early and late by a quarter of the interval, none is missing."""
    made = judge()
    for i in range(1441):
        made.add(60.0 * i + (15.0 if i % 2 else 0.0), float(i // 2))
    assert made.look(DAY).state is State.PASS


def test_a_claim_that_says_too_little_is_inconclusive() -> None:
    """Without baseline, price and counter there is nothing to compute."""
    found = judge(Savings(per_workspace_month="346.14")).look(DAY)
    assert found.state is State.INCONCLUSIVE


def test_more_calls_than_before_save_nothing() -> None:
    """The sum is below nought, and nothing is ever paid back."""
    made = feed(judge(), 8000)
    assert made.look(DAY).state is State.FAIL
    assert (made.result.margin, made.result.pay_back_days) == ("-394.14", None)


@given(calls=st.integers(0, 10**9), milli=st.integers(1, 10**6), days=st.integers(1, 366))
def test_the_sum_is_exact(calls: int, milli: int, days: int) -> None:
    """To the cent, half a cent going up, in whole numbers."""
    config = Savings(
        per_workspace_month="1",
        baseline_calls_per_day=str(10**9),
        price_per_call=str(Decimal(milli) / 1000),
        calls="usage.calls",
        days_per_month=days,
    )
    mills = (10**9 - calls) * milli * days
    assert saved_per_month(config, Decimal(calls)) == Decimal((mills + 5) // 10) / 100
