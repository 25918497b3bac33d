"""From a moment in a chart to the lines of that moment, and back, over real files."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.tui import specimen, specimen_board
from stagewatch.tui.app import StageWatch
from stagewatch.tui.logfiles import Target
from stagewatch.tui.lookfor import LookFor
from stagewatch.tui.screens.detail import DetailScreen
from stagewatch.tui.screens.log import LogScreen
from stagewatch.tui.stage import Clock, Stage
from stagewatch.widgets.gauge import GaugePane
from stagewatch.widgets.keybar import KeyBar
from stagewatch.widgets.paint import text_of
from stagewatch.widgets.view import View

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Read = Callable[[StageWatch], str]
WIDE, NARROW = (120, 40), (80, 24)
both_sizes = pytest.mark.parametrize("size", [WIDE, NARROW])


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with a line each minute of the watch; its first six hours are in a rotated file."""
    path, start = tmp_path / "error.log", specimen.START
    lines = [f"{stamp(start + 60 * n)} INFO minute {n}\n  of the watch\n" for n in range(13 * 60)]
    old = tmp_path / "error.log.1"
    old.write_text("".join(lines[: 6 * 60]))
    os.utime(old, (start + 6 * 3600, start + 6 * 3600))
    path.write_text("".join(lines[6 * 60 :]))
    return path


@pytest.fixture
def app(path: Path, clock: Clock) -> StageWatch:
    """The screen over a watch of that log."""
    snapshot = specimen.healthy()
    log = replace(snapshot.logs[0], file=str(path), patterns=())
    return StageWatch(Stage(replace(snapshot, logs=(log,))).hooks(), "alice", clock)


def pointed(app: StageWatch) -> float | None:
    """Where the charts of the panes point."""
    found = {pane.pointer.at for pane in app.screen.query(GaugePane)}
    assert len(found) == 1
    return found.pop()


def keys_of(app: StageWatch) -> str:
    view = View(None, 0.0)
    return text_of(app.screen.query_one(KeyBar).lines(view, app.size.width, 1)[0])


@pytest.fixture
def early(path: Path) -> None:
    """The log begins before the watch."""
    path.write_text(f"{stamp(specimen.START - 7200)} INFO early\n" + path.read_text())


@pytest.fixture
def timeless(path: Path) -> None:
    """The log tells no times."""
    path.with_name("error.log.1").unlink()
    path.write_text("no time\n" * 100)


@both_sizes
async def test_left_and_right_point_at_a_moment(
    app: StageWatch, shown: Shown, lines: Read, size: tuple[int, int]
) -> None:
    """In both charts, which say what was then; the key bar says what can be done, esc ends it."""
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        assert "← chart" in keys_of(app)
        before = lines(app)
        await pilot.press("left")
        newest = pointed(app)
        assert newest is not None
        assert "log of that moment" in keys_of(app)
        await pilot.press("left", "left")
        earlier = pointed(app)
        assert earlier is not None
        assert earlier < newest
        assert datetime.fromtimestamp(earlier).strftime("%H:%M–") in lines(app)
        assert len(re.findall(r"\d\d:\d\d–\d\d:\d\d  \d", lines(app))) == 2
        await pilot.press("right", "right", "right")
        assert pointed(app) == pytest.approx(newest)
        await pilot.press("escape")
        assert pointed(app) is None
        assert lines(app) == before


