"""The base of every pane: lines in, and only the cells that changed go to the terminal."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from stagewatch.widgets.brush import Inks, inks, strokes
from stagewatch.widgets.canvas import Canvas
from stagewatch.widgets.paint import BLANK, Line, Role, fill, to_ascii
from stagewatch.widgets.palette import palette, strip_of
from stagewatch.widgets.view import View, same_but_for_time

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from stagewatch.snapshot import Snapshot


class Pane(Widget):
    """Draws ``lines``; repaints the rows whose line changed, and nothing while it is hidden."""

    DEFAULT_CSS = "Pane { height: 1fr; }"
    ALLOW_SELECT = False
    PACE: ClassVar[float] = 1.0
    """Seconds that the pane lets pass between two repaints when nothing but the time is new."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.view: View | None = None
        self._drawn: View | None = None
        self._drawn_moment: object = None
        self._drawn_about: tuple[object] | None = None
        """What was drawn of a snapshot, once it was asked for."""
        self._drawn_size: Size | None = None
        self._painted: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles_of: dict[Role, Style] = {}
        self._inks_of: Inks = {}

    def show(self, view: View) -> None:
        """Draw this view, now or when the pane is seen again."""
        self.view = view
        if (
            self._drawn is None
            or not same_but_for_time(view, self._drawn, self.PACE, self._alike)
            or self.moment(view) != self._drawn_moment
        ):
            self.repaint()

    def _alike(self, new: Snapshot, old: Snapshot) -> bool:
        """Whether the pane draws the same of two snapshots, of which the old one is drawn."""
        if self._drawn_about is None:
            self._drawn_about = (self.about(old),)
        return self.about(new) == self._drawn_about[0]

    def about(self, snapshot: Snapshot) -> object:
        """The part of a snapshot that the pane draws; compared to skip work."""
        return snapshot

    def moment(self, view: View) -> object:
        """What the pane shows of the time, where that changes sooner than by its pace: that a
        reading is late, a minute that is over."""
        return None

    def ticks(self, view: View) -> bool:
        """Whether the pane shows seconds that pass."""
        return False

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        """What the pane shows in ``width`` × ``height`` cells; pure, and overridden."""
        raise NotImplementedError

    def wanted_height(self, view: View, width: int) -> int | None:
        """Rows that the pane wants to have; None leaves it to the style sheet."""
        return None

    def repaint(self) -> None:
        """Work out the lines again and mark the cells that differ from what was painted."""
        view = self.view
        if view is None or not self.is_attached:
            return
        # What is hidden, or waits for other rows, is told by an event when its time has come.
        self._remember(view)
        if self._takes_other_rows(view):
            return
        size = self.size
        if not size.area or not self._is_seen():
            return
        if self._drawn_size != size:
            self.refresh()  # the lines are worked out when they are painted
            return
        self._mark(self._work_out(view))

    def _remember(self, view: View) -> None:
        self._drawn, self._drawn_moment, self._drawn_about = view, self.moment(view), None

    def _takes_other_rows(self, view: View) -> bool:
        """Whether the pane changes its own height, and will be laid out again."""
        if type(self).wanted_height is Pane.wanted_height:
            return False
        wanted = self.wanted_height(view, self.app.size.width)
        height = self.styles.height
        if wanted is None or (height is not None and height.value == wanted):
            return False
        self.styles.height = wanted
        self.display = wanted > 0
        return True

    def _work_out(self, view: View) -> list[Line]:
        """Every line at its full width, ready to be compared and painted."""
        self._drawn_about = None  # it may hang on what was chosen to be drawn
        width, height = self.size
        tidy = to_ascii if view.ascii else tuple
        return [tidy(fill(row, width)) for row in self.lines(view, width, height)[:height]]

    def _mark(self, painted: list[Line]) -> None:
        """Take over new lines and draw the cells that changed."""
        blank = fill(BLANK, self.size.width)
        rows = []
        for y, (old, new) in enumerate(zip_longest(self._painted, painted, fillvalue=blank)):
            if row := strokes(old, new):
                self._strips.pop(y, None)
                rows.append((y, row))
        self._painted = painted
        if not rows:
            return
        screen = self.screen
        if isinstance(screen, Canvas) and screen.draw(self, rows, self._inks()):
            # Textual keeps the rows that it painted last.
            self._styles_cache.set_dirty(*(Region(0, y, 1, 1) for y, _ in rows))
        else:
            self.refresh(*(Region(s.left, y, s.width, 1) for y, row in rows for s in row))

    def render_line(self, y: int) -> Strip:
        """One row; after a change of size, all of them are worked out first."""
        if self._drawn_size != self.size and self.view is not None:
            self._drawn_size = self.size
            self._remember(self.view)
            self._painted = self._work_out(self.view)
            self._strips.clear()
        strip = self._strips.get(y)
        if strip is None:
            content = self._painted[y] if y < len(self._painted) else fill(BLANK, self.size.width)
            strip = self._strips[y] = strip_of(content, self._palette())
        return strip

    def _palette(self) -> dict[Role, Style]:
        if not self._styles_of:
            background = self.background_colors[1]
            self._styles_of = palette(self.app.theme_variables, background)
        return self._styles_of

    def _inks(self) -> Inks:
        if not self._inks_of:
            app, background = self.app, self.background_colors[1]
            filters, system = self.get_line_filters(), app.console._color_system
            self._inks_of = inks(self._palette(), filters, background, system)
        return self._inks_of

    def notify_style_update(self) -> None:
        """Forget the colours; the theme, the focus or the style sheet changed."""
        super().notify_style_update()
        self._strips.clear()
        self._styles_of.clear()
        self._inks_of = {}

    def on_resize(self) -> None:
        """The height may depend on the width."""
        self.repaint()

    def on_show(self) -> None:
        """Catch up with what happened while hidden."""
        self.repaint()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Draw the border of a pane that has the keys, or has them no longer."""
        super().watch_has_focus(_has_focus)
        self.repaint()

    def _is_seen(self) -> bool:
        """Whether neither the pane nor anything around it is hidden."""
        node: DOMNode | None = self
        while node is not None and not isinstance(node, Screen):
            if not node.display:
                return False
            node = node.parent
        return True
