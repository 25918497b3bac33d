"""One record of a log as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from stagewatch.text import clean
from stagewatch.tui.screens.dialogue import Dialogue


class RecordScreen(Dialogue[None]):
    """Every line of it, folded where it is long."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "cancel", "close"),
        Binding("y", "copy", "copy"),
    ]

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = [clean(line) for line in lines]

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="box"):
            yield Static(Content("\n".join(self._lines)))
            yield Static(Content("y copies it · esc closes it"), id="hint")

    def action_copy(self) -> None:
        """Copy it to the terminal's clipboard."""
        self.app.copy_to_clipboard("\n".join(self._lines))
        self.query_one("#hint", Static).update(Content("copied · esc closes it"))