@both_sizes
async def test_the_log_opens_at_that_moment_and_leads_back_to_it(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read, size: tuple[int, int]
) -> None:
    """l shows the lines of the moment, c the moment of the line under the cursor."""
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        await pilot.press(*["left"] * 4)
        at = pointed(app)
        assert at is not None
        minute = -int(-(at - specimen.START) // 60)
        await pilot.press("l")
        await settled(pilot, lambda: f"INFO minute {minute}\n" in no_blanks(lines(app)))
        assert "following" not in lines(app)
        assert "c chart" in keys_of(app)
        await pilot.press(*["up"] * 9)  # to the second line of a record, which has no time
        await settled(pilot, lambda: f"INFO minute {minute - 4}\n" in no_blanks(lines(app)))
        await pilot.press("c")
        await settled(pilot, lambda: not isinstance(app.screen, LogScreen))
        assert pointed(app) == specimen.START + 60 * (minute - 5)


def no_blanks(text: str) -> str:
    return "\n".join(row.rstrip() for row in text.split("\n"))


async def test_a_moment_before_a_rotation_is_found_in_the_rotated_file(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """And one after it in the new one."""
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: "following" in lines(app))
        assert "error.log.1" not in lines(app)
        await pilot.press("t", *stamp(specimen.START + 3600), "enter")
        await settled(pilot, lambda: "INFO minute 60\n" in no_blanks(lines(app)))
        assert "error.log.1" in lines(app)
        await pilot.press("t", *stamp(specimen.START + 8 * 3600), "enter")
        await settled(pilot, lambda: "INFO minute 480\n" in no_blanks(lines(app)))
        assert "error.log.1" not in lines(app)


async def test_a_filter_goes_along_to_the_rotated_file(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """What one looks for stays what one looks for."""
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("l", "f", *"minute 77", "enter")
        await settled(pilot, lambda: "10 lines match" in lines(app))
        await pilot.press("t", *stamp(specimen.START), "enter")
        await settled(pilot, lambda: "INFO minute 77\n" in no_blanks(lines(app)))
        assert "minute 76" not in lines(app)


async def test_a_line_from_before_the_watch_is_in_no_chart(
    app: StageWatch, early: None, shown: Shown, settled: Settled, lines: Read
) -> None:
    """It says so instead of pointing anywhere."""
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("l", "home")
        await settled(pilot, lambda: "INFO early" in lines(app))
        await pilot.press("c")
        await settled(pilot, lambda: "no chart shows" in lines(app))
        assert isinstance(app.screen, LogScreen)


@pytest.mark.parametrize(("begins", "left"), [(10.0, True), (10.9, True), (11.5, False)])
def test_a_chart_may_begin_within_the_second_of_a_line(
    begins: float, left: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most logs write whole seconds."""
    target, notes = Target("errors", "error.log", lambda _: ()), list[str]()
    screen = LogScreen(target, LookFor("utf-8", "UTC"), clock, chart=lambda at: at >= begins)
    monkeypatch.setattr(screen, "dismiss", lambda: notes.append("left"))
    monkeypatch.setattr(screen, "_note", notes.append)
    screen._charted(10.0)
    assert (notes == ["left"]) is left


async def test_a_log_without_times_says_so(
    app: StageWatch, timeless: None, shown: Shown, settled: Settled, lines: Read
) -> None:
    """There and back."""
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("left", "l")
        await settled(pilot, lambda: "no record here tells its time" in lines(app))
        await pilot.press("up")
        await settled(pilot, lambda: "tells its time" not in lines(app))
        await pilot.press("c")
        await settled(pilot, lambda: "no record here tells its time" in lines(app))


async def test_from_the_checklist_the_charts_are_shown_first(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """At a narrow size they are hidden behind it."""
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("c")
        await settled(pilot, lambda: "memory" not in lines(app))
        await pilot.press("left")
        await settled(pilot, lambda: "memory" in lines(app))


@both_sizes
async def test_from_the_evidence_of_a_criterion_to_the_log_and_back(
    path: Path,
    clock: Clock,
    shown: Shown,
    settled: Settled,
    lines: Read,
    size: tuple[int, int],
) -> None:
    """Its charts are brought into view; l without pointing shows where it went bad."""
    scene = specimen_board.no_go()
    snapshot = scene.snapshot()
    log = replace(snapshot.logs[0], file=str(path), patterns=())
    stage = Stage(replace(snapshot, logs=(log,)), grounds=scene.grounds)
    clock.at = scene.now
    app = StageWatch(stage.hooks(), "alice", clock)
    leak = next(c for c in snapshot.criteria if c.name == "memory-leak")
    assert leak.first_bad is not None
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        await pilot.press("v")
        await settled(pilot, lambda: "Memory leak" in lines(app))
        await pilot.pause()
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        await settled(pilot, lambda: "rule          growth" in lines(app))
        await pilot.press("l")
        minute = -int(-(leak.first_bad - specimen.START) // 60)
        await settled(pilot, lambda: f"INFO minute {minute}\n" in no_blanks(lines(app)))
        await pilot.press("c")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        await settled(pilot, lambda: " GiB" in lines(app) or " MiB" in lines(app))
        assert "log of that moment" in keys_of(app)
        await pilot.press("left")
        await pilot.press("escape")
        assert isinstance(app.screen, DetailScreen)
        assert "esc back" in keys_of(app)


async def test_without_a_chart_it_says_so(
    screen_over: Callable[..., StageWatch], shown: Shown, settled: Settled, lines: Read
) -> None:
    """Before the first reading there is nothing to point at."""
    app = screen_over(specimen.empty())
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("left")
        await settled(pilot, lambda: "there is no chart yet" in lines(app))
        assert pointed(app) is None
