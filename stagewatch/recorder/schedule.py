"""When each probe runs: spread over the interval, never twice at once, never past its deadline.

A probe has a *sampler*, a task that wakes at each slot on the monotonic clock and starts one run
as a task of its own. So a slow or stuck run delays nobody: its own next slots become SKIPPED
readings, other probes do not notice. What a late wake-up lost becomes SKIPPED readings too, and
from ``stall_limit`` on a gap.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from stagewatch.clock import Clock
from stagewatch.model import Event, Gap, Reading, Result
from stagewatch.probes import Follower, Probe
from stagewatch.probes._bounded import read_bounded
from stagewatch.profile.values import format_duration
from stagewatch.recorder.timekeeping import (
    Disturbance,
    Moment,
    disturbances,
    moment_of,
    stall,
    stall_limit,
)
from stagewatch.text import clean

GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it, modulo 1, are spread evenly for any number of probes."""
FIRST_APART = 0.05
"""Seconds between the first runs, so that a screen has true values at once."""
STUCK_AFTER = 1.0
"""Seconds after its deadline from which a run that ignores it is not waited for any more."""
ROUNDING = 1e-9

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where readings and gaps go; every call returns at once."""

    def add(self, reading: Reading) -> None: ...

    def gap(self, gap: Gap) -> None: ...

    def event(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Slots:
    """The monotonic times at which one probe is due."""

    first: float
    origin: float
    tick: float

    def after(self, moment: float) -> float:
        """The next regular slot after ``moment``."""
        passed = math.floor((moment - self.origin) / self.tick + ROUNDING)
        return self.origin + (passed + 1) * self.tick


def slots(index: int, count: int, tick: float, start: float) -> Slots:
    """The slots of probe ``index`` of ``count``: the first run soon, the others spread."""
    first = start + index * min(FIRST_APART, tick / count)
    return Slots(first, start + (index * GOLDEN) % 1.0 * tick, tick)


def polls(tick: float, start: float) -> Slots:
    """The slots of a probe that only looks: together with all that looks, to wake up once."""
    return Slots(start, start, tick)


class Timekeeper:
    """Compares the clocks from tick to tick and records what does not fit."""

    def __init__(self, clock: Clock, sink: Sink) -> None:
        self._clock = clock
        self._sink = sink
        self._last = moment_of(clock)
        self._stalled_at = -math.inf

    def tick(self) -> Moment:
        """This moment; records a suspend or a set clock since the last tick."""
        now = moment_of(self._clock)
        for found in disturbances(self._last, now):
            self._record(found, now)
        self._last = now
        return now

    def stalled(self, probe: str, late: float, now: Moment) -> None:
        """Record that a probe started late: a gap for each, one event for all of one stall."""
        found = stall(probe, late, now.wall)
        if now.monotonic - late > self._stalled_at:
            self._stalled_at = now.monotonic
            self._record(found, now)
        else:
            self._sink.gap(found.gap)

    def _record(self, found: Disturbance, now: Moment) -> None:
        log.warning("%s", found.gap.cause)
        self._sink.gap(found.gap)
        self._sink.event(found.event(now.wall))


class Sampler:
    """Runs one probe at its slots."""

    def __init__(
        self, probe: Probe, slots: Slots, clock: Clock, times: Timekeeper, sink: Sink
    ) -> None:
        self.probe = probe
        self.paused = False
        self.advanced = clock.monotonic()
        """Monotonic time of the last slot that was served."""
        self._slots = slots
        self._clock = clock
        self._times = times
        self._sink = sink
        # Asked once: to look a protocol's methods up takes longer than most waits here.
        self._follower = probe if isinstance(probe, Follower) else None
        self._run: asyncio.Task[None] | None = None
        self._hurried = False
        """Whether the probe asked for a run before its slot."""
        self._wake = asyncio.Event()
        self._expected = -math.inf
        """Monotonic time from which a slot without a run has to be accounted for."""
        self._patience = -math.inf
        """Monotonic time until which the present run is still believed to end."""
        self._held: list[Reading] = []
        """Slots that the present run took, kept so that readings are stored in order."""

    async def serve(self) -> None:
        """Start a run at each slot, for ever; raises only for a defect of the recorder."""
        due = self._slots.first
        if self._follower is not None:
            self._follower.follow(self.hurry)
        while True:
            on_time = await self._until(due)
            now = self._times.tick()
            self.advanced = now.monotonic
            if not on_time:
                self._start(now.monotonic, now)
                continue
            if not self.paused:
                self._account(due, now)
                self._start(due, now)
            due = self._slots.after(max(due, now.monotonic))

    def hurry(self) -> None:
        """Start a run before its slot, as soon as the present one has ended."""
        self._hurried = True
        self._wake.set()

    async def _until(self, due: float) -> bool:
        """Wait for the slot; False when a hurried run can begin before it."""
        if self._follower is None:
            await self._clock.sleep(due - self._clock.monotonic())
            return True
        while not self._hurried or self.paused or self._is_running():
            self._wake.clear()
            try:
                async with asyncio.timeout(max(0.0, due - self._clock.monotonic())):
                    await self._wake.wait()
            except TimeoutError:
                return True
        return False

    def _is_running(self) -> bool:
        return self._run is not None and not self._run.done()

    def _account(self, due: float, now: Moment) -> None:
        """Record what a late wake-up lost."""
        late = now.monotonic - due
        if late > stall_limit(self.probe.tick):
            self._times.stalled(self.probe.name, late, now)
            return
        for lost in range(int(late / self.probe.every)):
            at = now.wall - late + lost * self.probe.every
            reason = f"the recorder came {format_duration(late)} late"
            self._sink.add(self._skipped(at, reason))

    def _start(self, due: float, now: Moment) -> None:
        if self._is_running():
            if due > self._expected - self.probe.tick / 2:
                self._expected += self.probe.every
                self._held.append(self._skipped(now.wall, "the run before this had not ended"))
            if now.monotonic > self._patience:
                self._release()
            return
        if self._run is not None:
            self._run.result()  # a defect while storing the last one must not go unseen
        self._hurried = False
        self._expected = due + self.probe.every
        self._patience = now.monotonic + self.probe.deadline + STUCK_AFTER
        self._run = asyncio.create_task(self._sample(), name=f"run {self.probe.name}")

    async def _sample(self) -> None:
        reading = await read_bounded(self.probe, self._clock)
        if reading is not None:
            self._sink.add(reading)
        self._release()
        if self._hurried:
            asyncio.get_running_loop().call_soon(self._wake.set)  # once this run has ended

    def _release(self) -> None:
        held, self._held = self._held, []
        for skipped in held:
            self._sink.add(skipped)

    def _skipped(self, at: float, reason: str) -> Reading:
        return Reading(self.probe.name, at, 0.0, Result.SKIPPED, reason)

    async def aclose(self, patience: float) -> None:
        """Let the present run end for ``patience`` seconds, cancel it then, close the probe."""
        if self._run is not None:
            await asyncio.wait({self._run}, timeout=patience)
            self._run.cancel()
            self._release()
        await self.probe.aclose()


class Schedule:
    """All samplers of a recorder."""

    def __init__(self, probes: Sequence[Probe], clock: Clock, sink: Sink) -> None:
        self.start = clock.monotonic()
        self._clock = clock
        self._times = Timekeeper(clock, sink)
        self._samplers = tuple(
            Sampler(probe, self._slots(i, probe, len(probes)), clock, self._times, sink)
            for i, probe in enumerate(probes)
        )

    def _slots(self, index: int, probe: Probe, count: int) -> Slots:
        if probe.tick < probe.every:
            return polls(probe.tick, self.start)
        return slots(index, count, probe.tick, self.start)

    async def serve(self) -> None:
        """Run every probe at its slots until cancelled."""
        async with asyncio.TaskGroup() as group:
            for sampler in self._samplers:
                group.create_task(sampler.serve(), name=f"sampler {sampler.probe.name}")

    def pause(self, paused: bool) -> None:
        """Stop starting runs, or start them again at each probe's next slot."""
        for sampler in self._samplers:
            sampler.paused = paused

    def tick(self) -> Moment:
        """Compare the clocks between two slots; this moment."""
        return self._times.tick()

    def advancing(self) -> bool:
        """Whether every sampler served a slot as recently as it should have."""
        now = self._clock.monotonic()
        return all(
            now - each.advanced <= each.probe.tick + stall_limit(each.probe.tick)
            for each in self._samplers
        )

    async def aclose(self, patience: float = 1.0) -> None:
        """End every run and close every probe, one slow one not holding up the others."""
        ends = (sampler.aclose(patience) for sampler in self._samplers)
        results = await asyncio.gather(*ends, return_exceptions=True)
        for sampler, result in zip(self._samplers, results, strict=True):
            if isinstance(result, BaseException):
                log.error("closing probe %s", clean(sampler.probe.name), exc_info=result)
