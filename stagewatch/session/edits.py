"""What people do to a session, as pure functions from a session to the next.

Each takes ``by`` (who) and ``at`` (Unix seconds). An edit that is already there gives back the
very session it was given, so that saving it again after a doubtful save changes nothing. An edit
that makes no sense raises EditRefusedError; whether an item, a gate or a criterion exists is for
the caller to know, who has the profile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable

from msgspec.structs import replace

from stagewatch.model import Verdict
from stagewatch.session.derive import current_pause, item_state, open_shift, tickers
from stagewatch.session.document import (
    Acceptance,
    Acknowledgement,
    Confirmation,
    Decision,
    Drill,
    Evidence,
    Instant,
    Invalidation,
    Note,
    Pause,
    ProfileEdit,
    Record,
    Session,
    Shift,
    Tick,
    Waiver,
)
from stagewatch.session.errors import EditRefusedError
from stagewatch.session.instant import instant
from stagewatch.session.operator import LONGEST_NAME
from stagewatch.text import clean, clean_lines


def tick(
    session: Session,
    phase: str,
    item: str,
    *,
    by: str,
    at: float,
    note: str = "",
    evidence: Iterable[Evidence] = (),
) -> Session:
    """Mark an item as done. Where it is done already, only a note of this edit is kept."""
    new = Tick(
        phase=clean(phase),
        item=clean(item),
        done=True,
        by=_name(by),
        at=_time(at),
        note=_text(note),
        evidence=[_finite(piece) for piece in evidence],
    )
    if not item_state(session, phase, item).done:
        return _append(session, "tick", new)
    if new in session.tick or not new.note:
        return session
    return add_note(session, note, by=by, at=at, phase=phase, item=item)


def untick(
    session: Session, phase: str, item: str, *, by: str, at: float, note: str = ""
) -> Session:
    """Take a tick back; the tick stays on record. An item that is not done stays as it is."""
    new = Tick(
        phase=clean(phase),
        item=clean(item),
        done=False,
        by=_name(by),
        at=_time(at),
        note=_text(note),
    )
    return _append(session, "tick", new) if item_state(session, phase, item).done else session


def add_note(
    session: Session, text: str, *, by: str, at: float, phase: str = "", item: str = ""
) -> Session:
    """Remark on an item, or on the watch as a whole."""
    new = Note(
        by=_name(by),
        at=_time(at),
        text=_needed(text, "a note needs a text"),
        phase=clean(phase),
        item=clean(item),
    )
    return _append(session, "note", new)


def pause(session: Session, reason: str, *, by: str, at: float) -> Session:
    """Stop sampling until somebody resumes."""
    new = Pause(by=_name(by), at=_time(at), reason=_needed(reason, "a pause needs a reason"))
    now = current_pause(session)
    if any((p.by, p.at, p.reason) == (new.by, new.at, new.reason) for p in session.pause):
        return session
    if now is not None:
        raise EditRefusedError(f"the watch is paused already, by {now.by}: {now.reason}")
    _refuse_when_stopped(session)
    return _append(session, "pause", new)


def resume(session: Session, *, by: str, at: float) -> Session:
    """Go on sampling."""
    name, end = _name(by), _time(at)
    if any((p.ended_by, p.ended_at) == (name, max(p.at, end)) for p in session.pause):
        return session
    now = current_pause(session)
    if now is None:
        raise EditRefusedError("the watch is not paused")
    ended = replace(now, ended_at=max(now.at, end), ended_by=name)
    return replace(session, pause=[ended if p is now else p for p in session.pause])


def stop(session: Session, *, by: str, at: float) -> Session:
    """End the recording, and a pause that is on. A stopped session stays as it is."""
    name, end = _name(by), _time(at)
    if session.state == "stopped":
        return session
    if current_pause(session) is not None:
        session = resume(session, by=by, at=at)
    return replace(session, state="stopped", stopped_at=end, stopped_by=name)


def decide(
    session: Session,
    gate: str,
    approved: bool,
    reason: str,
    *,
    by: str,
    at: float,
    four_eyes: bool = False,
) -> Session:
    """Approve or reject at a gate. With ``four_eyes``, whoever ticked items may not approve."""
    new = Decision(
        gate=clean(gate),
        approved=approved,
        by=_name(by),
        at=_time(at),
        reason=_needed(reason, f"{'an approval' if approved else 'a rejection'} needs a reason"),
    )
    if four_eyes and approved and new.by in tickers(session):
        raise EditRefusedError(
            f"{new.by} ticked items of this watch, and this gate wants four eyes:"
            " somebody else must approve"
        )
    return _append(session, "decision", new)


def acknowledge(
    session: Session,
    criterion: str,
    *,
    until: float,
    by: str,
    at: float,
    reason: str = "",
    pattern: str = "",
) -> Session:
    """Silence reminders about a criterion until then; the verdict stays what it is.

    With ``pattern``, one log pattern is acknowledged and not the criterion as a whole.
    """
    start, end = _span(at, until, "an acknowledgement must end after it begins")
    new = Acknowledgement(
        criterion=clean(criterion),
        by=_name(by),
        at=start,
        until=end,
        reason=_text(reason),
        pattern=clean(pattern),
    )
    return _append(session, "acknowledgement", new)


def waive(
    session: Session,
    criterion: str,
    reason: str,
    *,
    until: float,
    by: str,
    at: float,
    state: str = "",
    check: str = "",
) -> Session:
    """Take a criterion's present incident, whose state is ``state``, out of the verdict."""
    start, end = _span(at, until, "a waiver must end after it begins")
    new = Waiver(
        criterion=clean(criterion),
        by=_name(by),
        at=start,
        until=end,
        reason=_needed(reason, "a waiver needs a reason"),
        state=clean(state),
        check=clean(check),
    )
    return _append(session, "waiver", new)


