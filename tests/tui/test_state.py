"""What the screen shows of edits between their saving and the snapshot that carries them."""

from __future__ import annotations

from stagewatch.snapshot import Snapshot
from stagewatch.tui import specimen
from stagewatch.tui.changes import Change, tick
from stagewatch.tui.saver import Saving
from stagewatch.tui.stage import Clock, after_edit
from stagewatch.tui.state import ScreenState


def ticked() -> tuple[ScreenState, Change, Snapshot]:
    """A screen over a record, a tick on its way to the disk, and the record that carries it."""
    before = specimen.healthy()
    state = ScreenState(Clock())
    state.arrived(before)
    item = next(item for phase in before.phases for item in phase.items if not item.done)
    change = tick(before, item, by="alice", now=before.now)
    state.saving(Saving((change,)))
    return state, change, after_edit(before, change.apply(before.session))


def test_a_tick_shows_as_being_saved_until_a_snapshot_carries_it() -> None:
    state, change, after = ticked()
    assert state.view().saving == {change.item: True}
    state.saving(Saving((), saved=change))
    assert state.view().saving == {change.item: True}
    state.arrived(after)
    assert state.view().saving == {}


def test_the_snapshot_may_come_before_the_word_that_it_is_saved() -> None:
    """The feed and the saver are two threads; nothing else may come for a while."""
    state, change, after = ticked()
    state.arrived(after)
    state.saving(Saving((), saved=change))
    assert state.view().saving == {}
