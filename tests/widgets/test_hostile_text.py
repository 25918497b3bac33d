"""Whatever comes from outside, the painted strips carry no control byte and nothing crashes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_struct
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from stagewatch.grounds import Grounds, Question
from stagewatch.judge.score import CheckScore, OptimisationScore
from stagewatch.model import Event, LogLine, Reading, Result
from stagewatch.session.document import Confirmation, Decision, Instant, Invalidation, Note
from stagewatch.snapshot import Snapshot
from stagewatch.tui import specimen, specimen_board
from stagewatch.tui.app import StageWatch
from stagewatch.tui.stage import Clock, Stage

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 \x1b]52;c;aGk=\x07 \x9b31m \u202egnp.exe \u200bzero \r\n\t\x00\x7f "
    "[/foo] [@click=app.quit]x[/] [bold"
)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def poisoned(text: str) -> Snapshot:
    """The specimen with ``text`` wherever foreign text can stand."""
    snapshot = specimen.trouble()
    session = snapshot.session
    phases = tuple(
        replace(
            phase,
            name=f"{phase.name}{text}",
            items=tuple(
                replace(
                    item,
                    phase=f"{phase.name}{text}",
                    item=f"{item.item}{text}",
                    by=text,
                    notes=(Note(by=text, at=Instant(1.0), text=text),),
                )
                for item in phase.items
            ),
        )
        for phase in snapshot.phases
    )
    return replace(
        snapshot,
        reason=text,
        paused=text,
        not_saved=text,
        session=type(session)(
            id="x",
            profile=text,
            deployment=text,
            branch=text,
            started_at=session.started_at,
            ends_at=session.ends_at,
        ),
        probes={
            name: replace(
                p, title=text, reason=text, facts={"db": text, "http_status": text, text: 1}
            )
            for name, p in snapshot.probes.items()
        },
        signals={n: replace(s, reason=text, value=None) for n, s in snapshot.signals.items()},
        recorder=replace(snapshot.recorder, problem=text),
        phases=phases,
        gates=tuple(replace(gate, name=text, by=text) for gate in snapshot.gates),
        logs=(
            replace(
                snapshot.logs[0],
                path=text,
                problem=text,
                lines=tuple(LogLine(specimen.NOW, text, text, text) for _ in range(40)),
            ),
        ),
        events=(Event(specimen.NOW, text, text),),
    )


def painted(app: StageWatch) -> list[str]:
    """The text of every painted segment of the whole screen."""
    strips = app.screen._compositor.render_strips()
    return [segment.text for strip in strips for segment in strip if not segment.control]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16), (40, 10)])
@pytest.mark.parametrize(
    "text",
    [HOSTILE, "\ud800 lone", "漢字" * 60, "e" + "\u0301" * 200, ""],
    ids=["controls", "surrogate", "wide", "marks", "empty"],
)
async def test_foreign_text_is_inert_in_every_pane(text: str, size: tuple[int, int]) -> None:
    snapshot = poisoned(text)
    app = StageWatch(Stage(snapshot).hooks(), "alice", Clock(snapshot.now))
    async with app.run_test(size=size) as pilot:
        while app.snapshot is None:
            await pilot.pause(0.01)
        for keys in ((), ("j", "j"), ("c",), ("n", "escape"), ("q",)):
            await pilot.press(*keys)
            await pilot.pause()
            found = [text for text in painted(app) if CONTROL.search(text)]
            assert found == []


def poisoned_board(text: str) -> Stage:
    """The scene with everything on the board, with ``text`` wherever foreign text can stand."""
    scene = specimen_board.waived()
    seen = scene.snapshot()
    known = replace_struct(scene.session.acknowledgement[-1], by=text, reason=text)
    waiver = replace_struct(scene.session.waiver[-1], by=text, reason=text)
    void = Invalidation(
        probe=text, start=Instant(1.0), end=Instant(2.0), by=text, at=Instant(3.0), reason=text
    )
    decision = Decision(gate=text, approved=True, by=text, at=Instant(1.0), reason=text)
    session = replace_struct(
        scene.session, invalidation=[void], decision=[decision, decision], waiver=[waiver]
    )
    assert seen.score is not None
    assert seen.savings is not None
    checks = (
        CheckScore(text, False, text),
        CheckScore(text, None, text, text, text),
        CheckScore(text, None, text, signal=text, reason=text, unit=text, at_most=1.0),
        CheckScore(text, True, text, signal=text, reason=text, unit=text, value=2.0, at_least=1.0),
    )
    word = Confirmation(by=text, at=Instant(1.0), verdict=text, note=text)
    poisoned_now = replace(
        seen,
        reason=text,
        session=session,
        criteria=tuple(
            replace(
                c, name=text, title=text, reason=text, now=text, rule=text, unit=text,
                signals=(text, f"backend.{text}"), acknowledged=known, waiver=waiver,
            )
            for c in seen.criteria
        ),
        score=replace(seen.score, rows=(OptimisationScore(text, text, None, checks),)),
        savings=replace(seen.savings, currency=text, claim=text, tolerance=text),
        gates=tuple(
            replace(g, name=text, reviewer=text, action=text, by=text, reason=text)
            for g in seen.gates
        ),
        losses=tuple(replace(x, probe=text, path=text, cause=text) for x in seen.losses),
        confirmation=word,
    )  # fmt: skip

    def grounds(asked: Question) -> Grounds:
        reading = Reading(
            "backend", asked.moment, 0.1, Result.ERROR, text, missing={f"backend.{text}": text}
        )
        entry = LogLine(asked.moment, text, text, text)
        return Grounds({}, (reading, replace(reading, result=Result.VALUE)), (entry,))

    return Stage(poisoned_now, grounds=grounds)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
@pytest.mark.parametrize(
    "text",
    [HOSTILE, "\ud800 lone", "漢字" * 60, "e" + "\u0301" * 200, ""],
    ids=["controls", "surrogate", "wide", "marks", "empty"],
)
async def test_foreign_text_is_inert_on_the_board_and_in_its_dialogues(
    text: str, size: tuple[int, int]
) -> None:
    app = StageWatch(poisoned_board(text).hooks(), f"alice{text}", Clock(specimen.NOW))
    async with app.run_test(size=size) as pilot:
        while app.snapshot is None:
            await pilot.pause(0.01)
        for keys in (
            ("v",), ("a",), ("escape", "w"), ("escape", "i"), ("escape", "enter"), ("end",),
            ("escape", "end"), ("up",), ("up",), ("y",), ("escape", "pageup"), ("y",),
            ("escape", "x"), ("escape", "question_mark"),
        ):  # fmt: skip
            await pilot.press(*keys)
            await pilot.pause(0.02)
            found = [text for text in painted(app) if CONTROL.search(text)]
            assert found == []
        assert app.is_running


async def test_the_last_defence_stops_what_a_widget_lets_through() -> None:
    class Careless(Screen[None]):
        def compose(self) -> ComposeResult:
            yield Static("careless \x1b]0;owned\x07 \u202e", markup=False)

    snapshot = specimen.healthy()
    app = StageWatch(Stage(snapshot).hooks(), "alice", Clock(snapshot.now))
    async with app.run_test(size=(120, 40)) as pilot:
        while app.snapshot is None:
            await pilot.pause(0.01)
        await app.push_screen(Careless())
        await pilot.pause()
        assert any("careless" in text for text in painted(app))
        assert not [text for text in painted(app) if CONTROL.search(text)]
