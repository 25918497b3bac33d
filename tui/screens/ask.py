"""A dialogue with one line of text."""

from __future__ import annotations

from collections.abc import Callable
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
    """Asks for one line; gives it, or None when it was left empty.

    What cannot be used stays in the line, with the reason below it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel")]

    def __init__(
        self,
        title: str,
        about: str,
        placeholder: str = "",
        *,
        ends: str = "enter saves · esc leaves everything as it is",
        refusal: Callable[[str], str] | None = None,
        exact: bool = False,
    ) -> None:
        """``ends`` says what the keys do that end it; ``refusal`` says why a line cannot be used,
        empty where it can; blanks around the line are dropped unless it is ``exact``."""
        super().__init__()
        self._title = clean(title)
        self._about = clean(about)
        self._placeholder = clean(placeholder)
        self._ends, self._refusal, self._exact = ends, refusal, exact

    def compose(self) -> ComposeResult:
        """The question, the line, and which keys end it."""
        with Vertical(id="box"):
            yield Static(Content.styled(self._title, "bold"))
            yield Static(Content(self._about))
            line = LineInput(placeholder=self._placeholder, max_length=LONGEST)
            line.cursor_blink = False
            yield line
            refusal = Static(id="refusal")
            refusal.display = False
            yield refusal
            yield Static(Content(self._ends), id="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the text back; an empty one is not an answer."""
        text = clean(event.value if self._exact else event.value.strip(), LONGEST)
        refused = self._refusal(text) if text and self._refusal else ""
        if refused:
            self.app.bell()
            told = self.query_one("#refusal", Static)
            told.update(Content.styled(clean(refused), "bold $error"))
            told.display = True
        elif text:
            self.dismiss(text)
