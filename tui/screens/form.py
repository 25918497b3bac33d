"""A dialogue with a few labelled lines; what is wrong with an answer is said under them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from stagewatch.session.errors import EditRefusedError
from stagewatch.text import clean
from stagewatch.tui.changes import Change
from stagewatch.tui.questions import Question, WrongAnswerError
from stagewatch.tui.screens.ask import LONGEST
from stagewatch.tui.screens.dialogue import Dialogue
from stagewatch.tui.screens.line import LineInput

SHOWN = 320
"""Characters of a sentence above the lines."""


class FormScreen(Dialogue[Change]):
    """Asks a question; gives the change that the answers make, or None for ``esc``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel"),
        Binding("down", "next", "next line", show=False),
        Binding("up", "previous", "line before", show=False),
    ]

    def __init__(self, question: Question, operator: str) -> None:
        super().__init__()
        self._question = question
        self._operator = clean(operator)

    def compose(self) -> ComposeResult:
        """What it is about, the lines, what is wrong, and who is recorded."""
        with VerticalScroll(id="box", can_focus=False):
            yield Static(Content.styled(clean(self._question.title), "bold"))
            for text in self._question.about:
                yield Static(Content(clean(text, SHOWN)), classes="about")
            if self._question.warning:
                yield Static(Content.styled(clean(self._question.warning), "$warning"))
            for each in self._question.lines:
                with Horizontal(classes="line"):
                    yield Static(Content.styled(clean(each.label), "dim"), classes="label")
                    line = LineInput(
                        value=each.value,
                        placeholder=clean(each.hint),
                        max_length=LONGEST,
                        id=each.name,
                        select_on_focus=False,
                    )
                    line.cursor_blink = False
                    yield line
            yield Static(Content(""), id="wrong")
            yield Static(
                Content(
                    f"recorded as {self._operator}\n"
                    "enter: next line, the last one saves · esc: all stays as it is"
                ),
                id="hint",
            )

    def on_mount(self) -> None:
        """Begin with the first line that has no answer yet."""
        lines = list(self.query(Input))
        next((line for line in lines if not line.value), lines[0]).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next line; after the last one, save."""
        lines = list(self.query(Input))
        at = lines.index(event.input)
        if at + 1 < len(lines):
            lines[at + 1].focus()
        else:
            self._answer()

    def on_input_changed(self) -> None:
        """What was said about the answers is not true of the new ones."""
        self._say("")

    def action_next(self) -> None:
        """The line below."""
        self.focus_next(Input)

    def action_previous(self) -> None:
        """The line above."""
        self.focus_previous(Input)

    def _answer(self) -> None:
        answers = {line.id or "": clean(line.value.strip(), LONGEST) for line in self.query(Input)}
        try:
            change = self._question.make(answers)
            change.apply(self._question.session)
        except WrongAnswerError as error:
            self.query_one(f"#{error.line}", Input).focus()
            self._say(str(error))
        except EditRefusedError as error:
            self._say(str(error))
        else:
            self.dismiss(change)

    def _say(self, text: str) -> None:
        wrong = self.query_one("#wrong", Static)
        wrong.update(Content.styled(clean(text, SHOWN), "bold $error"))
        wrong.display = bool(text)
