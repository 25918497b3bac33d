"""A signal fails when it was beyond its bound for long enough."""

from __future__ import annotations

from stagewatch.judge.compare import CompareJudge
from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Compare
from stagewatch.profile.values import Duration, Limit

MINUTE = 60.0
FDS = Compare(signal="backend.fds", above=Limit(900.0), hold=Duration(600.0))
RSS = Compare(signal="backend.rss", above=Limit(2.0**30, "B"), below=Limit(2.0**20, "B"))
CPU = Compare(signal="backend.cpu", below=Limit(5.0, "%"))


def judge(config: Compare = FDS, unit: str = "") -> CompareJudge:
    return CompareJudge(
        signal=config.signal, config=config, interval=60.0, time=WatchTime(), unit=unit
    )


def run(made: CompareJudge, begin: int, end: int, value: float | None) -> list[Finding]:
    """A value a minute, from one minute to before another."""
    found = []
    for minute in range(begin, end):
        made.add(minute * MINUTE, value)
        found.append(made.look(minute * MINUTE))
    return found


def test_within_its_bounds_it_passes() -> None:
    """The bound itself is within; the sentence says signal, value and bounds."""
    found = run(judge(), 0, 1, 900.0)[-1]
    assert (found.state, found.reason) == (State.PASS, "backend.fds 900, limit 900")
    found = run(judge(RSS, "B"), 0, 1, 2.0**29)[-1]
    assert found.reason == "backend.rss 512 MiB, limits 1 MiB and 1 GiB"
    found = run(judge(CPU, "%"), 0, 1, 7.0)[-1]
    assert found.reason == "backend.cpu 7 %, at least 5 %"


def test_beyond_it_warns_and_after_hold_fails() -> None:
    """First bad is the first sample beyond it."""
    made = judge()
    run(made, 0, 60, 400.0)
    found = run(made, 60, 80, 950.0)
    assert [f.state for f in found[:10]] == [State.WARN] * 10
    assert {f.state for f in found[10:]} == {State.FAIL}
    assert found[4].reason == "backend.fds 950, limit 900, beyond it for 4m of 10m"
    assert found[-1].reason == "backend.fds 950, limit 900, beyond it for 19m"
    assert found[-1].first_bad == 60 * MINUTE


def test_one_good_sample_begins_anew() -> None:
    """It has to be wholly beyond."""
    made = judge()
    for start in range(0, 100, 10):
        assert State.FAIL not in {f.state for f in run(made, start, start + 9, 950.0)}
        run(made, start + 9, start + 10, 900.0)


def test_too_low_and_too_high_are_both_wrong() -> None:
    """From one side to the other it does not become right."""
    made = judge(RSS, "B")
    run(made, 0, 3, 2.0**31)
    assert run(made, 3, 6, 1.0)[-1].state is State.FAIL


def test_a_failure_rests_on_three_samples() -> None:
    """Two that lie far enough apart are not enough."""
    made = judge()
    run(made, 0, 10, 400.0)
    run(made, 10, 11, 950.0)
    assert run(made, 19, 20, 950.0)[-1].state is State.WARN
    assert run(made, 20, 21, 950.0)[-1].state is State.FAIL


def test_wrong_after_a_gap_may_have_been_wrong_for_long() -> None:
    """It is not known whether it has held, until it has."""
    made = judge()
    run(made, 0, 10, 400.0)
    found = run(made, 30, 42, 950.0)
    assert (found[0].state, found[0].why) == (State.INCONCLUSIVE, Why.GAP)
    assert found[0].reason.endswith("beyond it for 0s of 10m, after 21m without a reading")
    assert found[-1].state is State.FAIL
    assert found[-1].first_bad == 30 * MINUTE


def test_wrong_before_a_long_silence_is_not_held() -> None:
    """What it did in between nobody knows."""
    made = judge()
    run(made, 0, 3, 950.0)
    assert run(made, 30, 31, 950.0)[-1].state is State.INCONCLUSIVE
