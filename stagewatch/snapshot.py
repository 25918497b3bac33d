"""Everything that one glance shows, frozen: what the panes draw and ``status`` prints.

A snapshot is built away from the screen's event loop, from the history, the session and the
profile; it holds no file handles and never changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from stagewatch.judge.savings import SavingsResult
from stagewatch.judge.score import ScoreResult
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
from stagewatch.session.document import (
    Acknowledgement,
    Confirmation,
    Evidence,
    Note,
    Session,
    Tick,
    Waiver,
)


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
    """Hard deadline of one run."""
    ends: float = math.inf
    """When the watch is over, and no more is read (Unix seconds)."""

    @property
    def patience(self) -> float:
        """Seconds without a reading after which something is amiss: two intervals and a run."""
        return 2 * self.every + self.timeout


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
    """Why the newest reading has no value, or why that is only a lower bound."""
    at_least: bool = False
    """The value is a lower bound."""
    least: str = ""
    """Why it, or the last value, is."""


COUNTING = ("records", "compare", "held")
"""Rules whose value is that of their signal."""


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
    """Since when it is in its computed state."""
    coverage: float | None
    """Share (0..1) of the watch so far that it has data for; None where it does not apply."""
    reason: str
    """Why it is in this state, in one sentence without times of day."""
    first_bad: float | None = None
    """Since when its value is bad, of a WARN or FAIL."""
    latched: bool = False
    recovered: bool = False
    """It failed and its value is good again, which changes nothing."""
    computed: State | None = None
    """The state without the waiver, when one applies."""
    signals: tuple[str, ...] = ()
    """The signals it judges, the most telling one first."""
    why: str = ""
    """``warming-up``, ``stale``, ``gap``, ``flapping``, ``loss`` or ``fault``; mostly empty."""
    trend: float | None = None
    """How much ``value`` changed over the last hour of profile time."""
    incident: float | None = None
    """When its newest incident became known."""
    manual: bool = False
    """People's acts make its state."""
    now: str = ""
    """What its rule says now, where ``reason`` tells of an incident that is over."""
    waiver: Waiver | None = None
    """The waiver in force that covers its newest incident."""
    acknowledged: Acknowledgement | None = None
    """The acknowledgement in force."""
    floor: bool = False
    """``limit`` is the least that ``value`` may be; else it is the most."""


@dataclass(frozen=True, slots=True)
class LossNow:
    """A window in which lines of a log may have been lost."""

    probe: str
    path: str
    since: float
    until: float | None
    """None while it lasts."""
    cause: str
    accepted_by: str
    """Who accepted it by name; empty for nobody."""


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
    four_eyes: bool = False
    """Whoever ticked items of this watch may not approve."""


@dataclass(frozen=True, slots=True)
class LogNow:
    """A followed log."""

    probe: str
    path: str
    lines: tuple[LogLine, ...]
    """The newest, oldest first."""
    problem: str
    """Why it cannot be read; empty when it can."""
    patterns: tuple[LogPattern, ...] = ()
    """Those that occurred: critical ones, then new ones, then the newest."""
    file: str = ""
    """``path`` from the root on; a pattern stays one."""
    encoding: str = "utf-8"
    zone: str = "UTC"
    """The zone of times that name none."""


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
    score: ScoreResult | None = None
    """The optimisations and their checks; None where the profile has none."""
    savings: SavingsResult | None = None
    confirmation: Confirmation | None = None
    """A person's last word on the verdict."""
    losses: tuple[LossNow, ...] = ()
    """Of all logs, by their start."""

    def is_least(self, criterion: CriterionNow) -> bool:
        """Whether the value of a criterion, which is that of its signal, is a lower bound."""
        signals = (self.signals.get(name) for name in criterion.signals)
        return criterion.rule in COUNTING and any(each and each.at_least for each in signals)
