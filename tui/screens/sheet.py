"""The base of the full screens that lie over the panes: verdict and alerts above, keys below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from stagewatch.tui.messages import ChangeWanted, SheetClosed, Told
from stagewatch.tui.questions import Asker, Question
from stagewatch.tui.screens.watch import arrangement
from stagewatch.widgets.banner import AlertBar, TooSmall, VerdictBar
from stagewatch.widgets.canvas import Canvas
from stagewatch.widgets.keybar import KeyBar
from stagewatch.widgets.pane import Pane

if TYPE_CHECKING:
    from textual import events
    from textual.binding import Binding
    from textual.message import Message

    from stagewatch.clock import Clock
    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.changes import Change
    from stagewatch.widgets.view import View

VERDICT_ROWS = 6
"""Here the verdict may take more rows than above the panes: it is what one came for."""
BOXED = 30
"""Rows from which a sheet has a box around it."""


class Sheet(Canvas):
    """Shows views as the watch does; what is to be done goes to ``tell``."""

    AUTO_FOCUS = ""

    def __init__(
        self,
        operator: str,
        clock: Clock,
        tell: Callable[[Message], object],
        keys: Sequence[Binding],
    ) -> None:
        super().__init__()
        self._operator = operator
        self._clock = clock
        self._tell = tell
        self._keys = tuple(keys)
        self._view: View | None = None
        self._panes: tuple[Pane, ...] = ()

    def body(self) -> Pane:
        """The pane in the middle; made once."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Every pane, once."""
        with Vertical(id="banner"):
            yield VerdictBar(VERDICT_ROWS, review=False)
            yield AlertBar(reminders=False)
        yield self.body()
        yield KeyBar(self._keys)
        yield TooSmall()

    def on_mount(self) -> None:
        """Remember the panes, and give the keys to the one in the middle."""
        self._panes = tuple(self.query(Pane))
        self._arrange(*self.app.size)
        if self._view is not None:
            self.show(self._view)

    @property
    def snapshot(self) -> Snapshot | None:
        """What is shown."""
        return self._view.snapshot if self._view is not None else None

    @property
    def commands(self) -> tuple[Binding, ...]:
        """The keys that the palette offers by name: what moves about is left out."""
        return tuple(k for k in self._keys if "(" not in k.action and k.action != "palette")

    def show(self, view: View) -> None:
        """Give every pane the view; each works out for itself whether anything changed."""
        self._view = replace(view, compact=self.has_class("-compact"))
        with self.one_frame():
            for pane in self._panes:
                pane.show(self._view)

    def on_resize(self, event: events.Resize) -> None:
        """Choose the arrangement that fits."""
        self._arrange(*event.size)

    def _arrange(self, width: int, height: int) -> None:
        before = self.classes
        self.set_class(arrangement(width, height)["-tiny"], "-tiny")
        self.set_class(height < BOXED, "-compact")
        if self._view is not None and self.classes != before:
            self.show(self._view)

    def asker(self, snapshot: Snapshot) -> Asker:
        """Who acts now, on what is shown."""
        return Asker(snapshot, self._operator, self._clock.now())

    def ask(self, question: Question | str) -> None:
        """Put the question, and save what comes of it; or tell what is in the way."""
        if isinstance(question, str):
            self._tell(Told(question))
            return
        from stagewatch.tui.screens.form import FormScreen

        self.app.push_screen(FormScreen(question, self._operator), self._answered)

    def _answered(self, change: Change | None) -> None:
        if change is not None:
            self._tell(ChangeWanted(change))

    def action_close(self) -> None:
        """Back to what lies below."""
        self.app.pop_screen()
        self._tell(SheetClosed())

    def action_help(self) -> None:
        """Show what the keys and marks mean."""
        from stagewatch.tui.screens.help import BOARD, HelpScreen

        self.app.push_screen(HelpScreen(BOARD))

    async def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()
