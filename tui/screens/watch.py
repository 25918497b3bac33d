"""The screen of a watch: which panes there are, where they lie, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical

from stagewatch.clock import Clock
from stagewatch.tui import changes
from stagewatch.tui.keys import KEYS, LOG_PANE_KEYS, pointing_keys
from stagewatch.tui.messages import (
    BoardWanted,
    ChangeWanted,
    DrillWanted,
    ExportWanted,
    LeaveWanted,
    Told,
)
from stagewatch.widgets.banner import AlertBar, Header, TooSmall, VerdictBar
from stagewatch.widgets.canvas import Canvas
from stagewatch.widgets.checklistpane import ChecklistPane
from stagewatch.widgets.gauge import GaugePane
from stagewatch.widgets.health import HealthPane
from stagewatch.widgets.keybar import KeyBar
from stagewatch.widgets.latency import LatencyPane
from stagewatch.widgets.logpane import LogPane
from stagewatch.widgets.memory import MemoryPane
from stagewatch.widgets.pane import Pane

if TYPE_CHECKING:
    from textual import events

    from stagewatch.model import LogLine
    from stagewatch.snapshot import ItemNow
    from stagewatch.widgets.patterns import Entry
    from stagewatch.widgets.view import View

SMALLEST = (60, 16)
"""Below this, only the verdict is shown."""
WIDE = 100
"""From this width on, the checklist stands beside the panes."""
LOG_ACTS = ("open", "acknowledge", "turn", "top", "follow")
"""What the keys of the log's pane do beside moving in it."""
ROOMY = {True: 30, False: 40}
"""Rows from which panes have boxes, by whether the screen is wide."""


def arrangement(width: int, height: int) -> dict[str, bool]:
    """The style sheet's classes for a terminal of this size."""
    wide = width >= WIDE
    return {
        "-tiny": width < SMALLEST[0] or height < SMALLEST[1],
        "-narrow": not wide,
        "-mid": wide and width < 120,
        "-huge": width >= 160,
        "-compact": height < ROOMY[wide],
    }


