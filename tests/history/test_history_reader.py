"""What a reader counts agrees with counting by hand, also when it goes on from its last count."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from itertools import zip_longest

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagewatch.history import History, HistoryError, HistoryWriter
from stagewatch.model import LogPattern, Reading, Result

Make = Callable[..., Reading]
Open = Callable[..., HistoryWriter]
Stored = Callable[..., History]


def by_hand(
    samples: list[tuple[float, float]], start: float, end: float, count: int
) -> list[tuple[float, float, float] | None]:
    """(mean, low, high) of each bucket, from every value."""
    low, width = round(start * 1000), round(end * 1000) - round(start * 1000)
    buckets: list[list[float]] = [[] for _ in range(count)]
    for at, value in samples:
        offset = round(at * 1000) - low
        if 0 <= offset < width:
            buckets[offset * count // width].append(value)
    return [(statistics.fmean(b), min(b), max(b)) if b else None for b in buckets]


def assert_series(history: History, start: float, end: float, count: int) -> None:
    series = history.series("health.latency", start, end, count)
    wanted = by_hand(history.samples("health.latency"), start, end, count)
    assert len(series.mean) == len(series.low) == len(series.high) == count
    for mean, low, high, expected in zip(series.mean, series.low, series.high, wanted, strict=True):
        if expected is None:
            assert (mean, low, high) == (None, None, None)
        else:
            assert mean == pytest.approx(expected[0])
            assert (low, high) == expected[1:]


def test_a_series_agrees_with_every_value(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Short and long buckets, edges inside and on minutes, a gap that stays empty."""
    chance = random.Random(7)
    for at in [*range(0, 4000, 3), *range(9000, 12000, 3)]:
        writer.add(reading(at + chance.random(), chance.uniform(-5, 5)))
    history = stored(writer)
    for start, end, count in [
        (0, 12000, 1),
        (0, 12000, 20),
        (-100, 20000, 37),
        (17.123, 11987.001, 13),
        (100, 160, 60),
        (3000, 9500, 10),
        (-500, -100, 3),
    ]:
        assert_series(history, t0 + start, t0 + end, count)
    middle = history.series("health.latency", t0, t0 + 12000, 12).mean
    assert [n for n, mean in enumerate(middle) if mean is None] == [4, 5, 6, 7, 8]


