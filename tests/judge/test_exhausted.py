"""A pool is exhausted when all is in use and somebody waits, or when acquires fail."""

from __future__ import annotations

import pytest

from stagewatch.judge.exhausted import ExhaustedJudge
from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Exhausted

MINUTE, HOUR = 60.0, 3600.0


class Pool:
    """A judge, and a hand that feeds it every ``every`` seconds."""

    def __init__(self, every: float = 15.0) -> None:
        config = Exhausted(used="db.used", max=20, waiting="db.waiting", timeouts="db.failed")
        self.judge = ExhaustedJudge(used="db.used", config=config, interval=every, time=WatchTime())
        self.every, self.t = every, 0.0

    def run(
        self,
        seconds: float,
        used: float | None = 5.0,
        waiting: float | None = 0.0,
        failed: float | None = 0.0,
        growth: float = 0.0,
    ) -> list[Finding]:
        """The pool stays like this for a while; ``growth`` failed acquires come each time."""
        found, until = [], self.t + seconds
        while self.t < until:
            failed = None if failed is None else failed + growth
            self.judge.add(self.t, used, 20.0, waiting, failed)
            found.append(self.judge.look(self.t))
            self.t += self.every
        return found


def states(found: list[Finding]) -> set[State]:
    return {finding.state for finding in found}


def test_a_pool_with_room_passes() -> None:
    """The sentence says how many of how many, and that nobody waits."""
    found = Pool().run(HOUR, used=12)
    assert states(found) == {State.PASS}
    assert found[-1].reason == "12 of 20 in use, none waiting"
    assert found[-1].value == 12


@pytest.mark.parametrize("every", [5.0, 15.0, 30.0, 60.0, 90.0, 300.0])
def test_saturation_of_90_seconds_never_fails(every: float) -> None:
    """It warns while it lasts, whatever the interval."""
    pool = Pool(every)
    pool.run(HOUR)
    found = pool.run(90, used=20, waiting=6)
    assert states(found) <= {State.WARN}
    assert State.FAIL not in states(pool.run(HOUR))


@pytest.mark.parametrize("every", [5.0, 15.0, 60.0, 180.0, 300.0])
def test_exhaustion_fails_after_three_minutes(every: float) -> None:
    """When three samples, and most of the three minutes, are exhausted."""
    pool = Pool(every)
    pool.run(HOUR)
    begin = pool.t
    found = pool.run(HOUR, used=20, waiting=6)
    first = next(i for i, finding in enumerate(found) if finding.state is State.FAIL)
    assert 0.8 * 180 <= first * every <= max(180.0, 2 * every)
    assert found[-1].first_bad == begin


def test_a_failure_says_for_how_long() -> None:
    """And how many wait."""
    found = Pool().run(4 * MINUTE + 13, used=20, waiting=5)
    assert found[-1].reason == "20 of 20 in use, 5 waiting, exhausted for 4m, limit 3m"


def test_a_full_pool_nobody_waits_for_warns() -> None:
    """All in use is not exhausted."""
    found = Pool().run(HOUR, used=20, waiting=0)
    assert states(found) == {State.WARN}
    assert states(Pool().run(HOUR, used=17)) == {State.WARN}
    assert states(Pool().run(HOUR, used=16)) == {State.PASS}


def test_one_sample_that_is_not_exhausted_ends_it() -> None:
    """All samples of the three minutes have to be."""
    pool = Pool()
    for _ in range(20):
        assert State.FAIL not in states(pool.run(120, used=20, waiting=3))
        pool.run(15, used=19, waiting=0)


def test_five_failed_acquires_within_five_minutes_fail() -> None:
    """Whatever the pool looks like; four do not."""
    pool = Pool()
    pool.run(HOUR, failed=1873)
    four = pool.run(15, failed=1877)
    assert four[-1].state is State.WARN
    assert four[-1].reason.endswith("4 failed acquires within 5m, limit 5")
    assert pool.run(15, failed=1878)[-1].state is State.FAIL


def test_what_the_counter_held_at_first_is_not_ours() -> None:
    """And a counter that starts anew brings only what it shows since."""
    pool = Pool()
    assert states(pool.run(HOUR, failed=1873)) == {State.PASS}
    assert states(pool.run(HOUR, failed=0)) == {State.PASS}
    assert pool.run(15, failed=3)[-1].state is State.WARN
    assert pool.run(15, failed=2)[-1].state is State.FAIL  # 3, and 2 after another start


def test_failures_spread_over_hours_do_not_fail() -> None:
    """One in ten minutes never makes five in five."""
    pool = Pool()
    found = [finding for i in range(40) for finding in pool.run(600, failed=float(i))]
    assert states(found) == {State.PASS, State.WARN}


def test_failures_in_a_gap_are_not_known_to_be_close_together() -> None:
    """Six in two hours without readings may be six within five minutes, or not."""
    pool = Pool()
    pool.run(HOUR, failed=10)
    pool.t += 2 * HOUR
    first = pool.run(15, failed=16)[-1]
    assert (first.state, first.why) == (State.INCONCLUSIVE, Why.GAP)
    assert first.reason.endswith("more of them may lie in a gap without readings")
    assert pool.run(10 * MINUTE, failed=16)[-1].state is State.PASS


def test_without_waiting_failed_acquires_tell() -> None:
    """Full, and acquires failed in the last five minutes: exhausted."""
    pool = Pool()
    pool.run(HOUR, waiting=None)
    pool.run(15, used=20, waiting=None, failed=1)
    found = pool.run(4 * MINUTE, used=20, waiting=None, failed=1)
    assert found[-1].state is State.FAIL
    assert "exhausted for" in found[-1].reason


def test_a_full_pool_of_which_nothing_is_known_is_inconclusive() -> None:
    """Neither who waits nor what failed: nobody can tell."""
    found = Pool().run(10 * MINUTE, used=20, waiting=None, failed=None)
    assert states(found) == {State.INCONCLUSIVE}
    assert found[-1].reason == "20 of 20 in use; whether anybody waits is not known"


def test_failed_acquires_fail_even_when_the_pool_is_not_known() -> None:
    """An exhausted service may well be unable to say how full its pool is."""
    pool = Pool()
    pool.run(HOUR)
    assert pool.run(5 * MINUTE, used=None, waiting=None, growth=1)[-1].state is State.FAIL


def test_a_silent_pool_is_stale() -> None:
    """Ten minutes without a usable sample."""
    pool = Pool()
    pool.run(HOUR)
    assert pool.judge.look(HOUR + 9 * MINUTE).state is State.PASS
    assert pool.judge.look(HOUR + 11 * MINUTE).why is Why.STALE


def test_memory_does_not_grow() -> None:
    """A day of exhaustion and failures keeps what the windows need."""
    pool = Pool(1.0)
    pool.run(3 * HOUR, used=20, waiting=3, growth=1)
    assert len(pool.judge._run) <= 182
    assert len(pool.judge._failures._grown) <= 301
