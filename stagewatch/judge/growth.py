"""Memory leak: growth above the limit that is sustained and new, within one life of a process.

Steps, spikes, the filling of caches in the warm-up, sawteeth of garbage collection, day cycles
and growth back to an old level are none (``lives.py`` tells them apart). A restart hides no leak:
what the last lives did before they ended is judged together.

A rule that finds one leak of several processes finds a leak; one process that was watched for
long enough is enough for PASS, as others may be too young to say anything at any time.
"""

from __future__ import annotations

import math

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.lives import BIN, LONG, Ended, Growth, Life
from stagewatch.judge.samples import Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile import schema
from stagewatch.profile.values import format_value

MISSES = 3
"""Intervals for which a process is absent while others are seen, before its life is over."""
ENDED_LIVES = 12
"""Lives that are over and count together, how few may, and for how many hours at least."""
ENDED_FEWEST = 3
ENDED_HOURS = 3.0
ENDED_GREW = 0.5
"""An ended life grew when its rate was above this share of the limit."""
ENDED_SHARE = 0.75
"""The share of the ended lives that grew where restarts hide a leak."""


class _Process:
    """A life, and what the judge knows about its presence."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.order = Order()
        self.last = -math.inf
        """Watch time of its newest sample."""
        self.absent_since: float | None = None
        """When another process was seen, and this one was not, for the first time since."""
        self.over = False
        self.ended: Ended | None = None
        """What its life told, when that is over."""

    def seen(self, t: float) -> None:
        """It is there, whatever was thought of it."""
        self.last, self.absent_since, self.over, self.ended = t, None, False, None

    def end(self, t: float) -> None:
        """It is gone."""
        self.life.advance(t)
        self.over, self.ended = True, self.life.end()


class GrowthJudge:
    """The growth rule over the processes of one probe."""

    def __init__(
        self, *, signal: str, config: schema.Growth, interval: float, time: WatchTime
    ) -> None:
        self._signal, self._config, self._time = signal, config, time
        self._limit = float(config.limit)
        self._interval = interval
        self._grace = MISSES * interval
        self._silence = Silence(signal, interval, time)
        self._processes: dict[str, _Process] = {}
        self._now = 0.0

    def add(self, t: float, rss: float | None, life: str, started: float | None) -> None:
        """A sample in bytes of the process ``life`` (``pid@start``), which ``started`` then;
        None or nothing positive is no sample."""
        self._advance(t)
        value = usable(rss)
        if value is None or value <= 0 or usable(t) is None:
            return
        process = self._processes.get(life)
        if process is None:
            process = self._processes[life] = _Process(self._born(usable(started)))
        process.order.judged(self._now)
        at = process.order.place(t)
        if at is None:
            return
        self._silence.heard(at)
        process.life.add(at, value)
        process.seen(at)
        for other in self._processes.values():
            if other.absent_since is None and other.last < at:
                other.absent_since = at

    def _born(self, started: float | None) -> Life:
        return Life(
            self._now,
            started,
            warm_up=float(self._config.warm_up),
            limit=self._limit,
            interval=self._interval,
        )

    def _advance(self, t: float) -> None:
        """Close the bins that are over at ``t``, and the lives that are."""
        if not self._now < t < math.inf:
            return
        self._now = t
        gone = False
        for process in self._processes.values():
            if process.over:
                continue
            absent = math.inf if process.absent_since is None else process.absent_since
            end = absent + self._grace
            if t < end:
                process.life.advance(t)
            else:
                process.end(end)
                gone = True
        if gone:
            self._forget()

    def _forget(self) -> None:
        """Keep the lives that go on, and the last that ended after having told something."""
        over = [name for name, process in self._processes.items() if process.over]
        told = [name for name in over if self._processes[name].ended]
        told.sort(key=lambda name: self._processes[name].last)
        kept = set(told[-ENDED_LIVES:])
        for name in over:
            if name not in kept:
                del self._processes[name]

    def look(self, t: float) -> Finding:
        """The state at ``t``."""
        self._advance(t)
        silent = self._silence.finding(self._now)
        if silent is not None:
            return silent
        live = {name: p.life for name, p in self._processes.items() if not p.over}
        # A process that was not seen for long vouches for nothing, when another one was.
        seen = {n: life for n, life in live.items() if self._was_seen(self._processes[n])}
        leak = self._leak(live) or self._hidden_leak()
        return leak or self._growth(seen) or self._too_early(seen)

    def _was_seen(self, process: _Process) -> bool:
        return process.absent_since is None or self._now - process.last < self._grace

    def _leak(self, live: dict[str, Life]) -> Finding | None:
        """A process that leaks now."""
        found = {name: life.leaking for name, life in live.items()}
        leaks = {name: growth for name, growth in found.items() if growth}
        if not leaks:
            return None
        name = max(leaks, key=lambda name: leaks[name].rate)
        first = live[name].leak or leaks[name]
        return self._finding(State.FAIL, name, leaks[name], live, first.start)

    def _growth(self, live: dict[str, Life]) -> Finding | None:
        """WARN or PASS, where some process has been seen for long enough."""
        warnings = {name: life.warning for name, life in live.items()}
        warned = {name: growth for name, growth in warnings.items() if growth}
        if warned:
            name = max(warned, key=lambda name: warned[name].rate)
            return self._finding(State.WARN, name, warned[name], live, warned[name].start)
        longest = {name: life.longest for name, life in live.items()}
        judged = {name: growth for name, growth in longest.items() if growth}
        if not judged:
            return None
        name = max(judged, key=lambda name: judged[name].rate)
        return self._finding(State.PASS, name, judged[name], live, None)

    def _finding(
        self,
        state: State,
        name: str,
        growth: Growth,
        live: dict[str, Life],
        first_bad: float | None,
    ) -> Finding:
        whose = f" of process {name.partition('@')[0] or '?'}" if len(live) > 1 else ""
        reason = (
            f"{self._signal}{whose} {self._rate(growth.rate)}, limit {self._rate_limit}, "
            f"over {self._time.span(growth.seconds)}"
        )
        return Finding(state, reason, growth.rate, first_bad=first_bad)

    @staticmethod
    def _rate(rate: float) -> str:
        return f"{'+' if rate > 0 else ''}{format_value(rate, '%/h')}"

    @property
    def _rate_limit(self) -> str:
        return format_value(self._limit, "%/h")

    def _hidden_leak(self) -> Finding | None:
        """A leak that no life lives long enough to show."""
        over = [p for p in self._processes.values() if p.ended]
        lives = [p.ended for p in over if p.ended]
        hours = sum(life.hours for life in lives)
        if len(lives) < ENDED_FEWEST or hours < ENDED_HOURS:
            return None
        grew = sum(life.rose and life.rate > ENDED_GREW * self._limit for life in lives)
        # The error of a slope falls with the length to the power of 1.5.
        weights = [life.hours**3 for life in lives]
        rate = sum(w * life.rate for w, life in zip(weights, lives, strict=True)) / sum(weights)
        if rate <= self._limit or grew < ENDED_SHARE * len(lives):
            return None
        reason = (
            f"{self._signal} {self._rate(rate)} in the last {len(lives)} lives of the process, "
            f"limit {self._rate_limit}, each ended by a restart"
        )
        return Finding(State.FAIL, reason, rate, first_bad=min(p.life.judged_from for p in over))

    def _too_early(self, live: dict[str, Life]) -> Finding:
        """Why no window can be judged."""
        window = self._time.span(LONG * BIN)
        if any(self._now >= life.judgeable_from for life in live.values()):
            reason = f"too few readings of {self._signal} in the last {window}"
            return Finding(State.INCONCLUSIVE, reason, why=Why.GAP)
        warm_up = self._time.span(self._config.warm_up)
        reason = f"no process of {self._signal} watched for {window} after its first {warm_up}"
        return Finding(State.INCONCLUSIVE, reason, why=Why.WARMING_UP)
