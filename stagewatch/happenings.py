"""What people did, as events: the session's part of the story that the history tells."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace

from stagewatch.model import Event
from stagewatch.session.document import Decision, Note, Pause, Session, Tick
from stagewatch.text import clean


def session_events(session: Session) -> tuple[Event, ...]:
    """Everything that the session tells, newest first."""
    found = [
        *map(_tick, session.tick),
        *map(_note, session.note),
        *(event for pause in session.pause for event in _pause(pause)),
        *map(_decision, session.decision),
        *_verdict_acts(session),
    ]
    if session.stopped_at is not None:
        found.append(Event(session.stopped_at, "stop", f"{session.stopped_by} ended the watch"))
    one_line = (replace(event, text=clean(event.text)) for event in found)
    return tuple(sorted(one_line, key=lambda event: -event.at))


def newest(recorded: Sequence[Event], told: Sequence[Event], limit: int) -> tuple[Event, ...]:
    """Both kinds of events as one story, newest first; each sequence is so already."""
    merged = heapq.merge(recorded, told, key=lambda event: -event.at)
    return tuple(event for event, _ in zip(merged, range(limit), strict=False))


def _tick(tick: Tick) -> Event:
    done, kind = ("ticked", "tick") if tick.done else ("took back", "untick")
    note = f" ({tick.note})" if tick.note else ""
    return Event(tick.at, kind, f"{tick.by} {done} «{tick.item}»{note}")


def _note(note: Note) -> Event:
    on = f" on «{note.item}»" if note.item else ""
    return Event(note.at, "note", f"{note.by}{on}: {note.text}")


def _pause(pause: Pause) -> Iterator[Event]:
    yield Event(pause.at, "pause", f"{pause.by} paused the recording: {pause.reason}")
    if pause.ended_at is not None:
        yield Event(pause.ended_at, "resume", f"{pause.ended_by} resumed the recording")


def _decision(decision: Decision) -> Event:
    what = "approved" if decision.approved else "rejected"
    text = f"{decision.by} {what} {decision.gate}: {decision.reason}"
    return Event(decision.at, "decision", text)


def _verdict_acts(session: Session) -> Iterator[Event]:
    """Acts that bear on the verdict."""
    for waiver in session.waiver:
        text = f"{waiver.by} waived {waiver.criterion}: {waiver.reason}"
        yield Event(waiver.at, "waiver", text)
    for known in session.acknowledgement:
        what = f"«{known.pattern}»" if known.pattern else known.criterion
        text = f"{known.by} acknowledged {what}" + (known.reason and f": {known.reason}")
        yield Event(known.at, "acknowledgement", text)
    for accepted in session.acceptance:
        text = f"{accepted.by} accepted lost lines: {accepted.reason}"
        yield Event(accepted.at, "acceptance", text, accepted.probe)
    for void in session.invalidation:
        text = f"{void.by} declared readings void: {void.reason}"
        if void.drill:
            text = f"readings left out of the rules: {void.reason}"
        yield Event(void.at, "invalidation", text, void.probe)
    for run in session.drill:
        late = " (after the window, and not judged)" if run.end > session.ends_at else ""
        text = f"{run.by} ran {run.drill}: {run.outcome}, {run.text}{late}"
        yield Event(run.end, "drill", text)
    for word in session.confirmation:
        yield Event(
            word.at, "confirmation", f"{word.by} confirmed {word.verdict} {word.note}".strip()
        )
