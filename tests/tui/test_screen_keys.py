"""What the keys do, through the pilot: ticks, notes, pauses, leaving, moving, narrow screens."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.pilot import Pilot

from stagewatch.session.document import Session
from stagewatch.tui import specimen
from stagewatch.tui.app import StageWatch
from stagewatch.tui.keys import KEYS
from stagewatch.tui.screens.help import help_text
from stagewatch.tui.screens.leave import LeaveScreen
from stagewatch.tui.stage import Clock, Stage
from stagewatch.widgets.checklistpane import ChecklistPane
from stagewatch.widgets.logpane import LogPane

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Read = Callable[[StageWatch], str]
WIDE, NARROW = (120, 40), (80, 24)


async def test_space_ticks_the_item_with_the_live_values_as_evidence(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    before = len(stage.session.tick)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("space")
        await settled(pilot, lambda: len(stage.session.tick) > before)
        await settled(pilot, lambda: "[x] Resource consumption" in lines(app))
    tick = stage.session.tick[-1]
    assert (tick.item, tick.done, tick.by, tick.at) == (
        "Resource consumption",
        True,
        "alice",
        specimen.NOW,
    )
    assert [(e.signal, e.value, e.unit) for e in tick.evidence] == [
        ("backend.rss", 512 * specimen.MIB, "B"),
        ("backend.cpu", 3.2, "%"),
    ]


async def test_a_key_before_the_record_is_there_is_kept(
    stage: Stage, clock: Clock, settled: Settled
) -> None:
    """It acts as soon as there is something to act on."""
    opened = threading.Event()

    def open_source() -> Stage:
        opened.wait(20)
        return stage

    before = len(stage.session.tick)
    app = StageWatch(replace(stage.hooks(), open_source=open_source), "alice", clock)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("space")
        assert app.snapshot is None
        opened.set()
        await settled(pilot, lambda: len(stage.session.tick) == before + 1)


async def test_a_key_is_not_kept_for_ever(
    stage: Stage, clock: Clock, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that hangs does not keep anybody from leaving."""
    monkeypatch.setattr("stagewatch.tui.screens.live.PATIENCE", 0.1)
    opened = threading.Event()

    def open_source() -> Stage:
        opened.wait(20)
        return stage

    app = StageWatch(replace(stage.hooks(), open_source=open_source), "alice", clock)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("q")
        await settled(pilot, lambda: isinstance(app.screen, LeaveScreen))
        opened.set()


