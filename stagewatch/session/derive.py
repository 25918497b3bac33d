"""What the session's lists come to: an item's state, the pause that is on, a gate's answer."""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.session.document import Decision, Note, Pause, Session, Shift, Tick
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
