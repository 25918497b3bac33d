"""The screen over a specimen, with a clock that stands still."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from textual.pilot import Pilot

from stagewatch.snapshot import Snapshot
from stagewatch.tui import specimen
from stagewatch.tui.app import StageWatch
from stagewatch.tui.stage import Clock, Stage

if TYPE_CHECKING:
    from bench.ptyrun import Terminal

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are drawn in local time; here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def stage() -> Stage:
    """A made-up record that can be edited."""
    return Stage(specimen.healthy())


@pytest.fixture
def clock() -> Clock:
    """Stands at the specimen's moment."""
    return Clock()


@pytest.fixture
def app(stage: Stage, clock: Clock) -> StageWatch:
    """The screen over the stage."""
    return StageWatch(stage.hooks(), "alice", clock)


@pytest.fixture
def screen_over(clock: Clock) -> Callable[..., StageWatch]:
    """Make a screen over any snapshot."""

    def make(snapshot: Snapshot, *, ascii: bool = False) -> StageWatch:
        clock.at = snapshot.now
        return StageWatch(Stage(snapshot).hooks(), "alice", clock, ascii=ascii)

    return make


async def shown(pilot: Pilot[Any]) -> None:
    """Wait until the first snapshot is on the screen."""
    await settled(pilot, lambda: getattr(pilot.app, "snapshot", None) is not None)
    await pilot.pause()


async def settled(pilot: Pilot[Any], condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the app run until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"still not true after {seconds} s")
        await pilot.pause(0.01)


@pytest.fixture(name="shown")
def shown_fixture() -> Callable[[Pilot[Any]], Awaitable[None]]:
    return shown


@pytest.fixture(name="settled")
def settled_fixture() -> Callable[..., Awaitable[None]]:
    return settled


@pytest.fixture
def lines() -> Callable[[StageWatch], str]:
    """The text on the screen."""

    def read(app: StageWatch) -> str:
        strips = app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    return read


@pytest.fixture(scope="session")
def ptyrun() -> ModuleType:
    """The pseudo-terminal of the benchmarks, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("ptyrun", ROOT / "bench" / "ptyrun.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def terminal(ptyrun: ModuleType, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Run the screen in a pseudo-terminal; what is still running at the end is killed."""
    opened: list[Terminal] = []

    def run(
        *arguments: str, columns: int = 80, rows: int = 24, controlling: bool = True
    ) -> Terminal:
        argv = [sys.executable, str(PROGRAM), str(tmp_path / "saved"), *arguments]
        made: Terminal = ptyrun.Terminal(argv, columns=columns, rows=rows, controlling=controlling)
        opened.append(made)
        return made

    yield run
    for each in opened:
        each.close()
