"""Pictures of the verdict board, the detail and their dialogues, compared with those that were
looked at: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.tui import specimen_board
from stagewatch.tui.app import StageWatch
from stagewatch.tui.screens.board import BoardScreen
from stagewatch.tui.screens.detail import DetailScreen
from stagewatch.tui.stage import Clock

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Compare = Callable[..., bool]
Read = Callable[[StageWatch], str]
SIZES = [(80, 24), (120, 40)]
SCENES = ["on_track", "no_go", "waived", "window_over"]
names = pytest.mark.parametrize("name", SCENES)
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def over(name: str, *, ascii: bool = False) -> StageWatch:
    scene = getattr(specimen_board, name)()
    return StageWatch(scene.stage().hooks(), "alice", Clock(scene.now), ascii=ascii)


async def opened(pilot: Pilot[Any], shown: Shown, settled: Settled, *keys: str) -> None:
    """Open the board and press these keys there."""
    await shown(pilot)
    await pilot.press("v")
    await settled(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))
    await pilot.pause(0.1)
    for key in keys:
        await pilot.press(key)
        if key == "enter":
            await settled(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
            await pilot.pause(0.2)  # the evidence comes from a thread
        await pilot.pause()


@names
@sizes
def test_the_board(
    snap_compare: Compare, shown: Shown, settled: Settled, name: str, size: tuple[int, int]
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, shown, settled)

    assert snap_compare(over(name), terminal_size=size, run_before=prepare)


@sizes
@pytest.mark.parametrize("name", ["no_go", "waived"])
def test_the_end_of_the_board(
    snap_compare: Compare, shown: Shown, settled: Settled, name: str, size: tuple[int, int]
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, shown, settled, "end")

    assert snap_compare(over(name), terminal_size=size, run_before=prepare)


@names
@sizes
def test_the_detail(
    snap_compare: Compare, shown: Shown, settled: Settled, name: str, size: tuple[int, int]
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, shown, settled, "home", "enter")

    assert snap_compare(over(name), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize(
    ("name", "keys"),
    [("no_go", ("a",)), ("no_go", ("w",)), ("no_go", ("i",)), ("window_over", ("f",))],
    ids=["acknowledge", "waive", "void", "confirm"],
)
@sizes
def test_a_dialogue(
    snap_compare: Compare,
    shown: Shown,
    settled: Settled,
    name: str,
    keys: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, shown, settled, *keys)

    assert snap_compare(over(name), terminal_size=size, run_before=prepare)


def test_in_ascii(snap_compare: Compare, shown: Shown, settled: Settled) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, shown, settled)

    assert snap_compare(over("waived", ascii=True), terminal_size=(80, 24), run_before=prepare)


@names
@sizes
async def test_without_colour_words_and_marks_carry_every_state(
    shown: Shown,
    settled: Settled,
    lines: Read,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = over(name)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, shown, settled)
        assert app.no_color
        text = lines(app)
    expected = {
        "on_track": ("HOLD", "◌ INCONCLUSIVE", "✓ PASS"),
        "no_go": ("NO-GO", "✖ FAIL", "! WARN", "› ✖"),
        "waived": ("HOLD", "≈ WAIVED", "! WARN"),
        "window_over": ("HOLD", "✓ PASS", "12 pass"),
    }[name]
    for word in expected:
        assert word in text