async def test_a_second_space_unticks_and_both_stay_on_record(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("space")
        await settled(pilot, lambda: "[x] Resource consumption" in lines(app))
        await pilot.press("space")
        await settled(pilot, lambda: "[ ] Resource consumption" in lines(app))
    assert [tick.done for tick in stage.session.tick[-2:]] == [True, False]


async def test_a_tick_is_not_shown_as_done_before_it_is_saved(
    stage: Stage, clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    class FullDisk:
        def edit(self, change: Callable[[Session], Session]) -> Session:
            raise OSError(28, "No space left on device")

    app = StageWatch(replace(stage.hooks(), open_store=FullDisk), "alice", clock)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("space")
        await settled(pilot, lambda: "[~] Resource consumption" in lines(app))
        await settled(pilot, lambda: "NOT SAVED since 04:31:05" in lines(app))
        assert "No space left on device" in lines(app)
        assert "1 edit waits, trying again" in lines(app)
        await pilot.press("q")
        await settled(pilot, lambda: "1 edit is not saved" in lines(app))


async def test_a_note_is_asked_for_and_saved_on_the_item(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("n", *"fine", "enter")
        await settled(pilot, lambda: len(stage.session.note) == 2)
    note = stage.session.note[-1]
    assert (note.item, note.text, note.by) == ("Resource consumption", "fine", "alice")


@pytest.mark.parametrize("keys", [("n", "escape"), ("n", "enter", "escape"), ("p", "x", "escape")])
async def test_an_abandoned_question_changes_nothing(
    app: StageWatch, stage: Stage, shown: Shown, keys: tuple[str, ...]
) -> None:
    before = stage.session
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        assert len(app.screen_stack) == 2
    assert stage.session == before


async def test_p_pauses_with_a_reason_and_resumes_without_asking(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("p", *"lunch", "enter")
        await settled(pilot, lambda: "PAUSED by alice: lunch" in lines(app))
        await pilot.press("p")
        await settled(pilot, lambda: "PAUSED" not in lines(app))
    pause = stage.session.pause[-1]
    assert (pause.reason, pause.by, pause.ended_by) == ("lunch", "alice", "alice")


async def test_a_refused_edit_is_told_and_not_tried_again(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        # Somebody else pauses meanwhile, and this screen has not seen it.
        from stagewatch.session.edits import pause

        stage.edit(lambda session: pause(session, "deploy", by="bob", at=specimen.NOW))
        stage.look()
        await pilot.press("p", *"lunch", "enter")
        await settled(pilot, lambda: "paused already, by bob" in lines(app))
        assert "NOT SAVED" not in lines(app)
    assert [pause.by for pause in stage.session.pause] == ["bob"]


@pytest.mark.parametrize(("keys", "result"), [(("enter",), False), (("l",), False), (("s",), True)])
async def test_leaving_says_what_happens_to_the_recorder(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read, keys: tuple[str], result: bool
) -> None:
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("q")
        await settled(pilot, lambda: "Leave it recording" in lines(app))
        assert "The recorder (pid 4711) goes on without this screen." in lines(app)
        await pilot.press(*keys)
        await pilot.pause()
    assert app.return_value is result


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_every_way_to_quit_asks_and_esc_stays(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read, key: str
) -> None:
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press(key)
        await settled(pilot, lambda: "Stop the recording" in lines(app))
        await pilot.press("escape")
        await settled(pilot, lambda: "Stop the recording" not in lines(app))
        assert app.is_running


async def test_tab_goes_round_the_panes_and_back(app: StageWatch, shown: Shown) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        seen = []
        for _ in range(5):
            await pilot.press("tab")
            seen.append(type(app.focused).__name__)
        assert seen == ["HealthPane", "MemoryPane", "LatencyPane", "LogPane", "ChecklistPane"]
        await pilot.press("shift+tab")
        assert isinstance(app.focused, LogPane)


async def test_the_cursor_moves_over_phases_and_items_and_stops_at_the_ends(
    app: StageWatch, shown: Shown
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        checklist = app.screen.query_one(ChecklistPane)
        await pilot.press(*["k"] * 40)
        first = checklist.cursor()
        assert first is not None
        assert (first.phase, first.item) == ("Initial stability", "")
        await pilot.press(*["down"] * 40)
        last = checklist.item()
        assert last is not None
        assert last.item == "Production readiness assessment"


async def test_enter_folds_the_phase_under_the_cursor(
    app: StageWatch, shown: Shown, lines: Read
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert "Resource consumption" not in lines(app)
        assert "Load testing" in lines(app)


async def test_at_narrow_sizes_c_changes_between_panes_and_checklist(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        assert "─ memory" in lines(app)
        await pilot.press("c")
        await settled(pilot, lambda: "Resource consumption" in lines(app))
        assert "─ memory" not in lines(app)
        await pilot.press("c")
        await settled(pilot, lambda: "─ memory" in lines(app))


async def test_space_ticks_nothing_that_is_not_seen(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    before = len(stage.session.tick)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("space")
        await settled(pilot, lambda: "Resource consumption" in lines(app))
        assert len(stage.session.tick) == before
        await pilot.press("space")
        await settled(pilot, lambda: len(stage.session.tick) == before + 1)


async def test_resizing_changes_the_arrangement_and_loses_nothing(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.resize_terminal(80, 24)
        await settled(pilot, lambda: "─ memory" in lines(app) and "Resource" not in lines(app))
        await pilot.resize_terminal(50, 12)
        await settled(pilot, lambda: "HOLD · needs 60×16, this terminal is 50×12" in lines(app))
        await pilot.resize_terminal(120, 40)
        await settled(pilot, lambda: "Resource consumption" in lines(app))
        assert "512 MiB" in lines(app)


async def test_the_log_is_held_while_one_reads_and_follows_again(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    snapshot = specimen.healthy()
    log = snapshot.logs[0]
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("t", "t", "up", "up")
        await settled(pilot, lambda: "held · 0 newer" in lines(app))
        newest = replace(log.lines[-1], at=specimen.NOW, text="the newest line")
        stage.show(replace(snapshot, logs=(replace(log, lines=(*log.lines, newest)),)))
        await settled(pilot, lambda: "held · 1 newer" in lines(app))
        assert "the newest line" not in lines(app)
        await pilot.press("end")
        await settled(pilot, lambda: "the newest line" in lines(app))


async def test_a_critical_pattern_is_acknowledged_with_a_reason(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    """The session says who and why, for this pattern alone; its row shows it."""
    snapshot = specimen.healthy()
    log = snapshot.logs[0]
    worst = replace(log.patterns[0], number=99, level="CRITICAL", text="disk full on #")
    stage.show(replace(snapshot, logs=(replace(log, patterns=(*log.patterns, worst)),)))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        assert "CRITICAL disk full on #" in lines(app)
        await pilot.press("a")
        await settled(pilot, lambda: "Acknowledge" in lines(app))
        await pilot.press(*"known", "enter")
        await settled(pilot, lambda: bool(stage.session.acknowledgement))
        await pilot.press("t")
        await settled(pilot, lambda: "ack alice" in lines(app))
        for _ in log.patterns:  # whichever row it is now
            await pilot.press("up")
        for _ in (*log.patterns, worst):
            await pilot.press("a", "escape", "down")
        await settled(pilot, lambda: "alice has acknowledged this pattern already" in lines(app))
    (known,) = stage.session.acknowledgement
    assert known.pattern == "errors: CRITICAL disk full on #"
    assert (known.by, known.reason, known.until) == ("alice", "known", snapshot.session.ends_at)


async def test_many_patterns_are_moved_through_by_pages(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled, lines: Read
) -> None:
    """Where they stand alone; home leads to the most urgent one."""
    snapshot = specimen.healthy()
    log = snapshot.logs[0]
    many = [
        replace(log.patterns[0], number=n, text=f"pattern {n}", first=specimen.NOW - n, new=True)
        for n in range(1, 60)
    ]
    stage.show(replace(snapshot, logs=(replace(log, patterns=tuple(many)),)))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        await pilot.press("t", "pagedown", "pagedown")
        await settled(pilot, lambda: "pattern 21 " in lines(app))
        assert "held" not in lines(app)
        await pilot.press("pageup")
        await pilot.press("home")
        await settled(pilot, lambda: "pattern 1 " in lines(app))


async def test_t_turns_from_patterns_and_lines_to_either(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    """And back again."""
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot)
        for patterns, tail in ((True, True), (True, False), (False, True), (True, True)):
            await settled(pilot, lambda p=patterns: ("×27" in lines(app)) is p)
            assert ("websocket a07f" in lines(app)) is tail
            await pilot.press("t")


async def test_export_says_which_file_it_wrote(
    stage: Stage, clock: Clock, shown: Shown, settled: Settled, lines: Read, tmp_path: Path
) -> None:
    written = tmp_path / "report.md"
    app = StageWatch(replace(stage.hooks(), export=lambda: (written,)), "alice", clock)
    async with app.run_test(size=(200, 40)) as pilot:
        await shown(pilot)
        await pilot.press("e")
        await settled(pilot, lambda: f"wrote {written}" in lines(app))


async def test_an_export_that_fails_says_why(
    stage: Stage, clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    def fail() -> tuple[Path, ...]:
        raise PermissionError(13, "Permission denied", "/report.md")

    app = StageWatch(replace(stage.hooks(), export=fail), "alice", clock)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("e")
        await settled(pilot, lambda: "the export failed: " in lines(app))
        assert "Permission denied" in lines(app)


async def test_a_dead_recorder_is_followed_by_the_next_one(
    clock: Clock, shown: Shown, settled: Settled
) -> None:
    started: list[int] = []

    def revive() -> str:
        started.append(1)
        return ""

    stage = Stage(specimen.trouble())
    app = StageWatch(replace(stage.hooks(), revive=revive), "alice", clock)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await settled(pilot, lambda: bool(started))
        stage.show(replace(specimen.trouble(), reason="still the same"))
        await settled(pilot, lambda: app.snapshot is not None and "same" in app.snapshot.reason)
        assert started == [1]  # not again at once


async def test_the_palette_holds_every_action(app: StageWatch, shown: Shown) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        named = {command.help for command in app.get_system_commands(app.screen)}
        movement = {"move(-1)", "move(1)", "moment(-1)", "moment(1)", "palette"}
        assert {key.tooltip for key in KEYS if key.action not in movement} <= named
        titles = {command.title for command in app.get_system_commands(app.screen)}
        scrolling = {"up", "down", "back(10)", "back(-10)"}
        pane = [key for key in LogPane.BINDINGS if isinstance(key, Binding)]
        assert {key.description.capitalize() for key in pane if key.action not in scrolling} <= (
            titles
        )


async def test_the_palette_turns_the_log_pane_too(
    app: StageWatch, shown: Shown, settled: Settled, lines: Read
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        assert "newest lines" in lines(app)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"patterns alone")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot, lambda: "newest lines" not in lines(app))


async def test_a_command_of_the_palette_does_what_its_key_does(
    app: StageWatch, stage: Stage, shown: Shown, settled: Settled
) -> None:
    before = len(stage.session.tick)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"tick")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot, lambda: len(stage.session.tick) == before + 1)


async def test_help_names_every_key(app: StageWatch, shown: Shown, lines: Read) -> None:
    text = help_text().plain
    for binding in KEYS:
        assert binding.tooltip in text
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Tick or untick the item" in lines(app)
        await pilot.press("escape")
        assert len(app.screen_stack) == 2
