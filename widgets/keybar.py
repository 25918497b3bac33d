"""One line of keys, made from the bindings; it replaces Textual's Footer, which leaks."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from stagewatch.widgets.paint import Line, Role, fit, line
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.view import View

_NAMES = {"question_mark": "?", "ctrl+p": "^p", "space": "space", "escape": "esc"}


def key_name(binding: Binding) -> str:
    """A binding's key as a person reads it; the first one when it has several."""
    first = binding.key.partition(",")[0]
    return binding.key_display or _NAMES.get(first, first)


def key_names(binding: Binding) -> str:
    """All keys of a binding: ``up, k``."""
    return ", ".join(_NAMES.get(key, key) for key in binding.key.split(","))


def key_line(bindings: Sequence[Binding], width: int) -> Line:
    """The keys and what they do, as many as fit; the last one, help, always does."""
    parts = [
        line((key_name(binding), Role.ACCENT), (f" {binding.description}", Role.DIM))
        for binding in bindings
        if binding.show
    ]
    return line(" ", *fit(parts, width - 2))


class KeyBar(Pane):
    """The keys that work here."""

    PACE = 3600.0

    def __init__(self, bindings: Sequence[Binding], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys = tuple(bindings)

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        return [key_line(self._keys, width)]
