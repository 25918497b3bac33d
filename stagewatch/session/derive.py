"""What the session's lists come to: an item's state, the pause that is on, a gate's answer."""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.model import Verdict
from stagewatch.session.document import (
    Confirmation,
    Decision,
    Note,
    Pause,
    Session,
    Shift,
    Tick,
    Waiver,
)
from stagewatch.text import clean


@dataclass(frozen=True, slots=True)
class ItemState:
    """A checklist item as the session tells it."""

    done: bool
    last: Tick | None
    """The change that made it so; None while nobody touched the item."""
    ticks: tuple[Tick, ...]
    notes: tuple[Note, ...]


def item_state(session: Session, phase: str, item: str) -> ItemState:
    """The item called ``item`` in ``phase``; an unknown one is not done."""
    place = (clean(phase), clean(item))
    ticks = tuple(t for t in session.tick if (t.phase, t.item) == place)
    notes = tuple(n for n in session.note if (n.phase, n.item) == place)
    last = ticks[-1] if ticks else None
    return ItemState(last is not None and last.done, last, ticks, notes)


def current_pause(session: Session) -> Pause | None:
    """The pause that is on, if one is."""
    return next((p for p in reversed(session.pause) if p.ended_at is None), None)


def last_decision(session: Session, gate: str) -> Decision | None:
    """The answer that counts at ``gate``; None while there is none."""
    name = clean(gate)
    return next((d for d in reversed(session.decision) if d.gate == name), None)


def open_shift(session: Session, by: str) -> Shift | None:
    """The shift that ``by`` began and has not ended."""
    return next((s for s in reversed(session.shift) if s.by == by and s.end is None), None)


def tickers(session: Session) -> frozenset[str]:
    """Everybody who ticked an item."""
    return frozenset(tick.by for tick in session.tick if tick.done)


def waiver_in_force(session: Session, criterion: str, at: float) -> Waiver | None:
    """The newest waiver of the criterion (not of one check) that counts at ``at``."""
    named = (w for w in reversed(session.waiver) if w.criterion == criterion and not w.check)
    return next((w for w in named if w.at <= at < w.until), None)


def waived_checks(session: Session, at: float) -> dict[str, Waiver]:
    """``optimisation/check`` → the newest waiver of it that counts at ``at``."""
    return {w.check: w for w in session.waiver if w.check and w.at <= at < w.until}


def final_word(session: Session, now: float) -> Confirmation | None:
    """The confirmation of a GO, given after the window; None once anything was done after it.

    It confirms what its author saw: a later word, tick, decision, waiver or order wants another.
    """
    word = session.confirmation[-1] if session.confirmation else None
    if word is None or word.verdict != Verdict.GO or not session.ends_at <= word.at <= now:
        return None
    acts: list[float] = [
        *(act.at for act in session.tick),
        *(act.at for act in session.decision),
        *(act.at for act in session.waiver),
        *(act.at for act in session.acceptance),
        *(act.at for act in session.invalidation),
        *(act.at for act in session.drill),
        *(act.at for act in session.profile_edit),
    ]
    return word if all(at <= word.at for at in acts) else None


def known_profiles(session: Session) -> list[str]:
    """The hashes of every profile that the session tells of."""
    return [session.profile_sha256, *(edit.sha256 for edit in session.profile_edit)]
