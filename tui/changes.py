"""What an operator can change, as values: worked out at the keypress, applied when it is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagewatch.logs.words import CRITICAL
from stagewatch.widgets.view import Row, probe_of, signal_late
from stagewatch.widgets.words import time_of

if TYPE_CHECKING:
    from stagewatch.session.document import Evidence, Instant, Session
    from stagewatch.snapshot import ItemNow, SignalNow, Snapshot
    from stagewatch.widgets.patterns import Entry

AFTERWARDS = 24 * 3600.0
"""Seconds for which an acknowledgement holds that is made when the watch is over."""

Apply = Callable[["Session"], "Session"]


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of the session."""

    what: str
    """As a sentence's object: ``the tick of «Load test»``."""
    apply: Apply
    item: tuple[str, str] | None = None
    """(phase, item) that it ticks or unticks."""
    done: bool = False
    row: Row | None = None
    """The row of the verdict board on which it shows as being saved."""

    def is_in(self, session: Session) -> bool:
        """Whether the session has it: an edit that is there already changes nothing."""
        from stagewatch.session.errors import EditRefusedError

        try:
            return self.apply(session) is session
        except EditRefusedError:
            return True  # whatever stands in its way will be told by the saver


def evidence_of(snapshot: Snapshot, names: tuple[str, ...], now: float) -> list[Evidence]:
    """The live values of these signals; a late or absent one says so instead."""
    return [_evidence(snapshot, name, now) for name in names]


def _evidence(snapshot: Snapshot, name: str, now: float) -> Evidence:
    from stagewatch.session.document import Evidence

    signal = snapshot.signals.get(name)
    if signal is None:
        return Evidence(signal=name, reason="no such signal in this watch")
    if not signal_late(snapshot, signal, now):
        at = _instant(signal.at)
        return Evidence(signal=name, value=signal.value, unit=signal.unit, at=at)
    reason = _why_not(snapshot, signal, now)
    return Evidence(signal=name, unit=signal.unit, at=_instant(signal.at), reason=reason)


def _why_not(snapshot: Snapshot, signal: SignalNow, now: float) -> str:
    probe = probe_of(snapshot, signal.name)
    if signal.value is not None and signal.at is not None:
        return f"no reading since {time_of(signal.at, now)}"
    return signal.reason or (probe.reason if probe else "") or "no reading yet"


def _instant(at: float | None) -> Instant | None:
    from stagewatch.session.instant import instant

    return None if at is None else instant(at)


def tick(snapshot: Snapshot, item: ItemNow, *, by: str, now: float) -> Change:
    """Tick the item, with the live values of this moment; or take its tick back."""
    phase, name = item.phase, item.item
    if item.done:
        return Change(f"the untick of «{name}»", _untick(phase, name, by, now), (phase, name))
    evidence = evidence_of(snapshot, item.signals, now)

    def apply(session: Session) -> Session:
        from stagewatch.session.edits import tick

        return tick(session, phase, name, by=by, at=now, evidence=evidence)

    return Change(f"the tick of «{name}»", apply, (phase, name), done=True)


def _untick(phase: str, name: str, by: str, now: float) -> Apply:
    def apply(session: Session) -> Session:
        from stagewatch.session.edits import untick

        return untick(session, phase, name, by=by, at=now)

    return apply


def note(item: ItemNow | None, text: str, *, by: str, now: float) -> Change:
    """A remark on the item, or on the watch as a whole."""
    phase, name = (item.phase, item.item) if item else ("", "")

    def apply(session: Session) -> Session:
        from stagewatch.session.edits import add_note

        return add_note(session, text, phase=phase, item=name, by=by, at=now)

    return Change(f"the note on «{name}»" if name else "the note", apply)


def pause(reason: str, *, by: str, now: float) -> Change:
    """Stop sampling until somebody resumes."""

    def apply(session: Session) -> Session:
        from stagewatch.session.edits import pause

        return pause(session, reason, by=by, at=now)

    return Change("the pause", apply)


def acknowledge(snapshot: Snapshot, entry: Entry, reason: str, *, by: str, now: float) -> Change:
    """Say that a pattern of a log is known, until the watch is over."""
    signal = f"{entry.probe}.{'criticals' if entry.pattern.level == CRITICAL else 'new'}"
    judging = (c.name for c in snapshot.criteria if signal in c.signals)
    criterion, name = next(judging, signal), entry.name
    end = float(snapshot.session.ends_at)
    until = end if end > now else now + AFTERWARDS

    def apply(session: Session) -> Session:
        from stagewatch.session.edits import acknowledge

        return acknowledge(
            session, criterion, until=until, by=by, at=now, reason=reason, pattern=name
        )

    return Change("the acknowledgement", apply)


def resume(*, by: str, now: float) -> Change:
    """Go on sampling."""

    def apply(session: Session) -> Session:
        from stagewatch.session.edits import resume

        return resume(session, by=by, at=now)

    return Change("the end of the pause", apply)
