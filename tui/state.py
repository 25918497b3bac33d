"""What the screen knows between two frames; makes the view that the panes draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.widgets.view import Notice, View

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.changes import Change
    from stagewatch.tui.saver import Saving

READING_TIME = 12.0
"""Seconds that a notice stays."""
SETTLING = 3.0
"""Seconds that a saved tick is shown as such at most, until a snapshot carries it."""
REVIVE_EVERY = 10.0
"""Seconds between two attempts to start a recorder."""

Place = tuple[str, str]


class ScreenState:
    """The newest snapshot, the edits on their way to the disk, and notices."""

    def __init__(self, clock: Clock, *, ascii: bool = False) -> None:
        self._clock = clock
        self._ascii = ascii
        self.snapshot: Snapshot | None = None
        self.unreadable = ""
        self.unsaved = ""
        self._notices: tuple[Notice, ...] = ()
        self._pending: dict[Place, bool] = {}
        self._settling: dict[Place, tuple[bool, float]] = {}
        self._acts: tuple[Change, ...] = ()
        self._settling_acts: tuple[tuple[Change, float], ...] = ()
        self._revived_at = float("-inf")

    def view(self) -> View:
        """The present moment."""
        now = self._clock.now()
        self._notices = tuple(n for n in self._notices if n.until > now)
        return View(
            self.snapshot,
            now,
            ascii=self._ascii,
            saving={
                **{place: done for place, (done, _) in self._settling.items()},
                **self._pending,
            },
            acts={
                change.row: change.what
                for change in (*(act for act, _ in self._settling_acts), *self._acts)
                if change.row is not None
            },
            unsaved=self.unsaved,
            unreadable=self.unreadable,
            notices=self._notices,
        )

    def arrived(self, snapshot: Snapshot) -> None:
        """A new snapshot: the record is readable, and saved ticks may be in it."""
        self.snapshot = snapshot
        self.unreadable = ""
        self._compare()

    def _compare(self) -> None:
        """Leave to the snapshot what it carries."""
        snapshot, now = self.snapshot, self._clock.now()
        if snapshot is None:
            return
        shown = {(i.phase, i.item): i.done for p in snapshot.phases for i in p.items}
        self._settling = {
            place: (done, until)
            for place, (done, until) in self._settling.items()
            if shown.get(place) is not done and until > now
        }
        self._settling_acts = tuple(
            (act, until)
            for act, until in self._settling_acts
            if until > now and not act.is_in(snapshot.session)
        )

    def saving(self, state: Saving) -> None:
        """An edit was taken, saved, refused, or is still in the way."""
        self.unsaved = self._counted(state)
        self._pending = {c.item: c.done for c in state.pending if c.item is not None}
        self._acts = tuple(change for change in state.pending if change.row is not None)
        if state.saved is not None:
            self._settle(state.saved, self._clock.now() + SETTLING)
        if state.refused:
            self.notice(f"not done: {state.refused}", bad=True)

    def _settle(self, saved: Change, until: float) -> None:
        """Go on showing what is on disk as being saved until a snapshot carries it."""
        if saved.item is not None:
            self._settling[saved.item] = (saved.done, until)
        if saved.row is not None:
            self._settling_acts = (*self._settling_acts, (saved, until))
        # The snapshot that carries it may have come before the word that it was saved.
        self._compare()

    def _counted(self, state: Saving) -> str:
        count = len(state.pending)
        if not state.unsaved:
            return ""
        edits = "1 edit waits" if count == 1 else f"{count} edits wait"
        return f"{state.unsaved} · {edits}, trying again"

    def notice(self, text: str, *, bad: bool = False) -> None:
        """Show a line for a while; the same text only once."""
        until = self._clock.now() + READING_TIME
        kept = tuple(n for n in self._notices if n.text != text)
        self._notices = (*kept, Notice(text, bad, until))[-3:]

    def revival_due(self) -> bool:
        """Whether a recorder should be started now: none runs in a watch that is not over."""
        snapshot, now = self.snapshot, self._clock.now()
        if snapshot is None or snapshot.recorder.alive or snapshot.session.state != "open":
            return False
        if now >= snapshot.session.ends_at or now - self._revived_at < REVIVE_EVERY:
            return False
        self._revived_at = now
        return True

    def recording(self) -> str:
        """How it stands with the recorder, in a sentence."""
        snapshot = self.snapshot
        if snapshot is None:
            return "The record has not been read yet."
        if snapshot.session.state == "stopped":
            return "The recording was stopped; nothing runs."
        if not snapshot.recorder.alive:
            return "No recorder runs at the moment."
        return f"The recorder (pid {snapshot.recorder.pid}) goes on without this screen."
