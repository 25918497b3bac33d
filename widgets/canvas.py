"""A screen on which panes put changed cells straight onto the terminal.

Textual's own way to a repaint goes through a timer, every visible widget and a list of pieces for
every row of the screen: two milliseconds for one digit of a clock, once a second, for a day. That
way stays for everything else: a layout, a dialogue on top, a terminal that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.screen import Screen

from stagewatch.widgets.brush import Inks, Stroke, sequences

if TYPE_CHECKING:
    from textual.widget import Widget


class Canvas(Screen[None]):
    """Draws for its panes; what several draw within ``one_frame`` is sent together."""

    def __init__(self) -> None:
        super().__init__()
        self._frame: list[str] | None = None

    @contextmanager
    def one_frame(self) -> Iterator[None]:
        """Send what is drawn inside in one piece."""
        frame: list[str] = []
        self._frame = frame
        try:
            yield
        finally:
            self._frame = None
            self._send("".join(frame))

    def draw(self, pane: Widget, rows: list[tuple[int, list[Stroke]]], inks: Inks) -> bool:
        """Put these strokes where the pane is seen; False where only Textual can."""
        place = self._place(pane)
        if place is None:
            return False
        drawn = sequences(rows, *place, inks)
        if self._frame is not None:
            self._frame.append(drawn)
        else:
            self._send(drawn)
        return True

    def _place(self, pane: Widget) -> tuple[int, int] | None:
        """The pane's corner, when all of it lies open on a terminal that shows this screen."""
        app = self.app
        if app.screen is not self or app.is_headless or app.is_inline or app._driver is None:
            return None
        # A layout that is still to come would paint the pane in another place.
        if app._batch_count or self._layout_required or self.size != app.size:
            return None
        region, clip = self._compositor.visible_widgets.get(pane, (None, None))
        if region is None or clip is None or clip.intersection(region) != region:
            return None
        return region.x, region.y

    def _send(self, drawn: str) -> None:
        driver = self.app._driver
        if drawn and driver is not None:
            driver.write(drawn)
