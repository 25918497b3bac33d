"""The names of keys as people read them, and the line that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stagewatch.widgets.paint import Line, Role, crop, fit, join, line, width_of

if TYPE_CHECKING:
    from textual.binding import Binding

_ALWAYS = ("help", "close", "leave", "quit")
_NAMES = {"question_mark": "?", "ctrl+p": "^p", "space": "space", "escape": "esc"}


def key_name(binding: Binding) -> str:
    """A binding's key as a person reads it; the first one when it has several."""
    first = binding.key.partition(",")[0]
    return binding.key_display or _NAMES.get(first, first)


def key_names(binding: Binding) -> str:
    """All keys of a binding: ``up, k``."""
    return ", ".join(_NAMES.get(key, key) for key in binding.key.split(","))


def key_line(bindings: Sequence[Binding], width: int) -> Line:
    """The keys and what they do, as many as fit; those that lead to the others and out always."""
    shown = [binding for binding in bindings if binding.show]
    whole = join(map(_said, shown))
    if width_of(whole) > width - 2:
        last = join(_said(binding) for binding in shown if binding.action in _ALWAYS)
        first = [_said(binding) for binding in shown if binding.action not in _ALWAYS]
        whole = crop(join((fit(first, width - 4 - width_of(last)), last)), width - 2)
    return line(" ", *whole)


def _said(binding: Binding) -> Line:
    return line((key_name(binding), Role.ACCENT), (f" {binding.description}", Role.DIM))
