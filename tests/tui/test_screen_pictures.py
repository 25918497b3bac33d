"""Pictures of the screen, compared with those that were looked at: `pytest --snapshot-update`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.tui import specimen
from stagewatch.tui.app import StageWatch

Make = Callable[..., StageWatch]
Shown = Callable[[Pilot[Any]], Awaitable[None]]
SIZES = [(80, 24), (120, 40)]
names = pytest.mark.parametrize("name", ["healthy", "trouble", "empty"])
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@names
@sizes
def test_the_screen(
    snap_compare: Callable[..., bool],
    screen_over: Make,
    shown: Shown,
    name: str,
    size: tuple[int, int],
) -> None:
    app = screen_over(getattr(specimen, name)())
    assert snap_compare(app, terminal_size=size, run_before=shown)


def test_the_checklist_at_a_narrow_size(
    snap_compare: Callable[..., bool], screen_over: Make, shown: Shown
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await shown(pilot)
        await pilot.press("c", "j")
        await pilot.pause()

    app = screen_over(specimen.healthy())
    assert snap_compare(app, terminal_size=(80, 24), run_before=prepare)


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@sizes
def test_evidence_that_is_missing_late_or_bad(
    snap_compare: Callable[..., bool],
    screen_over: Make,
    shown: Shown,
    size: tuple[int, int],
    ascii: bool,
) -> None:
    """The item under the cursor with all of it; of the others, the mark."""

    async def prepare(pilot: Pilot[Any]) -> None:
        await shown(pilot)
        await pilot.press(*(["c"] if size[0] < 100 else ["tab"] * 5), "j", "j", "j")
        await pilot.pause()

    app = screen_over(specimen.doubtful(), ascii=ascii)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_wide_and_short(snap_compare: Callable[..., bool], screen_over: Make, shown: Shown) -> None:
    app = screen_over(specimen.healthy())
    assert snap_compare(app, terminal_size=(120, 24), run_before=shown)


def test_in_ascii(snap_compare: Callable[..., bool], screen_over: Make, shown: Shown) -> None:
    app = screen_over(specimen.trouble(), ascii=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=shown)


@pytest.mark.parametrize("key", ["q", "n", "question_mark"])
def test_a_dialogue(
    snap_compare: Callable[..., bool], screen_over: Make, shown: Shown, key: str
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await shown(pilot)
        await pilot.press(key)
        await pilot.pause()

    app = screen_over(specimen.healthy())
    assert snap_compare(app, terminal_size=(120, 40), run_before=prepare)


@sizes
async def test_without_colour_evidence_is_marked_and_told(
    screen_over: Make,
    shown: Shown,
    lines: Callable[[StageWatch], str],
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = screen_over(specimen.doubtful())
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        await pilot.press(*(["c"] if size[0] < 100 else []))
        await pilot.pause()
        text = lines(app)
    assert "evidence: 1 of 2 bad" in text
    assert re.search(r"✖ backend.rss +512 MiB", text)
    assert "Memory leak: FAIL" in text
    assert re.search(r"Cache effectiveness under (load)? *◌", text)


@names
@sizes
async def test_without_colour_words_and_marks_carry_every_state(
    screen_over: Make,
    shown: Shown,
    lines: Callable[[StageWatch], str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = screen_over(getattr(specimen, name)())
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        assert app.no_color
        text = lines(app)
    expected = {
        "healthy": ("HOLD", "● healthy", "+1.8 %/h of 10"),
        "trouble": ("NO-GO", "✖ DOWN", "✖ NOT RECORDING", "LATE"),
        "empty": ("HOLD", "○ waiting", "does not exist yet"),
    }[name]
    for word in expected:
        assert word in text
