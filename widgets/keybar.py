"""One line of keys, made from the bindings; it replaces Textual's Footer, which leaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding

from stagewatch.widgets.keyline import key_line
from stagewatch.widgets.paint import Line
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.view import View

if TYPE_CHECKING:
    from stagewatch.snapshot import Snapshot


class KeyBar(Pane):
    """The keys that work here."""

    PACE = 3600.0

    def __init__(self, bindings: Sequence[Binding], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys = tuple(bindings)

    def use(self, bindings: Sequence[Binding]) -> None:
        """Show these keys from now on."""
        if self._keys != tuple(bindings):
            self._keys = tuple(bindings)
            self.repaint()

    def about(self, snapshot: Snapshot) -> object:
        return None

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        return [key_line(self._keys, width)]
