"""Edits are saved in order, each until it is on disk; nothing is told as saved before that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from stagewatch.session.document import Session
from stagewatch.session.errors import EditRefusedError, SaveError
from stagewatch.tui.changes import Change
from stagewatch.tui.saver import Saver, Saving
from stagewatch.tui.stage import Clock

Until = Callable[[Callable[[], bool]], None]


class Disk:
    """Keeps what was saved; fails while there is a reason to."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.saved: list[object] = []
        self.calls = 0

    def edit(self, change: Callable[[Session], Session]) -> Session:
        self.calls += 1
        if self.trouble is not None:
            raise self.trouble
        session = change(object())  # type: ignore[arg-type]  # these changes ignore it
        self.saved.append(session)
        return session


def change(name: str) -> Change:
    return Change(name, lambda session: name)  # type: ignore[arg-type,return-value]  # a stand-in


def saver(disk: Disk) -> tuple[Saver, list[Saving]]:
    told: list[Saving] = []
    made = Saver(lambda: disk, told.append, Clock(0.0), retry=0.01)
    made.start()
    return made, told


def test_edits_are_saved_in_the_order_they_were_made(until: Until) -> None:
    disk = Disk()
    made, told = saver(disk)
    for name in ("a", "b", "c"):
        made.submit(change(name))
    until(lambda: made.unsettled == 0)
    assert disk.saved == ["a", "b", "c"]
    assert [state.saved.what for state in told if state.saved] == ["a", "b", "c"]


def test_a_full_disk_is_told_and_the_edit_is_tried_until_it_is_saved(until: Until) -> None:
    disk = Disk()
    disk.trouble = SaveError(Path("session.toml"), "disk full")
    made, told = saver(disk)
    made.submit(change("a"))
    made.submit(change("b"))
    until(lambda: disk.calls >= 3)
    assert told[-1].unsaved.startswith("NOT SAVED since ")
    assert told[-1].unsaved.endswith(": disk full")
    assert [each.what for each in told[-1].pending] == ["a", "b"]
    assert made.unsettled == 2
    disk.trouble = None
    until(lambda: made.unsettled == 0)
    assert disk.saved == ["a", "b"]
    assert told[-1] == Saving((), saved=told[-1].saved)


def test_an_error_that_nobody_thought_of_does_not_lose_the_edit(until: Until) -> None:
    disk = Disk()
    disk.trouble = ZeroDivisionError("surprise")
    made, told = saver(disk)
    made.submit(change("a"))
    until(lambda: bool(told) and "surprise" in told[-1].unsaved)
    disk.trouble = None
    until(lambda: disk.saved == ["a"])


def test_a_refused_edit_is_told_once_and_does_not_hold_up_the_next(until: Until) -> None:
    disk = Disk()
    disk.trouble = EditRefusedError("the watch is not paused")
    made, told = saver(disk)
    made.submit(change("the end of the pause"))
    until(lambda: made.unsettled == 0)
    assert told[-1].refused == "the end of the pause: the watch is not paused"
    assert disk.calls == 1
    disk.trouble = None
    made.submit(change("b"))
    until(lambda: disk.saved == ["b"])


def test_on_the_way_out_edits_are_waited_for_and_no_longer_than_said() -> None:
    disk = Disk()
    made, _ = saver(disk)
    made.submit(change("a"))
    made.drain(20.0)
    assert disk.saved == ["a"]
    disk.trouble = OSError("gone")
    made.submit(change("b"))
    begun = time.monotonic()
    made.drain(0.05)
    assert time.monotonic() - begun < 10
    assert made.unsettled == 1
    disk.trouble = None


def test_submitting_never_waits_for_the_disk() -> None:
    held = threading.Event()

    class Stuck(Disk):
        def edit(self, change: Callable[[Session], Session]) -> Session:
            held.wait(20)
            return super().edit(change)

    disk = Stuck()
    made, _ = saver(disk)
    for _ in range(50):
        made.submit(change("a"))
    assert made.unsettled == 50
    held.set()
    made.drain(20.0)
    assert len(disk.saved) == 50
