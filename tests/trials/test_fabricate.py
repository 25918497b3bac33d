"""The readings that the lines of a test come to."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from stagewatch.judge.watchtime import WatchTime
from stagewatch.judging import known_at
from stagewatch.model import Reading, Result
from stagewatch.trials.fabricate import readings_of
from stagewatch.trials.file import LoadedTrials

START = 1_000_000.0
Load = Callable[[str], LoadedTrials]
Made = Callable[..., list[Reading]]


@pytest.fixture
def made(trials: Load) -> Made:
    """The readings of ten minutes, of one probe."""

    def make(lines: str, probe: str = "health", others: str = "healthy") -> list[Reading]:
        loaded = trials(
            f'[[test]]\nname = "x"\nothers = "{others}"\nreadings = [{lines}]\n'
            'expect = [{ verdict = "HOLD" }]\n'
        )
        time = WatchTime(START)
        found = list(readings_of(loaded.profile, loaded.trials[0], time, 600.0))
        assert found == sorted(found, key=known_at)
        return [reading for reading in found if reading.probe == probe]

    return make


def at(readings: list[Reading], t: float) -> Reading:
    return next(reading for reading in readings if reading.at - START == t)


def test_a_healthy_probe_has_all_its_values_at_its_own_interval(made: Made) -> None:
    """In order, and as its kind tells them."""
    found = made("")
    assert [reading.at - START for reading in found] == [30.0 * n for n in range(20)]
    assert {reading.result for reading in found} == {Result.VALUE}
    assert dict(found[0].values) == {
        "health.ok": 1.0,
        "health.latency": 100.0,
        "health.orphans": 0.0,
        "health.used": 12.0,
        "health.size": 80.0,
    }
    assert found[0].took == 0.1


def test_without_others_only_what_is_spoken_of_is_there(made: Made) -> None:
    """A probe that is not, has no readings; a signal that is not, no value."""
    line = '{ signal = "health.orphans", value = 7 }'
    assert not made(line, "backend", others="absent")
    reading = made(line, others="absent")[0]
    assert dict(reading.values) == {"health.orphans": 7}
    assert set(reading.missing) == {"health.ok", "health.latency", "health.used", "health.size"}


def test_the_last_line_about_a_moment_counts(made: Made) -> None:
    """Steps, ramps and a missing field between them."""
    found = made(
        '{ signal = "health.orphans", value = 7 },'
        '{ signal = "health.orphans", steps = { 2min = 8, 3min = "9 +60/h" } },'
        '{ signal = "health.orphans", missing = "no field", from = "5min", until = "6min" }'
    )
    values = {t: at(found, t).values.get("health.orphans") for t in (0, 120, 180, 240, 300, 360)}
    assert values == {0: 7, 120: 8, 180: 9, 240: 10, 300: None, 360: 12}
    broken = at(found, 300)
    assert (broken.result, broken.reason) == (Result.NO_DATA, "no field")
    assert broken.values["health.ok"] == 0.0
    assert broken.missing == {"health.orphans": "no field"}


def test_a_probe_that_fails_has_its_reason_and_no_values(made: Made) -> None:
    """Between two moments; a timeout takes its time and says so."""
    found = made(
        '{ probe = "health", error = "refused", from = "2min", until = "4min" },'
        '{ probe = "health", timeout = true, from = "5min", until = "6min" }'
    )
    failed = at(found, 120)
    assert (failed.result, failed.reason) == (Result.ERROR, "refused")
    assert dict(failed.values) == {"health.ok": 0.0}
    assert at(found, 240).result is Result.VALUE
    late = at(found, 300)
    assert (late.facts["timed_out"], late.took) == (True, 10.0)


def test_a_gap_has_no_readings_of_one_probe_or_of_all(made: Made) -> None:
    """Nobody ran it."""
    line = '{ gap = true, from = "2min", until = "4min" }'
    for probe, every in (("health", 30), ("backend", 60)):
        times = [reading.at - START for reading in made(line, probe)]
        assert not [t for t in times if 120 <= t < 240]
        assert times[-1] == 600 - every
    one = '{ probe = "health", gap = true, from = "2min" }'
    assert len(made(one)) == 4
    assert len(made(one, "backend")) == 10


def test_the_pace_can_be_another_for_a_time(made: Made) -> None:
    """In the profile's time."""
    found = made('{ probe = "backend", every = "2min", until = "4min" }', "backend")
    assert [reading.at - START for reading in found] == [0, 120, 240, 300, 360, 420, 480, 540]


def test_a_process_has_a_life_of_its_own_after_a_restart(made: Made) -> None:
    """Which is how the growth rule knows it."""
    found = made('{ probe = "backend", restart = ["5min"] }', "backend")
    lives = [str(reading.facts["proc"]) for reading in found]
    assert lives == ["4242@1000000.000"] * 5 + ["4243@1000300.000"] * 5


def test_a_log_counts_what_is_written_and_reads_it_at_once(made: Made) -> None:
    """Critical records, and among them tracebacks."""
    found = made(
        '{ probe = "errors", critical = ["100s", "7min"] },'
        '{ probe = "errors", traceback = ["4min"] }',
        "errors",
    )
    counts = {
        t: (at(found, t).values["errors.criticals"], at(found, t).facts["tracebacks"])
        for t in (90, 100, 240, 420, 570)
    }
    assert counts == {90: (0, 0), 100: (1, 0), 240: (2, 1), 420: (3, 1), 570: (3, 1)}


def test_lines_that_may_be_lost_are_told_from_then_on(made: Made) -> None:
    """While it lasts without an end."""
    found = made('{ probe = "errors", loss = "rotated", from = "2min", until = "4min" }', "errors")
    assert "losses" not in at(found, 90).facts
    lasting, over = (json.loads(str(at(found, t).facts["losses"])) for t in (150, 300))
    assert lasting == [{"since": START + 120, "until": None, "cause": "rotated"}]
    assert over == [{"since": START + 120, "until": START + 240, "cause": "rotated"}]


def test_what_moves_with_a_value_moves_at_every_reading(made: Made) -> None:
    """A request takes as long as its latency; what is written counts on top of what grows."""
    slow = made('{ signal = "health.latency", value = "1s +60 s/h" }')
    assert [at(slow, t).took for t in (0, 300, 570)] == pytest.approx([1, 6, 10.5])
    found = made(
        '{ signal = "errors.criticals", value = "0 +60/h" },'
        '{ probe = "errors", critical = ["1min"] }',
        "errors",
    )
    assert [at(found, t).values["errors.criticals"] for t in (30, 60, 300)] == [0.5, 2, 6]


def test_the_same_test_makes_the_same_readings(made: Made) -> None:
    """Nothing is left to chance."""
    line = '{ signal = "backend.rss", value = "500 MiB +17 %/h" }'
    assert made(line, "backend") == made(line, "backend")