class WatchScreen(Canvas):
    """Shows views and turns keys into messages; knows nothing of where either goes."""

    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)
    AUTO_FOCUS = ""

    def __init__(self, operator: str, clock: Clock) -> None:
        super().__init__()
        self._operator = operator
        self._clock = clock
        self._view: View | None = None
        self._panes: tuple[Pane, ...] = ()
        self._shown = False
        self._moment: float | None = None
        self._charted_log = ""
        """The log that one came from to this moment."""
        """What one points at in the charts."""

    def compose(self) -> ComposeResult:
        """Every pane, once: none is ever mounted or removed later."""
        with Vertical(id="banner"):
            yield Header()
            yield VerdictBar()
            yield AlertBar()
        with Horizontal(id="body"):
            with Vertical(id="panes"):
                with Container(id="top"):
                    yield HealthPane()
                    with Vertical(id="gauges"):
                        yield MemoryPane()
                        yield LatencyPane()
                yield LogPane()
            yield ChecklistPane()
        yield KeyBar(KEYS)
        yield TooSmall()

    def on_mount(self) -> None:
        """Remember the panes: none comes or goes."""
        self._panes = tuple(self.query(Pane))
        self._arrange(*self.app.size)

    def show(self, view: View) -> None:
        """Give every pane the view; each works out for itself whether anything changed."""
        self._view = replace(view, compact=self.has_class("-compact"))
        with self.one_frame():
            for pane in self._panes:
                pane.show(self._view)
        self._shown = bool(self._panes)

    def tick(self, now: float) -> None:
        """Show that time goes on, in the panes that count seconds."""
        if self._view is None:
            return
        self._view = view = replace(self._view, now=now)
        with self.one_frame():
            for pane in self._panes:
                if pane.ticks(view):
                    pane.show(view)

    def on_resize(self, event: events.Resize) -> None:
        """Choose the arrangement that fits."""
        self._arrange(*event.size)

    def _arrange(self, width: int, height: int) -> None:
        before = self.classes
        for name, holds in arrangement(width, height).items():
            self.set_class(holds, name)
        if self.focused is None or not self.focused.display:
            self._focus_what_is_seen()
        if self._view is not None and (self.classes != before or not self._shown):
            self.show(self._view)

    def _focus_what_is_seen(self) -> None:
        listed = not self.has_class("-narrow") or self.has_class("-list")
        self.set_focus(self.query_one(ChecklistPane if listed else LogPane))

    @property
    def checklist(self) -> ChecklistPane:
        """The checklist."""
        return self.query_one(ChecklistPane)

    def _item(self) -> ItemNow | None:
        """The item under the cursor; where the list is hidden, it is shown first instead."""
        if not self.checklist.display:
            self.action_checklist()
            return None
        return self.checklist.item()

    def action_move(self, rows: int) -> None:
        """Move in the checklist."""
        if self.checklist.display:
            self.checklist.move(rows)

    def action_fold(self) -> None:
        """Open or close the phase under the cursor."""
        if self.checklist.display:
            self.checklist.toggle_phase()

    def action_tick(self) -> None:
        """Tick or untick the item under the cursor."""
        seen = self.checklist.display
        item = self._item()
        snapshot = self._view.snapshot if self._view else None
        if item is None or snapshot is None:
            if seen:
                self.action_fold()
            return
        now = self._clock.now()
        self.post_message(ChangeWanted(changes.tick(snapshot, item, by=self._operator, now=now)))

    def action_note(self) -> None:
        """Ask for a note on the item under the cursor."""
        item = self._item()
        if item is not None:
            from stagewatch.tui.screens.ask import AskScreen

            asked = AskScreen("Note", f"on «{item.item}»", "the note; enter saves it")
            self.app.push_screen(asked, partial(self._noted, item))

    def _noted(self, item: ItemNow, text: str | None) -> None:
        if text:
            now = self._clock.now()
            self.post_message(ChangeWanted(changes.note(item, text, by=self._operator, now=now)))

    def action_pause(self) -> None:
        """Resume, or ask why to pause."""
        if self._view is None or self._view.snapshot is None:
            return
        if self._view.snapshot.paused:
            resumed = changes.resume(by=self._operator, now=self._clock.now())
            self.post_message(ChangeWanted(resumed))
            return
        from stagewatch.tui.screens.ask import AskScreen

        why = "No probe runs until somebody resumes; the gap is recorded and counts."
        self.app.push_screen(AskScreen("Pause the recording", why, "the reason"), self._paused)

    def _paused(self, reason: str | None) -> None:
        if reason:
            now = self._clock.now()
            self.post_message(ChangeWanted(changes.pause(reason, by=self._operator, now=now)))

    def action_log(self) -> None:
        """Open the log whose pattern is under the cursor, or the first one: where one points,
        else at its end."""
        entry = self.query_one(LogPane).entry()
        probe = self._charted_log or (entry.probe if entry else "")
        self.open_log((probe,), at=self._moment)

    def log_commands(self) -> Iterator[tuple[Binding, Callable[[], Any]]]:
        """What the keys of the log's pane do, for the palette."""
        pane = self.query_one(LogPane)
        for binding in LogPane.BINDINGS:
            if isinstance(binding, Binding) and binding.action in LOG_ACTS:
                told = f"In the log's pane, key {binding.key}"
                yield replace(binding, tooltip=told), partial(pane.run_action, binding.action)

    def on_log_pane_opened(self, message: LogPane.Opened) -> None:
        """Open the log at the newest record of the pattern."""
        entry = message.entry
        self.open_log((entry.probe,) if entry else (), entry)

    def open_log(
        self,
        probes: Sequence[str],
        entry: Entry | None = None,
        *,
        at: float | None = None,
        chart: Callable[[float], bool] | None = None,
    ) -> None:
        """Open the log of one of these probes, else the first one, on a screen of its own."""
        from stagewatch.tui.logdoor import Asking, after, log_screen, opened

        log = opened(self._view.snapshot if self._view else None, probes)
        if log is None or self._view is None:
            self.app.bell()
            return
        acknowledge = partial(self._ask_acknowledgement, entry) if entry else None
        pattern = entry.pattern if entry else None
        other = after(self._view.snapshot, log.probe)
        next_log = partial(self.open_log, (other,), at=at, chart=chart) if other else None
        how = Asking(pattern, at, acknowledge, next_log, chart or partial(self._charted, log.probe))
        self.app.push_screen(
            log_screen(log, self.kept_lines, self._clock, how, ascii=self._view.ascii)
        )

    def action_moment(self, step: int) -> None:
        """Point at a moment in the charts; where they are hidden, they are shown first instead."""
        if self.has_class("-narrow") and self.has_class("-list"):
            self.action_checklist()
            return
        charts = self.query(GaugePane)
        asked = sorted(charts, key=lambda pane: not pane.has_focus)
        grid = next((pane.pointer.grid for pane in asked if pane.pointer.grid), None)
        if grid is None:
            self.post_message(Told("there is no chart yet in which to point at a moment"))
        else:
            self._point(grid.moved(self._moment, step))

    def action_unpoint(self) -> None:
        """Point at no moment any more."""
        self._point(None)

    def _point(self, at: float | None) -> None:
        if at is None:
            self._charted_log = ""
        self._moment = at
        with self.one_frame():
            for pane in self.query(GaugePane):
                pane.point(at)
            self._tell_keys()

    def on_descendant_focus(self) -> None:
        """Each pane has keys of its own."""
        self._tell_keys()

    def _tell_keys(self) -> None:
        keys = LOG_PANE_KEYS if isinstance(self.focused, LogPane) else KEYS
        self.query_one(KeyBar).use(keys if self._moment is None else pointing_keys(keys))

    def _charted(self, log: str, at: float) -> bool:
        """Point at a moment of this log, if a chart shows it."""
        grids = [pane.pointer.grid for pane in self.query(GaugePane)]
        if not any(grid is not None and grid.cell(at) is not None for grid in grids):
            return False
        self._point(at)
        self._charted_log = log
        return True

    def kept_lines(self, probe: str) -> Sequence[LogLine]:
        """The lines of a log that the record holds; called in a thread that may wait."""
        return ()

    def on_log_pane_acknowledged(self, message: LogPane.Acknowledged) -> None:
        """Ask why the pattern is acceptable."""
        self._ask_acknowledgement(message.entry, lambda text: self.post_message(Told(text)))

    def _ask_acknowledgement(
        self,
        entry: Entry,
        refuse: Callable[[str], object],
        done: Callable[[str], object] = lambda text: None,
    ) -> None:
        """``refuse`` and ``done`` tell the operator, on the screen that he looks at."""
        from stagewatch.tui.known import ask, refusal

        snapshot = self._view.snapshot if self._view else None
        if snapshot is None:
            return
        if why := refusal(snapshot, entry):
            refuse(why)
            return

        def save(reason: str) -> None:
            by, now = self._operator, self._clock.now()
            self.post_message(
                ChangeWanted(changes.acknowledge(snapshot, entry, reason, by=by, now=now))
            )
            done(f"acknowledged by {by}")

        ask(self.app, entry, self._operator, save)

    def action_verdict(self) -> None:
        """Ask for the verdict board."""
        self.post_message(BoardWanted())

    def action_validate(self) -> None:
        """Ask for the drills."""
        self.post_message(DrillWanted())

    def action_checklist(self) -> None:
        """At narrow sizes, change between panes and checklist; at wide ones, go to it."""
        self.toggle_class("-list")
        self.call_after_refresh(self._focus_what_is_seen)

    def action_next_pane(self) -> None:
        """Give the keys to the next pane."""
        self.focus_next(Pane)

    def action_previous_pane(self) -> None:
        """Give the keys to the pane before."""
        self.focus_previous(Pane)

    def action_export(self) -> None:
        """Ask for a report."""
        self.post_message(ExportWanted())

    def action_help(self) -> None:
        """Show what the keys and marks mean."""
        from stagewatch.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    async def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_quit(self) -> None:
        """Ask what happens to the recorder."""
        self.post_message(LeaveWanted())
