"""The growth rule: what is a leak, what is none, and what cannot be told."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.growth import GrowthJudge
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Growth
from stagewatch.profile.values import Duration, Limit

HOUR = 3600.0
MINUTE = 60.0
BASE = 512 * 2.0**20

Sample = tuple[float, float | None, str, float | None]
"""(t, bytes, life, start of the life)."""


def a_judge(**config: object) -> GrowthJudge:
    made = Growth(signal="backend.rss", **config)  # type: ignore[arg-type]
    return GrowthJudge(signal="backend.rss", config=made, interval=MINUTE, time=WatchTime())


def samples(
    curve: Callable[[float], float],
    begin: float,
    end: float,
    *,
    started: float | None = 0.0,
    every: float = MINUTE,
    pid: int = 7,
) -> list[Sample]:
    """A process whose memory is ``curve`` of its age, sampled between two times."""
    life = "" if started is None else f"{pid}@{started:.0f}"
    born = begin if started is None else started
    count = int((end - begin) / every)
    times = [begin + every * i for i in range(count)]
    return [(t, BASE * curve(t - born), life, started) for t in times]


def leaking(rate: float) -> Callable[[float], float]:
    """% of the baseline per hour, as it is after the warm-up."""
    share = rate / 100 / (1 - 37 / 60 * rate / 100)
    return lambda age: 1 + share * age / HOUR


def after(found: Iterable[Sample], end: float, judge: GrowthJudge | None = None) -> Finding:
    """What the rule says at the end."""
    judge = judge or a_judge()
    for sample in sorted(found, key=lambda sample: sample[0]):
        judge.add(*sample)
    return judge.look(end)


def first_fail(found: Iterable[Sample], end: float) -> float | None:
    """When it failed first, asked every minute."""
    judge, waiting = a_judge(), sorted(found, key=lambda sample: sample[0], reverse=True)
    for minute in range(int(end // MINUTE) + 1):
        while waiting and waiting[-1][0] <= minute * MINUTE:
            judge.add(*waiting.pop())
        if judge.look(minute * MINUTE).state is State.FAIL:
            return minute * MINUTE
    return None


@pytest.mark.parametrize(("rate", "hours"), [(50, 1.5), (30, 2), (20, 2.2), (12, 3.2), (10.5, 4)])
def test_a_leak_fails_and_the_steeper_the_sooner(rate: float, hours: float) -> None:
    """From the start of the process on, with nothing in the way."""
    found = samples(leaking(rate), 0.0, 8 * HOUR)
    at = first_fail(found, 8 * HOUR)
    assert at is not None
    assert at <= hours * HOUR


@pytest.mark.parametrize("rate", [0, 5, 9.5])
def test_growth_below_the_limit_never_fails(rate: float) -> None:
    """However long it goes on."""
    assert first_fail(samples(leaking(rate), 0.0, 23 * HOUR), 23 * HOUR) is None


def test_a_leak_of_constant_bytes_keeps_its_rate() -> None:
    """It is measured by the baseline, not by the level that it has reached."""
    found = after(samples(leaking(12), 0.0, 23 * HOUR), 23 * HOUR)
    assert found.state is State.FAIL
    assert found.value == pytest.approx(12, abs=0.3)


def test_the_sentence_has_value_limit_and_window() -> None:
    """And says from when the window is that found the leak."""
    found = after(samples(leaking(20), 0.0, 2.2 * HOUR), 2.2 * HOUR)
    assert found.reason == "backend.rss +20 %/h, limit 10 %/h, over 1h30m"
    assert found.first_bad == 35 * MINUTE
    assert found.why is Why.NONE


def test_the_limit_is_that_of_the_profile() -> None:
    """Warnings and all bars move with it."""
    leak = samples(leaking(20), 0.0, 6 * HOUR)
    judge = a_judge(limit=Limit(30.0, "%/h"))
    assert after(leak, 6 * HOUR, judge).state is State.PASS


def test_growth_between_70_and_100_percent_of_the_limit_warns() -> None:
    """It does not block."""
    found = after(samples(leaking(8), 0.0, 6 * HOUR), 6 * HOUR)
    assert (found.state, found.first_bad) == (State.WARN, 0.0 + 4.5 * HOUR)


@pytest.mark.parametrize(
    "curve",
    [
        lambda age: 1.0 + 0.5 * (age > 3 * HOUR),
        lambda age: 1.0 + 0.15 * (age > 3 * HOUR) + 0.15 * (age > 3.6 * HOUR),
        lambda age: 1.0 + 0.6 * (3 * HOUR < age < 3.2 * HOUR),
        lambda age: 1.0 + 0.35 * (age % (65 * MINUTE)) / (65 * MINUTE),
        lambda age: 2.0 - min(1.0, age / (25 * MINUTE)) ** -0.001,
        lambda age: 1.4 - 0.4 * max(0.0, 1 - abs(age - 4 * HOUR) / HOUR),
    ],
    ids=["step", "two steps", "spike", "sawtooth", "fill", "dip and regrowth"],
)
def test_what_is_no_leak_never_fails(curve: Callable[[float], float]) -> None:
    """Steps, spikes, teeth and growth back to an old level."""
    safe = lambda age: curve(max(1.0, age))  # noqa: E731
    assert first_fail(samples(safe, 0.0, 10 * HOUR), 10 * HOUR) is None


@pytest.mark.parametrize("seed", range(6))
def test_two_steps_with_noise_are_no_slope(seed: int) -> None:
    """Even where a line through them is steep for certain."""
    random = Random(seed)

    def curve(age: float) -> float:
        up = (min(1.0, max(0.0, age - at) / (10 * MINUTE)) for at in (3 * HOUR, 3.7 * HOUR))
        return 1 + 0.2 * sum(up) + random.gauss(0, 0.01)

    assert first_fail(samples(curve, 0.0, 8 * HOUR), 8 * HOUR) is None


def test_nothing_is_found_in_the_first_75_minutes() -> None:
    """Not even in a process that was there before the watch, and needs no warm-up."""

    def curve(age: float) -> float:
        return 1 + 0.6 * min(age - 5 * HOUR, 50 * MINUTE) / HOUR

    found = samples(curve, 0.0, 4 * HOUR, started=-5 * HOUR)
    assert first_fail(found, 4 * HOUR) is None


def test_the_warm_up_is_not_judged() -> None:
    """Caches may fill as fast as they like in the first half hour of a life."""

    def curve(age: float) -> float:
        return 1 + 2 * min(1.0, age / (30 * MINUTE))

    assert first_fail(samples(curve, 0.0, 5 * HOUR), 5 * HOUR) is None
    found = after(samples(curve, 0.0, 1.9 * HOUR), 1.9 * HOUR)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.WARMING_UP)


def test_a_process_older_than_the_watch_needs_no_warm_up() -> None:
    """Its first ninety minutes are a window; without a known start they are not."""
    old = samples(lambda age: 1.0, 0.0, 1.6 * HOUR, started=-5 * HOUR)
    assert after(old, 1.6 * HOUR).state is State.PASS
    unknown = samples(lambda age: 1.0, 0.0, 1.6 * HOUR, started=None)
    assert after(unknown, 1.6 * HOUR).why is Why.WARMING_UP


def lives(length: float, count: int, rate: float) -> list[Sample]:
    """One process after another."""
    found: list[Sample] = []
    for i in range(count):
        begin = i * length
        found += samples(leaking(rate), begin, begin + length - 30, started=begin, pid=100 + i)
    return found


def test_a_leak_is_found_though_no_life_lasts_long_enough() -> None:
    """Sixty-five minutes are too short for any window that could find 25 %/h."""
    found = lives(65 * MINUTE, 9, 25)
    at = first_fail(found, 9 * 65 * MINUTE)
    assert at is not None
    said = after(found, 9 * 65 * MINUTE)
    assert said.reason == (
        "backend.rss +25 %/h in the last 8 lives of the process, limit 10 %/h, each ended by"
        " a restart"
    )


def test_restarts_of_a_healthy_process_hide_nothing() -> None:
    """Such lives are no leak, and tell nothing either."""
    found = after(lives(65 * MINUTE, 9, 0), 9 * 65 * MINUTE)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.WARMING_UP)


def test_a_step_in_each_life_is_no_hidden_leak() -> None:
    """A leak grows from third to third of a life."""
    found: list[Sample] = []
    for i in range(6):
        begin = 2 * HOUR * i
        end = begin + 2 * HOUR
        found += samples(
            lambda age: 1 + 0.5 * (age >= 70 * MINUTE), begin, end, started=begin, pid=i
        )
    assert first_fail(found, 12 * HOUR) is None


def test_most_lives_have_to_grow_where_restarts_hide_a_leak() -> None:
    """Three of six do not make one."""
    found: list[Sample] = []
    for i in range(7):
        begin = 70 * MINUTE * i
        curve, end = leaking(60 if i % 2 else 0), begin + 70 * MINUTE
        found += samples(curve, begin, end, started=begin, pid=i)
    assert first_fail(found, 7 * 70 * MINUTE) is None


def test_lives_with_too_few_readings_tell_nothing() -> None:
    """As windows do not."""
    length = 110 * MINUTE
    holed = [s for s in lives(length, 7, 25) if not 40 * MINUTE <= s[0] % length < 80 * MINUTE]
    assert first_fail(holed, 7 * length) is None
    whole = lives(length, 7, 25)
    assert first_fail(whole, 7 * length) is not None


@given(lengths=st.lists(st.integers(12, 300), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_no_restart_makes_a_leak_good(lengths: list[int]) -> None:
    """Whenever the process is restarted, 30 %/h never pass at the end."""
    found: list[Sample] = []
    begin = 0.0
    for i, minutes in enumerate(lengths):
        end = begin + minutes * MINUTE
        found += samples(leaking(30), begin, end, started=begin, every=2 * MINUTE, pid=i)
        begin = end
    assert after(found, begin).state in (State.FAIL, State.INCONCLUSIVE)


def test_one_leaking_process_of_several_fails() -> None:
    """And the sentence says which."""
    found = samples(lambda age: 1.0, 0.0, 3 * HOUR, pid=1)
    found += samples(leaking(25), 0.0, 3 * HOUR, pid=2)
    said = after(found, 3 * HOUR)
    assert said.state is State.FAIL
    assert said.reason.startswith("backend.rss of process 2 +25 %/h")


def test_a_process_that_is_not_read_for_a_while_goes_on_with_its_life() -> None:
    """Its baseline and what was seen of it are kept while others are seen."""
    found = samples(lambda age: 1.0, 0.0, 6 * HOUR, pid=1)
    flaky = samples(leaking(20), 0.0, 6 * HOUR, pid=2)
    found += [s for s in flaky if not 1.5 * HOUR <= s[0] < 2.5 * HOUR]
    said = after(found, 6 * HOUR)
    assert said.value == pytest.approx(20, abs=0.3)


def test_a_leak_that_stops_has_recovered() -> None:
    """The rule says so; that it latches is not the rule's business."""

    def curve(age: float) -> float:
        return leaking(30)(min(age, 3 * HOUR))

    found = samples(curve, 0.0, 20 * HOUR)
    assert first_fail(found, 20 * HOUR) is not None
    assert after(found, 20 * HOUR).state is State.PASS


