"""What a second costs: the clock each time, everything else that time changes now and then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.tui.app import StageWatch
from stagewatch.tui.screens import live
from stagewatch.tui.stage import Clock
from stagewatch.widgets.banner import Header
from stagewatch.widgets.health import HealthPane
from stagewatch.widgets.paint import text_of
from stagewatch.widgets.pane import Pane

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes in a hundredth of one."""
    monkeypatch.setattr(live, "BEAT", 0.01)


def text(pane: Pane) -> str:
    return "\n".join(map(text_of, pane._painted))


async def test_the_clock_goes_on_and_lateness_shows_without_a_snapshot(
    app: StageWatch, clock: Clock, shown: Shown, settled: Settled
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot)
        header, health = app.screen.query_one(Header), app.screen.query_one(HealthPane)
        before = text(header)
        assert "ago" not in text(health)
        clock.at += 400
        await settled(pilot, lambda: text(header) != before)
        await settled(pilot, lambda: "6m" in text(health) and "ago" in text(health))


async def test_a_beat_asks_only_what_counts_seconds(
    app: StageWatch, shown: Shown, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are asked with every third one."""
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot)
        asked: list[str] = []
        for kind in (Header, HealthPane):
            monkeypatch.setattr(kind, "show", lambda self, view: asked.append(type(self).__name__))
        await settled(pilot, lambda: asked.count("HealthPane") >= 5)
        assert asked.count("Header") >= 2 * asked.count("HealthPane")


async def test_what_goes_wrong_in_a_beat_is_not_swallowed(
    app: StageWatch, shown: Shown, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the screen as an error in any handler does, instead of a clock that stands still."""

    def broken(self: Pane, view: object) -> None:
        raise RuntimeError("a defect")

    ended: list[Exception] = []
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot)
        monkeypatch.setattr(app, "_handle_exception", ended.append)
        with monkeypatch.context() as patch:
            patch.setattr(Header, "show", broken)
            await settled(pilot, lambda: bool(ended))
    assert str(ended[0]) == "a defect"
