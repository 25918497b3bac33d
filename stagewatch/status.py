"""The answer of ``stagewatch status``: for scripts as a document, for people as lines.

The document is a contract: ``status.schema.json`` describes it, ``docs/status.md`` explains it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stagewatch.judged import sentence, utc
from stagewatch.model import Event, Gap, State, Verdict
from stagewatch.moments import rfc3339
from stagewatch.profile.values import format_duration, format_value
from stagewatch.session.document import Evidence
from stagewatch.snapshot import (
    CriterionNow,
    GateNow,
    ItemNow,
    ProbeNow,
    RecorderStatus,
    SignalNow,
    Snapshot,
)
from stagewatch.verdict_document import verdict_document

_EXIT = {Verdict.GO: 0, Verdict.NO_GO: 1, Verdict.HOLD: 3, Verdict.INCONCLUSIVE: 4}
_WORTH_A_LINE = (State.FAIL, State.WARN, State.INCONCLUSIVE, State.WAIVED)


def exit_status(verdict: Verdict) -> int:
    """0 GO, 1 NO-GO, 3 HOLD, 4 INCONCLUSIVE; 2 is kept for failures of the tool."""
    return _EXIT[verdict]


def status_document(snapshot: Snapshot, events: int = 20) -> dict[str, Any]:
    """The whole state as JSON can carry it, with the newest ``events`` events."""
    session = snapshot.session
    return {
        "at": rfc3339(snapshot.now),
        "verdict": snapshot.verdict.value,
        "reason": snapshot.reason,
        "profile": session.profile,
        "session": {
            "id": session.id,
            "folder": snapshot.folder,
            "deployment": session.deployment,
            "branch": session.branch,
            "state": session.state,
            "problem": snapshot.not_saved,
        },
        "started_at": rfc3339(session.started_at),
        "ends_at": rfc3339(session.ends_at),
        "next_review_at": rfc3339(snapshot.next_review),
        "paused": snapshot.paused,
        "recorder": _recorder(snapshot.recorder),
        "probes": {name: _probe(p, snapshot.now) for name, p in snapshot.probes.items()},
        "signals": {name: _signal(s, snapshot.now) for name, s in snapshot.signals.items()},
        **verdict_document(snapshot),
        "checklist": [_item(item) for phase in snapshot.phases for item in phase.items],
        "gates": [_gate(gate) for gate in snapshot.gates],
        "gaps": [_gap(gap) for gap in snapshot.gaps],
        "events": [_event(event) for event in snapshot.events[: max(0, events)]],
    }


def status_lines(snapshot: Snapshot) -> list[str]:
    """The verdict and why, what is amiss, and what is left to do."""
    session = snapshot.session
    lines = [
        f"{snapshot.verdict.value}  {snapshot.reason}",
        f"session {session.id}, {_span(snapshot)}",
        *_recording(snapshot),
        *(_probe_line(probe, snapshot.now) for probe in snapshot.probes.values()),
        *(f"{c.state.value} {c.title}: {sentence(c, utc)}" for c in _notable(snapshot.criteria)),
    ]
    items = [item for phase in snapshot.phases for item in phase.items]
    if items:
        done, late = sum(i.done for i in items), sum(i.overdue for i in items)
        overdue = f", {late} overdue" if late else ""
        lines.append(f"checklist {done}/{len(items)} done{overdue}")
    if snapshot.gates:
        approved = sum(gate.state is State.PASS for gate in snapshot.gates)
        lines.append(f"gates {approved}/{len(snapshot.gates)} approved")
    return lines


def _recorder(recorder: RecorderStatus) -> dict[str, Any]:
    return {
        "alive": recorder.alive,
        "pid": recorder.pid,
        "since": rfc3339(recorder.since),
        "last_reading_at": rfc3339(recorder.last_reading_at),
        "problem": recorder.problem,
    }


def _probe(probe: ProbeNow, now: float) -> dict[str, Any]:
    return {
        "kind": probe.kind,
        "result": None if probe.result is None else probe.result.value,
        "reason": probe.reason,
        "at": rfc3339(probe.at),
        "age_s": _age(probe.at, now),
        "took_ms": None if probe.took is None else round(probe.took * 1000, 3),
    }


def _signal(signal: SignalNow, now: float) -> dict[str, Any]:
    return {
        "value": signal.value,
        "unit": signal.unit,
        "at_least": signal.at_least,
        "at": rfc3339(signal.at),
        "age_s": _age(signal.at, now),
        "reason": signal.reason,
    }


def _item(item: ItemNow) -> dict[str, Any]:
    return {
        "phase": item.phase,
        "item": item.item,
        "state": "done" if item.done else "overdue" if item.overdue else "open",
        "by": item.by,
        "at": rfc3339(item.at),
        "evidence": [_evidence(evidence) for evidence in item.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "signal": evidence.signal,
        "value": evidence.value,
        "unit": evidence.unit,
        "at": rfc3339(evidence.at),
        "reason": evidence.reason,
    }


def _gate(gate: GateNow) -> dict[str, Any]:
    return {
        "name": gate.name,
        "reviewer": gate.reviewer,
        "action": gate.action,
        "state": gate.state.value,
        "by": gate.by,
        "at": rfc3339(gate.at),
        "reason": gate.reason,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "probe": gap.probe,
        "start": rfc3339(gap.start),
        "end": rfc3339(gap.end),
        "cause": gap.cause,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "at": rfc3339(event.at),
        "kind": event.kind,
        "text": event.text,
        "probe": event.probe,
    }


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else round(now - at, 3)


def _span(snapshot: Snapshot) -> str:
    session, now = snapshot.session, snapshot.now
    elapsed = format_duration(max(0.0, round(now - session.started_at)))
    if session.state == "stopped":
        return f"stopped by {session.stopped_by or 'an operator'}"
    if now >= session.ends_at:
        return "its window is over"
    return f"{elapsed} elapsed, {format_duration(round(session.ends_at - now))} left"


def _recording(snapshot: Snapshot) -> list[str]:
    recorder = snapshot.recorder
    lines = [f"recorder {recorder.pid} is recording"] if recorder.alive else ["no recorder runs"]
    if recorder.problem:
        lines = [f"recorder: {recorder.problem}"]
    return [*lines, *filter(None, (snapshot.paused, snapshot.not_saved))]


def _probe_line(probe: ProbeNow, now: float) -> str:
    if probe.result is None or probe.at is None:
        return f"{probe.name}: {probe.reason}"
    age = format_duration(max(0.0, round(now - probe.at)))
    took = f" in {format_value(round((probe.took or 0) * 1000, 1), 'ms')}" if probe.took else ""
    why = f": {probe.reason}" if probe.reason else ""
    return f"{probe.name} {probe.result.value}{took}, {age} ago{why}"


def _notable(criteria: Iterable[CriterionNow]) -> list[CriterionNow]:
    return [criterion for criterion in criteria if criterion.state in _WORTH_A_LINE]
