"""The base of every pane: lines in, and only the cells that changed go to the terminal."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from stagewatch.widgets.paint import BLANK, Line, Role, fill, to_ascii
from stagewatch.widgets.view import View, same_but_for_time


def changed_cells(old: Line, new: Line, width: int) -> tuple[int, int] | None:
    """The stretch (first cell, cells) in which two lines of ``width`` cells differ, if any."""
    if old == new:
        return None
    left = _common(old, new)
    right = _common(_mirrored(old), _mirrored(new))
    return (left, width - left - right) if left + right < width else None


def _common(old: Line, new: Line) -> int:
    """Cells at the start that are alike."""
    cells = 0
    for (before, old_role), (after, new_role) in zip(old, new, strict=False):
        if before == after and old_role is new_role:
            cells += cell_len(after)
            continue
        if old_role is new_role:
            cells += cell_len(_alike(before, after))
        break
    return cells


def _alike(before: str, after: str) -> str:
    """What two texts have in common at their start."""
    for place, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return after[:place]
    return min(before, after, key=len)


def _mirrored(content: Line) -> Line:
    return tuple((text[::-1], role) for text, role in reversed(content))


class Pane(Widget):
    """Draws ``lines``; repaints the rows whose line changed, and nothing while it is hidden."""

    DEFAULT_CSS = "Pane { height: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"pane--{role.value}" for role in Role}
    ALLOW_SELECT = False
    PACE: ClassVar[float] = 1.0
    """Seconds that the pane lets pass between two repaints when nothing but the time is new."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.view: View | None = None
        self._drawn: View | None = None
        self._painted: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles_of: dict[Role, Style] = {}

    def show(self, view: View) -> None:
        """Draw this view, now or when the pane is seen again."""
        self.view = view
        if self._drawn is None or not same_but_for_time(view, self._drawn, self.PACE):
            self.repaint()

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        """What the pane shows in ``width`` × ``height`` cells; pure, and overridden."""
        raise NotImplementedError

    def wanted_height(self, view: View, width: int) -> int | None:
        """Rows that the pane wants to have; None leaves it to the style sheet."""
        return None

    def repaint(self) -> None:
        """Work out the lines again and mark the cells that differ from what was painted."""
        if self.view is None or not self.is_attached:
            return
        width, height = self.size
        wanted = self.wanted_height(self.view, self.screen.size.width)
        if wanted is not None and (wanted != height or bool(wanted) != self.display):
            self.display = wanted > 0
            self.styles.height = wanted
            return
        if not width or not height or not self._is_seen():
            return
        self._drawn = self.view
        rows = self.lines(self.view, width, height)
        tidy = to_ascii if self.view.ascii else tuple
        self._mark([tidy(fill(row, width)) for row in rows[:height]], width)

    def _mark(self, painted: list[Line], width: int) -> None:
        """Take over new lines and ask for a repaint of the cells that changed."""
        regions = []
        rows = zip_longest(self._painted, painted, fillvalue=fill(BLANK, width))
        for y, (old, new) in enumerate(rows):
            stretch = changed_cells(old, new, width)
            if stretch is not None:
                self._strips.pop(y, None)
                regions.append(Region(stretch[0], y, stretch[1], 1))
        self._painted = painted
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One row, from the last lines that were worked out."""
        width = self.size.width
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != width:
            content = fill(self._painted[y] if y < len(self._painted) else BLANK, width)
            segments = [Segment(text, self._style(role)) for text, role in content]
            strip = Strip(segments, width).simplify()
            self._strips[y] = strip
        return strip

    def _style(self, role: Role) -> Style:
        style = self._styles_of.get(role)
        if style is None:
            style = self.get_component_rich_style(f"pane--{role.value}")
            self._styles_of[role] = style
        return style

    def notify_style_update(self) -> None:
        """Forget the colours; the theme, the focus or the style sheet changed."""
        super().notify_style_update()
        self._strips.clear()
        self._styles_of.clear()

    def on_resize(self) -> None:
        """Draw everything for the new size: rows of another width cannot be compared."""
        self._strips.clear()
        self.repaint()
        self.refresh()

    def on_show(self) -> None:
        """Catch up with what happened while hidden."""
        self.call_after_refresh(self.repaint)

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Draw the border of a pane that has the keys, or has them no longer."""
        super().watch_has_focus(_has_focus)
        self.repaint()

    def _is_seen(self) -> bool:
        """Whether neither the pane nor anything around it is hidden."""
        return all(node.display for node in self.ancestors_with_self)