def test_a_series_goes_on_from_the_last_look(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Asked again after more readings, and after the clock was set back, it is the same as new."""
    history = stored(writer)
    times = [*range(0, 900, 7), *range(900, 3000, 11), *range(1200, 1500, 13)]
    for n, at in enumerate(times):
        writer.add(reading(at + 0.5, math.sin(n)))
        if n % 25 == 0:
            assert writer.flush(20)
            for count in (8, 60):
                assert_series(history, t0, t0 + 3600, count)
    assert writer.flush(20)
    assert_series(history, t0, t0 + 3600, 8)


def test_a_series_that_outgrew_its_stretch_takes_the_place_of_the_shorter_one(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """A watch of a day doubles its stretch eight times; only the last is worth remembering."""
    history = stored(writer)
    for at in range(0, 2000, 7):
        writer.add(reading(at + 0.5, math.sin(at)))
    assert writer.flush(20)
    for length in (250, 500, 1000, 2000, 500, 2000):
        assert_series(history, t0, t0 + length, 50)
    assert len(history._buckets._known) == 1


def test_an_unknown_signal_is_empty(writer: HistoryWriter, stored: Stored, t0: float) -> None:
    """No values is None everywhere, never 0."""
    history = stored(writer)
    assert history.series("no.such", t0, t0 + 10, 2).mean == (None, None)
    spread = history.spread("no.such", t0, t0 + 10)
    assert (spread.count, spread.mean, spread.p50, spread.p99) == (0, None, None, None)
    assert history.coverage("nobody", t0, t0 + 10) == 0.0
    assert history.samples("no.such") == []


def test_a_series_that_has_no_length_yet(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """A watch that begins this very moment can be drawn."""
    writer.add(reading(0, 3.0))
    assert stored(writer).series("health.latency", t0, t0, 4).mean == (3.0, None, None, None)


def test_minutes_are_utc_and_leave_out_the_empty_ones(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """T0 is a whole minute: three values in the first, none in the second, one in the third."""
    for at, value in ((0, 1.0), (10, 2.0), (59.999, 6.0), (120, 5.0)):
        writer.add(reading(at, value))
    minutes = stored(writer).minutes("health.latency")
    assert [(m.start - t0, m.count, m.mean, m.low, m.high) for m in minutes] == [
        (0, 3, 3.0, 1.0, 6.0),
        (120, 1, 5.0, 5.0, 5.0),
    ]


def test_stretches_are_half_open(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Two phases that meet share no sample."""
    for at in range(10):
        writer.add(reading(at, float(at)))
    history = stored(writer)
    left = history.samples("health.latency", t0, t0 + 5)
    right = history.samples("health.latency", t0 + 5, t0 + 10)
    assert [value for _, value in left + right] == [float(n) for n in range(10)]
    assert history.spread("health.latency", t0, t0 + 5).count == 5
    assert [r.at - t0 for r in history.readings("health", t0 + 8, t0 + 9)] == [8]


def test_a_long_walk_over_readings_is_whole(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """Also beyond the page that is fetched at a time, and holding no transaction between pages."""
    for at in range(2500):
        writer.add(reading(at, float(at), facts={"n": at}))
    history = stored(writer)
    walk = history.readings("health")
    first = next(walk)
    assert not history._query._db.in_transaction
    rest = list(walk)
    assert [r.facts["n"] for r in (first, *rest)] == list(range(2500))
    assert [r.values["health.latency"] for r in rest] == [float(n) for n in range(1, 2500)]


FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(FINITE, min_size=1, max_size=80))
def test_quantiles_are_nearest_rank(
    tmp_path_factory: pytest.TempPathFactory,
    hand_clock: object,
    reading: Make,
    values: list[float],
    t0: float,
) -> None:
    """Each is the smallest measured value that at least that share does not exceed."""
    path = tmp_path_factory.mktemp("spread") / "history.db"
    writer = HistoryWriter(path, hand_clock)  # type: ignore[arg-type] # a fixture of conftest
    for at, value in enumerate(values):
        writer.add(reading(at, value))
    assert writer.close(20)
    with History.open(path) as history:
        spread = history.spread("health.latency", t0, t0 + len(values))
    for share, quantile in ((0.5, spread.p50), (0.95, spread.p95), (0.99, spread.p99)):
        assert quantile in values
        needed = math.ceil(round(share * len(values), 6))
        assert sum(v <= quantile for v in values) >= needed
        assert sum(v < quantile for v in values) < needed
    assert spread.mean == pytest.approx(statistics.fmean(values))
    assert (spread.count, spread.span) == (len(values), len(values))


def test_coverage_counts_what_readings_vouch_for(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Every second (every = 1): one of four failed, one of four is missing."""
    for at in range(0, 100, 4):
        writer.add(reading(at))
        writer.add(reading(at + 1, None))
        writer.add(reading(at + 2, None, result=Result.SKIPPED))
    history = stored(writer)
    assert history.coverage("health", t0, t0 + 100) == pytest.approx(0.25)
    assert history.coverage("health", t0 + 4, t0 + 8) == pytest.approx(0.25)
    assert history.coverage("health", t0, t0 + 200) == pytest.approx(0.125)
    assert history.coverage("health", t0 + 100, t0 + 200) == 0.0
    assert history.coverage("health", t0, t0 + 200, now=t0 + 100) == pytest.approx(0.25)
    assert history.coverage("health", t0 + 50, t0 + 50) == 0.0


@pytest.mark.parametrize("phase", [0.0, 0.5, 0.999])
def test_coverage_of_a_jittery_schedule_is_whole(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float, phase: float
) -> None:
    """However the readings lie to a slot's edge, one in each second covers them all."""
    chance = random.Random(3)
    for at in range(-1, 300):
        writer.add(reading(at + phase + chance.uniform(-0.04, 0.04)))
    history = stored(writer)
    assert history.coverage("health", t0, t0 + 300) == pytest.approx(1.0, abs=1e-3)


def test_twice_as_many_readings_make_up_for_nothing(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Readings close together vouch for their own time only."""
    for at in range(100):
        writer.add(reading(at / 2))
    assert stored(writer).coverage("health", t0, t0 + 100) == pytest.approx(0.505)


def vouched_for(history: History, start: float, end: float) -> float:
    """Coverage of a probe with every = 1 s, counted from each reading."""
    begin, stop = round(start * 1000), round(end * 1000)
    times = [round(r.at * 1000) for r in history.readings("health") if r.result is Result.VALUE]
    times = [at for at in times if at < stop]
    held = 0
    for at, after in zip_longest(times, times[1:]):
        until = after if after is not None and after - at <= 1100 else at + 1000
        held += max(0, min(until, stop) - max(at, begin))
    return min(1.0, held / (stop - begin))


def test_coverage_goes_on_from_the_last_count(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Asked at every step, also for stretches that end earlier and after a clock set back."""
    chance = random.Random(5)
    history = stored(writer)
    now = -20.0
    for step in range(300):
        now += chance.choice((0.3, 1.0, 1.05, 1.2, 4.0)) if step != 200 else -40.0
        writer.add(reading(now, None if chance.random() < 0.1 else 1.0))
        if step % 5 == 0:
            assert writer.flush(20)
            for start in (-25, 0, 33.3, 150):
                for end in (now, start + 50, 400):
                    if end > start:
                        wanted = vouched_for(history, t0 + start, t0 + end)
                        assert history.coverage("health", t0 + start, t0 + end) == wanted


def test_coverage_follows_a_changed_interval(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """A profile that asks for fewer readings makes the same readings cover more."""
    for at in range(0, 100, 2):
        writer.add(reading(at))
    history = stored(writer)
    assert history.coverage("health", t0, t0 + 100) == pytest.approx(0.5)
    writer.declare("health", "http", 2.0, [])
    assert writer.flush(20)
    assert history.coverage("health", t0, t0 + 100) == pytest.approx(1.0)


def test_changed_tells_of_each_commit_once(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """True at first, then only after something was stored."""
    history = stored(writer)
    assert [history.changed(), history.changed()] == [True, False]
    writer.add(reading(0))
    assert writer.flush(20)
    assert [history.changed(), history.changed()] == [True, False]


def test_a_moment_sees_no_later_commit(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """What is read inside belongs together, and the writer goes on meanwhile."""
    writer.add(reading(0))
    history = stored(writer)
    with history.moment():
        assert history.counts() == {"health": (1, 1)}
        writer.add(reading(1))
        assert writer.flush(20)
        assert len(history.samples("health.latency")) == 1
    assert history.counts() == {"health": (2, 2)}


@pytest.mark.parametrize("query", ["DELETE FROM probe", "CREATE TEMP TABLE note(text TEXT)"])
def test_a_reader_cannot_write(writer: HistoryWriter, stored: Stored, query: str) -> None:
    """Not even by mistake, and not even beside the file."""
    history = stored(writer)
    with pytest.raises(HistoryError, match="cannot be written"):
        history._query.all(query)


def test_patterns_are_stored_with_their_reading_and_replaced_by_number(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """The newest state of each; those that only the baseline has come last of all."""

    def pattern(number: int, level: str, count: int, *, new: bool = False) -> LogPattern:
        at = t0 + number
        return LogPattern(number, level, f"text {number}", count, at, at, "line", "error.log", new)

    first = (
        pattern(1, "ERROR", 0),
        pattern(2, "ERROR", 1),
        pattern(3, "WARNING", 1, new=True),
        pattern(4, "CRITICAL", 1),
        pattern(5, "ERROR", 1),
    )
    writer.add(reading(0, probe="errors", patterns=first))
    writer.add(reading(1, probe="errors", patterns=(pattern(2, "ERROR", 7),)))
    history = stored(writer)
    assert [(p.number, p.count) for p in history.patterns("errors")] == [
        (1, 0),
        (2, 7),
        (3, 1),
        (4, 1),
        (5, 1),
    ]
    assert [p.number for p in history.patterns("errors", 3)] == [4, 3, 5]
    assert history.patterns("errors")[2] == first[2]
    assert history.patterns("health") == []
