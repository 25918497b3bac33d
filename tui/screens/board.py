"""The verdict board: every criterion with its state, and the acts of those who sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from stagewatch.model import probe_of
from stagewatch.tui.keys import BOARD_KEYS, board_keys
from stagewatch.tui.messages import DetailWanted, Told
from stagewatch.tui.screens.sheet import Sheet
from stagewatch.widgets.board import check_at, criterion_at, gate_at, loss_at
from stagewatch.widgets.boardpane import BoardPane
from stagewatch.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from textual.message import Message

    from stagewatch.clock import Clock
    from stagewatch.widgets.pane import Pane
    from stagewatch.widgets.view import View

NOT_HERE = {
    "acknowledge": "a acknowledges a criterion: move to one first",
    "waive": "w waives a criterion that failed, or a check that fails: move to one first",
    "approve": "y approves a gate or accepts lost log lines: move to one first",
    "reject": "x rejects a gate: move to one first",
    "detail": "enter shows what a criterion rests on: move to one first",
}


class BoardScreen(Sheet):
    """One scroll with a cursor; what the keys do depends on the row under it."""

    BINDINGS: ClassVar[list[BindingType]] = list(BOARD_KEYS)

    def __init__(self, operator: str, clock: Clock, tell: Callable[[Message], object]) -> None:
        super().__init__(operator, clock, tell, BOARD_KEYS)
        self._board = BoardPane()

    def body(self) -> Pane:
        return self._board

    def begin(self) -> None:
        """Stand on what most needs a look."""
        self._board.begin()
        self._name_keys()

    def show(self, view: View) -> None:
        super().show(view)
        self._name_keys()

    def _name_keys(self) -> None:
        """The key bar names what the row under the cursor takes."""
        row = self._board.cursor()
        if self.is_attached and self._panes:
            for bar in self.query(KeyBar):  # none while the screen is taken down
                bar.use(board_keys(row[0] if row else ""))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._board.move(rows)
        self._name_keys()

    def action_detail(self) -> None:
        """Show what the criterion rests on."""
        row, snapshot = self._board.cursor(), self.snapshot
        if snapshot is None or row is None or criterion_at(snapshot, row) is None:
            self._not_here("detail")
        else:
            self._tell(DetailWanted(row))

    def action_acknowledge(self) -> None:
        """Silence a criterion's reminders."""
        snapshot = self.snapshot
        criterion = criterion_at(snapshot, self._board.cursor()) if snapshot else None
        if snapshot is None or criterion is None:
            self._not_here("acknowledge")
        else:
            self.ask(self.asker(snapshot).acknowledge(criterion))

    def action_waive(self) -> None:
        """Waive a criterion's incident, or a check."""
        row, snapshot = self._board.cursor(), self.snapshot
        if snapshot is None:
            return
        criterion, check = criterion_at(snapshot, row), check_at(snapshot, row)
        if criterion is not None:
            self.ask(self.asker(snapshot).waive(criterion))
        elif check is not None:
            self.ask(self.asker(snapshot).waive_check(*check))
        else:
            self._not_here("waive")

    def action_approve(self) -> None:
        """Approve a gate, or accept lost lines."""
        row, snapshot = self._board.cursor(), self.snapshot
        if snapshot is None:
            return
        gate, loss = gate_at(snapshot, row), loss_at(snapshot, row)
        if gate is not None:
            self.ask(self.asker(snapshot).decide(gate, approved=True))
        elif loss is not None:
            self.ask(self.asker(snapshot).accept(loss))
        else:
            self._not_here("approve")

    def action_reject(self) -> None:
        """Reject a gate."""
        snapshot = self.snapshot
        gate = gate_at(snapshot, self._board.cursor()) if snapshot else None
        if snapshot is None or gate is None:
            self._not_here("reject")
        else:
            self.ask(self.asker(snapshot).decide(gate, approved=False))

    def action_invalidate(self) -> None:
        """Declare readings void."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        criterion = criterion_at(snapshot, self._board.cursor())
        signals = criterion.signals if criterion else ()
        probe = probe_of(signals[0]) if signals else ""
        self.ask(self.asker(snapshot).invalidate(probe if probe in snapshot.probes else ""))

    def action_confirm(self) -> None:
        """Say the last word."""
        if self.snapshot is not None:
            self.ask(self.asker(self.snapshot).confirm())

    def _not_here(self, act: str) -> None:
        self._tell(Told(NOT_HERE[act]))
