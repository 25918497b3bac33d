"""When probes run: on time, spread out, one at a time, never past their deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stagewatch.model import Reading, Result, Signal
from stagewatch.probes._bounded import read_bounded
from stagewatch.recorder.schedule import Schedule, slots

if TYPE_CHECKING:
    from tests.recorder.conftest import FakeProbe, Virtual

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

DAY = 86_400.0
Disturb = Callable[[Schedule], Coroutine[Any, Any, None]]


def serve(
    virtual: Virtual, seconds: float, *probes: FakeProbe, during: Disturb | None = None
) -> None:
    """Live through ``seconds`` of a schedule; ``during`` is a coroutine that disturbs it."""

    async def live() -> None:
        schedule = Schedule(probes, virtual.clock, virtual.book)
        task = asyncio.create_task(schedule.serve())
        disturber = asyncio.create_task(during(schedule)) if during else None
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            await task
        task.cancel()
        if disturber:
            await disturber
        await schedule.aclose()

    virtual.run(live())


def test_a_day_of_readings_is_complete_and_on_time(virtual: Virtual) -> None:
    probes = [virtual.probe("a", 30), virtual.probe("b", 60), virtual.probe("c", 5)]
    serve(virtual, DAY, *probes)
    for probe in probes:
        assert len(probe.starts) in (DAY / probe.every, DAY / probe.every + 1)
        assert max(b - a for a, b in pairwise(probe.starts)) < probe.every + 0.01
    assert {reading.result for reading in virtual.book.readings} == {Result.VALUE}
    assert virtual.book.gaps == []


def test_the_first_runs_come_at_once_and_the_others_are_spread(virtual: Virtual) -> None:
    probes = [virtual.probe(f"p{i}", 10) for i in range(20)]
    serve(virtual, 60, *probes)
    assert all(probe.starts[0] < 1001 for probe in probes)
    regular = sorted(probe.starts[2] % 10 for probe in probes)
    assert min(b - a for a, b in pairwise(regular)) > 10 / 20 / 3


def test_a_thousand_probes_never_start_in_a_crowd(virtual: Virtual) -> None:
    probes = [virtual.probe(f"p{i}", 10) for i in range(1000)]
    serve(virtual, 40, *probes)
    starts = sorted(start for probe in probes for start in probe.starts[2:4])
    crowds = [sum(1 for s in starts if a <= s < a + 0.1) for a in range(1015, 1030)]
    assert max(crowds) <= 25


@given(
    index=st.integers(0, 5000),
    count=st.integers(1, 5000),
    tick=st.floats(0.1, 3600),
    late=st.floats(0, 1e6),
)
def test_the_next_slot_lies_within_one_tick_after_any_moment(
    index: int, count: int, tick: float, late: float
) -> None:
    """Whatever the moment, also that of a slot itself."""
    probe = slots(index % count, count, tick, 1000.0)
    after = probe.after(1000.0 + late)
    assert 1000.0 + late < after + tick * 1e-6
    assert after <= 1000.0 + late + tick * (1 + 1e-6)
    assert probe.after(after) == pytest.approx(after + tick, rel=1e-9)


def test_a_slow_probe_delays_no_other_and_does_not_overlap_itself(virtual: Virtual) -> None:
    async def slow() -> Reading:
        await asyncio.sleep(12)
        return probe.value()

    probe = virtual.probe("slow", 5, deadline=20, act=slow)
    other = virtual.probe("other", 5)
    serve(virtual, 100, probe, other)
    assert probe.most_at_once == 1
    assert max(b - a for a, b in pairwise(other.starts)) < 5.01
    skipped = virtual.book.of("slow", Result.SKIPPED)
    assert skipped
    assert all("had not ended" in reading.reason for reading in skipped)
    accounted = len(virtual.book.of("slow"))
    assert accounted in (19, 20, 21), "every interval holds a reading or says why not"


def test_skipped_slots_are_stored_after_the_run_that_took_them(virtual: Virtual) -> None:
    async def slow() -> Reading:
        began = virtual.clock.now()
        await asyncio.sleep(12)
        return Reading("slow", began, 12.0, Result.VALUE)

    serve(virtual, 100, virtual.probe("slow", 5, deadline=20, act=slow))
    times = [reading.at for reading in virtual.book.of("slow")]
    assert times == sorted(times)


def test_a_run_is_cut_off_at_its_deadline_and_the_next_one_comes(virtual: Virtual) -> None:
    async def hang() -> Reading:
        await asyncio.sleep(1e6)
        raise AssertionError

    probe = virtual.probe("hung", 5, deadline=3, act=hang)
    serve(virtual, 50, probe)
    errors = virtual.book.of("hung", Result.ERROR)
    assert len(errors) >= 9
    assert {round(error.took, 3) for error in errors} == {3.0}
    assert errors[0].reason == "not done after 3s"


def test_a_run_that_ignores_its_deadline_leaves_its_slots_skipped(virtual: Virtual) -> None:
    async def deaf() -> Reading:
        for _ in range(200):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue
        return probe.value()

    stored: list[int] = []

    async def look(schedule: Schedule) -> None:
        await asyncio.sleep(40)
        stored.append(len(virtual.book.of("deaf", Result.SKIPPED)))

    probe = virtual.probe("deaf", 5, deadline=3, act=deaf)
    other = virtual.probe("other", 5)
    serve(virtual, 60, probe, other, during=look)
    assert len(virtual.book.of("deaf", Result.SKIPPED)) >= 9
    assert stored[0] >= 6, "they are stored while it goes on"
    assert len(other.starts) >= 12


@pytest.mark.parametrize("error", [ValueError("bad \x1b[31m news"), asyncio.CancelledError("own")])
def test_a_probe_that_raises_leaves_an_error_and_the_others_go_on(
    virtual: Virtual, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def fall() -> Reading:
        raise error

    other = virtual.probe("other", 5)
    with caplog.at_level(logging.ERROR):
        serve(virtual, 60, virtual.probe("fell", 5, act=fall), other)
    errors = virtual.book.of("fell", Result.ERROR)
    assert len(errors) >= 12
    assert errors[0].reason.startswith(type(error).__name__)
    assert "\x1b" not in errors[0].reason
    assert len(other.starts) >= 12
    assert caplog.records[0].exc_info


def test_a_defect_while_storing_ends_the_schedule_instead_of_going_on_blind(
    virtual: Virtual,
) -> None:
    def full(reading: Reading) -> None:
        raise RuntimeError("defect")

    virtual.book.add = full  # type: ignore[method-assign]  # the defect
    with pytest.raises(ExceptionGroup):
        serve(virtual, 60, virtual.probe())


def test_looking_without_finding_anything_records_nothing(virtual: Virtual) -> None:
    async def nothing() -> None:
        return None

    log = virtual.probe("log", 30, tick=0.25, act=nothing)
    serve(virtual, 60, log)
    assert len(log.starts) > 230
    assert virtual.book.readings == []


def test_a_look_that_takes_longer_than_a_tick_skips_no_reading(virtual: Virtual) -> None:
    async def slow() -> None:
        await asyncio.sleep(1)

    serve(virtual, 60, virtual.probe("log", 5, tick=0.25, act=slow))
    assert virtual.book.readings == []


def test_a_paused_schedule_starts_nothing_and_goes_on_at_the_next_slot(virtual: Virtual) -> None:
    probe = virtual.probe("p", 5)

    async def pause(schedule: Schedule) -> None:
        await asyncio.sleep(20)
        schedule.pause(True)
        await asyncio.sleep(30)
        schedule.pause(False)

    serve(virtual, 100, probe, during=pause)
    assert not [start for start in probe.starts if 1020 < start < 1050]
    assert [start for start in probe.starts if 1050 <= start <= 1055.1]
    assert virtual.book.of("p", Result.SKIPPED) == []


def test_a_suspend_is_one_gap_and_one_event(virtual: Virtual) -> None:
    async def suspend(schedule: Schedule) -> None:
        await asyncio.sleep(22)
        virtual.clock.suspend(600)

    serve(virtual, 60, virtual.probe("a"), virtual.probe("b"), during=suspend)
    (gap,) = virtual.book.gaps
    assert gap.probe == ""
    assert gap.end is not None
    assert gap.end - gap.start == pytest.approx(600, abs=6)
    assert gap.cause == "the machine was suspended for 10m"
    assert virtual.book.kinds() == ["suspend"]


@pytest.mark.parametrize(("by", "word"), [(90.0, "forward"), (-90.0, "back")])
def test_a_set_clock_is_a_gap_over_the_times_that_are_not_what_they_seem(
    virtual: Virtual, by: float, word: str
) -> None:
    async def set_clock(schedule: Schedule) -> None:
        await asyncio.sleep(22)
        virtual.clock.set_by(by)

    serve(virtual, 60, virtual.probe(), during=set_clock)
    (gap,) = virtual.book.gaps
    assert gap.end is not None
    assert gap.end - gap.start == pytest.approx(90, abs=5.1)
    assert f"set {word} by 1m30s" in gap.cause
    assert virtual.book.kinds() == ["clock-set"]


def test_a_slewing_clock_is_no_event(virtual: Virtual) -> None:
    async def slew(schedule: Schedule) -> None:
        for _ in range(600):
            await asyncio.sleep(1)
            virtual.clock.set_by(0.0005)

    serve(virtual, 700, virtual.probe("p", 60), during=slew)
    assert virtual.book.gaps == []


def test_a_stall_is_a_gap_for_each_probe_that_missed_and_one_event(virtual: Virtual) -> None:
    async def stall(schedule: Schedule) -> None:
        await asyncio.sleep(22)
        virtual.clock.hold_up(40)

    probes = [virtual.probe("a"), virtual.probe("b"), virtual.probe("slow", 600, deadline=60)]
    serve(virtual, 100, *probes, during=stall)
    assert sorted(gap.probe for gap in virtual.book.gaps) == ["a", "b"]
    assert virtual.book.kinds() == ["stall"]
    for gap in virtual.book.gaps:
        assert gap.end is not None
        assert gap.end - gap.start > 30


def test_a_short_delay_is_a_skipped_reading_not_a_gap(virtual: Virtual) -> None:
    async def stall(schedule: Schedule) -> None:
        await asyncio.sleep(22.2)
        virtual.clock.hold_up(3)

    serve(virtual, 60, virtual.probe("p", 1, deadline=0.9), during=stall)
    assert virtual.book.gaps == []
    late = virtual.book.of("p", Result.SKIPPED)
    assert len(late) == 2
    assert all("late" in reading.reason for reading in late)


_DISTURBANCES = st.lists(
    st.tuples(
        st.floats(0.5, 60),
        st.sampled_from(["hold_up", "suspend", "set_by", "slow", "raise", "hang"]),
        st.floats(0.1, 120),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@example(script=[(1.0, "suspend", 12.0), (1.0, "set_by", 17.0)], every=5.0)
@example(script=[(1.0, "set_by", 12.0), (1.0, "hold_up", 15.0)], every=5.0)
@given(script=_DISTURBANCES, every=st.sampled_from([1.0, 5.0, 30.0]))
def test_every_interval_holds_a_reading_or_a_recorded_gap(
    new_virtual: type[Virtual], script: list[tuple[float, str, float]], every: float
) -> None:
    """Whatever happens to the machine and to the probe."""
    virtual = new_virtual()
    acting: list[tuple[str, float]] = []

    async def act() -> Reading:
        how, seconds = acting.pop() if acting else ("", 0.0)
        if how == "raise":
            raise OSError("no")
        at = virtual.clock.now()
        if how:
            await asyncio.sleep(seconds if how == "slow" else 1e9)
        return Reading("p", at, 0.0, Result.VALUE)

    async def disturb(schedule: Schedule) -> None:
        for pause, what, amount in script:
            await asyncio.sleep(pause)
            if what in ("slow", "raise", "hang"):
                acting[:] = [(what, amount)]
            else:
                getattr(virtual.clock, what)(amount)

    probe = virtual.probe("p", every, deadline=min(10.0, every * 2), act=act)
    serve(virtual, 600, probe, during=disturb)
    held = [(reading.at, reading.at) for reading in virtual.book.readings]
    held += [(gap.start, gap.end or gap.start) for gap in virtual.book.gaps]
    held.sort()
    reached = held[0][0]
    for start, end in held:
        assert start - reached <= 3 * every + 6, "a hole without a reading or a gap"
        reached = max(reached, end)


async def test_one_bounded_read_needs_no_schedule() -> None:
    from stagewatch.clock import SystemClock

    class Hanging:
        name, every, tick, deadline = "h", 1.0, 1.0, 0.02
        signals: tuple[Signal, ...] = ()

        async def read(self) -> Reading | None:
            await asyncio.Event().wait()
            return None

        async def aclose(self) -> None: ...

    reading = await read_bounded(Hanging(), SystemClock())
    assert reading is not None
    assert reading.result is Result.ERROR
    assert reading.reason == "not done after 20ms"


class Eager:
    """A probe that looks by itself, around one that does not."""

    def __init__(self, probe: FakeProbe) -> None:
        self._probe = probe
        self.hurry: Callable[[], None] = lambda: None

    def follow(self, hurry: Callable[[], None]) -> None:
        self.hurry = hurry

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the probe has
        return getattr(self._probe, name)


def test_a_probe_in_a_hurry_runs_before_its_slot(virtual: Virtual) -> None:
    """And keeps its slots."""
    probe = virtual.probe("log", 10, tick=5)
    eager = Eager(probe)

    async def call(schedule: Schedule) -> None:
        await asyncio.sleep(12)
        eager.hurry()

    serve(virtual, 21, cast(Any, eager), during=call)
    assert probe.starts == pytest.approx([1000, 1005, 1010, 1012, 1015, 1020])


def test_a_hurried_run_waits_for_the_present_one_and_not_for_the_slot(virtual: Virtual) -> None:
    async def slow() -> Reading:
        await asyncio.sleep(2)
        return probe.value()

    probe = virtual.probe("log", 10, tick=10, act=slow)
    eager = Eager(probe)

    async def call(schedule: Schedule) -> None:
        await asyncio.sleep(1)
        eager.hurry()

    serve(virtual, 9, cast(Any, eager), during=call)
    assert probe.starts == pytest.approx([1000, 1002])
    assert probe.most_at_once == 1


def test_nothing_is_hurried_in_a_pause(virtual: Virtual) -> None:
    """What was called for comes with the first slot after it."""
    probe = virtual.probe("log", 5)
    eager = Eager(probe)

    async def call(schedule: Schedule) -> None:
        await asyncio.sleep(6)
        schedule.pause(True)
        eager.hurry()
        await asyncio.sleep(11)
        schedule.pause(False)

    serve(virtual, 21, cast(Any, eager), during=call)
    assert probe.starts == pytest.approx([1000, 1005, 1020])