def test_silence_is_stale() -> None:
    """Ten minutes without a reading."""
    steady = samples(lambda age: 1.0, 0.0, 4 * HOUR)
    assert after(steady, 4 * HOUR).state is State.PASS
    found = after(steady, 4 * HOUR + 10 * MINUTE)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.STALE)


def test_a_gap_leaves_too_little() -> None:
    """A window counts when 70 % of its bins hold data."""
    steady = samples(lambda age: 1.0, 0.0, 3 * HOUR)
    holed = [s for s in steady if not 1 * HOUR <= s[0] < 2.8 * HOUR]
    found = after(holed, 3 * HOUR)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.GAP)
    small = [s for s in steady if not 2 * HOUR <= s[0] < 2.3 * HOUR]
    assert after(small, 3 * HOUR).state is State.PASS


def test_an_old_process_vouches_for_no_new_one() -> None:
    """Readings that are missing around a restart do not bring the old life back."""
    old = samples(lambda age: 1.0, 0.0, 8 * HOUR, pid=1)
    new = samples(lambda age: 1.0, 8 * HOUR, 9 * HOUR, started=8 * HOUR, pid=2)
    assert after(old + new, 9 * HOUR).state is State.INCONCLUSIVE
    assert after(old + new[-1:], 9 * HOUR).state is State.INCONCLUSIVE


