"""How far a watch has come: phases, items, gates and reviews, from the profile and the session.

Pure functions; ``now`` and every result in Unix seconds of real time.
"""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.model import State
from stagewatch.profile.schema import Gate, Item, Phase, Profile
from stagewatch.session.derive import item_state, last_decision, tickers
from stagewatch.session.document import Decision, Session
from stagewatch.snapshot import GateNow, ItemNow, PhaseNow

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the session had come when it was read, or when time last changed that."""

    session: Session
    phases: tuple[PhaseNow, ...]
    gates: tuple[GateNow, ...]
    review: float | None
    turn: float
    """When time alone changes something of it."""


def progress_of(profile: Profile, session: Session, now: float) -> Progress:
    """Phases, gates and the next review at ``now``."""
    shown = phases(profile, session, now)
    review = next_review(profile, session, now)
    turn = min(next_turn(shown, session, now), review or float("inf"))
    return Progress(session, shown, gates(profile, session), review, turn)


def real_hours(profile: Profile, hours: float) -> float:
    """Profile hours as seconds of real time."""
    return hours * HOUR / profile.deployment.speed


def phases(profile: Profile, session: Session, now: float) -> tuple[PhaseNow, ...]:
    """Every phase with its items, in the profile's order."""
    return tuple(_phase(phase, profile, session, now) for phase in profile.phase)


def _phase(phase: Phase, profile: Profile, session: Session, now: float) -> PhaseNow:
    start, end = (session.started_at + real_hours(profile, hour) for hour in phase.hours)
    return PhaseNow(
        name=phase.name,
        hours=phase.hours,
        start=start,
        end=end,
        current=start <= now < end and session.state == "open",
        items=tuple(_item(item, phase.name, session, over=now >= end) for item in phase.items),
    )


def _item(item: str | Item, phase: str, session: Session, *, over: bool) -> ItemNow:
    text = item if isinstance(item, str) else item.text
    told = item_state(session, phase, text)
    tick = told.last if told.done else None
    return ItemNow(
        phase=phase,
        item=text,
        done=told.done,
        by=tick.by if tick else "",
        at=tick.at if tick else None,
        overdue=over and not told.done,
        notes=told.notes,
        evidence=tuple(tick.evidence) if tick else (),
        history=told.ticks,
        signals=() if isinstance(item, str) else tuple(item.evidence),
    )


def gates(profile: Profile, session: Session) -> tuple[GateNow, ...]:
    """Every gate with the last decision on it."""
    hands = tickers(session)
    return tuple(_gate(gate, last_decision(session, gate.name), hands) for gate in profile.gate)


def _gate(gate: Gate, decision: Decision | None, hands: frozenset[str]) -> GateNow:
    if decision is None:
        return GateNow(
            name=gate.name,
            reviewer=gate.reviewer,
            action=gate.action,
            state=State.PENDING,
            by="",
            at=None,
            reason="",
            four_eyes=gate.four_eyes,
        )
    state = State.PASS if decision.approved else State.FAIL
    reason = decision.reason
    if decision.approved and gate.four_eyes and decision.by in hands:
        state = State.PENDING
        reason = f"{decision.by} ticked items of this watch; it takes somebody else to approve"
    return GateNow(
        name=gate.name,
        reviewer=gate.reviewer,
        action=gate.action,
        state=state,
        by=decision.by,
        at=decision.at,
        reason=reason,
        four_eyes=gate.four_eyes,
    )


def next_review(profile: Profile, session: Session, now: float) -> float | None:
    """When the next review is due; the last one is at the window's end."""
    every = profile.deployment.review_every / profile.deployment.speed
    if every <= 0 or session.state != "open" or now >= session.ends_at:
        return None
    passed = max(0, int((now - session.started_at) // every))
    return min(session.started_at + (passed + 1) * every, session.ends_at)


def next_turn(phases: tuple[PhaseNow, ...], session: Session, now: float) -> float:
    """The next moment at which time alone changes something: a phase, or the window's end."""
    turns = [*(t for phase in phases for t in (phase.start, phase.end)), float(session.ends_at)]
    return min((turn for turn in turns if turn > now), default=float("inf"))
