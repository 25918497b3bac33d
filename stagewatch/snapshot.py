"""Everything that one glance shows, frozen: what the panes draw and ``status`` prints.

A snapshot is built away from the screen's event loop, from the history, the session and the
profile; it holds no file handles and never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stagewatch.model import Event, Fact, Gap, LogLine, Result, Series, Spread, State, Verdict
from stagewatch.session.document import Evidence, Note, Session, Tick


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """The process that samples."""

    alive: bool
    pid: int | None
    since: float | None
    last_reading_at: float | None
    problem: str = ""
    """What keeps it from recording (disk full, …); empty when all is well."""


@dataclass(frozen=True, slots=True)
class ProbeNow:
    """A probe's last reading."""

    name: str
    title: str
    kind: str
    every: float
    result: Result | None
    """None: no reading yet."""
    reason: str
    at: float | None
    took: float | None
    facts: Mapping[str, Fact]
    good: int
    """Readings with result VALUE since the watch began."""
    total: int
    """Readings taken since the watch began, SKIPPED ones left out."""
    last_failure: float | None
    """When the newest failed run started; None when none failed."""
    failed_for: float
    """Seconds that the newest (or present) run of failures lasted; 0 when none failed."""
    timeout: float = 10.0
    """Hard deadline of one run; a reading older than ``2 * every + timeout`` is late."""


@dataclass(frozen=True, slots=True)
class SignalNow:
    """A signal's last value; ``value`` is None when the newest reading has none."""

    name: str
    unit: str
    value: float | None
    at: float | None
    """When ``value`` (or, without one, the newest attempt) was read."""
    last_value: float | None
    last_value_at: float | None
    reason: str
    """Why the newest reading has no value."""


@dataclass(frozen=True, slots=True)
class CriterionNow:
    """A criterion as it stands."""

    name: str
    title: str
    kind: str
    """``go`` or ``no-go``."""
    rule: str
    state: State
    value: float | None
    limit: float | None
    unit: str
    since: float | None
    coverage: float | None
    """Share (0..1) of the expected readings that were there; None where it does not apply."""
    reason: str
    first_bad: float | None = None
    latched: bool = False
    recovered: bool = False
    computed: State | None = None
    """The state without the waiver, when one applies."""
    signals: tuple[str, ...] = ()
    """The signals it judges, the most telling one first."""


@dataclass(frozen=True, slots=True)
class ItemNow:
    """A checklist item."""

    phase: str
    item: str
    done: bool
    by: str
    at: float | None
    overdue: bool
    """Its phase is over and it is not done."""
    notes: tuple[Note, ...]
    evidence: tuple[Evidence, ...]
    """Of the tick that did it; empty while open."""
    history: tuple[Tick, ...]
    signals: tuple[str, ...] = ()
    """The signals whose live values a tick records as evidence."""


@dataclass(frozen=True, slots=True)
class PhaseNow:
    """A phase of the window; ``start`` and ``end`` in Unix seconds of real time."""

    name: str
    hours: tuple[float, float]
    start: float
    end: float
    current: bool
    items: tuple[ItemNow, ...]


@dataclass(frozen=True, slots=True)
class GateNow:
    """A gate and the last decision on it."""

    name: str
    reviewer: str
    action: str
    state: State
    """PENDING until decided, then PASS or FAIL."""
    by: str
    at: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class LogNow:
    """A followed log."""

    probe: str
    path: str
    lines: tuple[LogLine, ...]
    """The newest, oldest first."""
    problem: str
    """Why it cannot be read; empty when it can."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a watch."""

    now: float
    session: Session
    verdict: Verdict
    reason: str
    recorder: RecorderStatus
    paused: str
    """Reason and operator of the pause that is on; empty otherwise."""
    probes: Mapping[str, ProbeNow]
    signals: Mapping[str, SignalNow]
    series: Mapping[str, Series]
    spreads: Mapping[str, Spread]
    criteria: tuple[CriterionNow, ...]
    phases: tuple[PhaseNow, ...]
    gates: tuple[GateNow, ...]
    logs: tuple[LogNow, ...]
    gaps: tuple[Gap, ...]
    events: tuple[Event, ...]
    """Newest first."""
    urgent: bool = True
    """Whether a screen should show it now rather than with the next second."""
    not_saved: str = ""
    """«NOT SAVED since 14:02 (disk full)» while an edit of the session could not be saved."""
    next_review: float | None = None
    """When the next review is due; None when none is left in the window."""
    folder: str = ""
    """The session's folder."""
