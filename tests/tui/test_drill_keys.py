"""Drills from the screen: chosen, shown, agreed to, run aside, and told."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from stagewatch.errors import PersonError
from stagewatch.tui import drilling
from stagewatch.tui.app import StageWatch
from stagewatch.tui.hooks import DrillChoice
from stagewatch.tui.stage import Clock, Stage

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Read = Callable[[StageWatch], str]
CHOICES = (
    DrillChoice("cache", ("5 requests: GET http://127.0.0.1/summary",)),
    DrillChoice("rate-limit", ("10 requests: GET http://127.0.0.1/quota", "and 1 more")),
)


class Ran:
    """What was run; it ends when it is let go."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str]] = []
        self.go = threading.Event()
        self.good = True

    def run(self, name: str, operator: str) -> tuple[str, bool]:
        self.runs.append((name, operator))
        assert self.go.wait(20)
        return f"{name}: [/] came to something", self.good


@pytest.fixture
def ran() -> Ran:
    """Nothing yet."""
    return Ran()


@pytest.fixture
def drilled(stage: Stage, clock: Clock, ran: Ran) -> StageWatch:
    """The screen with two drills to run."""
    hooks = replace(stage.hooks(), drills=lambda: CHOICES, run_drill=ran.run)
    return StageWatch(hooks, "alice", clock)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_drill_is_shown_before_it_is_run_and_its_result_after(
    drilled: StageWatch,
    ran: Ran,
    shown: Shown,
    settled: Settled,
    lines: Read,
    size: tuple[int, int],
) -> None:
    """The screen goes on while it runs."""
    async with drilled.run_test(size=size) as pilot:
        await shown(pilot)
        await pilot.press("V")
        await settled(pilot, lambda: "rate-limit" in lines(drilled))
        await pilot.press("down", "enter")
        await settled(pilot, lambda: "Run rate-limit?" in lines(drilled))
        assert "and 1 more" in lines(drilled)
        assert not ran.runs
        await pilot.press("y")
        await settled(pilot, lambda: ran.runs == [("rate-limit", "alice")])
        await settled(pilot, lambda: "running rate-limit" in lines(drilled))
        ran.go.set()
        await settled(pilot, lambda: "rate-limit: [/] came to something" in lines(drilled))


@pytest.mark.parametrize(
    "keys", [("escape",), ("enter", "escape"), ("enter", "enter"), ("enter", "n")]
)
async def test_leaving_it_is_what_lies_under_the_cursor(
    drilled: StageWatch,
    ran: Ran,
    shown: Shown,
    settled: Settled,
    lines: Read,
    keys: tuple[str, ...],
) -> None:
    """No key that was pressed too often sends anything."""
    async with drilled.run_test(size=(120, 40)) as pilot:
        await shown(pilot)
        await pilot.press("V")
        await settled(pilot, lambda: "Validate, or exercise" in lines(drilled))
        await pilot.press(*keys)
        await settled(pilot, lambda: "esc leaves" not in lines(drilled))
        await settled(pilot, lambda: "Leave it" not in lines(drilled))
        await pilot.pause()
    assert not ran.runs


async def test_what_is_in_the_way_is_told(
    stage: Stage, clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    """As of production."""

    def refused() -> tuple[DrillChoice, ...]:
        raise PersonError("staging is production")

    app = StageWatch(replace(stage.hooks(), drills=refused), "alice", clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot)
        await pilot.press("V")
        await settled(pilot, lambda: "validating failed: staging is production" in lines(app))


def fake_program(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of Python that keeps its arguments and does this."""
    program = folder / "python"
    kept = folder / "arguments"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(kept)!r}, 'w').write(json.dumps(sys.argv[1:]))\n{code}\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("stagewatch.tui.drilling.sys.executable", str(program))
    return kept


def test_it_runs_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With this session and this operator; the last line is the result, the status its worth."""
    line = json.dumps({"outcome": "not-limited", "text": "none was refused"})
    kept = fake_program(tmp_path, f"print('{{}}'); print({line!r}); sys.exit(1)", monkeypatch)
    assert drilling.run(tmp_path, "limit", "alice") == (
        "limit: not-limited, none was refused",
        False,
    )
    given = json.loads(kept.read_text())
    assert given == [
        *("-P", "-m", "stagewatch", "validate", "limit", "--session", str(tmp_path)),
        *("--as", "alice", "--yes", "--json"),
    ]
    drilling.run(tmp_path, "exercise", "alice")
    assert json.loads(kept.read_text())[1:4] == ["-m", "stagewatch", "exercise"]


@pytest.mark.parametrize(("key", "word"), [("problem", "recorded"), ("unjudged", "judged")])
def test_a_result_that_counts_for_nothing_is_not_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, word: str
) -> None:
    """Though it passed: nothing rests on it."""
    line = json.dumps({"outcome": "passed", "text": "all was seen", key: "too late"})
    fake_program(tmp_path, f"print({line!r})", monkeypatch)
    told = f"cache: passed, all was seen; NOT {word}: too late"
    assert drilling.run(tmp_path, "cache", "alice") == (told, False)


def test_one_that_cannot_be_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of its errors."""
    fake_program(tmp_path, "sys.exit('stagewatch: WebSockets need the package')", monkeypatch)
    with pytest.raises(PersonError, match="WebSockets need the package"):
        drilling.run(tmp_path, "websocket", "alice")
