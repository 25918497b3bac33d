"""The error log pane: the patterns of every followed log, and its newest lines below or instead."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from stagewatch.widgets import patterns
from stagewatch.widgets.box import Frame, frame, room_beside
from stagewatch.widgets.log import Tail, all_lines, log_count, log_lines, log_title, problems
from stagewatch.widgets.paint import BLANK, Line, Role, line
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.patterns import Entry, Place, pattern_lines

if TYPE_CHECKING:
    from stagewatch.model import LogLine
    from stagewatch.snapshot import Snapshot
    from stagewatch.widgets.view import View

LEAST = 3
"""Rows that the patterns and the newest lines need each to be shown together."""


class Showing(StrEnum):
    """What the pane holds."""

    BOTH = "patterns and lines"
    PATTERNS = "patterns"
    LINES = "lines"


class LogPane(Pane, can_focus=True):
    """Patterns with a cursor above, the live tail below; scrolling it back holds it."""

    PACE = 60.0

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "up", "The pattern above; in the lines alone, scroll back", show=False),
        Binding("down,j", "down", "The pattern below; in the lines alone, forward", show=False),
        Binding("enter", "open", "Open the records of the pattern in the log", show=False),
        Binding("a", "acknowledge", "Acknowledge a critical pattern, with a reason", show=False),
        Binding("t", "turn", "Patterns and lines, patterns alone, lines alone", show=False),
        Binding("home", "top", "The most urgent pattern", show=False),
        Binding("pageup", "back(10)", "Scroll the lines back, which holds them still", show=False),
        Binding("pagedown", "back(-10)", "Scroll the lines forward", show=False),
        Binding("end", "follow", "Follow the lines again", show=False),
    ]

    class Opened(Message):
        """The operator wants to see the records of a pattern; without one, the log's end."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class Acknowledged(Message):
        """The operator wants to acknowledge this pattern."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._showing = Showing.BOTH
        self._cursor: Place | None = None
        self._asked: Place | None = None
        """What is being acknowledged."""
        self._held: tuple[LogLine, ...] | None = None
        self._back = 0
        self._tail = Tail()

    def about(self, snapshot: Snapshot) -> object:
        return snapshot.logs, log_count(snapshot), snapshot.session.acknowledgement

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        title = log_title(view.snapshot)
        edge = width if view.compact else width - 2
        how = Frame(
            title,
            aside=self._aside(view.snapshot, room_beside(title, edge)),
            boxed=not view.compact,
            focused=self.has_focus,
        )
        return frame(how, self._body(view, *how.room(width, height)), width, height)

    def _aside(self, snapshot: Snapshot | None, room: int) -> Line:
        if self._held is None or snapshot is None:
            return log_count(snapshot, room)
        newer = sum(1 for entry in all_lines(snapshot) if entry.at > self._newest())
        return line((f"held · {newer} newer · end follows", Role.WARN))

    def _body(self, view: View, width: int, height: int) -> list[Line]:
        above = self._rows_above(view, width, height)
        if not above or view.snapshot is None:
            return log_lines(view, self._held, self._back, width, height, self._tail)
        rows = problems(view.snapshot, width)
        cursor = self.place() if self.has_focus else None
        shown = patterns.entries(view.snapshot)
        rows += pattern_lines(shown, view.now, width, above, cursor)
        room = height - len(rows) - 1
        if self._showing is Showing.PATTERNS or room < LEAST:
            return rows
        rows.append(line(("newest lines ", Role.DIM), ("─" * max(0, width - 13), Role.BORDER)))
        lines = log_lines(view, self._held, self._back, width, room, self._tail, told=True)
        return [*rows, *lines]

    def _rows_above(self, view: View, width: int, height: int) -> int:
        """Rows for patterns; none where there are no patterns, or only lines are wanted."""
        if view.snapshot is None or self._showing is Showing.LINES:
            return 0
        count = sum(len(log.patterns) for log in view.snapshot.logs)
        height -= len(problems(view.snapshot, width))
        if self._showing is Showing.PATTERNS or height < 2 * LEAST + 1:
            return min(count, height)
        return min(count, max(LEAST, height // 2))

    def _entries(self) -> list[Entry]:
        if self.view is None or self.view.snapshot is None or self._showing is Showing.LINES:
            return []
        return patterns.entries(self.view.snapshot)

    def entry(self) -> Entry | None:
        """The pattern under the cursor: where it was left, else the most urgent one."""
        found = self._entries()
        here = next((entry for entry in found if entry.place == self._cursor), None)
        if here and here.known_by and here.place == self._asked:  # on to the next one
            self._cursor = self._asked = here = None
        return here or (found[0] if found else None)

    def place(self) -> Place | None:
        """Where the cursor is."""
        entry = self.entry()
        return entry.place if entry else None

    def _newest(self) -> float:
        return self._held[-1].at if self._held else 0.0

    def action_up(self) -> None:
        """Move to the pattern above; where only lines are shown, scroll back."""
        self._move(-1)

    def action_down(self) -> None:
        """Move to the pattern below; where only lines are shown, scroll forward."""
        self._move(1)

    def _move(self, rows: int) -> None:
        places = [entry.place for entry in self._entries()]
        if not places:
            self.action_back(-rows)
            return
        here = self.place()
        at = places.index(here) if here in places else 0
        self._cursor = places[min(len(places) - 1, max(0, at + rows))]
        self.repaint()

    def action_open(self) -> None:
        """Open the records of the pattern under the cursor."""
        self.post_message(self.Opened(self.entry()))

    def action_acknowledge(self) -> None:
        """Acknowledge the pattern under the cursor."""
        entry = self.entry()
        if entry is not None:
            self._asked = self._cursor = entry.place
            self.post_message(self.Acknowledged(entry))

    def action_top(self) -> None:
        """Go to the most urgent pattern."""
        self._cursor = None
        self.repaint()

    def action_turn(self) -> None:
        """Show patterns and lines, patterns alone, or lines alone."""
        order = list(Showing)
        if self._showing is Showing.BOTH and not self._has_room_for_both():
            self._showing = Showing.PATTERNS  # it looks like that already
        self._showing = order[(order.index(self._showing) + 1) % len(order)]
        self.action_follow()

    def _has_room_for_both(self) -> bool:
        return bool(self.view and self.view.snapshot) and self._room_of_lines() >= LEAST

    def action_back(self, rows: int) -> None:
        """Move ``rows`` towards the older lines; negative: towards the newer ones."""
        if self.view is None or self.view.snapshot is None:
            return
        if self._showing is Showing.PATTERNS and self._entries():
            self._move(-rows)
            return
        held = self._held if self._held is not None else all_lines(self.view.snapshot)
        self._back = min(max(0, self._back + rows), max(0, len(held) - self._room_of_lines()))
        self._held = held if self._back else None
        self.repaint()

    def _room_of_lines(self) -> int:
        assert self.view is not None
        width, height = Frame(BLANK, boxed=not self.view.compact).room(*self.size)
        above = self._rows_above(self.view, width, height)
        if self.view.snapshot is not None:
            height -= len(problems(self.view.snapshot, width))
        return max(1, height - above - 1 if above else height)

    def action_follow(self) -> None:
        """Show the newest lines as they come."""
        self._held, self._back = None, 0
        self.repaint()