def accept_loss(
    session: Session, probe: str, start: float, end: float, reason: str, *, by: str, at: float
) -> Session:
    """Accept by name that log lines of a probe may have been lost in an interval."""
    first, last = _span(start, end, "the interval must end after it begins")
    new = Acceptance(
        probe=clean(probe),
        start=first,
        end=last,
        by=_name(by),
        at=_time(at),
        reason=_needed(reason, "accepting a loss needs a reason"),
    )
    return _append(session, "acceptance", new)


def invalidate(
    session: Session,
    probe: str,
    start: float,
    end: float,
    reason: str,
    *,
    by: str,
    at: float,
    drill: str = "",
) -> Session:
    """Take the readings of a probe (of every probe: ``""``) in an interval out of the judgement.

    ``drill`` is what disturbs them, where it is no person's judgement of the data.
    """
    first, last = _span(start, end, "the interval must end after it begins")
    new = Invalidation(
        probe=clean(probe),
        start=first,
        end=last,
        by=_name(by),
        at=_time(at),
        reason=_needed(reason, "invalidating readings needs a reason"),
        drill=clean(drill),
    )
    return _append(session, "invalidation", new)


def shorten(session: Session, drill: str, *, at: float, end: float) -> Session:
    """A drill announced at ``at`` disturbed readings until ``end`` only: those after it count.

    It can only give readings back to the judgement, and never take any.
    """
    begun = _time(at)
    return _cut(session, lambda void: void.drill == drill and void.at == begun, end)


def open_stretches(
    session: Session, now: float, spared: Collection[str] = ()
) -> list[Invalidation]:
    """The stretches of drills without a result that reach beyond the present; not of those
    ``spared``, nor any that was announced by a clock which is ahead of the present."""
    return [
        void
        for void in session.invalidation
        if void.drill and void.drill not in spared
        if void.at <= now < void.end and not _has_result(session, void)
    ]


def _has_result(session: Session, void: Invalidation) -> bool:
    return any(run.drill == void.drill and run.at >= void.at for run in session.drill)


def end_drills(session: Session, end: float, spared: Collection[str] = ()) -> Session:
    """No drill runs at ``end``: as ``shorten``, for every one that ``open_stretches`` finds."""
    wanted = open_stretches(session, end, spared)
    return _cut(session, lambda void: void in wanted, end)


