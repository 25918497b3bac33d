"""The checklist's widget: where the cursor is, and which phases the operator opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagewatch.widgets.box import Frame, frame
from stagewatch.widgets.checklist import (
    Entry,
    Position,
    checklist_lines,
    entries,
    is_done,
    item_at,
    open_phases,
    title_lines,
)
from stagewatch.widgets.itemevidence import signals_of, telling, worst
from stagewatch.widgets.paint import BLANK, Line
from stagewatch.widgets.pane import Pane
from stagewatch.widgets.view import probe_of

if TYPE_CHECKING:
    from stagewatch.snapshot import ItemNow, Snapshot
    from stagewatch.widgets.view import View


AGES = 5
"""Seconds after which ages are renewed."""


class ChecklistPane(Pane, can_focus=True):
    """The checklist with its cursor."""

    PACE = 60.0

    def about(self, snapshot: Snapshot) -> object:
        """Phases, gates, every mark, and what the item under the cursor shows; beside ages."""
        return (
            snapshot.phases,
            snapshot.gates,
            _marks(snapshot, snapshot.now),
            [_freshly(snapshot, name) for name in self._evidence],
        )

    def moment(self, view: View) -> object:
        """How long the phase lasts still, which evidence is late, and the ages that are shown, each
        in the steps in which that is shown."""
        if view.snapshot is None:
            return None
        snapshot, now = view.snapshot, view.now
        end = next((phase.end for phase in snapshot.phases if phase.current), now)
        left = (end - now) // (60 if end - now >= 600 else 10)
        aged = any(telling(snapshot, name, now).aged for name in self._evidence)
        return left, _marks(snapshot, now), now // AGES if aged else None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor: Entry | None = None
        self._toggled: dict[str, bool] = {}
        self._evidence: tuple[str, ...] = ()
        """The signals that were drawn last."""

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        title, left = title_lines(view.snapshot, view.now, width)
        how = Frame(title, aside=left, boxed=not view.compact, focused=self.has_focus)
        inner, rows = how.room(width, height)
        opened = self._opened()
        place = Position(self._cursor_in(opened), opened, self.has_focus)
        item = item_at(view.snapshot, place.cursor) if view.snapshot else None
        self._evidence = signals_of(item) if item else ()
        return frame(how, checklist_lines(view, place, inner, rows), width, height)

    def _opened(self) -> frozenset[str]:
        if self.view is None or self.view.snapshot is None:
            return frozenset()
        room = Frame(BLANK, boxed=not self.view.compact).room(*self.size)
        return open_phases(self.view, self._toggled, *room)

    def cursor(self) -> Entry | None:
        """The entry under the cursor: where it was left, else the first thing to do."""
        return self._cursor_in(self._opened())

    def _cursor_in(self, opened: frozenset[str]) -> Entry | None:
        if self.view is None or self.view.snapshot is None:
            return None
        places = entries(self.view.snapshot, opened)
        if self._cursor in places:
            return self._cursor
        if self._cursor is not None and Entry(self._cursor.phase) in places:
            return Entry(self._cursor.phase)
        return self._first_to_do() or (places[0] if places else None)

    def _first_to_do(self) -> Entry | None:
        assert self.view is not None
        assert self.view.snapshot is not None
        for phase in self.view.snapshot.phases:
            for item in phase.items if phase.current else ():
                if not is_done(item, self.view):
                    return Entry(phase.name, item.item)
        return None

    def item(self) -> ItemNow | None:
        """The item under the cursor, which stays on it; None on a phase."""
        if self.view is None or self.view.snapshot is None:
            return None
        self._cursor = self.cursor()
        return item_at(self.view.snapshot, self._cursor)

    def move(self, rows: int) -> None:
        """Move the cursor by ``rows`` entries, stopping at the ends."""
        if self.view is None or self.view.snapshot is None:
            return
        places = entries(self.view.snapshot, self._opened())
        here = self.cursor()
        if places and here in places:
            self._cursor = places[min(len(places) - 1, max(0, places.index(here) + rows))]
        self.repaint()

    def toggle_phase(self) -> None:
        """Open or close the phase under the cursor."""
        here = self.cursor()
        if here is not None:
            self._toggled[here.phase] = here.phase not in self._opened()
            self.repaint()


def _marks(snapshot: Snapshot, now: float) -> list[object]:
    """How good the evidence of each open item is whose phase has begun."""
    return [
        worst(snapshot, item.signals, now)
        for phase in snapshot.phases
        if phase.start <= now
        for item in phase.items
        if not item.done
    ]


def _freshly(snapshot: Snapshot, name: str) -> object:
    """What is shown of a signal, beside its age."""
    told = telling(snapshot, name, snapshot.now)
    signal = snapshot.signals.get(name)
    if told.aged and signal is not None:
        probe = probe_of(snapshot, name)
        return told.standing, told.value, signal.reason, probe.reason if probe else ""
    return told
