"""The words that every part of stagewatch shares: readings, signals, states, gaps, events.

Times are Unix seconds (UTC, ``float``), durations are seconds unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Fact = str | int | float | bool
"""What a probe tells beside its numbers: a status code, a process identity, a text field."""


class Result(StrEnum):
    """What one run of a probe came to."""

    VALUE = "VALUE"
    NO_DATA = "NO_DATA"
    """The probe ran; a field was absent, not a number, or not what the profile expects."""
    ERROR = "ERROR"
    """The probe could not run, or its target did not answer."""
    SKIPPED = "SKIPPED"
    """The probe was not run: paused, overtaken by its own previous run, or not due in time."""


class State(StrEnum):
    """The state of a criterion; PENDING only for what a person has still to do."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    WAIVED = "WAIVED"
    PENDING = "PENDING"


class Verdict(StrEnum):
    """What the whole watch says."""

    GO = "GO"
    NO_GO = "NO-GO"
    HOLD = "HOLD"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Signal:
    """A named series: ``probe.field``, with the unit of its values."""

    name: str
    unit: str
    """``B``, ``ms``, ``s``, ``%``, ``/h`` … or empty for a plain count."""
    help: str = ""


def probe_of(signal: str) -> str:
    """The probe that provides a signal, by its full name."""
    return signal.partition(".")[0]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One physical line of a followed log, already cleaned by ``stagewatch.text.clean``."""

    at: float
    """When the line was read."""
    source: str
    """The file it came from, as the profile names it."""
    level: str
    """Upper-case level name, or empty where the line carries none."""
    text: str


@dataclass(frozen=True, slots=True)
class LogPattern:
    """Records of a log that differ only in numbers, ids, addresses, quoted values or paths.

    ``first``, ``last``, ``example`` and ``source`` say nothing while ``count`` is 0: the pattern
    is known from before the watch and did not occur since.
    """

    number: int
    """Tells it from the others of its probe; never given twice."""
    level: str
    text: str
    """What the records have in common, already cleaned."""
    count: int
    """Since the watch began."""
    first: float
    """When the first record was read."""
    last: float
    example: str
    """The newest record's first line, already cleaned."""
    source: str
    """The file it came from."""
    new: bool
    """Not in the baseline."""
    other: bool = False
    """Stands for all patterns that are too many to be told apart."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One run of one probe.

    ``values`` holds finite numbers only, by the signal's full name. A signal that the probe
    promises and that is in neither ``values`` nor ``missing`` counts as missing.
    """

    probe: str
    at: float
    """When the run started."""
    took: float
    """How long it ran, in seconds."""
    result: Result
    reason: str = ""
    """One plain sentence; empty when the result is VALUE and nothing is amiss."""
    values: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    """Full signal name → why this run has no value for it."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    lines: tuple[LogLine, ...] = ()
    patterns: tuple[LogPattern, ...] = ()
    """Those that are not as they were in the reading before."""
    checkpoint: str | None = None
    """Opaque JSON that the probe wants back when it is opened again; stored with the reading."""

    def sound(self, signal: str) -> float | None:
        """What it says of a signal for the deployment. An answer that as a whole was not the
        expected one may speak against it, and says for it only that it was not."""
        if self.facts.get("unexpected") and signal != f"{self.probe}.ok":
            return None
        return self.values.get(signal)


TWICE = "these times occur twice"
"""How the cause of a gap ends in which the clock ran through the same times again."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a probe (or the whole recorder, ``probe=""``) has no readings."""

    probe: str
    start: float
    end: float | None
    """None while the gap is still open."""
    cause: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and that a person may want to read later."""

    at: float
    kind: str
    """A stable word: ``recorder-started``, ``restart``, ``gap``, ``pause``, ``tick``, …"""
    text: str
    probe: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A signal over the window in equal buckets; None where a bucket holds no value."""

    signal: str
    start: float
    end: float
    mean: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """A signal's distribution over the last ``span`` seconds."""

    signal: str
    span: float
    count: int
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
