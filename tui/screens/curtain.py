"""The first frame: every pane empty, drawn as one widget while the rest is being imported."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from stagewatch.tui.keys import KEYS
from stagewatch.widgets.box import Frame, frame
from stagewatch.widgets.keyline import key_line
from stagewatch.widgets.paint import BLANK, Line, Role, fill, line, to_ascii
from stagewatch.widgets.palette import palette, strip_of

SIDE = 42
"""Cells of the checklist at the usual wide size; the watch chooses its own."""
TOP = 19
"""Rows of the panes above the log there."""


def empty_frame(width: int, height: int) -> list[Line]:
    """The panes of the usual arrangement with nothing in them, and the keys."""
    head = line((" stagewatch", Role.ACCENT), ("  opening the record", Role.DIM))
    keys = key_line(KEYS, width)
    room = height - 4
    if width < 100 or height < 30:
        return [head, *[BLANK] * (height - 2), keys]
    left = width - SIDE
    half = left // 2
    gauges = [*_box("memory", left - half, TOP // 2), *_box("latency", left - half, TOP - TOP // 2)]
    tops = [(*a, *b) for a, b in zip(_box("health", half, TOP), gauges, strict=True)]
    panes = [*tops, *_box("log", left, room + 1 - TOP)]
    side = _box("checklist", SIDE, room + 1)
    return [head, BLANK, *((*a, *b) for a, b in zip(panes, side, strict=True)), keys]


def _box(title: str, width: int, height: int) -> list[Line]:
    return frame(Frame(line((title, Role.STRONG))), [], width, height)


class EmptyFrame(Widget):
    """Draws ``empty_frame``."""

    DEFAULT_CSS = "EmptyFrame { height: 1fr; }"

    def __init__(self, *, ascii: bool) -> None:
        super().__init__()
        self._ascii = ascii
        self._size_drawn: Size | None = None
        self._strips: list[Strip] = []

    def render_line(self, y: int) -> Strip:
        """One row of the frame."""
        if self._size_drawn != self.size:
            self._size_drawn = self.size
            width, height = self.size
            styles = palette(self.app.theme_variables, self.background_colors[1])
            rows = [fill(row, width) for row in empty_frame(width, height)]
            rows = [to_ascii(row) for row in rows] if self._ascii else rows
            self._strips = [strip_of(row, styles) for row in rows]
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)


class Curtain(Screen[None]):
    """Stands until the watch can be shown."""

    def __init__(self, *, ascii: bool) -> None:
        super().__init__()
        self._ascii = ascii

    def compose(self) -> ComposeResult:
        """One widget: there is nothing to lay out."""
        yield EmptyFrame(ascii=self._ascii)
