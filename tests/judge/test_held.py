"""A count fails when it stays above its limit, and by no storm of up to five minutes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.held import HeldJudge
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Held
from stagewatch.profile.values import Limit

MINUTE, HOUR = 60.0, 3600.0

Count = Callable[[float], float | None]


DEFAULT = Held(signal="health.ws_orphans")


def judge(every: float = 30.0, config: Held = DEFAULT) -> HeldJudge:
    return HeldJudge(signal=config.signal, config=config, interval=every, time=WatchTime())


def watch(count: Count, until: float, *, every: float = 30.0) -> list[tuple[float, Finding]]:
    made, found, t = judge(every), [], 5.0
    while t <= until:
        made.add(t, count(t))
        found.append((t, made.look(t)))
        t += every
    return found


def high_between(begin: float, end: float, high: float = 250.0) -> Count:
    return lambda t: high if begin <= t < end else 4.0


def states(found: list[tuple[float, Finding]]) -> set[State]:
    return {finding.state for _, finding in found}


def test_a_low_count_passes_from_the_first_sample() -> None:
    """The sentence says value and limit."""
    found = watch(lambda t: 3.0, HOUR)
    assert states(found) == {State.PASS}
    assert found[-1][1].reason == "3, limit 100"


@pytest.mark.parametrize("every", [1.0, 15.0, 30.0, 60.0, 150.0, 300.0])
@pytest.mark.parametrize("offset", [0, 7, 29])
def test_a_storm_of_five_minutes_never_fails(every: float, offset: int) -> None:
    """Whatever the interval; it warns while it lasts."""
    begin = HOUR + offset
    found = watch(high_between(begin, begin + 5 * MINUTE), 2 * HOUR, every=every)
    assert State.FAIL not in states(found)


def test_a_storm_that_is_sampled_more_densely_does_not_fail() -> None:
    """Every five seconds in the storm, every minute around it: nine samples in ten are high."""
    made = judge()
    for t in [*range(0, 3600, 60), *range(3600, 3900, 5), *range(3900, 5400, 60)]:
        made.add(float(t), 250.0 if 3600 <= t < 3900 else 4.0)
        assert made.look(float(t)).state is not State.FAIL


@pytest.mark.parametrize("every", [1.0, 30.0, 120.0, 300.0, 400.0])
def test_what_stays_fails_after_ten_minutes(every: float) -> None:
    """At the latest when three samples and eight minutes are above the limit."""
    found = watch(high_between(HOUR, 9 * HOUR), 3 * HOUR, every=every)
    first = next(t for t, finding in found if finding.state is State.FAIL)
    assert HOUR + 8 * MINUTE <= first <= HOUR + every + max(10 * MINUTE, 2 * every)
    bad = found[-1][1].first_bad
    assert bad is not None
    assert HOUR <= bad < HOUR + every


def test_a_failure_says_how_many_samples_it_rests_on() -> None:
    """And how long they span."""
    found = watch(high_between(HOUR, 9 * HOUR, 134), 2 * HOUR)
    assert found[-1][1].reason == "134, limit 100, above it in 21 of 21 readings over 10m"


def test_one_sample_in_ten_may_be_low() -> None:
    """A count that drops for a moment is held all the same."""
    found = watch(lambda t: 4.0 if t % 600 < 30 else 150.0, HOUR)
    assert found[-1][1].state is State.FAIL


def test_above_the_warning_it_warns() -> None:
    """At seven tenths of the limit where the profile does not say, and never above the limit."""
    found = watch(lambda t: 71.0, MINUTE)[-1][1]
    assert (found.state, found.reason) == (State.WARN, "71, limit 100, warning above 70")
    assert found.first_bad == 5.0
    assert watch(lambda t: 70.0, MINUTE)[-1][1].state is State.PASS
    made = judge(config=Held(signal="x", warn=Limit(50.0)))
    made.add(0.0, 51.0)
    assert made.look(1.0).state is State.WARN


def test_exactly_at_the_limit_is_not_above_it() -> None:
    """It warns and never fails."""
    assert states(watch(lambda t: 100.0, HOUR)) == {State.WARN}


def test_after_a_gap_it_is_not_known_until_enough_samples_are_low() -> None:
    """The minutes without a sample might have been above the limit: three low ones rule it out."""
    made = judge()
    for i in range(120):
        made.add(30.0 * i, 4.0)
    seen = []
    for i in range(5):
        t = 2 * HOUR + 30 * i
        made.add(t, 4.0)
        seen.append(made.look(t))
    assert [f.state for f in seen[:2]] == [State.INCONCLUSIVE, State.INCONCLUSIVE]
    assert seen[0].why is Why.GAP
    assert seen[0].reason == "4, limit 100; 20 readings of the last 10m are missing"
    assert seen[2].state is State.PASS


def test_samples_before_a_long_silence_prove_nothing() -> None:
    """High before it and high after it is not yet high for ten minutes."""
    made = judge()
    for t in [*range(0, 240, 30), *range(1200, 1320, 30)]:
        made.add(float(t), 250.0)
    assert made.look(1300.0).state is State.INCONCLUSIVE


def test_skew_below_zero_is_a_count() -> None:
    """Fewer sockets than sessions: both are read at slightly different times."""
    assert watch(lambda t: -2.0, HOUR)[-1][1].reason == "-2, limit 100"


def test_a_limit_of_nothing_does_not_warn_at_nothing() -> None:
    """Nought is not above nought."""
    made = judge(config=Held(signal="x", limit=Limit(0.0)))
    made.add(0.0, 0.0)
    assert made.look(0.0).state is State.PASS


def test_memory_is_that_of_the_window() -> None:
    """At a sample a second, ten minutes are kept and not scanned again."""
    made = judge(every=1.0)
    for i in range(5000):
        made.add(float(i), 150.0 if i % 2 else 4.0)
    assert len(made._window._times) == 601
