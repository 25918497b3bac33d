"""What a criterion rests on, read from a real history around one moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.grounds import LINES, READINGS, Question, grounds_of
from stagewatch.history import HistoryError, HistoryWriter
from stagewatch.model import LogLine, Reading, Result, Signal
from stagewatch.paths import HISTORY

T0 = 1_757_080_440.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two hours of a process each minute and a log that is read each ten seconds."""
    writer = HistoryWriter(tmp_path / HISTORY, SystemClock())
    writer.declare("backend", "process", 60.0, [Signal("backend.rss", "B", "")])
    writer.declare("errors", "log", 10.0, [])
    for minute in range(120):
        at = T0 + 60 * minute
        writer.add(Reading("backend", at, 0.01, Result.VALUE, values={"backend.rss": 1e6 + minute}))
    for step in range(720):
        at = T0 + 10 * step
        said = LogLine(at, "error.log", "INFO", f"line {step}")
        writer.add(Reading("errors", at, 0.01, Result.VALUE, lines=(said,)))
    assert writer.flush(20)
    writer.close()
    return tmp_path


def ask(moment: float = 3600.0, **changes: object) -> Question:
    given: dict[str, object] = {
        "criterion": "no-go/leak",
        "signals": ("backend.rss",),
        "moment": T0 + moment,
        "since": T0 + 1800,
        "until": T0 + 7200,
        "patience": {"backend": 130.0},
        "logs": ("errors",),
        **changes,
    }
    return Question(**given)  # type: ignore[arg-type] # the tests give the right ones


def test_the_readings_next_to_the_moment_come_and_no_more_than_a_screen_holds(
    folder: Path,
) -> None:
    found = grounds_of(folder, ask()).readings
    before = [r for r in found if r.at < T0 + 3600]
    assert (len(before), len(found) - len(before)) == READINGS
    assert found[0].at - T0 == 3600 - READINGS[0] * 60
    assert [r.at for r in found] == sorted(r.at for r in found)


def test_the_lines_next_to_the_moment_come_from_both_sides(folder: Path) -> None:
    found = grounds_of(folder, ask()).lines
    before, after = LINES
    first = 360 - before
    assert [line.text for line in found] == [f"line {n}" for n in range(first, 360 + after)]


def test_the_series_covers_the_stretch_that_was_asked_for(folder: Path) -> None:
    series = grounds_of(folder, ask()).series["backend.rss"]
    assert (series.start, series.end) == (T0 + 1800, T0 + 7200)
    values = [value for value in series.mean if value is not None]
    assert values[0] == 1e6 + 30
    assert values[-1] == 1e6 + 119


def test_where_there_is_nothing_the_answer_is_empty(folder: Path) -> None:
    found = grounds_of(folder, ask(moment=-90_000.0, signals=(), patience={}, logs=()))
    assert (dict(found.series), found.readings, found.lines) == ({}, (), ())
    far = grounds_of(folder, ask(moment=90_000.0))
    assert (far.readings, far.lines) == ((), ())


def test_a_history_that_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(HistoryError):
        grounds_of(tmp_path, ask())
