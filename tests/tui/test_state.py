"""What the screen shows of edits between their saving and the snapshot that carries them."""

from __future__ import annotations

from stagewatch.snapshot import ItemNow, Snapshot
from stagewatch.tui import specimen
from stagewatch.tui.changes import tick
from stagewatch.tui.saver import Saving
from stagewatch.tui.stage import Clock, after_edit
from stagewatch.tui.state import ScreenState


def saved() -> tuple[Snapshot, Snapshot, ItemNow]:
    """The record before a tick and after it, and the item that is ticked."""
    before = specimen.healthy()
    item = next(item for phase in before.phases for item in phase.items if not item.done)
    change = tick(before, item, by="alice", now=before.now)
    return before, after_edit(before, change.apply(before.session)), item


def test_a_tick_shows_as_being_saved_until_a_snapshot_carries_it() -> None:
    before, after, item = saved()
    state = ScreenState(Clock())
    state.arrived(before)
    change = tick(before, item, by="alice", now=before.now)

    state.saving(Saving((change,)))
    assert state.view().saving == {(item.phase, item.item): True}
    state.saving(Saving((), saved=change))
    assert state.view().saving == {(item.phase, item.item): True}
    state.arrived(after)
    assert state.view().saving == {}


def test_the_snapshot_may_come_before_the_word_that_it_is_saved() -> None:
    """The feed and the saver are two threads; nothing else may come for a while."""
    before, after, item = saved()
    state = ScreenState(Clock())
    state.arrived(before)
    change = tick(before, item, by="alice", now=before.now)

    state.saving(Saving((change,)))
    state.arrived(after)
    state.saving(Saving((), saved=change))
    assert state.view().saving == {}
