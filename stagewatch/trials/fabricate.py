"""From the lines of a test to the readings that its probes would have had."""

from __future__ import annotations

import heapq
import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stagewatch.derived import Derivations
from stagewatch.judge.watchtime import WatchTime
from stagewatch.judging import known_at
from stagewatch.model import Fact, Reading, Result, probe_of
from stagewatch.probes import signals_of
from stagewatch.profile.derived import SignalConfig, sources
from stagewatch.profile.schema import ProbeConfig, Profile
from stagewatch.profile.values import format_duration, parse_duration
from stagewatch.trials.amounts import Line, parse_line
from stagewatch.trials.healthy import healthy_lines
from stagewatch.trials.schema import HEALTHY, Series, Trial

UNSAID = "the test says nothing of it"
TOOK = 0.01
PID = 4242


@dataclass(frozen=True, slots=True)
class Piece:
    """What one signal comes to between two moments of watch time."""

    start: float
    end: float
    line: Line | None
    missing: str = ""
    """Why there is no value."""


@dataclass(slots=True)
class ProbePlan:
    """Everything that the test says of one probe."""

    name: str
    config: ProbeConfig
    pieces: dict[str, list[Piece]]
    """Signal → its pieces, the one that counts last."""
    lines: list[Series] = field(default_factory=list)
    """About the probe itself."""
    counts: list[tuple[float, str]] = field(default_factory=list)
    """(when, ``criticals`` or ``tracebacks``): what is written to a log."""
    restarts: list[float] = field(default_factory=list)

    def about(self, kind: str, t: float) -> Series | None:
        """The last line of this kind that is in force at ``t``."""
        if not self.lines:
            return None
        return next((s for s in reversed(self.lines) if _set(s, kind) and covers(s, t)), None)


def covers(series: Series, t: float) -> bool:
    """Whether a line speaks of the moment ``t``."""
    return series.start <= t < (math.inf if series.until is None else series.until)


def _set(series: Series, kind: str) -> bool:
    return bool(getattr(series, kind))


def pieces_of(series: Series, unit: str) -> Iterator[Piece]:
    """A line about a signal, piece by piece; ValueError where a value cannot be read."""
    end = math.inf if series.until is None else float(series.until)
    if series.missing:
        yield Piece(series.start, end, None, series.missing)
    elif series.value is not None:
        yield Piece(series.start, end, parse_line(series.value, unit, series.start))
    for start, value in sorted((parse_duration(k), v) for k, v in series.steps.items()):
        yield Piece(start, end, parse_line(value, unit, start))


def readings_of(profile: Profile, trial: Trial, time: WatchTime, end: float) -> Iterator[Reading]:
    """Every reading that began before ``end``, watch time, in the order in which it was known;
    a derived one right after that which it is worked out from."""
    derived = derived_in(profile, trial)
    derivations = Derivations({name: profile.probe[name] for name in derived})
    plans = [plan for plan in plans_of(profile, trial) if plan.name not in derived]
    fabricated = (_Fabricator(plan, time, end).readings() for plan in plans)
    for reading in heapq.merge(*fabricated, key=known_at):
        yield reading
        if derived:
            yield from derivations.readings(reading)


def derived_in(profile: Profile, trial: Trial) -> set[str]:
    """The derived signals that are worked out from what the test says of others.

    One that the test speaks of itself is what the test says, and one of which it speaks in no way
    is healthy or absent as anything else.
    """
    own = {series.probe or probe_of(series.signal) for series in trial.readings}
    found: set[str] = set()
    for _ in profile.probe:  # as deep as one can be worked out from another
        for name, config in profile.probe.items():
            if name not in own and isinstance(config, SignalConfig):
                of = {probe_of(signal) for signal in sources(config.derived)}
                found |= {name} if of & (own | found) else set()
    return found


def plans_of(profile: Profile, trial: Trial) -> list[ProbePlan]:
    """What is to be fabricated, for every probe that the test speaks of."""
    healthy = healthy_lines(profile) if trial.others == HEALTHY else {}
    signals = signals_of(profile.probe)
    plans = {}
    for name, config in profile.probe.items():
        own = [signal for signal in signals if probe_of(signal) == name]
        begun = {s: [Piece(0.0, math.inf, healthy[s])] if s in healthy else [] for s in own}
        plans[name] = ProbePlan(name, config, begun)
    spoken = set(plans) if trial.others == HEALTHY else set()
    for series in trial.readings:
        probe = series.probe or probe_of(series.signal)
        spoken.add(probe)
        if series.signal:
            unit = signals[series.signal].unit
            plans[probe].pieces[series.signal] += pieces_of(series, unit)
            if series.every is not None:
                plans[probe].lines.append(series)
            continue
        for plan in [plans[probe]] if probe else plans.values():
            _plan(plan, series)
    return [plan for name, plan in plans.items() if name in spoken]


def _plan(plan: ProbePlan, series: Series) -> None:
    plan.lines.append(series)
    plan.restarts += map(float, series.restart)
    plan.counts += [(float(at), "criticals") for at in series.critical]
    plan.counts += [(float(at), "tracebacks") for at in series.traceback]


@dataclass(frozen=True, slots=True)
class _Template:
    """The readings of a probe over a stretch in which the test says nothing new of it."""

    reading: Reading
    moving: tuple[tuple[str, Line], ...]
    """Signals whose value is another one at every reading."""
    until: float

    def at(self, t: float, time: WatchTime) -> Reading:
        """The reading that begins at ``t``."""
        like, values = self.reading, self.reading.values
        if self.moving:
            values = {**values, **{signal: line.at(t) for signal, line in self.moving}}
        return Reading(
            probe=like.probe,
            at=time.at(t),
            took=like.took,
            result=like.result,
            reason=like.reason,
            values=values,
            missing=like.missing,
            facts=like.facts,
        )


