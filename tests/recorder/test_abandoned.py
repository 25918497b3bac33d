"""What a killed drill had announced ends with it, and never what a living one announced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.following import SessionFile
from stagewatch.lock import Driller, DrillLock, driller
from stagewatch.recorder.abandoned import end_abandoned
from stagewatch.session import edits
from stagewatch.session.document import Session
from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.recorder.conftest import Virtual

START = 1_700_000_000.0
NOW = START + 1000


def stretch(start: float, end: float, drill: str = "validation-limit") -> Callable[..., Session]:
    """The edit that leaves this out."""

    def change(session: Session) -> Session:
        return edits.invalidate(
            session, "quota", start, end, "validation limit by ann", by="ann", at=NOW, drill=drill
        )

    return change


def ends(folder: Path) -> list[float]:
    """Where the stretches of the session end."""
    return [void.end for void in SessionStore(folder).load().invalidation]


def look(
    virtual: Virtual, folder: Path, now: float = NOW, spared: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """One look of a recorder; the events that it told."""
    asyncio.run(end_abandoned(folder, SessionFile(folder), virtual.book, now, spared))
    return [(event.kind, event.text) for event in virtual.book.events]


def test_the_stretch_of_a_drill_that_is_gone_ends_now(virtual: Virtual, folder: Path) -> None:
    """And is told of; what a person declared void, and what was over, is left alone."""
    store = SessionStore(folder)
    for one in (stretch(NOW - 60, NOW + 60), stretch(NOW - 60, NOW - 30)):
        store.edit(one)
    store.edit(stretch(NOW - 60, NOW + 60, drill=""))
    store.edit(stretch(NOW + 1, NOW + 60, drill="validation-cache"))
    told = look(virtual, folder)
    assert ends(folder) == [NOW, NOW - 30, NOW + 60, pytest.approx(NOW + 1.001)]
    text = "validation limit by ann ended without a word; readings count again"
    assert told == [("drill-gone", text)]


def test_a_drill_that_lives_keeps_its_stretch(virtual: Virtual, folder: Path) -> None:
    """As long as its process holds the lock."""
    SessionStore(folder).edit(stretch(NOW - 60, NOW + 60))
    lock = DrillLock(folder)
    assert lock.acquire(NOW, by="ann")
    assert look(virtual, folder) == []
    assert ends(folder) == [NOW + 60]
    lock.release()
    assert len(look(virtual, folder)) == 1
    assert ends(folder) == [NOW]


def test_one_that_begins_in_this_very_moment_keeps_it_too(
    virtual: Virtual, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the lock, and announces, after the recorder has found nobody."""
    SessionStore(folder).edit(stretch(NOW - 60, NOW + 60))
    lock = DrillLock(folder)
    asked: list[Driller | None] = []

    def begun_since(where: Path) -> Driller | None:
        asked.append(driller(where))
        if len(asked) == 1:
            assert lock.acquire(NOW, by="bob")
        return asked[-1]

    monkeypatch.setattr("stagewatch.recorder.abandoned.driller", begun_since)
    assert look(virtual, folder) == []
    assert asked[0] is None
    assert ends(folder) == [NOW + 60]
    lock.release()


def test_a_session_that_cannot_be_saved_is_no_end_of_the_recorder(
    virtual: Virtual, folder: Path
) -> None:
    """The stretch stays as it was announced, which the log says."""
    SessionStore(folder).edit(stretch(NOW - 60, NOW + 60))
    session = SessionFile(folder)
    (folder / "session.toml").write_text("no session")
    asyncio.run(end_abandoned(folder, session, virtual.book, NOW))
    assert not virtual.book.events


def test_one_that_had_only_announced_is_told_of_once(virtual: Virtual, folder: Path) -> None:
    """Its stretch lies in the future still, though it is as good as empty."""
    SessionStore(folder).edit(stretch(NOW + 2, NOW + 60))
    assert len(look(virtual, folder)) == 1
    assert len(look(virtual, folder, NOW + 1)) == 1
    assert ends(folder) == [pytest.approx(NOW + 2.001)]


@pytest.mark.parametrize("back", [1.0, 30.0, 300.0])
def test_a_clock_that_is_set_back_gives_no_disturbed_reading_back(
    virtual: Virtual, folder: Path, back: float
) -> None:
    """A drill that has its result is over, whatever time it is; one from the future may run."""
    store = SessionStore(folder)
    store.edit(stretch(NOW + 2, NOW + 60))
    store.edit(
        lambda session: edits.record_drill(
            session, "validation-limit", "passed", "as agreed", by="ann", at=NOW + 2, end=NOW + 60
        )
    )
    store.edit(stretch(NOW + 2, NOW + 50, drill="validation-cache"))
    assert not look(virtual, folder, NOW + 20 - back) or back < 20
    assert ends(folder)[0] == NOW + 60
    assert ends(folder)[1] == NOW + 50 or back < 20


def test_what_disturbs_after_its_last_request_keeps_its_stretch(
    virtual: Virtual, folder: Path
) -> None:
    """A limit that was used up refuses the probes too, until its window is over."""
    SessionStore(folder).edit(stretch(NOW - 5, NOW + 60))
    assert not look(virtual, folder, spared=("validation-limit",))
    assert ends(folder) == [NOW + 60]
