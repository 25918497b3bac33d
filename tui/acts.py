"""What an operator does on the verdict board, as changes of the session."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stagewatch.model import Verdict
from stagewatch.session import edits
from stagewatch.tui.changes import Change
from stagewatch.widgets.boardcriteria import criterion_row
from stagewatch.widgets.boardscore import check_row
from stagewatch.widgets.boardsigns import FINAL, VOID, gate_row, loss_row

if TYPE_CHECKING:
    from stagewatch.session.document import Session
    from stagewatch.snapshot import CriterionNow, GateNow, LossNow


def acknowledge(
    criterion: CriterionNow, reason: str, *, until: float, by: str, now: float
) -> Change:
    """Silence the reminders of a criterion."""

    def apply(session: Session) -> Session:
        return edits.acknowledge(session, criterion.name, until=until, by=by, at=now, reason=reason)

    what = f"the acknowledgement of «{criterion.title}»"
    return Change(what, apply, row=criterion_row(criterion))


def waive(criterion: CriterionNow, reason: str, *, until: float, by: str, now: float) -> Change:
    """Take a criterion's present incident out of the verdict."""
    state = criterion.state.value

    def apply(session: Session) -> Session:
        return edits.waive(session, criterion.name, reason, until=until, by=by, at=now, state=state)

    return Change(f"the waiver of «{criterion.title}»", apply, row=criterion_row(criterion))


def waive_check(
    criterion: str,
    optimisation: str,
    check: str,
    reason: str,
    *,
    until: float,
    by: str,
    now: float,
) -> Change:
    """Count a failing check of an optimisation as passing, openly."""
    row = check_row(optimisation, check)

    def apply(session: Session) -> Session:
        return edits.waive(
            session, criterion, reason, until=until, by=by, at=now, state="FAIL", check=row[1]
        )

    return Change(f"the waiver of «{check}»", apply, row=row)


def decide(gate: GateNow, approved: bool, reason: str, *, by: str, now: float) -> Change:
    """Approve or reject at a gate."""

    def apply(session: Session) -> Session:
        return edits.decide(
            session, gate.name, approved, reason, by=by, at=now, four_eyes=gate.four_eyes
        )

    word = "approval" if approved else "rejection"
    return Change(f"the {word} of «{gate.name}»", apply, row=gate_row(gate))


def accept_loss(loss: LossNow, reason: str, *, by: str, now: float) -> Change:
    """Accept by name that lines of a log may be lost."""
    assert loss.until is not None
    # The session keeps milliseconds; what is accepted must hold the whole window.
    start = math.floor(loss.since * 1000) / 1000
    end = max(math.ceil(loss.until * 1000) / 1000, start + 0.001)

    def apply(session: Session) -> Session:
        return edits.accept_loss(session, loss.probe, start, end, reason, by=by, at=now)

    return Change(f"the acceptance of lost lines of «{loss.probe}»", apply, row=loss_row(loss))


def invalidate(probe: str, start: float, end: float, reason: str, *, by: str, now: float) -> Change:
    """Declare the readings of a probe in an interval void; of every probe when it is empty."""

    def apply(session: Session) -> Session:
        return edits.invalidate(session, probe, start, end, reason, by=by, at=now)

    whose = f"«{probe}»" if probe else "every probe"
    return Change(f"the invalidation of readings of {whose}", apply, row=VOID)


def confirm(note: str, *, by: str, now: float) -> Change:
    """Say the last word: GO."""

    def apply(session: Session) -> Session:
        return edits.confirm(session, Verdict.GO, by=by, at=now, note=note)

    return Change("the confirmation of the GO", apply, row=FINAL)
