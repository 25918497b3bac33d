"""The exercise: simulated workspaces on an open-loop schedule.

Every request has a moment at which it is due, whatever became of those before it, and its latency
counts from that moment. So a service that is slow, or hangs, cannot thin out the load that would
show it. What this machine itself does too late is measured, and said.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import h11

from stagewatch.drills.ground import Ground, HitTeller, named
from stagewatch.drills.holding import Holder
from stagewatch.drills.outcome import Outcome
from stagewatch.drills.station import DrillError
from stagewatch.drills.tally import Tally
from stagewatch.drills.wire import Begun, Pool, request
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import (
    INTERRUPTED,
    LONGEST,
    MOST_RATE,
    MOST_SOCKETS,
    MOST_WORKSPACES,
    Call,
    Exercise,
    rate_of,
    target_of,
)
from stagewatch.profile.values import format_duration

GOLDEN = 0.618033988749895
AHEAD = 0.001
"""Seconds before it is due at which a request may begin: a timer's own grain."""
LEAD = 0.2
"""Seconds between the preparations and the start: nothing is due while modules are imported."""
LATE_AT_MOST = 0.020
"""Seconds that the 99th percentile of the starts may be late, or the load was not held."""
ANOTHER_LOAD = 1.0
"""Seconds of lateness from which what was sent is another load than was asked for. Less makes the
figures worse than they should be, since latencies count from when a request was due, never better.
"""
MOST_UNDER_WAY = 2000
"""Requests that wait for their answers at a time; those beyond count as errors and are not sent."""
LIMITED = 429
DONE = "done"


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of one run."""

    exercise: Exercise
    workspaces: int
    lasts: float

    def plan(self) -> Iterator[str]:
        """What will be sent: lines for a person who is asked."""
        span, rate = format_duration(self.lasts), rate_of(self.exercise, self.workspaces)
        total = round(rate * self.lasts)
        yield f"{self.workspaces} workspaces for {span}: {rate:.3g} requests/s, about {total}"
        for call in self.exercise.call:
            every = format_duration(call.every)
            yield f"each asks {call.method} {call.url} every {every}"
        if self.exercise.socket is not None:
            hold = self.exercise.socket
            yield f"each holds {hold.each} WebSocket{'s' * (hold.each > 1)} to {hold.url}"

    @property
    def lighter(self) -> str:
        """How this is less than the profile asks for; empty when it is not."""
        if self.workspaces < self.exercise.workspaces:
            return f"{self.workspaces} of {self.exercise.workspaces} workspaces"
        if self.lasts < self.exercise.lasts:
            whole = format_duration(self.exercise.lasts)
            return f"{format_duration(self.lasts)} of {whole}"
        return ""


@dataclass(slots=True)
class _Line:
    """One call of one workspace."""

    call: Call
    wanted: h11.Request
    pool: Pool
    origin: float
    """When the first one is due, in seconds after the start."""
    sent: int = 0

    def due(self) -> float:
        """When the next one is."""
        return self.origin + self.sent * float(self.call.every)


@dataclass(slots=True)
class Exercising:
    """One run of an exercise."""

    load: Load
    ground: Ground
    tally: Tally = field(default_factory=Tally)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _pools: dict[object, Pool] = field(default_factory=dict)
    _lines: list[_Line] = field(default_factory=list)
    _waiting: list[tuple[float, int]] = field(default_factory=list)
    """(when it is due, which line), the next one first."""
    began: float = 0.0
    """Monotonic time."""
    ended: float = 0.0
    _teller: HitTeller = field(init=False)

    def __post_init__(self) -> None:
        drill = self.load.exercise
        self._teller = HitTeller(drill.header, drill.field, drill.hit)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return max(1e-9, min(self.ended - self.began, self.load.lasts))

    @property
    def late(self) -> float:
        """99th percentile of how late requests began, ms."""
        return (self.tally.late.quantile(0.99) or 0.0) * 1000

    async def run(self, progress: Callable[[Exercising], None] = lambda now: None) -> None:
        """Run it to its end, or until it is cancelled; ``progress`` is called every second.

        Raises FailureError where it cannot begin. What was seen is in ``tally``, also then.
        """
        try:
            self._lines = list(self._spread())
            for pool in self._pools.values():
                await pool.prepare()
            holder = Holder(self.load, self.ground, self.tally)
            gc.collect()
            self.began = self.ended = self.ground.clock.monotonic() + LEAD
            self._waiting = [(line.due(), number) for number, line in enumerate(self._lines)]
            heapq.heapify(self._waiting)
            jobs = [
                asyncio.ensure_future(self._report(progress)),
                *(asyncio.ensure_future(held) for held in holder.jobs()),
            ]
            with _quiet_collector():
                try:
                    await self._schedule()
                    await self._drain()
                    holder.over()
                finally:
                    self._waiting.clear()
                    self.ended = self.ground.clock.monotonic()
                    await _end([*jobs, *self._under_way])
        finally:
            for pool in self._pools.values():
                pool.close()

    def _spread(self) -> Iterator[_Line]:
        """Every call of every workspace, spread over its interval."""
        drill = self.load.exercise
        number = 0
        for call in drill.call:
            for workspace in range(1, self.load.workspaces + 1):
                headers = named({**drill.headers, **call.headers}, workspace)
                wanted = request(call.method, call.url, self.ground.headers(headers))
                key = (workspace, target_of(call.url), call.url.partition(":")[0])
                if key not in self._pools:
                    self._pools[key] = self.ground.pool(call.url, self._begin_due)
                spread = (number * GOLDEN) % 1.0 * float(call.every)
                yield _Line(call, wanted, self._pools[key], spread)
                number += 1

    async def _schedule(self) -> None:
        """Begin every request when it is due."""
        waiting, end, now = self._waiting, self.load.lasts, self.ground.clock.monotonic
        while waiting and waiting[0][0] < end:
            self._begin_due()
            await asyncio.sleep(max(0.0, waiting[0][0] - (now() - self.began)))
        await asyncio.sleep(max(0.0, end - (now() - self.began)))

    def _begin_due(self) -> None:
        """Begin what is due by now; called also between answers, which may come in a flood."""
        waiting, monotonic = self._waiting, self.ground.clock.monotonic
        while waiting:
            due, number = waiting[0]
            late = monotonic() - self.began - due
            if late < -AHEAD or due >= self.load.lasts:
                return
            line = self._lines[number]
            line.sent += 1
            heapq.heapreplace(waiting, (line.due(), number))
            self.tally.due += 1
            self.tally.late.add(max(0.0, late))
            self._begin(line, self.began + due)

    def _begin(self, line: _Line, due: float) -> None:
        if len(self._under_way) >= MOST_UNDER_WAY:
            self.tally.unsent += 1
            self.tally.errors += 1
            self.tally.fail("too-many-under-way")
            return
        self.tally.sent += 1
        # Sent here where a connection is kept: a task would begin after all that is ready already.
        task = asyncio.ensure_future(self._ask(line, due, line.pool.begin(line.wanted)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask(self, line: _Line, due: float, begun: Begun | None) -> None:
        tally, monotonic = self.tally, self.ground.clock.monotonic
        left = float(self.load.exercise.timeout) - (monotonic() - due)
        try:
            heard = await line.pool.ask(line.wanted, max(0.001, left), begun)
        except FailureError as failure:
            tally.errors += 1
            tally.fail(failure.kind)
            if failure.kind == "timeout":
                tally.latency.add(monotonic() - due)
            return
        finally:
            self._begin_due()
        if heard.status in line.call.status:
            tally.latency.add(monotonic() - due)
            tally.answered += 1
        elif heard.status == LIMITED:
            tally.limited += 1
            return
        else:
            tally.errors += 1
            tally.fail(f"status {heard.status}")
            return
        hit = self._teller.hit(heard)
        tally.told += hit is not None
        tally.hits += bool(hit)

    async def _drain(self) -> None:
        """Wait for the answers that are still to come; each has its own deadline."""
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def _report(self, progress: Callable[[Exercising], None]) -> None:
        due = 1.0
        while True:
            await asyncio.sleep(max(0.0, self.began + due - self.ground.clock.monotonic()))
            self.ended = self.ground.clock.monotonic()
            progress(self)
            due += 1.0


async def _end(jobs: list[asyncio.Task[None]]) -> None:
    """Cancel and await them; none of them raises for what the service does."""
    for job in jobs:
        job.cancel()
    for result in await asyncio.gather(*jobs, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


@contextlib.contextmanager
def _quiet_collector() -> Iterator[None]:
    """No full collection while requests are timed: it takes tens of milliseconds.

    An exercise makes no cycles to speak of; the youngest generation is collected all the same.
    """
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(before[0], before[1], 1_000_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def summary(run: Exercising, ended: str = "") -> Outcome:
    """What it came to; ``ended`` says why it was over before its time."""
    tally, load, late = run.tally, run.load, run.late
    held = late <= LATE_AT_MOST * 1000 and not tally.unsent
    light = ended or (load.lighter and f"this was only {load.lighter}")
    if not light and (tally.unsent or late > ANOTHER_LOAD * 1000):
        light = "the load was not held, so the service had less to bear"
    values = {"late": late, "requests": float(tally.sent), "rate": tally.sent / run.seconds}
    if not (light and held):
        values["held"] = float(held)
    if not light:
        values |= _measured(tally, load.exercise)
    return Outcome(_word(tally, held, ended), told(run), _remedy(tally, held), values, light)


def _measured(tally: Tally, exercise: Exercise) -> dict[str, float]:
    """The figures that a criterion may rest on: only of a whole load that was held, and none of
    what was never tried."""
    values: dict[str, float] = {}
    if tally.ended:
        values = {"errors": tally.share(tally.errors), "limited": tally.share(tally.limited)}
    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        quantile = tally.latency.quantile(q)
        if quantile is not None and tally.answered:
            values[name] = quantile * 1000
    if tally.told:
        values["cache_hits"] = 100.0 * tally.hits / tally.told
    if exercise.socket is not None:
        values["sockets"] = float(tally.sockets)
        values["sockets_lost"] = float(tally.sockets_lost)
    return values


def _word(tally: Tally, held: bool, ended: str) -> str:
    if ended:
        return INTERRUPTED
    if tally.ended and not tally.answered and not tally.limited:
        return "unreachable"
    if not held:
        return "not-held"
    return "with-errors" if tally.errors or tally.sockets_lost else DONE


def _remedy(tally: Tally, held: bool) -> str:
    if not held:
        return "run it from a machine with more to spare, or with a lower rate"
    worst = max(tally.faults, key=lambda word: tally.faults[word], default="")
    return f"most of what went wrong: {worst} ({tally.faults[worst]}×)" if worst else ""


def told(run: Exercising) -> str:
    """One line: rates, quantiles, errors, refusals and cache hits so far."""
    tally = run.tally
    parts = [
        f"{format_duration(round(run.seconds))} of {format_duration(run.load.lasts)}",
        f"{tally.sent} requests, {tally.sent / run.seconds:.3g}/s",
    ]
    if tally.latency.count:
        figures = (f"{(tally.latency.quantile(q) or 0) * 1000:.3g}" for q in (0.5, 0.95, 0.99))
        parts.append(f"p50/p95/p99 {'/'.join(figures)} ms")
    parts += [f"errors {tally.errors}", f"429 {tally.limited}"]
    if tally.told:
        parts.append(f"cache hits {100 * tally.hits / tally.told:.3g} %")
    if run.load.exercise.socket is not None:
        lost = f", lost {tally.sockets_lost}" if tally.sockets_lost else ""
        parts.append(f"WebSockets {tally.sockets}{lost}")
    parts.append(f"starts late p99 {run.late:.3g} ms")
    return " · ".join(parts)


def checked_load(exercise: Exercise, workspaces: int | None, lasts: float | None) -> Load:
    """The load that is asked for, with the profile's figures where nothing is said; raises
    DrillError for more than any machine should be asked."""
    many = exercise.workspaces if workspaces is None else workspaces
    long = float(exercise.lasts) if lasts is None else lasts
    if not 1 <= many <= MOST_WORKSPACES:
        raise DrillError(f"--workspaces {many}: there may be 1 to {MOST_WORKSPACES}")
    if not 0 < long <= LONGEST:
        raise DrillError(f"--for {format_duration(long)}: it may last {format_duration(LONGEST)}")
    rate = rate_of(exercise, many)
    if rate > MOST_RATE:
        raise DrillError(
            f"--workspaces {many}: {rate:.4g} requests/s are more than {MOST_RATE:g}; ask for fewer"
        )
    sockets = exercise.socket.each * many if exercise.socket is not None else 0
    if sockets > MOST_SOCKETS:
        raise DrillError(f"--workspaces {many}: {sockets} WebSockets are more than {MOST_SOCKETS}")
    return Load(exercise, many, long)
