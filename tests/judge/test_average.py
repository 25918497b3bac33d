"""A slow service fails by its average, and by no disturbance of up to five minutes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from stagewatch.judge.average import AverageJudge
from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Average

MINUTE, HOUR = 60.0, 3600.0

Latency = Callable[[float], float | None]


def judge(every: float = 30.0, time: WatchTime | None = None) -> AverageJudge:
    return AverageJudge(
        signal="quota.latency",
        config=Average(signal="quota.latency"),
        interval=every,
        time=time or WatchTime(),
        timeout_ms=10_000,
    )


def watch(
    latency: Latency, until: float, *, every: float = 30.0, timeouts: bool = False
) -> list[Finding]:
    """What is said minute by minute; a latency of None is a timeout, or no latency at all."""
    made, found, t = judge(every), [], 5.0
    for minute in range(1, int(until // MINUTE) + 1):
        while t <= minute * MINUTE:
            ms = latency(t)
            made.add(t, ms, timed_out=timeouts and ms is None)
            t += every
        found.append(made.look(minute * MINUTE))
    return found


def slow_between(begin: float, end: float, slow: float, fast: float = 150.0) -> Latency:
    return lambda t: slow if begin <= t < end else fast


def failed(found: list[Finding]) -> list[int]:
    return [i + 1 for i, finding in enumerate(found) if finding.state is State.FAIL]


def test_a_fast_service_passes_with_its_mean() -> None:
    """The sentence says value, stretch and limit."""
    last = watch(lambda t: 141.0, HOUR)[-1]
    assert last.state is State.PASS
    assert last.reason == "mean 141 ms over 15m, limit 500 ms"
    assert last.value == pytest.approx(141)


def test_the_first_ten_minutes_are_not_judged() -> None:
    """However slow they are, they neither fail nor weigh on the minutes after them."""
    found = watch(slow_between(0, 10 * MINUTE, 9000), HOUR)
    assert not failed(found)
    assert {f.why for f in found[:10]} == {Why.WARMING_UP}
    assert found[-1].state is State.PASS


@pytest.mark.untraced
@pytest.mark.parametrize("seconds", [30, 60, 180, 300])
@pytest.mark.parametrize("offset", [0, 17, 31, 59])
@pytest.mark.parametrize("every", [5.0, 30.0, 60.0, 150.0, 300.0])
def test_a_disturbance_of_five_minutes_never_fails(seconds: int, offset: int, every: float) -> None:
    """Of any size, wherever it begins, whatever the interval; it warns."""
    begin = 2 * HOUR + offset
    found = watch(slow_between(begin, begin + seconds, 60_000), 4 * HOUR, every=every)
    assert not failed(found)


@pytest.mark.parametrize("every", [15.0, 30.0, 60.0, 300.0])
def test_half_an_hour_at_600_always_fails(every: float) -> None:
    """Steadily slow, it fails before the half hour is much over."""
    found = watch(slow_between(2 * HOUR, 2.5 * HOUR, 620), 4 * HOUR, every=every)
    assert failed(found)
    assert 120 < failed(found)[0] <= 153


def test_half_an_hour_of_very_fast_and_very_slow_minutes_fails_too() -> None:
    """Its average is no better for being made of extremes."""

    def latency(t: float) -> float:
        if not 2 * HOUR <= t < 2.5 * HOUR:
            return 100.0
        return 1150.0 if t // MINUTE % 2 else 100.0

    assert failed(watch(latency, 3 * HOUR))


def test_a_failure_says_since_when_the_value_was_bad() -> None:
    """The first window that failed began a little before the service became slow."""
    found = watch(slow_between(2 * HOUR, 4 * HOUR, 705), 4 * HOUR)
    first = found[failed(found)[0] - 1]
    assert first.reason.endswith("ms over 15m, limit 500 ms")
    assert first.first_bad is not None
    assert 2 * HOUR - 15 * MINUTE <= first.first_bad <= 2 * HOUR
    assert found[-1].reason == "mean 705 ms over 15m, limit 500 ms"


def test_above_four_fifths_of_the_limit_it_warns() -> None:
    """420 is no failure, and no peace either."""
    last = watch(lambda t: 420.0, 2 * HOUR)[-1]
    assert last.state is State.WARN
    assert watch(lambda t: 399.0, 2 * HOUR)[-1].state is State.PASS


def test_timeouts_count_at_the_timeout() -> None:
    """One run in eight times out: the average is far above the limit, and says why."""
    rng = random.Random(1)
    found = watch(lambda t: None if rng.random() < 0.125 else 150, 4 * HOUR, timeouts=True)
    assert failed(found)
    assert "readings timed out" in found[failed(found)[0] - 1].reason


def test_errors_take_no_part() -> None:
    """A refused connection has no latency: it neither raises nor lowers the mean."""
    rng = random.Random(1)
    last = watch(lambda t: None if rng.random() < 0.2 else 150, 2 * HOUR)[-1]
    assert last.state is State.PASS
    assert last.value == pytest.approx(150)


def test_minutes_weigh_alike_however_many_samples_they_hold() -> None:
    """A probe that runs ten times as often while the service is slow does not bias the mean."""
    made = judge()
    for minute in range(60):
        slow = minute % 5 == 0
        for i in range(20 if slow else 2):
            made.add(minute * MINUTE + 3 * i, 900.0 if slow else 100.0)
    assert made.look(HOUR).value == pytest.approx(260)


def test_a_gap_is_inconclusive_until_there_are_data_again() -> None:
    """Stale after ten minutes; afterwards six minutes of data are needed."""

    def latency(t: float) -> float | None:
        return None if 2 * HOUR <= t < 3 * HOUR else 150.0

    found = watch(latency, 4 * HOUR)
    assert found[128].state is State.PASS
    assert found[130].why is Why.STALE
    assert found[130].reason == "no usable reading of quota.latency for 11m25s, limit 10m"
    assert found[184].why is Why.GAP
    assert found[184].reason == "data for 5m of the last 15m, 6m needed"
    assert found[186].state is State.PASS


def test_slow_before_and_after_a_gap_is_never_good() -> None:
    """A steadily slow service with a gap of any length fails or is not known."""
    for length in range(1, 90, 4):
        made = judge()
        for i in range(8 * 60):
            t = 5.0 + 30 * i
            if not 2 * HOUR <= t < 2 * HOUR + length * MINUTE:
                made.add(t, 700.0)
            if t >= HOUR:
                assert made.look(t).state in (State.FAIL, State.INCONCLUSIVE, State.WARN)
        assert made.look(4 * HOUR).state is State.FAIL


def test_a_probe_that_seldom_runs_is_judged_over_longer_windows() -> None:
    """Every half hour a reading: six times the windows, and none of them empty."""
    every = 30 * MINUTE
    assert watch(lambda t: 150.0, 24 * HOUR, every=every)[-1].reason.startswith("mean 150 ms")
    slow = watch(slow_between(6 * HOUR, 24 * HOUR, 800), 24 * HOUR, every=every)
    assert slow[-1].state is State.FAIL
    assert not failed(slow)[0] <= 6 * 60


def test_a_faster_watch_speaks_of_real_time() -> None:
    """At sixty times the speed, fifteen minutes of the profile are fifteen seconds."""
    made = judge(time=WatchTime(speed=60))
    for i in range(120):
        made.add(30.0 * i, 141.0)
    assert made.look(HOUR).reason == "mean 141 ms over 15s, limit 500 ms"


def test_what_is_no_number_is_no_sample() -> None:
    """Neither an endless nor an undefined latency counts."""
    found = watch(lambda t: float("nan") if t % 2 else float("inf"), HOUR)
    assert {finding.state for finding in found} == {State.INCONCLUSIVE}


def test_memory_does_not_grow() -> None:
    """A day at a reading a second keeps an hour of minutes."""
    made = judge(every=1.0)
    for i in range(20_000):
        made.add(float(i), 100.0)
    assert len(made._minutes) <= 60
    assert len(made._values) <= 60


@pytest.mark.untraced
@pytest.mark.parametrize("lone", [-700, -400, 600, 900])
def test_a_disturbance_beside_a_lone_timeout_does_not_fail(lone: int) -> None:
    """Without its worst minutes, the rest has to be above the limit too."""
    for begin in range(7200, 8100, 60):

        def latency(t: float, begin: int = begin) -> float:
            slow = begin <= t < begin + 290 or begin + lone <= t < begin + lone + 30
            return 9500.0 if slow else 250.0

        assert not failed(watch(latency, 3 * HOUR))


BY_CHANCE = {1: 1075.0, 2: 679.0, 4: 680.0, 6: 397.0, 8: 551.0, 9: 1097.0, 11: 786.0, 13: 389.0}
"""Milliseconds by minute, of a service that averages 386 ms all day and is asked seldom."""


def test_a_few_slow_readings_of_a_service_that_is_nearly_slow_do_not_fail() -> None:
    """Their spread is uncertain itself; and 15 minutes come by chance more often than an hour."""
    usual = dict.fromkeys(range(0, 60, 2), 277.0)
    ms = usual | {60 + minute: value for minute, value in BY_CHANCE.items()} | {75: 609.0}
    average, found = judge(every=107), []
    for minute in range(77):
        if minute in ms:
            average.add(minute * MINUTE + 30, ms[minute])
        found.append(average.look((minute + 1) * MINUTE))
    assert failed(found) == []


SELDOM = (735, 1053, 745, 438, 606, 426, 1280, 555, 286, 449, 1117, 1143)
"""Milliseconds, 150 s apart, of a service that averages 425 ms all day."""


def test_half_an_hour_of_which_most_is_missing_is_not_slow_by_its_mean_alone() -> None:
    """A probe that runs every 30 s and tells something every 150 s."""
    usual = [425.0] * 20
    average, found = judge(every=30), []
    for run, ms in enumerate([*usual, *SELDOM]):
        average.add(run * 150.0 + 5, float(ms))
        found += [average.look(run * 150.0 + 5 + more) for more in (60, 120)]
    assert State.FAIL not in {finding.state for finding in found}


def test_a_disturbance_and_a_timeout_in_a_service_that_is_often_slow_do_not_fail() -> None:
    """A third of slow minutes does not make what is left an average that needs no certainty."""
    minutes = [350.0] * 120
    minutes[60:64] = [7256.0, 7224.0, 5410.0, 5124.0]
    minutes[50] = 5300.0
    for slow in (52, 54, 56, 67, 69, 71, 73):
        minutes[slow] = 990.0
    found = watch(lambda t: minutes[int(t // MINUTE)], 2 * HOUR - 1)
    assert failed(found) == []


def test_far_too_slow_is_found_within_twenty_minutes() -> None:
    """By the window of 15 minutes, before half an hour of it is there."""
    noise = random.Random(7)
    found = watch(
        lambda t: (1200.0 if t >= HOUR else 150.0) * noise.lognormvariate(-0.08, 0.4), 2 * HOUR
    )
    assert 60 < failed(found)[0] <= 80
