"""What the keys do and what the marks mean, made from the tables that define them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from stagewatch.tui.keys import KEYS, MARKS
from stagewatch.tui.screens.dialogue import Dialogue
from stagewatch.widgets.keyline import key_names
from stagewatch.widgets.logpane import LogPane


def help_text() -> Content:
    """The keys of the screen, those of the log, and the marks."""
    log = [binding for binding in LogPane.BINDINGS if isinstance(binding, Binding)]
    keys = [(key_names(b), b.tooltip or b.description) for b in KEYS]
    return Content("\n").join(
        [
            *_section("Keys", keys),
            Content(""),
            *_section("In the log", [(key_names(b), b.tooltip or b.description) for b in log]),
            Content(""),
            *_section("Marks", MARKS),
        ]
    )


def _section(title: str, rows: Iterable[tuple[str, str]]) -> list[Content]:
    head = Content.styled(title, "bold $accent")
    return [head, *(Content.assemble((f"{name:<14}", "bold"), text) for name, text in rows)]


class HelpScreen(Dialogue[None]):
    """Keys and marks; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "cancel", "close")
    ]

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="box"):
            yield Static(help_text())
