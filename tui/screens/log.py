"""The screen of one log: all of it, from its end, with search, filters and jumps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from stagewatch.logs.readable import record_text
from stagewatch.logs.source import KEPT
from stagewatch.logs.viewer import ERRORS, SEARCH, SECOND, Viewer
from stagewatch.logs.words import ERROR
from stagewatch.tui.logasks import LogAsks
from stagewatch.tui.logdesk import LogDesk, PageRead, ReadingFailed
from stagewatch.tui.logfiles import Target
from stagewatch.tui.logshows import Shows
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
    from stagewatch.logs.viewer import Page
    from stagewatch.model import LogPattern

Acknowledge = Callable[[Callable[[str], None], Callable[[str], None]], None]
"""Asks for the reason; the two tell why it cannot be, and that it was, acknowledged."""
LOG_KEYS: tuple[Binding, ...] = (
    Binding("escape,l,q", "leave", "back", tooltip="Give up a search; else back to the watch"),
    Binding("slash", "search", "search", key_display="/", tooltip="Search; ~ first: an expression"),
    Binding("n", "find(-1)", "above", show=False, tooltip="The match above"),
    Binding("N", "find(1)", "below", show=False, tooltip="The match below"),
    Binding("f", "filter", "filter", tooltip="Show only lines that match; again: all of them"),
    Binding("w", "level", "level", tooltip="Show only warnings and worse, errors, critical ones"),
    Binding("e", "error(-1)", "error", tooltip="The error above"),
    Binding("E", "error(1)", "below", show=False, tooltip="The error below"),
    Binding("t", "time", "time", tooltip="Jump to a time"),
    Binding("c", "chart", "chart", tooltip="Back to the charts, at the moment of this line"),
    Binding("end,G", "end", "follow", tooltip="The newest line; stays with it"),
    Binding("o", "other", "other", tooltip="The log's next file, rotated ones too"),
    Binding("L", "log", "log", show=False, tooltip="The next log of the profile"),
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
    Binding("question_mark", "help", "keys", key_display="?", tooltip="Keys and marks"),
)


class LogScreen(Canvas):
    """Turns keys into orders for the thread that reads the log, and shows the page it answers."""

    BINDINGS: ClassVar[list[BindingType]] = list(LOG_KEYS)
    AUTO_FOCUS = ""
    commands = tuple(binding for binding in LOG_KEYS if "(" not in binding.action)
    """For the palette."""

    def __init__(
        self,
        target: Target,
        look_for: LookFor,
        clock: Clock,
        *,
        ascii: bool = False,
        pattern: LogPattern | None = None,
        at: float | None = None,
        acknowledge: Acknowledge | None = None,
        chart: Callable[[float], bool] | None = None,
        next_log: Callable[[], None] | None = None,
    ) -> None:
        """Opens at the end; at the newest record of ``pattern``; or at the time ``at``.

        ``chart`` points at a moment in the charts; False when none shows it. ``next_log`` opens
        the next log of the profile; None where there is one.
        """
        super().__init__()
        self._target, self._look_for, self._clock, self._ascii = target, look_for, clock, ascii
        self._shows, self._at, self._acknowledge = Shows(look_for, pattern), at, acknowledge
        self._chart, self._next_log = chart, next_log
        self._desk: LogDesk | None = None
        self._page: Page | None = None
        self._failure = self._sought = ""
        self._brings = False
        """The match is to be brought into view, once it is found."""

    def compose(self) -> ComposeResult:
        """The page and the keys."""
        yield LogView(self._look_for.encoding)
        yield KeyBar(LOG_KEYS)

    def on_mount(self) -> None:
        """Open the log in its own thread."""
        self.show_page()
        self._asks = LogAsks(self.app, self._look_for, self._clock)
        desk = self._desk = LogDesk(
            self._target, self.post_message, max(1, self.app.size.height - 3)
        )
        desk.start()
        if (pattern := self._shows.pattern) is not None:
            offset = self._look_for.offset(pattern.last)
            desk.to_record(self._look_for.pattern(pattern), pattern.last, offset)
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
        if self._brings and not message.page.waiting:
            self._bring(message.page)

    def _bring(self, page: Page) -> None:
        """Let what was found be seen, however far to the right it stands."""
        shown = self.query_one(LogView).bring(partial(self._look_for.place, self._sought))
        cut = bool(page.rows) and len(page.rows[page.cursor].raw) >= KEPT
        # A page from before it was found may come first.
        self._brings = not (shown or cut or page.note)
        if cut and not (shown or page.note):
            self._note("the match is in what is not shown of this line; enter may show it")

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
                    pane.show_page(self._page, self._shows.told(), self._failure, view)
                else:
                    pane.show(view)

    def _order(self, order: Callable[[Viewer], object]) -> None:
        """Let the viewer do this; what it had to say before is read by now."""

        def go(viewer: Viewer) -> None:
            viewer.note = ""
            order(viewer)

        self._brings = False
        if self._desk is not None:
            self._desk.order(go)

    def _from_the_left(self) -> None:
        """Show the beginning of the lines: what one goes to next may be shorter."""
        self.query_one(LogView).shift(-(10**9))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._order(lambda viewer: viewer.move(rows))

    def action_turn(self, pages: int) -> None:
        """Move by pages."""
        self._order(lambda viewer: viewer.move(pages * max(1, viewer.height - 1)))

    def action_start(self) -> None:
        """Go to the oldest line."""
        self._from_the_left()
        self._order(Viewer.to_start)

    def action_end(self) -> None:
        """Follow the newest line."""
        self._from_the_left()
        if self._desk is not None:
            self._desk.to_end()

    def action_find(self, step: int) -> None:
        """Go to the next or the former match."""
        self._order(lambda viewer: viewer.find(step, SEARCH))
        self._brings = bool(self._sought)

    def action_error(self, step: int) -> None:
        """Go to the next or the former error, by its level."""
        matcher = self._look_for.level(ERROR)
        self._from_the_left()
        self._order(lambda viewer: viewer.search_once(matcher, ERRORS))
        self._order(
            lambda v: v.find_newest(ERRORS) if v.following and step < 0 else v.find(step, ERRORS)
        )

    def action_shift(self, columns: int) -> None:
        """Move what is seen of long lines."""
        self.query_one(LogView).shift(columns)
        self._order(lambda viewer: None)

    def action_other(self) -> None:
        """Go on to the log's next file, with what is looked for and shown."""
        self._from_the_left()
        if self._desk is not None:
            self._desk.other_file()

    def action_log(self) -> None:
        """Go on to the next log of the profile."""
        if self._next_log is None:
            self._note("the profile follows no other log")
        else:
            self.dismiss()
            self.app.call_later(self._next_log)

    def action_search(self) -> None:
        """Ask what to look for."""
        self._asks.search(self._searched)

    def _searched(self, text: str) -> None:
        self._shows.look_elsewhere()
        matcher, self._sought = self._look_for.text(text), text
        self._order(lambda viewer: viewer.set_search(matcher))
        self._order(lambda v: v.find_newest() if v.following else v.find(-1))
        self._brings = True

    def action_filter(self) -> None:
        """Ask what to show only; with a filter, show everything again."""
        if self._shows.filtered:
            self._shows.everything()
            self._refilter()
        elif self._shows.pattern is not None:
            self._shows.pattern_alone()
            self._refilter()
        else:
            self._asks.only(self._filtered)

    def _filtered(self, text: str) -> None:
        self._shows.only(text)
        self._refilter()

    def action_level(self) -> None:
        """Show everything, warnings and worse, errors and worse, critical ones."""
        self._shows.next_level()
        self._refilter()

    def _refilter(self) -> None:
        matcher = self._shows.matcher()
        self._order(lambda viewer: viewer.set_filter(matcher))

    def action_time(self) -> None:
        """Ask where to jump to."""
        self._asks.time(self._jump)

    def _jump(self, at: float) -> None:
        self._from_the_left()
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
        # Most logs write whole seconds: the chart may begin within that one.
        if self._chart is not None and any(map(self._chart, (at, at + SECOND))):
            self.dismiss()
        else:
            self._note(f"no chart shows {time_of(at, self._clock.now())}")

    def _note(self, text: str) -> None:
        self._order(lambda viewer: setattr(viewer, "note", text))

    def action_record(self) -> None:
        """Show the whole record under the cursor."""
        self._order(lambda viewer: self.app.call_from_thread(self._opened, viewer.record()))

    def _opened(self, lines: list[bytes]) -> None:
        from stagewatch.tui.screens.record import RecordScreen

        if not lines:
            self._note("there is no record here")
            return
        self.app.push_screen(RecordScreen(record_text(lines, self._look_for.encoding)))

    def action_copy(self) -> None:
        """Copy the record under the cursor."""
        self._order(lambda viewer: self.app.call_from_thread(self._copied, viewer.record()))

    def _copied(self, lines: list[bytes]) -> None:
        self.app.copy_to_clipboard("\n".join(record_text(lines, self._look_for.encoding)))
        self._note("copied to the terminal's clipboard")

    def action_acknowledge(self) -> None:
        """Acknowledge the pattern that the log was opened with."""
        if self._shows.pattern is not None and self._acknowledge is not None:
            self._acknowledge(self._note, self._note)
        else:
            self._note("it is acknowledged from its pattern: enter on it in the log's pane, then a")

    def action_help(self) -> None:
        """Show what the keys and marks mean."""
        from stagewatch.tui.screens.help import LOG, HelpScreen

        self.app.push_screen(HelpScreen(LOG))

    def action_leave(self) -> None:
        """Give up a search or a filter that runs; else go back to the watch."""
        page = self._page
        if page is not None and page.waiting:
            self._order(Viewer.cancel)
        elif page is not None and page.found is not None and page.progress < 1.0:
            self._shows.all_lines()
            self._refilter()
        else:
            self.dismiss()
