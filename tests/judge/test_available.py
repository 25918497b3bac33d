"""The share of readings that succeed, in whole readings."""

from __future__ import annotations

import pytest

from stagewatch.judge.available import AvailableJudge
from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Available
from stagewatch.profile.values import Limit

DAY, EVERY = 86_400.0, 30.0


class Service:
    """A judge that is fed with readings every half minute."""

    def __init__(self, limit: float = 99.0, window: float | None = DAY) -> None:
        config = Available(probe="health", limit=Limit(limit, "%"))
        self.judge = AvailableJudge(config=config, interval=EVERY, time=WatchTime(), window=window)
        self.t = 0.0

    def run(self, readings: int, good: bool = True) -> Finding:
        for _ in range(readings):
            self.judge.add(self.t, good, "" if good else "connection refused")
            found = self.judge.look(self.t)
            self.t += EVERY
        return found


def test_all_good_passes() -> None:
    """The sentence says how many, and the limit."""
    found = Service().run(2880)
    assert (found.state, found.value) == (State.PASS, 100)
    assert found.reason == "all 2880 readings succeeded, limit 99 %"


def test_one_early_failure_is_no_failure_of_the_watch() -> None:
    """Before a hundred readings nothing is judged at 99 %; then one failure is within it."""
    service = Service()
    found = service.run(1, good=False)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.WARMING_UP)
    for _ in range(98):
        assert service.run(1).state is State.INCONCLUSIVE
    assert service.run(1).state is State.WARN


def test_below_the_limit_fails_and_says_when_it_is_regained() -> None:
    """With the last failure's reason."""
    service = Service()
    service.run(98)
    found = service.run(2, good=False)
    assert found.state is State.FAIL
    assert found.reason == (
        "98 % of 100 readings succeeded, 2 failed, limit 99 %,"
        " regained after 50m without a failure; last failure: connection refused"
    )
    assert found.first_bad == 98 * EVERY
    assert service.run(99).state is State.FAIL
    assert service.run(1).state is State.WARN


def test_the_share_is_cut_and_not_rounded() -> None:
    """What is below the limit is never shown as the limit."""
    service = Service(window=None)
    service.run(9899)
    found = service.run(101, good=False)
    assert found.state is State.FAIL
    assert found.reason.startswith("98.99 % of 10000 readings")


def test_within_half_of_the_margin_it_warns() -> None:
    """One failure in two hundred is fine at 99 %, two are not."""
    service = Service()
    service.run(1, good=False)
    assert service.run(199).state is State.PASS
    assert service.run(1, good=False).state is State.WARN


def test_what_cannot_be_reached_again_fails_at_once() -> None:
    """More failures than the whole window allows need no hundred readings."""
    service = Service()
    found = service.run(28, good=False)
    assert found.state is State.INCONCLUSIVE
    found = service.run(1, good=False)
    assert found.state is State.FAIL
    assert "99 % cannot be reached again" in found.reason


def test_a_limit_that_allows_no_failure_in_the_window_does_not_wait_for_ten_thousand() -> None:
    """At 99.99 % a day of half minutes allows none."""
    service = Service(99.99)
    assert service.run(20).state is State.INCONCLUSIVE
    assert service.run(5, good=False).state is State.FAIL


def test_a_limit_of_all_allows_none() -> None:
    """And passes without a failure."""
    service = Service(100)
    assert service.run(20).state is State.PASS
    assert "cannot be reached again" in service.run(1, good=False).reason


@pytest.mark.parametrize("limit", [90.0, 99.0, 99.5, 99.9])
def test_exactly_the_limit_is_enough(limit: float) -> None:
    """In whole numbers: no rounding turns it into less."""
    service = Service(limit)
    failures = round((100 - limit) * 10)
    service.run(1000 - failures)
    assert service.run(failures, good=False).state is State.WARN
    assert service.run(1, good=False).state is State.FAIL


def test_a_probe_that_does_not_run_is_not_known() -> None:
    """A failure is a reading; silence is none."""
    service = Service()
    service.run(200)
    found = service.judge.look(service.t + 700)
    assert found.why is Why.STALE