class _Fabricator:
    """The readings of one probe."""

    def __init__(self, plan: ProbePlan, time: WatchTime, end: float) -> None:
        self._plan, self._time, self._end = plan, time, end
        self._written = sorted(plan.counts)
        self._restarts = sorted(plan.restarts)
        self._kind = plan.config.kind
        self._turns = sorted(self._changes())

    def _changes(self) -> Iterator[float]:
        """When what the test says of the probe changes."""
        for series in self._plan.lines:
            yield from (series.start, math.inf if series.until is None else series.until)
        for pieces in self._plan.pieces.values():
            yield from (moment for piece in pieces for moment in (piece.start, piece.end))
        yield from (at for at, _ in self._written)
        yield from self._restarts

    def readings(self) -> Iterator[Reading]:
        """One at every interval; a log has one as well when something is written."""
        template: _Template | None = None
        for t in self._moments():
            if template is None or t >= template.until:
                template = self._template(t)
            if self._plan.about("gap", t) is None:
                yield template.at(t, self._time)

    def _moments(self) -> Iterator[float]:
        usual = self._plan.config.every * self._time.speed
        written = [at for at, _ in self._written]
        t = 0.0
        while t < self._end:
            yield t
            asked = self._plan.about("every", t)
            after = t + (usual if asked is None or asked.every is None else asked.every)
            yield from (at for at in written if t < at < min(after, self._end))
            t = after

    def _template(self, t: float) -> _Template:
        """What a reading at ``t`` comes to, and until when the next ones come to the same."""
        later = bisect_right(self._turns, t)
        until = self._turns[later] if later < len(self._turns) else math.inf
        error = self._plan.about("error", t)
        if error is not None:
            return _Template(self._failed(t, error.error, {"failure": "error"}, TOOK), (), until)
        if self._plan.about("timeout", t) is not None:
            timeout = float(self._plan.config.timeout)
            reason = f"no answer within {format_duration(timeout)}"
            facts: dict[str, Fact] = {"failure": "timeout", "timed_out": True}
            return _Template(self._failed(t, reason, facts, timeout), (), until)
        return self._answered(t, until)

    def _answered(self, t: float, until: float) -> _Template:
        values: dict[str, float] = {}
        missing: dict[str, str] = {}
        moving = []
        broken = ""
        for signal, pieces in self._plan.pieces.items():
            piece = next((p for p in reversed(pieces) if p.start <= t < p.end), None)
            if piece is None:
                missing[signal] = UNSAID
            elif piece.line is None:
                missing[signal] = broken = piece.missing
            else:
                values[signal] = piece.line.at(t)
                if not piece.line.slope:
                    continue
                if signal.endswith((".latency", ".criticals")):
                    until = t  # more than the value moves with these
                else:
                    moving.append((signal, piece.line))
        if self._kind == "log":
            self._count(t, values)
        if broken and self._kind == "http":
            values[f"{self._plan.name}.ok"] = 0.0
        result = Result.NO_DATA if broken else Result.VALUE
        took = values.get(f"{self._plan.name}.latency", 1000 * TOOK) / 1000
        reading = self._made(t, max(0.0, took), result, broken, values, missing, {})
        return _Template(reading, tuple(moving), until)

    def _count(self, t: float, values: dict[str, float]) -> None:
        """What was written to the log until ``t``, on top of what the test says of its counts."""
        name = f"{self._plan.name}.criticals"
        if name in values:
            values[name] += sum(at <= t for at, _ in self._written)

    def _failed(self, t: float, reason: str, facts: Mapping[str, Fact], took: float) -> Reading:
        values = {f"{self._plan.name}.ok": 0.0} if self._kind == "http" else {}
        missing = {signal: reason for signal in self._plan.pieces if signal not in values}
        return self._made(t, took, Result.ERROR, reason, values, missing, facts)

    def _made(
        self,
        t: float,
        took: float,
        result: Result,
        reason: str,
        values: Mapping[str, float],
        missing: Mapping[str, str],
        facts: Mapping[str, Fact],
    ) -> Reading:
        return Reading(
            probe=self._plan.name,
            at=self._time.at(t),
            took=took,
            result=result,
            reason=reason,
            values=values,
            missing=missing,
            facts={**facts, **self._facts(t, result)},
        )

    def _facts(self, t: float, result: Result) -> dict[str, Fact]:
        """What the kind of probe tells beside its numbers."""
        if self._kind == "process" and result is Result.VALUE:
            begun = [at for at in (0.0, *self._restarts) if at <= t]
            return {"proc": f"{PID + len(begun) - 1}@{self._time.at(begun[-1]):.3f}"}
        if self._kind != "log":
            return {}
        facts: dict[str, Fact] = {
            "tracebacks": sum(at <= t for at, what in self._written if what == "tracebacks")
        }
        losses = [s for s in self._plan.lines if s.loss and s.start <= t]
        if losses:
            facts["losses"] = json.dumps([self._loss(series, t) for series in losses])
        return facts

    def _loss(self, series: Series, t: float) -> dict[str, object]:
        lasting = series.until is None or t < series.until
        until = None if lasting or series.until is None else self._time.at(series.until)
        return {"since": self._time.at(series.start), "until": until, "cause": series.loss}
