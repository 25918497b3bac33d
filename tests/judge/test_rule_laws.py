"""What holds for every rule over data, whatever its data are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.judge.available import AvailableJudge
from stagewatch.judge.average import AverageJudge
from stagewatch.judge.compare import CompareJudge
from stagewatch.judge.exhausted import ExhaustedJudge
from stagewatch.judge.finding import Finding, RuleJudge, Why, stale_after
from stagewatch.judge.growth import GrowthJudge
from stagewatch.judge.held import HeldJudge
from stagewatch.judge.lapses import Lapse
from stagewatch.judge.records import RecordsJudge
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Available, Average, Compare, Exhausted, Growth, Held, Records
from stagewatch.profile.values import Limit

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

EVERY = 30.0
TIME = WatchTime()

Feed = Callable[[float, int], None]
"""Gives a rule a sample of one of the kinds 0 (none), 1 (good), 2, 3, 4 (ever worse)."""


@dataclass(frozen=True)
class Case:
    """A rule, and what the kinds of samples are to it."""

    make: Callable[[], tuple[RuleJudge, Feed]]
    gap_proof: bool = True
    """No stretch without data can turn what is not good into PASS."""


def average() -> tuple[RuleJudge, Feed]:
    config = Average(signal="p.latency", warm_up=Held(signal="x").hold)
    judge = AverageJudge(
        signal="p.latency", config=config, interval=EVERY, time=TIME, timeout_ms=10_000
    )
    values = (None, 120.0, 450.0, 620.0, None)
    return judge, lambda t, kind: judge.add(t, values[kind], timed_out=kind == 4)


def held() -> tuple[RuleJudge, Feed]:
    judge = HeldJudge(signal="p.x", config=Held(signal="p.x"), interval=EVERY, time=TIME)
    values = (None, 3.0, 80.0, 101.0, 500.0)
    return judge, lambda t, kind: judge.add(t, values[kind])


def exhausted() -> tuple[RuleJudge, Feed]:
    config = Exhausted(used="p.used", max=20, waiting="p.waiting", timeouts="p.failed")
    judge = ExhaustedJudge(used="p.used", config=config, interval=EVERY, time=TIME)

    def feed(t: float, kind: int) -> None:
        failed = 7.0 if t < 4000 else t // 500  # a counter that starts anew on the way
        used, waiting = ((None, None), (5.0, 0.0), (20.0, 0.0), (20.0, None), (20.0, 3.0))[kind]
        judge.add(t, used, 20.0, waiting, failed if kind else None)

    return judge, feed


def compare() -> tuple[RuleJudge, Feed]:
    config = Compare(signal="p.x", above=Limit(900.0), below=Limit(10.0))
    judge = CompareJudge(signal="p.x", config=config, interval=EVERY, time=TIME, unit="")
    values = (None, 100.0, 900.0, 901.0, 3.0)
    return judge, lambda t, kind: judge.add(t, values[kind])


def records() -> tuple[RuleJudge, Feed]:
    config = Records(probes=["log"], traceback_is_critical=False)
    judge = RecordsJudge(config=config, interval=EVERY, time=TIME)

    def feed(t: float, kind: int) -> None:
        if kind == 0:
            judge.add(t, "log", None, None, [])
            return
        lost = [Lapse(2000.0, 2100.0, "truncated", "")] if kind == 2 else []
        judge.add(t, "log", t // 3000 if kind == 4 else 0.0, 0.0, lost)

    return judge, feed


def available() -> tuple[RuleJudge, Feed]:
    config = Available(probe="p", limit=Limit(90.0, "%"))
    judge = AvailableJudge(config=config, interval=EVERY, time=TIME)
    return judge, lambda t, kind: judge.add(t, kind in (1, 2), "refused")


def growth() -> tuple[RuleJudge, Feed]:
    config = Growth(signal="p.rss", warm_up=Held(signal="x").hold)
    judge = GrowthJudge(signal="p.rss", config=config, interval=EVERY, time=TIME)
    rates = (0.0, 0.0, 0.08, 0.6, 0.3)

    def feed(t: float, kind: int) -> None:
        rss = 5e8 * (1 + rates[kind] * t / 3600)
        life, started = ("7@0", 0.0) if kind < 4 else ("9@100", 100.0)
        judge.add(t, rss if kind else None, life, started)

    return judge, feed


CASES = {
    "growth": Case(growth, gap_proof=False),
    "average": Case(average, gap_proof=False),
    "held": Case(held),
    "exhausted": Case(exhausted),
    "compare": Case(compare),
    "records": Case(records, gap_proof=False),
    "available": Case(available, gap_proof=False),
}

runs = st.lists(
    st.tuples(st.sampled_from((1, 1, 2, 3, 4, 0)), st.integers(1, 30)), min_size=1, max_size=12
)
"""Kinds of samples, each with how often it comes in a row."""


def trace(stretches: Sequence[tuple[int, int]]) -> list[tuple[float, int]]:
    kinds = [kind for kind, count in stretches for _ in range(count)]
    return [(4.0 + EVERY * i, kind) for i, kind in enumerate(kinds)]


def ask(case: Case, samples: Sequence[tuple[float, int]], end: float) -> Finding:
    """What the rule says at the end, asked once."""
    judge, feed = case.make()
    for t, kind in samples:
        feed(t, kind)
    return judge.look(end)


@pytest.mark.parametrize("name", CASES)
@given(runs=runs, looks=st.lists(st.floats(0, 12_000), max_size=30))
@settings(max_examples=60, deadline=None)
def test_how_often_it_is_asked_changes_nothing(
    name: str, runs: list[tuple[int, int]], looks: list[float]
) -> None:
    """Asked at any times and after every sample, it ends with what it says when asked once."""
    samples = trace(runs)
    end = samples[-1][0] + 100.0
    judge, feed = CASES[name].make()
    waiting = sorted(t for t in looks if t <= end)
    for t, kind in samples:
        while waiting and waiting[0] <= t:
            judge.look(waiting.pop(0))
        feed(t, kind)
        judge.look(t)
    for t in waiting:
        judge.look(t)
    assert judge.look(end) == ask(CASES[name], samples, end)


@pytest.mark.parametrize("name", CASES)
@given(runs=runs, times=st.integers(2, 3))
@settings(max_examples=40, deadline=None)
def test_a_repeated_sample_changes_nothing(
    name: str, runs: list[tuple[int, int]], times: int
) -> None:
    """Every sample may come again at its own instant."""
    samples = trace(runs)
    repeated = [sample for sample in samples for _ in range(times)]
    end = samples[-1][0] + 60.0
    assert ask(CASES[name], repeated, end) == ask(CASES[name], samples, end)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.gap_proof])
@given(
    runs=runs,
    newest=st.sampled_from((4, 3, 2, 1)),
    begin=st.floats(0, 1),
    length=st.integers(1, 200),
    told=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_a_gap_makes_nothing_good(
    name: str, runs: list[tuple[int, int]], newest: int, begin: float, length: int, told: bool
) -> None:
    """Samples that are missing before the newest one, or are without a value, turn neither FAIL
    nor INCONCLUSIVE into PASS."""
    samples = trace([*runs, (newest, 1)])
    end = samples[-1][0] + 5.0
    if ask(CASES[name], samples, end).state not in (State.FAIL, State.INCONCLUSIVE):
        return
    start = int(begin * len(samples))
    lost = range(start, min(start + length, len(samples) - 1))
    gone = [(t, 0 if i in lost else kind) for i, (t, kind) in enumerate(samples)]
    if not told:
        gone = [sample for i, sample in enumerate(samples) if i not in lost]
    assert ask(CASES[name], gone, end).state is not State.PASS


@pytest.mark.parametrize("name", CASES)
@given(runs=runs, without=st.sampled_from((None, 0)))
@settings(max_examples=40, deadline=None)
def test_silence_is_never_good(name: str, runs: list[tuple[int, int]], without: int | None) -> None:
    """Without a usable sample for ten minutes a rule says so, unless what it saw is for ever."""
    samples = trace(runs)
    last = max((t for t, kind in samples if kind), default=0.0)
    end = max(last, samples[-1][0]) + stale_after(EVERY)
    if without is not None and name != "available":
        samples = [*samples, (end - 1.0, without)]
    found = ask(CASES[name], samples, end)
    if found.state is State.FAIL:
        assert name == "records"
    else:
        assert found.state is State.INCONCLUSIVE
        assert found.why in (Why.STALE, Why.WARMING_UP)


@pytest.mark.parametrize("name", CASES)
@given(runs=runs)
@settings(max_examples=40, deadline=None)
def test_what_it_says_is_a_sentence_for_people(name: str, runs: list[tuple[int, int]]) -> None:
    """One line, no full stop, no number that is none; a bad state says since when."""
    samples = trace(runs)
    end = samples[-1][0] + 1.0
    found = ask(CASES[name], samples, end)
    assert found.reason
    assert not found.reason.endswith(".")
    assert not {"nan", "inf", "None"} & set(found.reason.replace(",", " ").split())
    assert "\n" not in found.reason
    if found.state in (State.WARN, State.FAIL):
        assert found.first_bad is not None
        assert 0 <= found.first_bad <= end


@pytest.mark.parametrize("name", CASES)
def test_a_sample_that_comes_late_counts_at_the_edge(name: str) -> None:
    """What is judged is not judged again, and the late sample is not lost."""
    judge, feed = CASES[name].make()
    for i in range(40):
        feed(EVERY * i, 1)
    before = judge.look(1200.0)
    feed(900.0, 1)
    assert judge.look(1200.0).state is before.state
    feed(1201.0, 1)
    judge.look(1230.0)
