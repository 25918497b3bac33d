"""The log's pane: what its keys do where there is little room, and which times it tells."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.model import LogLine
from stagewatch.snapshot import Snapshot
from stagewatch.tui import specimen
from stagewatch.tui.app import StageWatch
from stagewatch.tui.stage import Clock, Stage

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Read = Callable[[StageWatch], str]
NARROW = (80, 24)


def unreadable() -> Snapshot:
    """A log with a problem, and lines."""
    snapshot = specimen.healthy()
    lines = tuple(
        LogLine(specimen.NOW - 60 + n, "error.log", "", f"line {n:02}") for n in range(60)
    )
    log = replace(snapshot.logs[0], problem="it may not be read; let the recorder's user read it")
    return replace(snapshot, logs=(replace(log, lines=lines),))


async def test_the_key_bar_names_the_keys_of_the_pane(
    app: StageWatch, shown: Shown, lines: Read
) -> None:
    """While it has them; the checklist has its own."""
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        assert "enter open  a ack  t lines" in lines(app)
        await pilot.press("c")
        await pilot.pause()
        assert "space tick" in lines(app)


async def test_without_room_for_both_t_changes_at_once(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """To what was not seen before."""
    async with app.run_test(size=(80, 18)) as pilot:
        await shown(pilot)
        assert "newest lines" not in lines(app)
        assert "NEW" in lines(app)
        await pilot.press("t")
        await settled(pilot, lambda: "websocket a07f" in lines(app))
        await pilot.press("t")
        await settled(pilot, lambda: "websocket a07f" not in lines(app))


async def test_the_oldest_line_is_reached_beside_a_problem(
    screen_over: Callable[..., StageWatch], shown: Shown, settled: Settled, lines: Read
) -> None:
    """Which takes rows from the lines."""
    app = screen_over(unreadable())
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("t", "t")
        await settled(pilot, lambda: "may not be read" in lines(app))
        await pilot.press(*["pageup"] * 8)
        await settled(pilot, lambda: "line 00" in lines(app))


@pytest.fixture
def berlin(utc: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()


@pytest.mark.parametrize(("zone", "seen"), [("UTC", "12:00:00"), ("Europe/Berlin", "10:00:00")])
async def test_times_of_lines_are_local(
    stage: Stage,
    clock: Clock,
    berlin: None,
    zone: str,
    seen: str,
    shown: Shown,
    lines: Read,
) -> None:
    """In whatever zone the log, or the line itself, tells them."""
    snapshot = specimen.healthy()
    texts = ("2025-09-05 10:00:00 INFO plain", "2025-09-05T10:00:00+01:00 INFO with its zone")
    log = replace(
        snapshot.logs[0],
        zone=zone,
        patterns=(),
        lines=tuple(LogLine(specimen.NOW, "error.log", "INFO", text) for text in texts),
    )
    stage.show(replace(snapshot, logs=(log,)))
    app = StageWatch(stage.hooks(), "alice", clock)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        assert f"{seen}  INFO     plain" in lines(app)
        assert "11:00:00  INFO     with its zone" in lines(app)
