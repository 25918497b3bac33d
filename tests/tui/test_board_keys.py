"""The verdict board through the pilot: its keys, its dialogues, what they save and refuse."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input

from stagewatch.grounds import Grounds, Question
from stagewatch.model import State, Verdict
from stagewatch.session.document import Session
from stagewatch.tui import specimen, specimen_board
from stagewatch.tui.app import StageWatch
from stagewatch.tui.keys import BOARD_ACTS, BOARD_KEYS, DETAIL_KEYS, KEYS
from stagewatch.tui.screens.board import BoardScreen
from stagewatch.tui.screens.detail import DetailScreen
from stagewatch.tui.screens.form import FormScreen
from stagewatch.tui.screens.help import help_text
from stagewatch.tui.stage import Clock, Stage
from stagewatch.widgets.boardpane import BoardPane
from stagewatch.widgets.keyline import key_names
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.view import Row

Shown = Callable[[Pilot[Any]], Awaitable[None]]
Settled = Callable[..., Awaitable[None]]
Read = Callable[[StageWatch], str]
Open = Callable[..., tuple[StageWatch, Stage]]
WIDE, NARROW = (120, 40), (80, 24)
DOCS = Path(__file__).resolve().parents[2] / "docs" / "screen.md"


@pytest.fixture
def open_scene(clock: Clock) -> Open:
    """The screen over a scene of the specimen, and its record."""

    def make(name: str = "no_go", by: str = "carol") -> tuple[StageWatch, Stage]:
        scene = getattr(specimen_board, name)()
        stage = scene.stage()
        clock.at = scene.now
        return StageWatch(stage.hooks(), by, clock), stage

    return make


def cursor(app: StageWatch) -> Row:
    row = app.screen.query_one(BoardPane).cursor()
    assert row is not None
    return row


async def board_over(pilot: Pilot[Any], shown: Shown, settled: Settled) -> None:
    """Press v and wait until the board stands."""
    await shown(pilot)
    await pilot.press("v")
    await settled(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))
    await settled(pilot, lambda: pilot.app.screen.query_one(BoardPane).cursor() is not None)
    await pilot.pause()


async def go_to(pilot: Pilot[Any], row: Row) -> None:
    """Move down to a row of the board."""
    await pilot.press("home")
    for _ in range(80):
        if cursor(pilot.app) == row:  # type: ignore[arg-type] # the pilot's app is ours
            return
        await pilot.press("down")
    pytest.fail(f"there is no row {row}")


async def asked(pilot: Pilot[Any], settled: Settled, key: str) -> None:
    """Press the key and wait for its dialogue."""
    await pilot.press(key)
    await settled(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
    await pilot.pause()


async def fill(pilot: Pilot[Any], **lines: str) -> None:
    """Write into the lines of the dialogue."""
    for name, text in lines.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = text
    await pilot.pause()


async def save(pilot: Pilot[Any]) -> None:
    """Enter in the last line."""
    list(pilot.app.screen.query(Input))[-1].focus()
    await pilot.press("enter")
    await pilot.pause()


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_two_keys_lead_from_the_verdict_to_the_evidence(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read, size: tuple[int, int]
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=size) as pilot:
        await board_over(pilot, shown, settled)
        assert "✖ FAIL" in lines(app)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        await settled(pilot, lambda: "rule          growth" in lines(app))
        if size == NARROW:
            await pilot.press("end")
        await settled(pilot, lambda: "cache: storm on key" in lines(app))


@pytest.mark.parametrize("key", ["v", "q", "escape"])
async def test_the_board_is_left_and_found_again_without_being_made_anew(
    open_scene: Open, shown: Shown, settled: Settled, key: str
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        first = app.screen
        await pilot.press(key)
        await settled(pilot, lambda: len(app.screen_stack) == 2)
        await board_over(pilot, shown, settled)
        assert app.screen is first


async def test_the_detail_is_left_to_the_board_or_to_the_panes(
    open_scene: Open, shown: Shown, settled: Settled
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        await pilot.press("escape")
        await settled(pilot, lambda: isinstance(app.screen, BoardScreen))
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        await pilot.press("v")
        await settled(pilot, lambda: len(app.screen_stack) == 2)


async def test_the_key_bar_names_what_the_row_takes(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=NARROW) as pilot:
        await board_over(pilot, shown, settled)
        assert "w waive" in lines(app).splitlines()[-1]
        await go_to(pilot, ("gate", "Architecture review"))
        await settled(pilot, lambda: "y approve  x reject" in lines(app).splitlines()[-1])
        assert "w waive" not in lines(app).splitlines()[-1]


async def test_moving_stops_at_the_ends_and_pages(
    open_scene: Open, shown: Shown, settled: Settled
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=NARROW) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("end")
        assert cursor(app) == ("final", "")
        await pilot.press("down")
        assert cursor(app) == ("final", "")
        await pilot.press("home", "k")
        assert cursor(app) == ("criterion", "no-go/memory-leak")
        await pilot.press("pagedown", "pageup", "j")
        assert cursor(app) == ("criterion", "no-go/slow-api")


async def test_acknowledging_silences_the_reminder_until_a_later_incident(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        assert "not acknowledged: Memory leak FAIL" in lines(app)
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "a")
        await fill(pilot, reason="on it")
        await save(pilot)
        await settled(pilot, lambda: bool(stage.session.acknowledgement))
        await pilot.press("escape")
        await settled(pilot, lambda: "not acknowledged: Slow API FAIL" in lines(app))
    assert stage.session.acknowledgement[-1].reason == "on it"


async def test_waiving_takes_the_incident_out_of_the_verdict(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "w")
        text = lines(app)
        assert "computed FAIL: backend.rss grows by 17.2 %/h" in text
        assert "recorded as carol" in text
        await pilot.press(*"known", "enter", "enter")
        await settled(pilot, lambda: bool(stage.session.waiver))
        await settled(pilot, lambda: "≈ WAIVED" in lines(app))
    waiver = stage.session.waiver[-1]
    assert (waiver.criterion, waiver.reason, waiver.by, waiver.state) == (
        "memory-leak",
        "known",
        "carol",
        "FAIL",
    )


async def test_a_criterion_is_waived_and_acknowledged_from_its_detail_too(
    open_scene: Open, shown: Shown, settled: Settled
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        for key in ("a", "w"):
            await asked(pilot, settled, key)
            await fill(pilot, reason="known")
            await save(pilot)
            await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        await settled(pilot, lambda: bool(stage.session.waiver))
    assert stage.session.acknowledgement


async def test_a_failing_check_is_waived(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await go_to(pilot, ("check", "WebSocket leak fix/ping and pong"))
        await asked(pilot, settled, "w")
        await fill(pilot, reason="false alarm")
        await save(pilot)
        await settled(pilot, lambda: "≈ waived" in lines(app))
    assert stage.session.waiver[-1].check == "WebSocket leak fix/ping and pong"


@pytest.mark.parametrize(("key", "approved"), [("y", True), ("x", False)])
async def test_a_gate_is_approved_or_rejected_with_a_reason(
    open_scene: Open,
    shown: Shown,
    settled: Settled,
    lines: Read,
    key: str,
    approved: bool,
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await go_to(pilot, ("gate", "15 pillars compliance"))
        await asked(pilot, settled, key)
        await pilot.press("enter")
        await settled(pilot, lambda: "«why» is needed" in lines(app))
        await pilot.press(*"read", "enter")
        await settled(pilot, lambda: stage.session.decision[-1].reason == "read")
        await settled(pilot, lambda: "by carol, 04:31" in lines(app))
    assert stage.session.decision[-1].approved is approved


async def test_four_eyes_refuse_whoever_ticked_in_plain_words(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene(by="alice")
    before = stage.session
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await go_to(pilot, ("gate", "Documentation sync"))
        await pilot.press("y")
        await settled(pilot, lambda: "wants four eyes: somebody else must approve" in lines(app))
        assert isinstance(app.screen, BoardScreen)
    assert stage.session == before


async def test_a_tick_made_meanwhile_is_found_when_the_approval_is_tried(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await go_to(pilot, ("gate", "Documentation sync"))
        await asked(pilot, settled, "y")
        from stagewatch.session.edits import tick

        stage.edit(
            lambda s: tick(s, "Load testing", "Resource consumption", by="carol", at=specimen.NOW)
        )
        await fill(pilot, reason="read")
        await save(pilot)
        await settled(pilot, lambda: "not done: the approval of «Documentation sync»" in lines(app))
    assert all(decision.gate != "Documentation sync" for decision in stage.session.decision)


async def test_lost_lines_are_accepted_by_name(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("end", "up")
        assert cursor(app)[0] == "loss"
        assert "y accept" in lines(app)
        await asked(pilot, settled, "y")
        await fill(pilot, reason="compared with the archive")
        await save(pilot)
        await settled(pilot, lambda: "≈ accepted" in lines(app))
    assert stage.session.acceptance[-1].by == "carol"


async def test_readings_are_declared_void_and_a_bad_duration_is_told_in_place(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=NARROW) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "i")
        assert app.screen.query_one("#probe", Input).value == "backend"
        assert "count as missing" in lines(app)
        await fill(pilot, start="35", reason="load test")
        await save(pilot)
        await settled(pilot, lambda: 'write "35s", "35min" or "35h"' in lines(app))
        assert app.focused is app.screen.query_one("#start")
        await fill(pilot, start="35min")
        await save(pilot)
        await settled(pilot, lambda: bool(stage.session.invalidation))
        await settled(pilot, lambda: isinstance(app.screen, BoardScreen))
        await pilot.press("end")
        await settled(pilot, lambda: "READINGS DECLARED VOID" in lines(app))


async def test_the_go_is_confirmed_by_typing_it(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene("window_over")
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "f")
        await save(pilot)
        await settled(pilot, lambda: "«type GO» is needed" in lines(app))
        await fill(pilot, word="GO")
        await save(pilot)
        await settled(pilot, lambda: bool(stage.session.confirmation))
        await settled(pilot, lambda: app.snapshot is not None and app.snapshot.verdict == "GO")
        await settled(pilot, lambda: "confirmed by carol" in lines(app))
    assert stage.session.confirmation[-1].verdict == Verdict.GO


@pytest.mark.parametrize(
    ("name", "row", "key", "why"),
    [
        ("on_track", "criterion/no-go/memory-leak", "w", "only a FAIL can be waived"),
        ("on_track", "criterion/no-go/memory-leak", "a", "nothing to acknowledge"),
        ("on_track", "criterion/go/coverage", "w", "no waiver covers «Enough data»"),
        ("on_track", "criterion/no-go/memory-leak", "y", "move to one first"),
        ("on_track", "criterion/no-go/memory-leak", "x", "move to one first"),
        ("on_track", "gate/Architecture review", "w", "move to one first"),
        ("on_track", "gate/Architecture review", "a", "move to one first"),
        ("on_track", "gate/Architecture review", "enter", "move to one first"),
        ("on_track", "final/", "f", "a GO cannot be confirmed: the window is over 15:23"),
    ],
)
async def test_what_cannot_be_done_is_told_in_words(
    open_scene: Open,
    shown: Shown,
    settled: Settled,
    lines: Read,
    name: str,
    row: str,
    key: str,
    why: str,
) -> None:
    app, stage = open_scene(name)
    before = stage.session
    kind, _, place = row.partition("/")
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await go_to(pilot, (kind, place))
        await pilot.press(key)
        await settled(pilot, lambda: why in lines(app))
        assert isinstance(app.screen, BoardScreen)
    assert stage.session == before


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("criterion/no-go/memory-leak", "a"),
        ("criterion/no-go/memory-leak", "w"),
        ("criterion/no-go/memory-leak", "i"),
        ("gate/Documentation sync", "y"),
        ("gate/Documentation sync", "x"),
        ("check/WebSocket leak fix/ping and pong", "w"),
    ],
)
async def test_every_dialogue_names_the_operator_and_esc_changes_nothing(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read, row: str, key: str
) -> None:
    app, stage = open_scene()
    before = stage.session
    kind, _, place = row.partition("/")
    async with app.run_test(size=NARROW) as pilot:
        await board_over(pilot, shown, settled)
        await go_to(pilot, (kind, place))
        await asked(pilot, settled, key)
        assert "recorded as carol" in lines(app)
        focused = app.focused
        assert isinstance(focused, Input)
        assert focused.value == ""  # a stray enter saves nothing where an answer is needed
        await pilot.press("z", "escape")
        await settled(pilot, lambda: isinstance(app.screen, BoardScreen))
    assert stage.session == before


async def test_up_and_down_move_between_the_lines_of_a_dialogue(
    open_scene: Open, shown: Shown, settled: Settled
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=NARROW) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "w")
        await pilot.press("down")
        assert app.focused is app.screen.query_one("#until")
        await pilot.press("up")
        assert app.focused is app.screen.query_one("#reason")


async def test_keys_that_arrive_together_are_obeyed_in_their_order(
    open_scene: Open, shown: Shown, settled: Settled
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=NARROW) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "w")
        line = app.screen.query_one("#until", Input)
        line.focus()
        await pilot.pause()
        for key in ("ctrl+u", *"48h"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await settled(pilot, lambda: line.value == "48h")


async def test_an_act_shows_as_being_saved_until_it_is_on_disk(
    clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    class FullDisk:
        def edit(self, change: Callable[[Session], Session]) -> Session:
            raise OSError(28, "No space left on device")

    stage = specimen_board.no_go().stage()
    app = StageWatch(replace(stage.hooks(), open_store=FullDisk), "carol", clock)
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "w")
        await fill(pilot, reason="known")
        await save(pilot)
        await settled(pilot, lambda: "[~] saving the waiver of «Memory leak»" in lines(app))
        await settled(pilot, lambda: "NOT SAVED since 04:31:05" in lines(app))
        assert "✖ FAIL" in lines(app)
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: "1 edit is not saved" in lines(app))


async def test_a_saved_act_shows_as_being_saved_until_a_snapshot_carries_it(
    clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    stage = specimen_board.no_go().stage()

    class Elsewhere:
        def edit(self, change: Callable[[Session], Session]) -> Session:
            return change(stage.session)  # on disk, and the record has not been read since

    app = StageWatch(replace(stage.hooks(), open_store=Elsewhere), "carol", clock)
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await asked(pilot, settled, "w")
        await fill(pilot, reason="known")
        await save(pilot)
        await settled(pilot, lambda: "[~] saving the waiver" in lines(app))
        await pilot.pause(0.1)
        assert "[~] saving the waiver" in lines(app)


async def test_the_board_lives_with_the_snapshots(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        snapshot = specimen_board.no_go().snapshot()
        first = replace(snapshot.criteria[0], value=23.4)
        stage.show(replace(snapshot, criteria=(first, *snapshot.criteria[1:])))
        await settled(pilot, lambda: "23.4 %/h" in lines(app))


async def test_nothing_is_painted_while_nothing_changes(
    open_scene: Open,
    clock: Clock,
    shown: Shown,
    settled: Settled,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    painted: list[str] = []
    refresh = Pane.refresh

    def recording(self: Pane, *regions: Region, repaint: bool = True, **options: bool) -> Pane:
        painted.append(type(self).__name__)
        refresh(self, *regions, repaint=repaint, **options)
        return self

    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        for screen in (BoardScreen, DetailScreen):
            if screen is BoardScreen:
                await board_over(pilot, shown, settled)
            else:
                await pilot.press("enter")
                await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
            await pilot.pause(0.3)
            with monkeypatch.context() as patched:
                patched.setattr(Pane, "refresh", recording)
                for _ in range(3):
                    clock.at += 1.0
                    app._live.redraw()  # type: ignore[union-attr] # what its timer calls
                    await pilot.pause()
    assert painted == []


async def test_the_hidden_panes_are_left_alone_and_catch_up(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        snapshot = specimen_board.no_go().snapshot()
        rss = replace(snapshot.signals["backend.rss"], value=777 * 2.0**20)
        stage.show(replace(snapshot, signals={**snapshot.signals, "backend.rss": rss}))
        await pilot.pause(0.3)
        await pilot.press("escape")
        await settled(pilot, lambda: "777 MiB" in lines(app))


async def test_evidence_that_cannot_be_read_says_why_and_is_asked_for_again(
    clock: Clock, shown: Shown, settled: Settled, lines: Read
) -> None:
    scene = specimen_board.no_go()
    stage = scene.stage()
    tries: list[Question] = []

    def grounds(question: Question) -> Grounds:
        tries.append(question)
        if len(tries) == 1:
            raise OSError(5, "Input/output error")
        return scene.grounds(question)

    app = StageWatch(replace(stage.hooks(), grounds=grounds), "carol", clock)
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("enter")
        await settled(pilot, lambda: "cannot be read: [Errno 5]" in lines(app))
        clock.at += 11
        snapshot = scene.snapshot()
        seen = replace(snapshot.recorder, last_reading_at=clock.at)
        stage.show(replace(snapshot, recorder=seen))
        await settled(pilot, lambda: "import of workspace 7" in lines(app))
    assert [question.moment for question in tries] == [specimen_board.LEAK] * 2


async def test_a_criterion_that_leaves_the_profile_leaves_the_detail_in_words(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, stage = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, DetailScreen))
        snapshot = specimen_board.no_go().snapshot()
        stage.show(replace(snapshot, criteria=snapshot.criteria[1:]))
        await settled(pilot, lambda: "no longer in the profile" in lines(app))
        await pilot.press("a", "w", "j")
        assert isinstance(app.screen, DetailScreen)


async def test_below_the_smallest_size_only_the_verdict_is_shown(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.resize_terminal(50, 12)
        await settled(pilot, lambda: "NO-GO · needs 60×16" in lines(app))
        await pilot.resize_terminal(80, 24)
        await settled(pilot, lambda: "✖ FAIL" in lines(app))


async def test_from_the_panes_the_palette_offers_every_act_and_on_the_board_its_own_keys(
    open_scene: Open, shown: Shown, settled: Settled
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        helps = [command.help for command in app.get_system_commands(app.screen)]
        for binding in BOARD_KEYS:
            assert (binding.action in BOARD_ACTS) <= (binding.tooltip in helps)
        await board_over(pilot, shown, settled)
        own = [command.help for command in app.get_system_commands(app.screen)]
        assert "Back to the panes" in own
        assert "Move to the next pane" not in own


async def test_an_act_of_the_palette_opens_the_board_and_asks(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"waive")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, FormScreen))
        await settled(pilot, lambda: "Waive «Memory leak»" in lines(app))


async def test_help_on_the_board_begins_with_its_keys(
    open_scene: Open, shown: Shown, settled: Settled, lines: Read
) -> None:
    app, _ = open_scene()
    async with app.run_test(size=WIDE) as pilot:
        await board_over(pilot, shown, settled)
        await pilot.press("question_mark")
        await settled(pilot, lambda: "On the verdict board" in lines(app))


def test_help_names_every_key_of_the_board_and_of_the_detail() -> None:
    text = help_text().plain
    for binding in (*BOARD_KEYS, *DETAIL_KEYS):
        assert binding.tooltip in text


def test_the_page_on_the_screen_names_every_key() -> None:
    page = DOCS.read_text(encoding="utf-8")
    panes, _, rest = page.partition("## The verdict board")
    board, _, detail = rest.partition("### What a criterion rests on")
    for text, bindings in ((panes, KEYS), (board, BOARD_KEYS), (detail, DETAIL_KEYS)):
        named = set(re.findall(r"`([^`]+)`", text))
        for binding in bindings:
            for key in key_names(binding).split(", "):
                assert key in named, (key, binding.tooltip)


def test_the_states_are_all_in_the_marks_of_the_help() -> None:
    text = help_text().plain
    for state in State:
        assert state.value in text
