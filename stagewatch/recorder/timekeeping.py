"""What the three clocks say when they are compared: a suspend, a set clock, a stall."""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.clock import Clock
from stagewatch.model import TWICE, Event, Gap
from stagewatch.profile.values import format_duration

NOTICEABLE = 1.0
"""Seconds by which two clocks must part between two ticks; slewing stays far below."""
STALL_FLOOR = 5.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on all three clocks, in seconds."""

    wall: float
    boot: float
    monotonic: float


def moment_of(clock: Clock) -> Moment:
    """This instant."""
    return Moment(clock.now(), clock.boot(), clock.monotonic())


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A stretch that cannot be trusted, and what to say about it."""

    kind: str
    """``suspend``, ``clock-set`` or ``stall``; also the kind of the event."""
    gap: Gap

    def event(self, at: float) -> Event:
        return Event(at, self.kind, self.gap.cause, self.gap.probe)


def disturbances(before: Moment, now: Moment) -> list[Disturbance]:
    """What happened to the clocks between two ticks of the same process.

    When in between it happened nobody knows, so the gap begins with the earlier tick.
    """
    slept = (now.boot - now.monotonic) - (before.boot - before.monotonic)
    jumped = (now.wall - now.boot) - (before.wall - before.boot)
    found = []
    if slept > NOTICEABLE:
        cause = f"the machine was suspended for {format_duration(slept)}"
        start = min(before.wall, before.wall + jumped, now.wall - slept)
        found.append(Disturbance("suspend", Gap("", start, now.wall, cause)))
    if jumped > NOTICEABLE:
        cause = f"the clock was set forward by {format_duration(jumped)}"
        found.append(Disturbance("clock-set", Gap("", before.wall, now.wall, cause)))
    elif jumped < -NOTICEABLE:
        cause = f"the clock was set back by {format_duration(-jumped)}; {TWICE}"
        found.append(Disturbance("clock-set", Gap("", now.wall, now.wall - jumped, cause)))
    return found


def stall_limit(interval: float) -> float:
    """Seconds by which a probe may start late before that is a gap."""
    return max(2 * interval, STALL_FLOOR)


def stall(probe: str, late: float, now: float) -> Disturbance:
    """A probe that started ``late`` seconds after it was due, at wall time ``now``."""
    cause = f"the recorder was held up for {format_duration(late)}"
    return Disturbance("stall", Gap(probe, now - late, now, cause))


AHEAD = 120.0
"""Seconds by which the wall clock may run ahead at once and still be believed."""
SETTLED = 60.0
"""Seconds after which a clock that stays ahead is believed: somebody set it right."""


class SteadyTime:
    """The wall clock, but for a jump ahead that does not last.

    What is judged cannot be judged again, so a clock that is set to tomorrow for a moment must not
    carry the judge there.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._boot = clock.now(), clock.boot()
        self._ahead_since: float | None = None

    def now(self) -> float:
        """Unix seconds."""
        wall, boot = self._clock.now(), self._clock.boot()
        steady = self._wall + boot - self._boot
        if wall > steady + AHEAD:
            if self._ahead_since is None:
                self._ahead_since = boot
            if boot - self._ahead_since < SETTLED:
                return steady
        # Taken anew each time, so that a clock that is slewed never counts as set.
        self._ahead_since = None
        self._wall, self._boot = wall, boot
        return wall
