"""The widget of one criterion's detail: a text with charts that is scrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.widgets.blocks import Window
from stagewatch.widgets.board import criterion_at, scrolled
from stagewatch.widgets.box import Frame, frame
from stagewatch.widgets.detail import Found, detail_body, title_of
from stagewatch.widgets.paint import Line, Role, line
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.pointer import Pointer
from stagewatch.widgets.view import Row, View

if TYPE_CHECKING:
    from stagewatch.snapshot import CriterionNow


class DetailPane(Pane, can_focus=True):
    """One criterion with its evidence."""

    PACE = 10.0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: Row | None = None
        self._found: Found | None = None
        self._top = 0
        self.pointer = Pointer()
        self._shows_charts = False
        """The charts are to be brought into view."""

    def about_row(self, row: Row, found: Found) -> None:
        """Show this criterion from its beginning."""
        self._row, self._found, self._top = row, found, 0
        self.pointer.at = None
        self.repaint()

    def point(self, at: float | None) -> None:
        """Point at this moment in the charts, which are brought into view; or at none."""
        self.pointer.at, self._shows_charts = at, at is not None
        self.repaint()

    @property
    def pointed(self) -> float | None:
        """What one points at; else around when the criterion became what it is."""
        if self.pointer.at is not None:
            return self.pointer.at
        return self._found.moment if self._found else None

    def found(self, found: Found) -> None:
        """Show newer evidence of the same criterion."""
        self._found = found
        self.repaint()

    def criterion(self) -> CriterionNow | None:
        """The criterion as the newest view has it."""
        if self.view is None or self.view.snapshot is None:
            return None
        return criterion_at(self.view.snapshot, self._row)

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        criterion = criterion_at(view.snapshot, self._row) if view.snapshot else None
        title = title_of(criterion) if criterion else line(("criterion", Role.STRONG))
        how = Frame(title, boxed=not view.compact, focused=True)
        inner, rows = how.room(width, height)
        if criterion is None or self._found is None:
            gone = line(("this criterion is no longer in the profile", Role.DIM))
            return frame(how, [gone], width, height)
        body, charts = detail_body(view, criterion, self._found, inner, self.pointer)
        if self._shows_charts:
            self._top = min(max(self._top, charts.stop - 1 - rows), charts.start)
            self._shows_charts = False
        self._top = max(0, min(self._top, len(body) - rows))
        seen = Window(body[self._top : self._top + rows], self._top, len(body))
        place = line((scrolled(seen), Role.DIM))
        how = Frame(
            title,
            aside=place if view.compact else (),
            foot_aside=() if view.compact else place,
            boxed=how.boxed,
            focused=True,
        )
        return frame(how, seen.lines, width, height)

    def scroll_rows(self, rows: int) -> None:
        """Scroll by so many rows, stopping at the ends."""
        self._top += rows
        self.repaint()
