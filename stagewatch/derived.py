"""Derived signals: readings worked out of other probes' readings, as these arrive.

Pure: no clock but that of the processor, no I/O. Whatever is not known makes the derived reading
NO_DATA with the reason; no value is ever worked out across a gap, and nothing that is missing
counts as 0.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from time import thread_time

from stagewatch.intervals import IntervalWatch
from stagewatch.logs.told import partial_facts, why_least
from stagewatch.model import Fact, Gap, Reading, Result, probe_of
from stagewatch.profile.derived import (
    Count,
    Difference,
    Intervals,
    Quantile,
    Rate,
    Ratio,
    SignalConfig,
    sources,
)
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import format_duration

GAP = 2.5
"""Intervals of the source after which two readings are no longer neighbours."""
FULL = 0.7
"""The share of an interval's readings that must be there."""
BUDGET = 0.5
"""CPU seconds that the patterns of ``intervals`` may take for the lines of one reading."""
TOO_SLOW = "path and pattern take too long on the lines of this log; make them simpler"
SECOND = "known from the second reading on"

Compute = Callable[[float, Mapping[str, float]], float]
"""(time, source → value) → the derived value. Raises UnknownError."""


class UnknownError(ValueError):
    """There is no value; ``str()`` says why."""


class Derivation:
    """One derived signal, fed with the readings of its sources."""

    def __init__(self, name: str, config: SignalConfig) -> None:
        self.name = name
        self.follows = next(iter(config.timing))
        self._config = config
        self._sources = sources(config.derived)
        self._newest: dict[str, tuple[float, float | None, str]] = {}
        """Source → (when, value, why there is none)."""
        self._least: dict[str, str] = {}
        """Source → why its value is a lower bound; empty where it is not."""
        self._compute = _compute(config)

    def take(self, reading: Reading) -> Reading | None:
        """The derived reading that this one makes, if it is of the source that is followed."""
        self.note(reading)
        if reading.probe != self.follows:
            return None
        if reading.result is Result.SKIPPED:
            return Reading(self.name, reading.at, 0.0, Result.SKIPPED, reading.reason)
        full = f"{self.name}.value"
        try:
            value = self._compute(reading.at, self._values(reading.at))
        except UnknownError as error:
            why = str(error)
            return Reading(self.name, reading.at, 0.0, Result.NO_DATA, why, missing={full: why})
        return Reading(
            self.name, reading.at, 0.0, Result.VALUE, values={full: value}, facts=self._facts()
        )

    def _facts(self) -> dict[str, Fact]:
        """What grows with its source is a lower bound where that is one."""
        grows = isinstance(self._config.derived, Rate | Count | Quantile)
        why = "; ".join(dict.fromkeys(filter(None, self._least.values())))
        return partial_facts({"value": why}) if grows and why else {}

    def note(self, reading: Reading) -> None:
        """Remember what a reading says of the sources, and make nothing of it."""
        if reading.result is Result.SKIPPED:
            return
        for source in self._sources:
            if probe_of(source) == reading.probe:
                self._least[source] = why_least(source, reading.facts)
                why = reading.missing.get(source) or reading.reason or "no value"
                self._newest[source] = (reading.at, reading.sound(source), why)

    def gap(self) -> None:
        """Forget everything: what comes next is no neighbour of what was before."""
        self._newest.clear()
        self._compute = _compute(self._config)

    def _values(self, at: float) -> dict[str, float]:
        values = {}
        for source in self._sources:
            when, value, why = self._newest.get(source, (at, None, "no reading yet"))
            every, timeout = self._config.timing[probe_of(source)]
            if value is None:
                raise UnknownError(f"{source}: {why}")
            if at - when > 2 * every + timeout:
                raise UnknownError(f"{source} is late: {format_duration(at - when)} old")
            values[source] = value
        return values


class IntervalDerivation:
    """The intervals of an access log, fed with the lines of its log probe."""

    def __init__(self, name: str, config: SignalConfig) -> None:
        assert isinstance(config.derived, Intervals)
        self.name = name
        self.follows = config.derived.log
        self._watch = IntervalWatch(config.derived)
        self._losses: object = None
        """What the log told of its losses last."""
        self._slow = False

    def take(self, reading: Reading) -> Reading | None:
        """The derived reading of a reading of the log."""
        if reading.probe != self.follows:
            return None
        if reading.result is not Result.VALUE:
            self.gap()
            result = Result.SKIPPED if reading.result is Result.SKIPPED else Result.NO_DATA
            return Reading(self.name, reading.at, 0.0, result, reading.reason)
        before, self._losses = self._losses, reading.facts.get("losses")
        if before != self._losses or reading.facts.get("left_out") or reading.facts.get("behind"):
            # Lines are missing, and two intervals would look like one.
            self.gap()
        self._slow = self._slow or not self._watched(reading)
        told = TOO_SLOW if self._slow else self._watch.tell(reading.at)
        if isinstance(told, str):
            names = (f"{self.name}.{key}" for key in ("value", "fastest", "clients"))
            missing = dict.fromkeys(names, told)
            return Reading(self.name, reading.at, 0.0, Result.NO_DATA, told, missing=missing)
        values = {f"{self.name}.{key}": value for key, value in told.items()}
        return Reading(self.name, reading.at, 0.0, Result.VALUE, values=values)

    def _watched(self, reading: Reading) -> bool:
        """Whether the lines of a reading could be looked at within BUDGET."""
        # Lines from before the watch are shown, and were not read when they were written.
        before = reading.facts.get("lines_before")
        began = thread_time()
        for line in reading.lines:
            if not isinstance(before, int | float) or line.at > before:
                self._watch.line(line.at, line.text)
                if thread_time() - began > BUDGET:
                    return False
        return True

    def note(self, reading: Reading) -> None:
        """An access log says nothing of itself at one moment."""

    def gap(self) -> None:
        """No interval spans a gap."""
        self._watch.gap()


