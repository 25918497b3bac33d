"""A watch that never was, for the pictures, the benchmarks and the tests of the screen.

Everything is worked out from ``NOW`` without chance, so that two pictures of it are alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from stagewatch.model import (
    Event,
    Fact,
    Gap,
    LogLine,
    LogPattern,
    Result,
    Series,
    Spread,
    State,
    Verdict,
)
from stagewatch.session.derive import item_state
from stagewatch.session.document import Evidence, Instant, Note, Session, Tick
from stagewatch.snapshot import (
    CriterionNow,
    GateNow,
    ItemNow,
    LogNow,
    PhaseNow,
    ProbeNow,
    RecorderStatus,
    SignalNow,
    Snapshot,
)
from stagewatch.tui.specimen_data import EVIDENCE, GATES, LINES, PATTERNS, PHASES

HOUR = 3600.0
START = 1757085833.0
"""2025-09-05 15:23:53 UTC, when the staging deployment was made."""
NOW = START + 13 * HOUR + 7 * 60 + 12
MIB = 2.0**20
LOG = "backend/logs/error.log"
BUCKETS = 240


def session(*, ticked: bool = True) -> Session:
    """The session of the specimen, with or without what people did in thirteen hours."""
    return Session(
        id="staging-20250905-152353",
        profile="staging",
        deployment="staging",
        branch="staging-performance-optimizations-20250905-152353",
        started_at=Instant(START),
        ends_at=Instant(START + 24 * HOUR),
        started_by="alice",
        tick=list(_ticks()) if ticked else [],
        note=[
            Note(
                by="bob",
                at=Instant(START + 9 * HOUR),
                text="94 % after warm-up, 71 % right after a restart",
                phase="Performance monitoring",
                item="Cache hit rate",
            )
        ]
        if ticked
        else [],
    )


def _ticks() -> Iterator[Tick]:
    """What alice ticked, each a while into its phase."""
    for phase, hours, items in PHASES:
        for index, (item, done) in enumerate(items):
            at = START + (hours[0] + 0.2 + 1.1 * index) * HOUR
            if done:
                evidence = [
                    Evidence(signal=name, value=value, unit=unit, at=Instant(at))
                    for name, value, unit in (
                        ("quota.latency", 139.0 + index, "ms"),
                        ("backend.rss", (474 + index) * MIB, "B"),
                    )
                ]
                yield Tick(
                    phase=phase, item=item, done=True, by="alice", at=Instant(at), evidence=evidence
                )


def empty(now: float = START + 2) -> Snapshot:
    """The first moment: nothing has been read, the log does not exist."""
    probes = {name: _probe(name, kind, every, result=None, at=None) for name, kind, every in _KINDS}
    return Snapshot(
        now=now,
        session=(began := session(ticked=False)),
        verdict=Verdict.HOLD,
        reason="the watch has just begun; nothing has been read yet",
        recorder=RecorderStatus(alive=True, pid=4711, since=START, last_reading_at=None),
        paused="",
        probes=probes,
        signals={name: SignalNow(name, unit, None, None, None, None, "") for name, unit in _UNITS},
        series={},
        spreads={},
        criteria=(),
        phases=phases_of(began, now),
        gates=tuple(_gate(*gate[:2], State.PENDING) for gate in GATES),
        logs=(LogNow("errors", LOG, (), "does not exist yet"),),
        gaps=(),
        events=(Event(START, "recorder-started", "the recorder started"),),
        next_review=START + 6 * HOUR,
    )


def healthy(now: float = NOW) -> Snapshot:
    """Thirteen hours in, on track, with one pool figure missing for a while in the night."""
    going = session()
    return replace(
        empty(now),
        session=going,
        reason="on track: 8 of 10 pass, 2 wait for people · 1 item overdue",
        recorder=RecorderStatus(alive=True, pid=4711, since=START, last_reading_at=now - 1),
        probes=_probes(now),
        signals=_signals(now),
        series={
            "backend.rss": series_of("backend.rss", now, rss),
            "quota.latency": series_of("quota.latency", now, latency),
            "health.latency": series_of("health.latency", now, latency),
        },
        spreads={"quota.latency": Spread("quota.latency", 900.0, 30, 141.2, 133.0, 188.0, 231.0)},
        criteria=_criteria(),
        phases=phases_of(going, now),
        gates=tuple(_gate(*gate) for gate in GATES),
        logs=(LogNow("errors", LOG, _log(now), "", _patterns(now)),),
        gaps=(Gap("", START + 7 * HOUR, START + 7.4 * HOUR, "the recorder was not running"),),
        events=(
            Event(now - 2900, "tick", "alice ticked «Simulate 5 concurrent workspaces»"),
            Event(START + 12 * HOUR, "phase", "Load testing began"),
            Event(START + 7.4 * HOUR, "gap", "no readings for 24m: the recorder was not running"),
            Event(START + 4.1 * HOUR, "restart", "backend restarted: pid 3990 became 4123"),
            Event(START, "recorder-started", "the recorder started"),
        ),
        next_review=START + 18 * HOUR,
    )


def trouble(now: float = NOW) -> Snapshot:
    """Everything at once: DOWN, late readings, a dead recorder, a failed rule."""
    well = healthy(now)
    down = replace(
        well.probes["health"],
        result=Result.ERROR,
        reason="connection refused by 127.0.0.1:8000",
        facts={"failure": "refused", "phase": "connect", "address": "127.0.0.1:8000"},
        at=now - 252,
        took=0.001,
        last_failure=now - 900,
        failed_for=900.0,
        good=2702,
        total=2732,
    )
    probes = {name: replace(probe, at=now - 252) for name, probe in well.probes.items()} | {
        "health": down
    }
    reason = "connection refused by 127.0.0.1:8000"
    signals = {
        name: replace(
            signal,
            value=None if name.startswith("health.") else signal.value,
            at=now - 252,
            last_value_at=now - 940 if name.startswith("health.") else now - 252,
            reason=reason if name.startswith("health.") else "",
        )
        for name, signal in well.signals.items()
    }
    return replace(
        well,
        verdict=Verdict.NO_GO,
        reason="memory grows by 14.2 %/h, limit 10, since 03:58 · health DOWN for 15m · no reading"
        " of anything for 4m12s",
        recorder=RecorderStatus(alive=False, pid=None, since=None, last_reading_at=now - 252),
        probes=probes,
        signals=signals,
        criteria=(replace(_criteria()[0], state=State.FAIL, value=14.2), *_criteria()[1:]),
    )


def doubtful(now: float = NOW) -> Snapshot:
    """Evidence of every kind: a rule that failed, a late probe, a wrong answer, lost lines."""
    well = healthy(now)
    wrong = "status 503, expected 200"
    probes = {
        **well.probes,
        "health": replace(well.probes["health"], result=Result.NO_DATA, reason=wrong),
        "quota": replace(well.probes["quota"], at=now - 252),
    }
    used, errors = (well.signals[name] for name in ("health.db_used", "errors.errors"))
    signals = {
        **well.signals,
        used.name: replace(used, value=None, reason="field database is missing"),
        errors.name: replace(errors, at_least=True),
    }
    leak = replace(well.criteria[0], state=State.FAIL, value=14.2)
    return replace(
        well,
        verdict=Verdict.NO_GO,
        reason="memory grows by 14.2 %/h, limit 10, since 03:58",
        probes=probes,
        signals=signals,
        criteria=(leak, *well.criteria[1:]),
    )


_KINDS = (
    ("health", "http", 30.0),
    ("backend", "process", 60.0),
    ("quota", "http", 30.0),
    ("errors", "log", 30.0),
)
_UNITS = (
    ("health.ok", ""),
    ("health.latency", "ms"),
    ("health.db_used", ""),
    ("health.db_max", ""),
    ("health.ws_sessions", ""),
    ("health.ws_orphans", ""),
    ("backend.rss", "B"),
    ("backend.cpu", "%"),
    ("quota.latency", "ms"),
    ("errors.lines", ""),
    ("errors.errors", ""),
    ("errors.criticals", ""),
)


def _probe(
    name: str,
    kind: str,
    every: float,
    *,
    result: Result | None,
    at: float | None,
    took: float = 0.012,
    facts: dict[str, Fact] | None = None,
) -> ProbeNow:
    total = 0 if at is None else int((NOW - START) / every)
    return ProbeNow(
        name=name,
        title="",
        kind=kind,
        every=every,
        result=result,
        reason="",
        at=at,
        took=took if at is not None else None,
        facts=facts or {},
        good=total - (2 if name == "health" and total else 0),
        total=total,
        last_failure=START + 17.8 * HOUR - 12 * HOUR if name == "health" and total else None,
        failed_for=130.0 if name == "health" and total else 0.0,
        ends=START + 24 * HOUR,
    )


def _probes(now: float) -> dict[str, ProbeNow]:
    facts: dict[str, dict[str, Fact]] = {
        "health": {"http_status": 200, "db": "ok", "ws": "ok"},
        "backend": {"proc": "4123@1757085950.11"},
        "quota": {"http_status": 200},
    }
    ages = {"health": 3.0, "backend": 21.0, "quota": 9.0, "errors": 1.0}
    took = {"quota": 0.141, "backend": 0.004}
    return {
        name: _probe(
            name,
            kind,
            every,
            result=Result.VALUE,
            at=now - ages[name],
            took=took.get(name, 0.012),
            facts=facts.get(name),
        )
        for name, kind, every in _KINDS
    }


def _signals(now: float) -> dict[str, SignalNow]:
    values = {
        "health.ok": 1.0,
        "health.latency": 12.0,
        "health.db_used": 12.0,
        "health.db_max": 80.0,
        "health.ws_sessions": 41.0,
        "health.ws_orphans": 3.0,
        "backend.rss": 512 * MIB,
        "backend.cpu": 3.2,
        "quota.latency": 137.0,
        "errors.lines": 214.0,
        "errors.errors": 9.0,
        "errors.criticals": 0.0,
    }
    at = now - 3
    return {
        name: SignalNow(name, unit, values[name], at, values[name], at, "") for name, unit in _UNITS
    }


def _criteria() -> tuple[CriterionNow, ...]:
    return (
        CriterionNow(
            name="memory-leak", title="Memory leak", kind="no-go", rule="growth",
            state=State.PASS, value=1.8, limit=10.0, unit="%/h", since=START, coverage=0.983,
            reason="grows by 1.8 %/h, limit 10", signals=("backend.rss",),
        ),
        CriterionNow(
            name="slow-api", title="Slow API", kind="no-go", rule="average",
            state=State.PASS, value=141.2, limit=500.0, unit="ms", since=START, coverage=0.984,
            reason="averages 141 ms, limit 500", signals=("quota.latency",),
        ),
    )  # fmt: skip


def phases_of(session: Session, now: float) -> tuple[PhaseNow, ...]:
    """The checklist as the session tells it."""
    return tuple(
        PhaseNow(
            name=name,
            hours=hours,
            start=START + hours[0] * HOUR,
            end=START + hours[1] * HOUR,
            current=START + hours[0] * HOUR <= now < START + hours[1] * HOUR,
            items=tuple(_item(session, name, text, hours[1], now) for text, _ in items),
        )
        for name, hours, items in PHASES
    )


def _item(session: Session, phase: str, text: str, end: float, now: float) -> ItemNow:
    state = item_state(session, phase, text)
    last = state.last if state.done else None
    return ItemNow(
        phase=phase,
        item=text,
        done=state.done,
        by=last.by if last else "",
        at=last.at if last else None,
        overdue=not state.done and now >= START + end * HOUR,
        notes=state.notes,
        evidence=tuple(last.evidence) if last else (),
        history=state.ticks,
        signals=EVIDENCE.get(text, ()),
    )


def _gate(name: str, reviewer: str, state: State) -> GateNow:
    decided = state is not State.PENDING
    return GateNow(
        name, reviewer, "", state, reviewer if decided else "", START if decided else None, ""
    )


def _log(now: float) -> tuple[LogLine, ...]:
    return tuple(LogLine(now + age, LOG, level, text) for age, level, text in LINES)


def _patterns(now: float) -> tuple[LogPattern, ...]:
    return tuple(
        LogPattern(number, level, text, count, now - first, now - last, text, LOG, new)
        for number, (level, text, count, first, last, new) in enumerate(PATTERNS, 1)
    )


def rss(hour: float) -> float:
    """A saw tooth of garbage collection on a slow rise."""
    return (470 + 2.6 * hour + 10 * (hour / 2.9 % 1.0) + math.sin(hour * 9)) * MIB


def latency(hour: float) -> float:
    """A quiet line with a few slow stretches."""
    slow = 210 * math.exp(-((hour - 9.1) ** 2) / 0.02) + 90 * math.exp(-((hour - 4.4) ** 2) / 0.05)
    return 128 + 14 * math.sin(hour * 5) + 9 * math.sin(hour * 23) + slow


def series_of(
    name: str, now: float, value: Callable[[float], float], start: float = START
) -> Series:
    """A made-up signal in buckets; ``value`` gives it for an hour of the watch."""
    size = (now - start) / BUCKETS
    means: list[float | None] = []
    for index in range(BUCKETS):
        hour = (start - START + index * size) / HOUR
        means.append(None if 7.0 <= hour < 7.4 else value(hour))
    spread = 0.0015 if name.endswith("rss") else 0.03
    return Series(
        name,
        start,
        now,
        tuple(means),
        tuple(m if m is None else m * (1 - spread) for m in means),
        tuple(m if m is None else m * (1 + spread) for m in means),
    )
