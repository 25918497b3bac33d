"""Whether there was enough data: the share of each phase that readings vouch for, and the gaps.

A reading vouches for the time up to the next one when that comes in time (within a tenth of the
interval), and for one interval when it does not. The share of a phase is what is vouched for,
divided by the phase's length. Missing data make a criterion INCONCLUSIVE, never FAIL: nobody
knows what they would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Coverage

LATE = 1.1
"""A next reading within this many intervals is in time."""
PATIENCE = 2.0
"""So many intervals after the newest reading the next one may still be under way: only then is it
missing."""
SLOW = 2.0
"""A probe that runs so seldom that this many intervals exceed the longest gap may have such a
gap."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase in watch time."""

    name: str
    start: float
    end: float


@dataclass(slots=True)
class _Kept:
    """How far one series of readings covers the stages."""

    every: float
    stages: Sequence[Stage]
    held: list[float] = field(default_factory=list)
    """What is vouched for in each stage before ``run``."""
    run: float = 0.0
    """The first of the readings that came in time, one after the other, up to the last one."""
    last: float | None = None
    longest: float = 0.0
    """The longest stretch between two readings, the watch's start counting as one."""
    gap_start: float = 0.0

    def add(self, t: float) -> None:
        """A reading that began at ``t``."""
        last = self.last
        if t < 0 or (last is not None and t <= last):
            return
        if last is None:
            self.run = t
        elif t - last > self.every * LATE:
            self._hold(self.run, last + self.every, self.held)
            self.run = t
        self._note_gap(t)
        self.last = t

    def _note_gap(self, t: float) -> None:
        since = self.last or 0.0
        if t - since > self.longest:
            self.longest, self.gap_start = t - since, since

    def _hold(self, start: float, end: float, into: list[float]) -> None:
        for index, stage in enumerate(self.stages):
            if start < stage.end and end > stage.start:
                into[index] += min(end, stage.end) - max(start, stage.start)

    def held_until(self, t: float) -> list[float]:
        """What is vouched for in each stage, up to ``t``."""
        held = list(self.held)
        if self.last is not None:
            due = t - self.last <= self.every * PATIENCE
            self._hold(self.run, t if due else self.last + self.every, held)
        return held

    def longest_until(self, t: float) -> tuple[float, float]:
        """(length, start) of the longest stretch without a reading, up to ``t``."""
        since = self.last or 0.0
        return max((self.longest, self.gap_start), (t - since, since))


class CoverageJudge:
    """Readings of every required series against what was expected of them."""

    def __init__(
        self,
        config: Coverage,
        required: Mapping[str, float],
        stages: Sequence[Stage],
        time: WatchTime,
    ) -> None:
        """``required`` maps a series, usually a signal, to its interval in watch time."""
        self._config = config
        self._time = time
        self._stages = stages
        self._repeats: list[tuple[float, float]] = []
        self._kept = {
            name: _Kept(every, stages, [0.0] * len(stages)) for name, every in required.items()
        }

    def add(self, t: float, series: str) -> None:
        """A usable reading of ``series`` began at ``t``."""
        kept = self._kept.get(series)
        if kept is not None:
            kept.add(t)

    def repeat(self, start: float, end: float) -> None:
        """The clock ran through this stretch again: what was read in it cannot be told apart, so
        nothing vouches for it."""
        self._repeats.append((max(0.0, start), end))

    def _lost(self, stage: Stage, t: float) -> float:
        """How much of a stage, up to ``t``, occurred twice."""
        until = min(stage.end, t)
        return sum(max(0.0, min(e, until) - max(s, stage.start)) for s, e in self._repeats)

    def share(self, series: Sequence[str], t: float) -> float | None:
        """The least share (0..1) of the watch up to ``t`` that one of ``series`` covers."""
        if t <= 0:
            return None
        shares = (sum(self._kept[s].held_until(t)) / t for s in series if s in self._kept)
        return min((min(1.0, share) for share in shares), default=None)

    def look(self, t: float) -> Finding:
        """The state at ``t``."""
        if not self._kept:
            return Finding(State.INCONCLUSIVE, "no criterion rests on data, so nothing is known")
        worst = self._worst_gap(t)
        held = {name: kept.held_until(t) for name, kept in self._kept.items()}
        begun = [
            self._share_of(stage, [(h[index], name) for name, h in held.items()], t)
            for index, stage in enumerate(self._stages)
            if min(t, stage.end) > stage.start
        ]
        if not begun:
            return Finding(State.INCONCLUSIVE, "the watch has only begun", why=Why.WARMING_UP)
        least, series, stage, hopeless = min(begun, key=lambda one: (not one[3], one[0]))
        value = 100 * least
        if worst is not None:
            return Finding(State.INCONCLUSIVE, worst, value, Why.GAP)
        told = f"{_percent(value)} of {series} in «{stage.name}», limit {self._config.share:g} %"
        if hopeless:
            return Finding(State.INCONCLUSIVE, told, value, Why.GAP)
        if least < self._config.share / 100:
            if min(t, stage.end) - stage.start < self._config.longest_gap:
                return Finding(State.INCONCLUSIVE, told, value, Why.WARMING_UP)
            return Finding(State.WARN, f"{told}, and can still be reached", value, Why.GAP)
        return Finding(State.PASS, f"at least {told}", value)

    def _share_of(
        self, stage: Stage, held: Sequence[tuple[float, str]], t: float
    ) -> tuple[float, str, Stage, bool]:
        """(the least share so far, of which series, the stage, whether it is lost for good)."""
        most, series = min(held)
        most = max(0.0, most - self._lost(stage, t))
        length, whole = min(t, stage.end) - stage.start, stage.end - stage.start
        reachable = (most + whole - length) / whole
        lost = reachable < self._config.share / 100 - 1e-9
        return min(1.0, most / length), series, stage, lost

    def _worst_gap(self, t: float) -> str | None:
        """What to say about the longest gap that is too long."""
        found = [
            (end - start, start, "any probe that can be told apart")
            for start, end in self._repeats
            if end - start > self._config.longest_gap
        ]
        for name, kept in self._kept.items():
            length, start = kept.longest_until(t)
            if length > max(self._config.longest_gap, SLOW * kept.every):
                found.append((length, start, name))
        if not found:
            return None
        length, start, name = max(found)
        limit = self._time.span(self._config.longest_gap)
        ending = "" if start + length < t else ", and it goes on"
        return (
            f"no reading of {name} for {self._time.span(length)},"
            f" {self._time.span(start)} after the start; at most {limit} is allowed{ending}"
        )


def _percent(value: float) -> str:
    """Rounded down, so that 94.99 never reads as 95."""
    return f"{int(value * 10) / 10:g} %"
