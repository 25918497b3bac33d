"""A dialogue with one line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from stagewatch.text import clean
from stagewatch.tui.screens.dialogue import Dialogue
from stagewatch.tui.screens.line import LineInput

LONGEST = 500
"""Characters of a note or a reason."""


class AskScreen(Dialogue[str]):
    """Asks for one line; gives it without blanks around it, or None when it was left empty."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel")]

    def __init__(self, title: str, about: str, placeholder: str) -> None:
        super().__init__()
        self._title = clean(title)
        self._about = clean(about)
        self._placeholder = clean(placeholder)

    def compose(self) -> ComposeResult:
        """The question, the line, and which keys end it."""
        with Vertical(id="box"):
            yield Static(Content.styled(self._title, "bold"))
            yield Static(Content(self._about))
            line = LineInput(placeholder=self._placeholder, max_length=LONGEST)
            line.cursor_blink = False
            yield line
            yield Static(Content("enter saves · esc leaves everything as it is"), id="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the text back; an empty one is not an answer."""
        text = clean(event.value.strip(), LONGEST)
        if text:
            self.dismiss(text)