@given(gap=st.tuples(st.floats(0, 1), st.floats(0, 1)), newest=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_gap_makes_no_leak_good(gap: tuple[float, float], newest: bool) -> None:
    """Whatever is missing of a day that ends in a leak, it does not end in PASS."""
    found = samples(leaking(18), 0.0, 8 * HOUR, every=2 * MINUTE)
    begin, end = sorted(8 * HOUR * share for share in gap)
    kept = [s for s in found if not begin <= s[0] < end]
    if newest:
        kept.append(found[-1])
    assert after(kept, 8 * HOUR).state is not State.PASS


@pytest.mark.parametrize("bad", [None, 0.0, -5.0, float("nan"), float("inf")])
def test_what_is_no_number_of_bytes_is_no_reading(bad: float | None) -> None:
    """A process without memory is none."""
    judge = a_judge()
    for minute in range(20):
        judge.add(minute * MINUTE, bad, "7@0", 0.0)
    assert judge.look(20 * MINUTE).why is Why.STALE


def test_times_that_are_none_are_left_out() -> None:
    """They neither hang it nor move it on."""
    judge = a_judge()
    judge.add(float("inf"), BASE, "7@0", 0.0)
    judge.add(float("nan"), BASE, "7@0", float("nan"))
    assert after(samples(lambda age: 1.0, 0.0, 3 * HOUR), 3 * HOUR, judge).state is State.PASS


def noisy(random: Random, hours: int, every: float = 2 * MINUTE) -> list[Sample]:
    """A life with noise, a restart, and a leak in the second half."""

    def curve(age: float) -> float:
        return 1 + 0.3 * max(0.0, age - HOUR) / HOUR + random.gauss(0, 0.01)

    cut = random.uniform(0.3, 0.6) * hours * HOUR
    first = samples(lambda age: 1 + random.gauss(0, 0.02), 0.0, cut, every=every)
    return first + samples(curve, cut, hours * HOUR, started=cut, every=every, pid=9)


@given(seed=st.integers(0, 10_000), scale=st.floats(1e-6, 1e6))
@settings(max_examples=15, deadline=None)
def test_the_unit_of_memory_changes_no_state(seed: int, scale: float) -> None:
    """Bytes, pages or MiB."""
    one, other = a_judge(), a_judge()
    for t, rss, life, started in noisy(Random(seed), 6):
        assert rss is not None
        one.add(t, rss, life, started)
        other.add(t, rss * scale, life, started)
        assert one.look(t).state is other.look(t).state


@given(seed=st.integers(0, 10_000), looks=st.lists(st.floats(0, 6 * HOUR), max_size=40))
@settings(max_examples=15, deadline=None)
def test_how_often_it_is_asked_changes_nothing(seed: int, looks: list[float]) -> None:
    """The whole finding is the same at any time, asked before or not."""
    found = noisy(Random(seed), 6)
    often, waiting = a_judge(), sorted(looks)
    for sample in found:
        while waiting and waiting[0] < sample[0]:
            often.look(waiting.pop(0))
        often.add(*sample)
        often.look(sample[0])
    assert often.look(6 * HOUR) == after(found, 6 * HOUR)


@pytest.mark.untraced
def test_a_day_of_seconds_takes_no_more_memory_than_its_bins() -> None:
    """What is kept of 80,000 samples are medians and slopes, not samples."""
    judge = a_judge()
    tracemalloc.start()
    for second in range(80_000):
        judge.add(float(second), BASE + second % 97, "7@0", 0.0)
    judge.look(80_000.0)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 400_000


def test_a_crash_loop_keeps_no_more_than_a_dozen_lives() -> None:
    """Lives that told nothing are forgotten, those that did too in the end."""
    judge = a_judge()
    tracemalloc.start()
    for minute in range(24 * 60):
        began = minute // 4 * 4 * MINUTE
        judge.add(minute * MINUTE, BASE, f"{minute // 4}@{began:.0f}", began)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
    assert judge.look(24 * HOUR).why is Why.WARMING_UP


def test_the_warm_up_is_that_of_the_profile() -> None:
    """Here five minutes."""
    judge = a_judge(warm_up=Duration(300))
    steady = samples(lambda age: 1.0, 0.0, 1.7 * HOUR)
    assert after(steady, 1.7 * HOUR, judge).state is State.PASS
