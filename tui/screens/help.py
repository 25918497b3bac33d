"""What the keys do and what the marks mean, made from the tables that define them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from stagewatch.tui.keys import BOARD_KEYS, DETAIL_KEYS, KEYS, MARKS
from stagewatch.tui.screens.dialogue import Dialogue
from stagewatch.tui.screens.log import LOG_KEYS
from stagewatch.widgets.keyline import key_names
from stagewatch.widgets.logpane import LogPane

BOARD, LOG = "On the verdict board", "On the log's own screen"


def help_text(first: str = "") -> Content:
    """The keys of every screen, those of BOARD or LOG first where that is given, and the marks."""
    log = [binding for binding in LogPane.BINDINGS if isinstance(binding, Binding)]
    panes = [("Keys", KEYS), ("In the log", log), (LOG, LOG_KEYS)]
    sheets = [(BOARD, BOARD_KEYS), ("In a criterion's evidence", DETAIL_KEYS)]
    sections = [*sheets, *panes] if first == BOARD else [*panes, *sheets]
    sections.sort(key=lambda section: section[0] != LOG or first != LOG)
    parts = [
        (t, [(key_names(b), b.tooltip or b.description) for b in keys]) for t, keys in sections
    ]
    return Content("\n\n").join(
        Content("\n").join(_section(title, rows)) for title, rows in [*parts, ("Marks", MARKS)]
    )


def _section(title: str, rows: Iterable[tuple[str, str]]) -> list[Content]:
    head = Content.styled(title, "bold $accent")
    return [head, *(Content.assemble((f"{name:<16}", "bold"), text) for name, text in rows)]


class HelpScreen(Dialogue[None]):
    """Keys and marks; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "cancel", "close")
    ]

    def __init__(self, first: str = "") -> None:
        super().__init__()
        self._first = first

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="box"):
            yield Static(help_text(self._first))
