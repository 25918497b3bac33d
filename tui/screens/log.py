"""The screen of one log: all of it, from its end, with search, filters and jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from stagewatch.logs.readable import record_text
from stagewatch.logs.viewer import ERRORS, SEARCH, Viewer
from stagewatch.logs.words import CRITICAL, ERROR, WARNING
from stagewatch.tui.logdesk import LogDesk, PageRead, ReadingFailed, Target
from stagewatch.tui.lookfor import LookFor
from stagewatch.widgets.canvas import Canvas
from stagewatch.widgets.keybar import KeyBar
from stagewatch.widgets.logview import LogView
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.view import View
from stagewatch.widgets.words import time_of

if TYPE_CHECKING:
    from textual import events

    from stagewatch.clock import Clock
    from stagewatch.logs.source import Matcher
    from stagewatch.logs.viewer import Page
    from stagewatch.model import LogPattern

LOG_KEYS: tuple[Binding, ...] = (
    Binding("escape,l,q", "leave", "back", tooltip="Give up a search; else back to the watch"),
    Binding("slash", "search", "search", key_display="/", tooltip="Search; ~ first: an expression"),
    Binding("n", "find(1)", "next", tooltip="The next match below"),
    Binding("N", "find(-1)", "up", tooltip="The next match above"),
    Binding("f", "filter", "filter", tooltip="Show only lines that match; again: all of them"),
    Binding("w", "level", "level", tooltip="Show only warnings and worse, errors, critical ones"),
    Binding("e", "error(-1)", "error", tooltip="The error above"),
    Binding("E", "error(1)", "below", show=False, tooltip="The error below"),
    Binding("t", "time", "time", tooltip="Jump to a time"),
    Binding("c", "chart", "chart", tooltip="Back to the charts, at the moment of this line"),
    Binding("end,G", "end", "follow", tooltip="The newest line; stays with it"),
    Binding("o", "other", "other", tooltip="The log's next file, rotated ones too"),
    Binding("enter", "record", "open", tooltip="The whole record, JSON indented"),
    Binding("y", "copy", "copy", tooltip="Copy the record to the terminal's clipboard"),
    Binding("up,k", "move(-1)", "up", show=False, tooltip="The line above"),
    Binding("down,j", "move(1)", "down", show=False, tooltip="The line below"),
    Binding("pageup,b", "turn(-1)", "back", show=False, tooltip="A page back"),
    Binding("pagedown,space", "turn(1)", "on", show=False, tooltip="A page on"),
    Binding("home,g", "start", "start", show=False, tooltip="The oldest line"),
    Binding("left", "shift(-20)", "left", show=False, tooltip="The beginning of long lines"),
    Binding("right", "shift(20)", "right", show=False, tooltip="More of long lines"),
    Binding("a", "acknowledge", "acknowledge", show=False, tooltip="Acknowledge the pattern"),
)
LEVELS = ("", WARNING, ERROR, CRITICAL)


class LogScreen(Canvas):
    """Turns keys into orders for the thread that reads the log, and shows the page it answers."""

    BINDINGS: ClassVar[list[BindingType]] = list(LOG_KEYS)
    AUTO_FOCUS = ""

    def __init__(
        self,
        target: Target,
        look_for: LookFor,
        clock: Clock,
        *,
        ascii: bool = False,
        pattern: LogPattern | None = None,
        at: float | None = None,
        acknowledge: Callable[[], None] | None = None,
        chart: Callable[[float], bool] | None = None,
    ) -> None:
        """Opens at the end; at the newest record of ``pattern``; or at the time ``at``.

        ``chart`` points at a moment in the charts; False when none shows it.
        """
        super().__init__()
        self._target, self._look_for, self._clock, self._ascii = target, look_for, clock, ascii
        self._pattern, self._at, self._acknowledge = pattern, at, acknowledge
        self._chart = chart
        self._desk: LogDesk | None = None
        self._page: Page | None = None
        self._failure = ""
        self._level = 0
        self._text = ""
        """What the filter shows only."""

    def compose(self) -> ComposeResult:
        """The page and the keys."""
        yield LogView(self._look_for.encoding)
        yield KeyBar(LOG_KEYS)

    def on_mount(self) -> None:
        """Open the log in its own thread."""
        self.show_page()
        desk = self._desk = LogDesk(
            self._target, self.post_message, max(1, self.app.size.height - 3)
        )
        desk.start()
        if self._pattern is not None:
            matcher = self._look_for.pattern(self._pattern)
            desk.order(lambda viewer: viewer.set_search(matcher))
            desk.order(lambda viewer: viewer.find(-1))
        if self._at is not None:
            self._jump(self._at)

    def on_unmount(self) -> None:
        """Let go of the log."""
        if self._desk is not None:
            self._desk.stop()

    def on_resize(self, event: events.Resize) -> None:
        """A page has as many rows as there is room for."""
        if self._desk is not None:
            self._desk.resize(event.size.height - 3)

    def on_page_read(self, message: PageRead) -> None:
        """Show it."""
        self._page, self._failure = message.page, ""
        self.show_page()

    def on_reading_failed(self, message: ReadingFailed) -> None:
        """Say why there is nothing to see."""
        self._failure = message.reason
        self.show_page()

    def show_page(self) -> None:
        """Draw what is known."""
        view = View(None, self._clock.now(), ascii=self._ascii, compact=True)
        with self.one_frame():
            for pane in self.query(Pane):
                if isinstance(pane, LogView):
                    pane.show_page(self._page, self._what(), self._failure, view)
                else:
                    pane.show(view)

    def _what(self) -> str:
        """What is shown only, or looked for."""
        parts = [f"{LEVELS[self._level]} and worse" if self._level else "", self._text]
        if self._pattern is not None and not self._text:
            parts.append(f"{self._pattern.level} {self._pattern.text}")
        return " · ".join(filter(None, parts))

    def _order(self, order: Callable[[Viewer], object]) -> None:
        if self._desk is not None:
            self._desk.order(order)

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._order(lambda viewer: viewer.move(rows))

    def action_turn(self, pages: int) -> None:
        """Move by pages."""
        self._order(lambda viewer: viewer.move(pages * max(1, viewer.height - 1)))

    def action_start(self) -> None:
        """Go to the oldest line."""
        self._order(Viewer.to_start)

    def action_end(self) -> None:
        """Follow the newest line."""
        self._order(Viewer.to_end)

    def action_find(self, step: int) -> None:
        """Go to the next or the former match."""
        self._order(lambda viewer: viewer.find(step, SEARCH))

    def action_error(self, step: int) -> None:
        """Go to the next or the former error, by its level."""
        matcher = self._look_for.level(ERROR)
        self._order(lambda viewer: viewer.search_once(matcher, ERRORS))
        self._order(lambda viewer: viewer.find(step, ERRORS))

    def action_shift(self, columns: int) -> None:
        """Move what is seen of long lines."""
        self.query_one(LogView).shift(columns)

    def action_other(self) -> None:
        """Go on to the log's next file."""
        self._text, self._level = "", 0
        if self._desk is not None:
            self._desk.other_file()

    def action_search(self) -> None:
        """Ask what to look for."""
        self._ask("Search", "upwards first; n and N go on", self._searched)

    def _searched(self, text: str | None) -> None:
        matcher = self._look_for.text(text, self.app.bell) if text else None
        if matcher is None:
            self._say_problem()
            return
        self._pattern = None
        self._order(lambda viewer: viewer.set_search(matcher))
        self._order(lambda viewer: viewer.find(-1, SEARCH))

    def action_filter(self) -> None:
        """Ask what to show only; with a filter, show everything again."""
        if self._text:
            self._text = ""
            self._refilter()
        elif self._pattern is not None:
            self._text = f"{self._pattern.level} {self._pattern.text}"
            self._refilter()
        else:
            self._ask("Show only lines with", "f again shows all of them", self._filtered)

    def _filtered(self, text: str | None) -> None:
        if text and self._look_for.text(text, self.app.bell) is not None:
            self._text = text
            self._refilter()
        else:
            self._say_problem()

    def action_level(self) -> None:
        """Show everything, warnings and worse, errors and worse, critical ones."""
        self._level = (self._level + 1) % len(LEVELS)
        self._refilter()

    def _refilter(self) -> None:
        text: Matcher | None = None
        if self._pattern is not None and self._text:
            text = self._look_for.pattern(self._pattern)
        elif self._text:
            text = self._look_for.text(self._text, self.app.bell)
        matcher = self._look_for.both(LEVELS[self._level], text)
        self._order(lambda viewer: viewer.set_filter(matcher))

    def action_time(self) -> None:
        """Ask where to jump to."""
        self._ask("Jump to", "14:02, 14:02:33, 2026-01-31 14:02, or -15m", self._jump_to)

    def _jump_to(self, text: str | None) -> None:
        at = self._look_for.time(text, self._clock.now()) if text else None
        if at is not None:
            self._jump(at)
        else:
            self._say_problem()

    def _jump(self, at: float) -> None:
        if self._desk is not None:
            self._desk.to_time(at, self._look_for.offset(at))

    def action_chart(self) -> None:
        """Go back to the charts, at the moment of the line under the cursor."""
        now = self._clock.now()

        def find(viewer: Viewer) -> None:
            at = viewer.time_here(now, self._look_for.offset(now))
            if at is not None:  # as far from UTC as it was then
                at = viewer.time_here(at, self._look_for.offset(at))
            if at is not None:
                self.app.call_from_thread(self._charted, at)

        self._order(find)

    def _charted(self, at: float) -> None:
        if self._chart is not None and self._chart(at):
            self.dismiss()
        else:
            self._note(f"no chart shows {time_of(at, self._clock.now())}")

    def _note(self, text: str) -> None:
        self._order(lambda viewer: setattr(viewer, "note", text))

    def _ask(self, title: str, hint: str, then: Callable[[str | None], None]) -> None:
        from stagewatch.tui.screens.ask import AskScreen

        hints = hint if title == "Jump to" else f"as it is written; ~ first: an expression; {hint}"
        self.app.push_screen(AskScreen(title, hints, ""), then)

    def _say_problem(self) -> None:
        problem, self._look_for.problem = self._look_for.problem, ""
        if problem:
            self._failure = problem
            self.show_page()

    def action_record(self) -> None:
        """Show the whole record under the cursor."""
        self._order(lambda viewer: self.app.call_from_thread(self._opened, viewer.record()))

    def _opened(self, lines: list[bytes]) -> None:
        from stagewatch.tui.screens.record import RecordScreen

        self.app.push_screen(RecordScreen(record_text(lines, self._look_for.encoding)))

    def action_copy(self) -> None:
        """Copy the record under the cursor."""
        self._order(lambda viewer: self.app.call_from_thread(self._copied, viewer.record()))

    def _copied(self, lines: list[bytes]) -> None:
        self.app.copy_to_clipboard("\n".join(record_text(lines, self._look_for.encoding)))
        self._failure = ""
        self._note("copied to the terminal's clipboard")

    def action_acknowledge(self) -> None:
        """Acknowledge the pattern that the log was opened with."""
        if self._pattern is not None and self._acknowledge is not None:
            self._acknowledge()

    def action_leave(self) -> None:
        """Give up a search that runs; else go back to the watch."""
        if self._page is not None and self._page.waiting:
            self._order(Viewer.cancel)
        else:
            self.dismiss()