class Derivations:
    """Every derived signal of a profile."""

    def __init__(self, probes: Mapping[str, ProbeConfig]) -> None:
        self._all = [
            IntervalDerivation(name, config)
            if isinstance(config.derived, Intervals)
            else Derivation(name, config)
            for name, config in probes.items()
            if isinstance(config, SignalConfig)
        ]

    def readings(self, reading: Reading) -> Iterator[Reading]:
        """What this reading makes, in the order of the profile; some of it from the rest."""
        for derivation in self._all:
            made = derivation.take(reading)
            if made is not None:
                yield made
                yield from self.readings(made)

    def note(self, reading: Reading) -> None:
        """Let every derived signal know of a reading beforehand."""
        for derivation in self._all:
            derivation.note(reading)

    def gaps(self, gap: Gap) -> Iterator[Gap]:
        """The gaps that this one makes."""
        for derivation in self._all:
            if gap.probe in ("", derivation.follows):
                derivation.gap()
                if gap.probe:
                    made = Gap(derivation.name, gap.start, gap.end, gap.cause)
                    yield made
                    yield from self.gaps(made)


def _compute(config: SignalConfig) -> Compute:
    """A fresh computation, which remembers what it needs from one reading to the next."""
    derived = config.derived
    every = next(iter(config.timing.values()))[0]
    if isinstance(derived, Ratio):
        return _ratio(derived, _Increases(every) if derived.counters else None)
    if isinstance(derived, Rate):
        return _rate(derived, _Increases(every))
    if isinstance(derived, Difference):
        return _difference(derived, every)
    if isinstance(derived, Quantile):
        return _quantile(derived, every)
    assert isinstance(derived, Count)
    return _count(derived, every)


class _Increases:
    """What counters gained since the reading before; a counter that fell began again at 0."""

    def __init__(self, every: float) -> None:
        self._longest = GAP * every
        self._before: tuple[float, dict[str, float]] | None = None

    def since(self, at: float, values: Mapping[str, float]) -> tuple[float, dict[str, float]]:
        """(seconds, source → increase). Raises UnknownError for the first after a gap."""
        before, self._before = self._before, (at, dict(values))
        if before is None:
            raise UnknownError(SECOND)
        passed = at - before[0]
        if not 0 < passed <= self._longest:
            raise UnknownError(f"the reading before was {format_duration(passed)} ago: a gap")
        gained = {
            source: value - before[1][source] if value >= before[1][source] else value
            for source, value in values.items()
        }
        return passed, gained


def _ratio(derived: Ratio, increases: _Increases | None) -> Compute:
    def compute(at: float, values: Mapping[str, float]) -> float:
        if increases:
            values = increases.since(at, values)[1]
        whole = math.fsum(values[source] for source in derived.whole)
        if whole == 0:
            raise UnknownError("there was nothing to take a share of (0 of 0)")
        return 100 * math.fsum(values[source] for source in derived.part) / whole

    return compute


def _rate(derived: Rate, increases: _Increases) -> Compute:
    def compute(at: float, values: Mapping[str, float]) -> float:
        passed, gained = increases.since(at, values)
        return gained[derived.of] / passed

    return compute


def _difference(derived: Difference, every: float) -> Compute:
    recent: deque[tuple[float, float]] = deque(maxlen=derived.lowest_of)

    def compute(at: float, values: Mapping[str, float]) -> float:
        first, second = derived.of
        if recent and not 0 < at - recent[-1][0] <= GAP * every:
            recent.clear()
        recent.append((at, values[first] - values[second]))
        if len(recent) < derived.lowest_of:
            raise UnknownError(f"known from {derived.lowest_of} readings in a row on")
        lowest = min(value for _, value in recent)
        return lowest if derived.least is None else max(derived.least, lowest)

    return compute


def _quantile(derived: Quantile, every: float) -> Compute:
    recent: deque[tuple[float, float]] = deque()

    def compute(at: float, values: Mapping[str, float]) -> float:
        if recent and not 0 < at - recent[-1][0] <= GAP * every:
            recent.clear()
        recent.append((at, values[derived.of]))
        while recent[0][0] <= at - derived.over:
            recent.popleft()
        needed = max(2, math.ceil(FULL * derived.over / every))
        if len(recent) < needed:
            raise UnknownError(f"{len(recent)} readings without a gap, needs {needed}")
        ranked = sorted(value for _, value in recent)
        return ranked[math.ceil(derived.q * len(ranked)) - 1]

    return compute


def _count(derived: Count, every: float) -> Compute:
    increases = _Increases(every)
    recent: deque[tuple[float, float]] = deque()
    """(when, gained since the reading before); the first one's gain lies before the interval."""

    def compute(at: float, values: Mapping[str, float]) -> float:
        try:
            gained = increases.since(at, values)[1][derived.of]
        except UnknownError:
            recent.clear()
            gained = 0.0
        recent.append((at, gained))
        while len(recent) > 1 and recent[1][0] <= at - derived.over:
            recent.popleft()
        seen = at - recent[0][0]
        if seen < derived.over - every / 2:
            whole = format_duration(derived.over)
            raise UnknownError(f"{format_duration(seen)} of {whole} seen without a gap")
        return math.fsum(gain for _, gain in list(recent)[1:])

    return compute
