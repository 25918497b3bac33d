"""The application: joins the threads that read and save to the screen that shows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from stagewatch.clock import Clock
from stagewatch.tui.feed import Feed
from stagewatch.tui.hooks import Hooks
from stagewatch.tui.keys import KEYS
from stagewatch.tui.messages import (
    ChangeWanted,
    Exported,
    Failed,
    FeedFailed,
    LeaveWanted,
    SavingChanged,
    SnapshotArrived,
)
from stagewatch.tui.patches import NoControls, mend_styles_cache, send_only_what_changed
from stagewatch.tui.saver import Saver
from stagewatch.tui.screens.watch import WatchScreen
from stagewatch.tui.state import ScreenState
from stagewatch.tui.theme import CALM

if TYPE_CHECKING:
    from textual.filter import LineFilter

    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.screens.leave import Leaving


class StageWatch(App[bool]):
    """Exits with True when the operator chose to stop the recording."""

    CSS_PATH = "stagewatch.tcss"
    TITLE = "stagewatch"
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, hooks: Hooks, operator: str, clock: Clock, *, ascii: bool = False) -> None:
        mend_styles_cache()
        send_only_what_changed()
        super().__init__()
        self._controls = NoControls()
        self._hooks = hooks
        self._state = ScreenState(clock, ascii=ascii)
        self._feed = Feed(hooks.open_source, self.post_message)
        self._saver = Saver(hooks.open_store, lambda s: self.post_message(SavingChanged(s)), clock)
        self._watch = WatchScreen(operator, clock)
        self.on_started: Callable[[App[Any]], None] = lambda app: None
        """Called from the event loop before anything else happens."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest one; None until the first arrived."""
        return self._state.snapshot

    def get_default_screen(self) -> Screen[None]:
        """The watch is the first and lowest screen."""
        return self._watch

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Every painted line passes the last defence."""
        return [*super().get_line_filters(), self._controls]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key of the screen, by name, and the choice of colours."""
        for binding in KEYS:
            if binding.action not in ("palette", "move(-1)", "move(1)"):
                act = partial(self._watch.run_action, binding.action)
                yield SystemCommand(binding.description.capitalize(), binding.tooltip, act)
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)

    def on_mount(self) -> None:
        """Paint an empty frame first; the record is opened after it is on the terminal."""
        self.on_started(self)
        self.register_theme(CALM)
        self.theme = CALM.name
        self._saver.start()
        self.call_after_refresh(self._feed.start)
        self.set_interval(1.0, self.redraw)

    def redraw(self) -> None:
        """Show the present moment; only what differs reaches the terminal."""
        self._watch.show(self._state.view())

    def drain(self, seconds: float) -> None:
        """Let edits reach the disk, from any thread, on the way out."""
        self._saver.drain(seconds)

    def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        """Show it; a recorder that is gone is followed by the next one."""
        self._state.arrived(message.snapshot)
        self.redraw()
        if self._state.revival_due():
            self._in_background("starting a recorder", self._revive)

    def on_feed_failed(self, message: FeedFailed) -> None:
        """Keep showing what is known, and say that it is old."""
        self._state.unreadable = message.reason
        self.redraw()

    def on_saving_changed(self, message: SavingChanged) -> None:
        """Show how it stands with the edits."""
        self._state.saving(message.saving)
        if message.saving.saved is not None:
            self._feed.hurry()
        self.redraw()

    def on_change_wanted(self, message: ChangeWanted) -> None:
        """Save it."""
        self._saver.submit(message.change)

    def on_export_wanted(self) -> None:
        """Write the report, away from the event loop."""
        self._state.notice("writing the report")
        self.redraw()
        self._in_background("the export", self._export)

    def on_exported(self, message: Exported) -> None:
        """Say where it is."""
        self._state.notice("wrote " + ", ".join(str(path) for path in message.paths))
        self.redraw()

    def on_failed(self, message: Failed) -> None:
        """Say what did not work and why."""
        self._state.notice(f"{message.what} failed: {message.reason}", bad=True)
        self.redraw()

    def on_leave_wanted(self) -> None:
        """Ask what happens to the recorder."""
        from stagewatch.tui.screens.leave import LeaveScreen

        if not isinstance(self.screen, LeaveScreen):
            waiting = self._saver.unsettled
            edits = "1 edit is" if waiting == 1 else f"{waiting} edits are"
            unsaved = f"{edits} not saved; leaving now loses that." if waiting else ""
            self.push_screen(LeaveScreen(self._state.recording(), unsaved), self._left)

    def _left(self, choice: Leaving | None) -> None:
        if choice in ("leave", "stop"):
            self._feed.stop()
            self.exit(choice == "stop")

    async def action_quit(self) -> None:
        """Textual's own ctrl+q asks as well."""
        self.post_message(LeaveWanted())

    def action_help_quit(self) -> None:
        """ctrl+c asks as well."""
        self.post_message(LeaveWanted())

    def _export(self) -> None:
        self.post_message(Exported(self._hooks.export()))

    def _revive(self) -> None:
        problem = self._hooks.revive()
        if problem:
            self.post_message(Failed("starting a recorder", problem))

    def _in_background(self, what: str, work: Callable[[], None]) -> None:
        """Do ``work`` in a daemon thread: leaving never waits for it."""

        def guarded() -> None:
            try:
                work()
            # The boundary of this thread: what goes wrong is shown, whatever it is.
            except Exception as error:  # noqa: BLE001
                self.post_message(Failed(what, str(error) or type(error).__name__))

        threading.Thread(target=guarded, daemon=True, name=what).start()
