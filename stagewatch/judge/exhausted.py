"""A connection pool that is exhausted: all in use while somebody waits, or acquires that fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.samples import Counter, Order, Silence, usable
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Exhausted
from stagewatch.profile.values import format_value

WARN_SHARE = 0.85
"""Of the pool: so much in use warns."""
LEAST = 3
"""Samples that have to be exhausted; where ``hold`` has fewer of them, older ones are added."""
SPAN = 0.8
"""Of ``hold``: what the exhausted samples have to span."""


class _Growth(NamedTuple):
    """An increase of the counter of failed acquires: somewhere after ``start``, until ``end``."""

    start: float
    end: float
    amount: float


class _Failures:
    """Failed acquires within the ``within`` seconds before the newest reading of their counter.

    An increase is taken to be spread evenly over the time since the reading before: a few failures
    in hours without readings are not many in five minutes.
    """

    def __init__(self, within: float) -> None:
        self._within = within
        self._counter = Counter()
        self._grown: deque[_Growth] = deque()
        self._total = 0.0
        """Of all that has grown."""
        self.last: float | None = None
        """When the counter was read."""
        self.count = 0.0
        self.at_most = 0.0
        """If all those of a gap in the readings had come at its end."""

    def add(self, t: float, total: float) -> None:
        amount = self._counter.increase(total)
        if amount > 0 and self.last is not None:
            self._grown.append(_Growth(self.last, t, amount))
            self._total += amount
        self.last = t
        begin = t - self._within
        while self._grown and self._grown[0].end <= begin:
            self._total -= self._grown.popleft().amount
        self.count = self.at_most = self._total if self._grown else 0.0
        first = self._grown[0] if self._grown else None
        if first is not None and first.start < begin:  # no later one reaches out of the window
            self.count -= first.amount * (begin - first.start) / (first.end - first.start)
            gap = first.end - first.start > self._within
            self.at_most = self._total if gap else self.count

    def known(self, t: float) -> bool:
        """Whether the counter was read within the window that ends at ``t``."""
        return self.last is not None and self.last > t - self._within

    @property
    def since(self) -> float | None:
        """From when the failures in the window are."""
        return self._grown[0].start if self._grown else None


@dataclass(frozen=True, slots=True)
class _Pool:
    """The pool as the newest usable reading shows it."""

    used: float
    most: float
    waiting: float | None
    exhausted: bool | None
    """None when the pool is full and nothing tells whether somebody waits."""


class ExhaustedJudge:
    """Fed with the pool's numbers; judged at each sample, so that silence changes nothing until
    it is stale."""

    def __init__(self, *, used: str, config: Exhausted, interval: float, time: WatchTime) -> None:
        self._config, self._time = config, time
        self._order = Order()
        self._silence = Silence(used, interval, time)
        self._failures = _Failures(config.within)
        self._run: deque[float] = deque()
        """Times of exhausted samples in a row: the newest ``hold`` of them, or LEAST."""
        self._run_since: float | None = None
        self._high_since: float | None = None
        self._pool: _Pool | None = None

    def add(
        self,
        t: float,
        used: float | None,
        most: float | None,
        waiting: float | None,
        timeouts: float | None,
    ) -> None:
        """Take a reading of the pool: connections in use, its size, queued acquires, and the
        counter of failed ones; None for what a reading does not tell."""
        at = self._order.place(t)
        if at is None:
            return
        failed, in_use, size = usable(timeouts), usable(used), usable(most)
        if failed is not None:
            self._failures.add(at, failed)
        if in_use is None or size is None:
            return
        if self._silence.heard(at):
            self._run.clear()  # what was before so long a silence says nothing about now
            self._high_since = self._run_since = None
        queued = usable(waiting)
        self._pool = _Pool(in_use, size, queued, self._exhausted(at, in_use >= size, queued))
        self._follow(at, self._pool)

    def _exhausted(self, at: float, full: bool, waiting: float | None) -> bool | None:
        if not full:
            return False
        if waiting is not None:
            return waiting > 0
        return self._failures.count > 0 if self._failures.known(at) else None

    def _follow(self, at: float, pool: _Pool) -> None:
        if pool.exhausted:
            self._run.append(at)
            while len(self._run) > LEAST and self._run[0] < at - self._config.hold:
                self._run.popleft()
            self._run_since = at if self._run_since is None else self._run_since
        elif pool.exhausted is False:
            self._run.clear()
            self._run_since = None
        if pool.used < WARN_SHARE * pool.most:
            self._high_since = None
        elif self._high_since is None:
            self._high_since = at

    def look(self, t: float) -> Finding:
        """The state at ``t``: that of the newest usable sample, unless it is stale."""
        self._order.judged(t)
        failures, enough = self._failures, self._config.failed_acquires
        fresh = failures.last is not None and t - failures.last < self._silence.most
        if fresh and failures.count >= enough:
            return self._finding(State.FAIL, failures.since)
        silent = self._silence.finding(t)
        if silent is not None:
            return silent
        if len(self._run) >= LEAST and self._run[-1] - self._run[0] >= SPAN * self._config.hold:
            return self._finding(State.FAIL, self._run_since)
        if self._pool is not None and self._pool.exhausted is None:
            return self._unknown("whether anybody waits is not known")
        if fresh and failures.at_most >= enough:
            return self._unknown("more of them may lie in a gap without readings")
        since = self._high_since
        if fresh and failures.count:
            since = failures.since if since is None else since
        return self._finding(State.PASS if since is None else State.WARN, since)

    def _unknown(self, what: str) -> Finding:
        known = self._finding(State.INCONCLUSIVE, None)
        return replace(known, reason=f"{known.reason}; {what}", why=Why.GAP)

    def _finding(self, state: State, first_bad: float | None) -> Finding:
        reason = ", ".join([*self._pool_said(), *self._failures_said()])
        value = None if self._pool is None else self._pool.used
        return Finding(state, reason, value, first_bad=first_bad)

    def _pool_said(self) -> Iterator[str]:
        pool, span = self._pool, self._time.span
        if pool is None:
            return
        yield f"{format_value(pool.used)} of {format_value(pool.most)} in use"
        if pool.waiting is not None:
            yield f"{format_value(pool.waiting)} waiting" if pool.waiting else "none waiting"
        if self._run_since is not None and self._silence.last is not None:
            held = self._silence.last - self._run_since
            yield f"exhausted for {span(held)}, limit {span(self._config.hold)}"

    def _failures_said(self) -> Iterator[str]:
        if self._failures.count:
            count = max(1, int(self._failures.count))
            noun = "acquire" if count == 1 else "acquires"
            within, limit = self._time.span(self._config.within), self._config.failed_acquires
            yield f"{count} failed {noun} within {within}, limit {limit}"
