"""Whether there was enough data: shares of phases, gaps, and what can still be reached."""

from __future__ import annotations

from collections.abc import Iterable

from stagewatch.judge.coverage import CoverageJudge, Stage
from stagewatch.judge.finding import Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Coverage

HOUR = 3600.0
STAGES = [Stage("one", 0, 6 * HOUR), Stage("two", 6 * HOUR, 12 * HOUR)]


def judge(times: Iterable[float], *, every: float = 60.0) -> CoverageJudge:
    made = CoverageJudge(Coverage(), {"p.x": every}, STAGES, WatchTime())
    for t in times:
        made.add(t, "p.x")
    return made


def minutes(start: float, end: float) -> list[float]:
    return [start + 60 * i for i in range(int((end - start) // 60))]


def test_a_watch_without_holes_passes() -> None:
    """Every minute a reading, twelve hours long."""
    assert judge(minutes(5, 12 * HOUR)).look(12 * HOUR).state is State.PASS


def test_a_gap_over_a_quarter_of_an_hour_is_never_made_good() -> None:
    """The data that are missing stay missing."""
    made = judge([*minutes(0, HOUR), *minutes(HOUR + 16 * 60, 12 * HOUR)])
    found = made.look(12 * HOUR)
    assert found.state is State.INCONCLUSIVE
    assert found.why is Why.GAP
    assert "no reading of p.x for 17m, 59m after the start" in found.reason


def test_a_gap_that_goes_on_shows_before_it_ends() -> None:
    """Silence is seen while it lasts."""
    found = judge(minutes(0, HOUR)).look(HOUR + 15 * 60)
    assert found.state is State.INCONCLUSIVE
    assert found.reason.endswith("and it goes on")


def test_silence_from_the_start_is_a_gap() -> None:
    """A probe that never had a reading covers nothing."""
    assert judge([]).look(16 * 60).state is State.INCONCLUSIVE


def test_many_short_holes_lower_the_share_of_their_phase() -> None:
    """Six per cent of the first phase are missing, in pieces of two minutes."""
    times = [t for t in minutes(0, 12 * HOUR) if t >= 6 * HOUR or (t // 60) % 17 != 0]
    found = judge(times).look(12 * HOUR)
    assert found.state is State.INCONCLUSIVE
    assert "«one», limit 95 %" in found.reason
    assert found.value is not None
    assert 93.8 < found.value < 94


def test_a_phase_that_can_still_reach_its_share_warns_only() -> None:
    """Twenty minutes into the watch, two are missing; at first a single reading is much."""
    made = judge([*minutes(0, 240), *minutes(420, 1200)])
    early = made.look(600)
    assert (early.state, early.why) == (State.INCONCLUSIVE, Why.WARMING_UP)
    found = made.look(1200)
    assert found.state is State.WARN
    assert found.reason.endswith("can still be reached")


def test_a_reading_that_is_under_way_is_not_missing_yet() -> None:
    """A service that takes a second and a half to answer leaves no holes behind."""
    slow = CoverageJudge(Coverage(), {"p.x": 2.0}, STAGES, WatchTime())
    for t in (0.0, 2.0, 4.0, 6.0):
        slow.add(t, "p.x")
    assert slow.look(9.5).state is State.PASS
    assert slow.look(12.0).state is State.INCONCLUSIVE


def test_readings_that_come_twice_count_once() -> None:
    """Repeating them covers no more time."""
    sparse = [t for t in minutes(0, 6 * HOUR) if (t // 60) % 3]
    once, twice = judge(sparse), judge([t for t in sparse for _ in range(2)])
    assert once.look(6 * HOUR) == twice.look(6 * HOUR)


def test_a_rare_probe_may_be_silent_for_its_own_interval() -> None:
    """A reading every twenty minutes has no gap of fifteen."""
    made = judge([1200.0 * i for i in range(36)], every=1200)
    assert made.look(12 * HOUR).state is State.PASS


def test_without_any_series_nothing_is_known() -> None:
    """A profile without rules over data can never be a GO."""
    empty = CoverageJudge(Coverage(), {}, STAGES, WatchTime())
    assert empty.look(12 * HOUR).state is State.INCONCLUSIVE


def test_a_criterion_has_the_coverage_of_its_worst_signal() -> None:
    """The share that the board shows beside it."""
    made = CoverageJudge(Coverage(), {"p.x": 60.0, "p.y": 60.0}, STAGES, WatchTime())
    for t in minutes(0, HOUR):
        made.add(t, "p.x")
        if t >= HOUR / 2:
            made.add(t, "p.y")
    assert made.share(["p.x"], HOUR) == 1.0
    assert made.share(["p.x", "p.y"], HOUR) == 0.5
    assert made.share([], HOUR) is None
