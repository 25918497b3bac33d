"""The watch joined to the threads that read and save."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from stagewatch.tui.feed import Feed
from stagewatch.tui.messages import (
    BoardWanted,
    ChangeWanted,
    DetailWanted,
    DrillEnded,
    DrillsFound,
    Exported,
    Failed,
    FeedFailed,
    GroundsFound,
    GroundsWanted,
    LogWanted,
    SavingChanged,
    SnapshotArrived,
    Told,
    WatchReady,
)
from stagewatch.tui.saver import Saver
from stagewatch.tui.screens.watch import WatchScreen
from stagewatch.tui.sheets import Sheets
from stagewatch.tui.state import ScreenState

if TYPE_CHECKING:
    from textual.message import Message

    from stagewatch.clock import Clock
    from stagewatch.model import LogLine
    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.hooks import DrillChoice, Hooks
    from stagewatch.tui.screens.leave import Leaving


PATIENCE = 2.0
"""Seconds that keys wait for the record at most."""
BEAT = 1.0
"""Seconds between two ticks of the clock."""
CALM = 3
"""Ticks after which every pane looks at the time; between them, only those that count seconds."""


class LiveScreen(WatchScreen):
    """Shows what the feed brings, and gives what the operator wants to the saver."""

    def __init__(self, hooks: Hooks, operator: str, clock: Clock, *, ascii: bool = False) -> None:
        super().__init__(operator, clock)
        self._hooks = hooks
        self._state = ScreenState(clock, ascii=ascii)
        self._feed = Feed(hooks.open_source, self._fed)
        self._posted: Message | None = None
        """What the feed's thread posted last, until it has been handled."""
        self._waiting: deque[SnapshotArrived] = deque(maxlen=1)
        """What the next second shows; put there by the feed's thread."""
        self._sheets = Sheets(operator, clock, self.post_message)
        self._saver = Saver(hooks.open_store, lambda s: self.post_message(SavingChanged(s)), clock)
        self._ready = False
        self._calm = 0
        """Beats since all panes were shown the present moment."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest one; None until the first arrived."""
        return self._state.snapshot

    def on_mount(self) -> None:
        """Show the panes empty; the record is opened in the feed's thread."""
        self.redraw()
        self._saver.start()
        self._feed.start()
        self._beat()
        self.set_timer(PATIENCE, self._be_ready)

    def _beat(self) -> None:
        """Once a second, past Textual's queue of messages, which costs as much as the clock."""
        if not self.is_running:
            return
        asyncio.get_running_loop().call_later(BEAT, self._beat)
        try:
            self._on_beat()
        # As Textual does with what a message's handler raises.
        except Exception as error:  # noqa: BLE001
            self.app._handle_exception(error)

    def _on_beat(self) -> None:
        self._calm += 1
        if self._waiting or self._calm >= CALM or self.app.screen is not self:
            self.redraw()
        else:
            self.tick(self._clock.now())

    def _fed(self, message: Message) -> None:
        """In the feed's thread: what is not urgent waits for the next second without waking
        anybody: one repaint, not two."""
        if isinstance(message, SnapshotArrived) and self._ready and _can_wait(message.snapshot):
            self._waiting.append(message)
        else:
            self._waiting.clear()
            self._posted = message
            self.post_message(message)

    def redraw(self) -> None:
        """Show the present moment; only what differs reaches the terminal."""
        self._calm = 0
        if self._posted is None:  # what was posted before it comes before it
            with contextlib.suppress(IndexError):
                self._take(self._waiting.popleft().snapshot)
        view = self._state.view()
        if not self._sheets.show(self.app, view):
            self.show(view)

    def _handled(self, message: Message) -> None:
        if message is self._posted:
            self._posted = None

    def _take(self, snapshot: Snapshot) -> None:
        """The newest state of things; a recorder that is gone is followed by the next one."""
        self._state.arrived(snapshot)
        if self._state.revival_due():
            self._in_background("starting a recorder", self._revive)

    def _be_ready(self) -> None:
        """Let keys come, once."""
        if not self._ready:
            self._ready = True
            self.post_message(WatchReady())

    def kept_lines(self, probe: str) -> Sequence[LogLine]:
        """The lines of a log that the record holds; called in a thread that may wait."""
        return self._hooks.log_lines(probe)

    def drain(self, seconds: float) -> None:
        """Let edits reach the disk, from any thread, on the way out."""
        self._saver.drain(seconds)

    def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        """Show it now."""
        self._handled(message)
        self._take(message.snapshot)
        self.redraw()
        self._be_ready()

    def on_feed_failed(self, message: FeedFailed) -> None:
        """Keep showing what is known, and say that it is old."""
        self._handled(message)
        self._state.unreadable = message.reason
        self.redraw()
        self._be_ready()

    def on_saving_changed(self, message: SavingChanged) -> None:
        """Show how it stands with the edits."""
        self._state.saving(message.saving)
        if message.saving.saved is not None:
            self._feed.hurry()
        self.redraw()

    def on_change_wanted(self, message: ChangeWanted) -> None:
        """Save it."""
        self._saver.submit(message.change)

    def on_board_wanted(self, message: BoardWanted) -> None:
        """Show the verdict board."""
        self._sheets.open_board(self.app, self._state.view(), message.act)

    def on_detail_wanted(self, message: DetailWanted) -> None:
        """Show what a criterion rests on."""
        self._sheets.open_detail(self.app, self._state.view(), message.row)

    def on_log_wanted(self, message: LogWanted) -> None:
        """Show the log of that moment over whatever asked for it."""
        self.open_log(message.probes, at=message.at, chart=message.chart)

    def on_sheet_closed(self) -> None:
        """Show the present moment to what has come to light."""
        self.redraw()

    def on_grounds_wanted(self, message: GroundsWanted) -> None:
        """Read the evidence, away from the event loop."""
        asked = message.question

        def read() -> None:
            self.post_message(GroundsFound(asked, self._hooks.grounds(asked)))

        self._in_background(
            "the evidence", read, lambda why: self.post_message(GroundsFound(asked, None, why))
        )

    def on_grounds_found(self, message: GroundsFound) -> None:
        """Show it where it was asked for."""
        self._sheets.found(message)

    def on_told(self, message: Told) -> None:
        """Say what is in the way of an act."""
        self._state.notice(message.text, bad=True)
        self.redraw()

    def on_drill_wanted(self) -> None:
        """Ask the profile which drills there are, away from the event loop."""

        def read() -> None:
            self.post_message(DrillsFound(self._hooks.drills()))

        self._in_background("validating", read)

    def on_drills_found(self, message: DrillsFound) -> None:
        """Let the operator choose one."""
        from stagewatch.tui.screens.drill import DrillScreen

        self.app.push_screen(DrillScreen(message.choices), self._chosen)

    def _chosen(self, choice: DrillChoice | None) -> None:
        if choice is not None:
            from stagewatch.tui.screens.drill import DrillPlanScreen

            self.app.push_screen(DrillPlanScreen(choice), partial(self._drill, choice))

    def _drill(self, choice: DrillChoice, agreed: bool | None) -> None:
        """Run it, in a process of its own: what it measures must not suffer from drawing."""
        if not agreed:
            return
        self._state.notice(f"running {choice.name}; its result will be an event of the watch")
        self.redraw()

        def run() -> None:
            text, good = self._hooks.run_drill(choice.name, self._operator)
            self.post_message(DrillEnded(text, not good))

        self._in_background(choice.name, run)

    def on_drill_ended(self, message: DrillEnded) -> None:
        """Say what it came to."""
        self._state.notice(message.text, bad=message.bad)
        self.redraw()

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

        if not isinstance(self.app.screen, LeaveScreen):
            waiting = self._saver.unsettled
            edits = "1 edit is" if waiting == 1 else f"{waiting} edits are"
            unsaved = f"{edits} not saved; leaving now loses that." if waiting else ""
            self.app.push_screen(LeaveScreen(self._state.recording(), unsaved), self._left)

    def _left(self, choice: Leaving | None) -> None:
        if choice in ("leave", "stop"):
            self._feed.stop()
            self.app.exit(choice == "stop")

    def _export(self) -> None:
        self.post_message(Exported(self._hooks.export()))

    def _revive(self) -> None:
        problem = self._hooks.revive()
        if problem:
            self.post_message(Failed("starting a recorder", problem))

    def _in_background(
        self,
        what: str,
        work: Callable[[], None],
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """Do ``work`` in a daemon thread: leaving never waits for it."""

        def guarded() -> None:
            try:
                work()
            # The boundary of this thread: what goes wrong is shown, whatever it is.
            except Exception as error:  # noqa: BLE001
                why = str(error) or type(error).__name__
                if failed is None:
                    self.post_message(Failed(what, why))
                else:
                    failed(why)

        threading.Thread(target=guarded, daemon=True, name=what).start()


def _can_wait(snapshot: Snapshot) -> bool:
    """Whether a second makes no difference; to a probe that runs more often it would look late."""
    return not snapshot.urgent and all(p.every >= 1.0 for p in snapshot.probes.values())
