"""One criterion in full, with the readings and log lines that its state rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from stagewatch.grounds import Question
from stagewatch.model import probe_of
from stagewatch.tui.keys import DETAIL_KEYS, pointing_keys
from stagewatch.tui.messages import GroundsWanted, LogWanted, Told
from stagewatch.tui.screens.sheet import Sheet
from stagewatch.widgets.board import criterion_at
from stagewatch.widgets.detail import Found
from stagewatch.widgets.detailpane import DetailPane
from stagewatch.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from textual.message import Message

    from stagewatch.clock import Clock
    from stagewatch.snapshot import CriterionNow, Snapshot
    from stagewatch.tui.messages import GroundsFound
    from stagewatch.widgets.pane import Pane
    from stagewatch.widgets.view import Row, View

AGAIN = 10.0
"""Seconds after which the evidence is read again while readings come in."""
LEAD = 0.25
"""The chart begins earlier than the first bad moment, by this share of the time since."""
LEAD_READINGS = 20
"""And by so many readings at least."""


def question_of(snapshot: Snapshot, criterion: CriterionNow, now: float) -> Question:
    """What to read for this criterion: around its first bad moment, else around the last one."""
    session = snapshot.session
    until = min(now, float(session.ends_at))
    probes = {probe_of(name) for name in criterion.signals}
    watched = [probe for probe in snapshot.probes.values() if probe.name in probes]
    slowest = max((probe.every for probe in watched), default=60.0)
    last = snapshot.recorder.last_reading_at
    moment, since = min(until, last) if last is not None else until, float(session.started_at)
    if criterion.first_bad is not None:
        moment = criterion.first_bad
        since = max(since, moment - max(LEAD * (until - moment), LEAD_READINGS * slowest))
    return Question(
        criterion=f"{criterion.kind}/{criterion.name}",
        signals=criterion.signals,
        moment=moment,
        since=since,
        until=max(until, since + 1.0),
        patience={probe.name: probe.patience for probe in watched},
        logs=tuple(log.probe for log in snapshot.logs),
    )


class DetailScreen(Sheet):
    """Asks for the evidence when it is opened, and again while readings come in."""

    BINDINGS: ClassVar[list[BindingType]] = list(DETAIL_KEYS)

    def __init__(self, operator: str, clock: Clock, tell: Callable[[Message], object]) -> None:
        super().__init__(operator, clock, tell, DETAIL_KEYS)
        self._detail = DetailPane()
        self._row: Row | None = None
        self._asked: Question | None = None
        self._asked_at = float("-inf")
        self._waiting = False
        self._seen: float | None = None
        """When the newest reading was taken, as of the last question."""

    def body(self) -> Pane:
        return self._detail

    def about(self, row: Row, view: View) -> None:
        """Show this criterion; what is known of another is forgotten."""
        self._row, self._asked = row, None
        self._point(None)
        self.show(view)
        criterion = self._criterion()
        if criterion is not None and view.snapshot is not None:
            question = question_of(view.snapshot, criterion, view.now)
            self._detail.about_row(row, Found(question.moment, question.since, question.until))
            self._ask(question, view)

    def show(self, view: View) -> None:
        super().show(view)
        criterion, snapshot = self._criterion(), view.snapshot
        if criterion is None or snapshot is None or self._asked is None or self._waiting:
            return
        new = snapshot.recorder.last_reading_at != self._seen
        if view.now - self._asked_at >= AGAIN and new:
            self._ask(question_of(snapshot, criterion, view.now), view)

    def _ask(self, question: Question, view: View) -> None:
        assert view.snapshot is not None
        self._asked, self._asked_at, self._waiting = question, view.now, True
        self._seen = view.snapshot.recorder.last_reading_at
        self._tell(GroundsWanted(question))

    def found(self, answer: GroundsFound) -> None:
        """Take the evidence, unless it is another criterion's."""
        if answer.question != self._asked:
            return
        self._waiting = False
        asked = answer.question
        self._detail.found(
            Found(asked.moment, asked.since, asked.until, answer.grounds, answer.problem)
        )

    def _criterion(self) -> CriterionNow | None:
        return criterion_at(self.snapshot, self._row) if self.snapshot else None

    def action_scroll(self, rows: int) -> None:
        """Scroll."""
        self._detail.scroll_rows(rows)

    def action_acknowledge(self) -> None:
        """Silence the criterion's reminders."""
        criterion, snapshot = self._criterion(), self.snapshot
        if criterion is not None and snapshot is not None:
            self.ask(self.asker(snapshot).acknowledge(criterion))

    def action_waive(self) -> None:
        """Waive the criterion's incident."""
        criterion, snapshot = self._criterion(), self.snapshot
        if criterion is not None and snapshot is not None:
            self.ask(self.asker(snapshot).waive(criterion))

    def action_moment(self, step: int) -> None:
        """Point at a moment in the charts."""
        grid = self._detail.pointer.grid
        if grid is None:
            self._tell(Told("this criterion has no chart in which to point at a moment"))
        else:
            self._point(grid.moved(self._detail.pointer.at, step))

    def _point(self, at: float | None) -> None:
        self._detail.point(at)
        self.query_one(KeyBar).use(DETAIL_KEYS if at is None else pointing_keys(DETAIL_KEYS))

    def action_log(self) -> None:
        """Open the log where one points, else where the criterion went bad."""
        criterion = self._criterion()
        probes = tuple(probe_of(name) for name in criterion.signals) if criterion else ()
        self._tell(LogWanted(self._detail.pointed, probes, self._charted))

    def _charted(self, at: float) -> bool:
        grid = self._detail.pointer.grid
        if grid is None or grid.cell(at) is None:
            return False
        self._point(at)
        return True

    def action_close(self) -> None:
        """Point at nothing any more; else back to the board."""
        if self._detail.pointer.at is not None:
            self._point(None)
        else:
            super().action_close()

    def action_leave(self) -> None:
        """Back to the panes, past the board."""
        self._point(None)
        self.app.pop_screen()
        self.action_close()
