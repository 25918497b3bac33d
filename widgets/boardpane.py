"""The verdict board's widget: where the cursor is, and how far the board is scrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.widgets.blocks import moved
from stagewatch.widgets.board import board_lines, board_places, first_place
from stagewatch.widgets.paint import Line
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.view import Row, View

if TYPE_CHECKING:
    from stagewatch.snapshot import Snapshot


class BoardPane(Pane, can_focus=True):
    """The board with its cursor."""

    PACE = 60.0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor: Row | None = None
        self._top = 0

    def about(self, snapshot: Snapshot) -> object:
        return (
            snapshot.criteria, snapshot.score, snapshot.savings, snapshot.gates, snapshot.losses,
            snapshot.session, snapshot.confirmation,
        )  # fmt: skip

    def moment(self, view: View) -> object:
        # A time of day gets its date, the window is over: to the minute is soon enough.
        return view.now // 60

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        drawn, seen = board_lines(view, self.cursor(), self._top, width, height)
        self._top = seen.top
        return drawn

    def begin(self) -> None:
        """Stand on what most needs a look; for a board that is opened."""
        self._cursor, self._top = None, 0
        self._cursor = self.cursor()
        self.repaint()

    def cursor(self) -> Row | None:
        """The row under the cursor; where that is gone, the one that most needs a look."""
        if self.view is None or self.view.snapshot is None:
            return None
        rows = board_places(self.view.snapshot)
        if self._cursor in rows:
            return self._cursor
        first = first_place(self.view.snapshot)
        return first if first in rows else rows[0] if rows else None

    def move(self, rows: int) -> None:
        """Move the cursor, stopping at the ends."""
        if self.view is not None and self.view.snapshot is not None:
            self._cursor = moved(board_places(self.view.snapshot), self.cursor(), rows)
            self.repaint()
