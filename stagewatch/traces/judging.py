"""One rule over a whole trace: at every reading and at every minute, so that silence shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from stagewatch.judge.engine import GRID
from stagewatch.judge.tracker import Computed, Tracker
from stagewatch.model import State
from stagewatch.traces.choice import TraceRule
from stagewatch.traces.feeds import Setting, feed_of
from stagewatch.traces.table import Row


@dataclass(frozen=True, slots=True)
class TraceStep:
    """The rule's state, or its reason for having none, became another one. Unix seconds."""

    at: float
    was: State | None
    computed: Computed

    @property
    def state(self) -> State:
        """The state, latched."""
        return self.computed.state


def judge_trace(
    rows: Sequence[Row], rule: TraceRule, setting: Setting, end: float
) -> Iterator[TraceStep]:
    """Every step up to the Unix time ``end``, and at the end the last one once more."""
    time = setting.time
    feed = feed_of(rule, setting)
    tracker = Tracker(setting.signal, latches=True)
    shown: tuple[object, ...] | None = None
    state: State | None = None
    step: TraceStep | None = None
    for t, now in _moments(rows, setting, time.of(end)):
        for row in now:
            feed.take(t, row)
        if not now:
            feed.heard(t)
        computed = tracker.follow(t, feed.judge.look(t))
        step = TraceStep(time.at(t), state, computed)
        shape = _shape(computed)
        if shape != shown:
            yield step
            shown, state = shape, computed.state
    if step is not None:
        yield step


def _shape(computed: Computed) -> tuple[object, ...]:
    why = computed.finding.why if computed.state is State.INCONCLUSIVE else None
    return computed.state, why, computed.recovered, computed.incident


def _moments(
    rows: Sequence[Row], setting: Setting, until: float
) -> Iterator[tuple[float, Sequence[Row]]]:
    """(watch time, the rows of that moment): those of readings, and every minute, to the end."""
    of = setting.time.of
    minute = 0.0
    for at, group in groupby(rows, key=lambda row: row.at):
        t = of(at)
        if t < 0:
            continue  # before the watch
        if t > until:
            break
        while minute < t:
            yield minute, ()
            minute += GRID
        yield t, list(group)
    while minute < until:
        yield minute, ()
        minute += GRID
    yield until, ()
