"""The full screens over the panes: made when they are first wanted, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

    from stagewatch.clock import Clock
    from stagewatch.tui.messages import GroundsFound
    from stagewatch.tui.screens.board import BoardScreen
    from stagewatch.tui.screens.detail import DetailScreen
    from stagewatch.widgets.view import Row, View


class Sheets:
    """The verdict board and the detail. A screen that is made anew each time would leak."""

    def __init__(self, operator: str, clock: Clock, tell: Callable[[Message], object]) -> None:
        self._operator = operator
        self._clock = clock
        self._tell = tell
        self._board: BoardScreen | None = None
        self._detail: DetailScreen | None = None

    def open_board(self, app: App[bool], view: View, act: str = "") -> None:
        """Show the board, with the cursor on what most needs a look; then do ``act``."""
        from stagewatch.tui.screens.board import BoardScreen

        if self._board is None:
            self._board = BoardScreen(self._operator, self._clock, self._tell)
            app.install_screen(self._board, "board")
        board = self._board
        if board in app.screen_stack:
            return

        def opened() -> None:
            board.show(view)
            board.begin()
            if act:
                board.call_later(board.run_action, act)

        app.push_screen(board)
        board.call_after_refresh(opened)

    def open_detail(self, app: App[bool], view: View, row: Row) -> None:
        """Show a criterion."""
        from stagewatch.tui.screens.detail import DetailScreen

        if self._detail is None:
            self._detail = DetailScreen(self._operator, self._clock, self._tell)
            app.install_screen(self._detail, "detail")
        if self._detail not in app.screen_stack:
            app.push_screen(self._detail)
        self._detail.call_after_refresh(self._detail.about, row, view)

    def found(self, answer: GroundsFound) -> None:
        """Give the evidence to the detail."""
        if self._detail is not None:
            self._detail.found(answer)

    def show(self, app: App[bool], view: View) -> bool:
        """Give the view to the sheet on top, below any dialogue; False when there is none."""
        for screen in reversed(app.screen_stack):
            if screen is self._board or screen is self._detail:
                assert screen is not None
                screen.show(view)
                return True
        return False