def _cut(session: Session, wanted: Callable[[Invalidation], bool], end: float) -> Session:
    over = _time(end)

    def cut(void: Invalidation) -> Invalidation:
        if not wanted(void):
            return void
        return replace(void, end=min(void.end, max(over, _time(void.start + 0.001))))

    changed = [cut(void) for void in session.invalidation]
    if changed == session.invalidation:
        return session
    return replace(session, invalidation=changed)


def record_drill(
    session: Session,
    drill: str,
    outcome: str,
    text: str,
    *,
    by: str,
    at: float,
    end: float,
    evidence: Iterable[Evidence] = (),
    of: str = "",
) -> Session:
    """Keep what a validation or an exercise came to."""
    new = Drill(
        drill=clean(drill),
        of=of,
        by=_name(by),
        at=_time(at),
        end=_time(max(at, end)),
        outcome=clean(outcome),
        text=_needed(text, "the result of a drill needs a sentence"),
        evidence=[_finite(piece) for piece in evidence],
    )
    return _append(session, "drill", new)


def confirm(
    session: Session, verdict: Verdict | str, *, by: str, at: float, note: str = ""
) -> Session:
    """Say the final word on the verdict."""
    try:
        word = Verdict(verdict)
    except ValueError:
        known = ", ".join(Verdict)
        raise EditRefusedError(f"{clean(verdict)!r} is no verdict: {known}") from None
    if word is Verdict.GO and at < session.ends_at:
        raise EditRefusedError("a GO can be confirmed only when the window is over")
    new = Confirmation(by=_name(by), at=_time(at), verdict=word.value, note=_text(note))
    return _append(session, "confirmation", new)


def start_shift(session: Session, *, by: str, at: float) -> Session:
    """Begin to watch. Whoever is on watch already stays so."""
    new = Shift(by=_name(by), start=_time(at))
    if open_shift(session, new.by) or any(
        (s.by, s.start) == (new.by, new.start) for s in session.shift
    ):
        return session
    return _append(session, "shift", new)


def end_shift(session: Session, *, by: str, at: float, handover: str = "") -> Session:
    """Hand the watch over."""
    name, end, text = _name(by), _time(at), _text(handover)
    done = (name, text)
    if any((s.by, s.handover) == done and s.end == max(s.start, end) for s in session.shift):
        return session
    now = open_shift(session, name)
    if now is None:
        raise EditRefusedError(f"{name} is not on watch")
    ended = replace(now, end=max(now.start, end), handover=text)
    return replace(session, shift=[ended if s is now else s for s in session.shift])


def record_profile_edit(
    session: Session, sha256: str, summary: str, *, at: float, by: str = ""
) -> Session:
    """Say that the profile was changed; ``by`` is empty where nobody is known to have done it."""
    new = ProfileEdit(
        at=_time(at), sha256=sha256, summary=_text(summary), by=_name(by) if by else ""
    )
    return _append(session, "profile_edit", new)


def _append(session: Session, table: str, record: Record) -> Session:
    present: list[Record] = getattr(session, table)
    return session if record in present else replace(session, **{table: [*present, record]})


def _refuse_when_stopped(session: Session) -> None:
    if session.state == "stopped":
        raise EditRefusedError("the recording was stopped; there is nothing to pause")


def _name(by: str) -> str:
    name = clean(by.strip(), LONGEST_NAME).strip()
    if not name:
        raise EditRefusedError("an edit needs a name: say who you are with --as NAME")
    return name


def _text(text: str) -> str:
    return clean_lines(text.strip()).strip()


def _needed(text: str, otherwise: str) -> str:
    kept = _text(text)
    if not kept:
        raise EditRefusedError(otherwise)
    return kept


def _time(at: float) -> Instant:
    try:
        return instant(at)
    except ValueError as error:
        raise EditRefusedError(str(error)) from None


def _span(start: float, end: float, otherwise: str) -> tuple[Instant, Instant]:
    if not start < end:
        raise EditRefusedError(otherwise)
    return _time(start), _time(end)


def _finite(piece: Evidence) -> Evidence:
    """Evidence as it may be kept: to the millisecond, and a value only where there is one."""
    at = None if piece.at is None else _time(piece.at)
    if piece.value is None or math.isfinite(piece.value):
        return replace(piece, at=at)
    return replace(piece, at=at, value=None, reason=piece.reason or "not a number")
