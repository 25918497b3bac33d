"""What the three clocks say when they are compared: a suspend, a set clock, a stall."""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.clock import Clock
from stagewatch.model import Event, Gap
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
        cause = f"the clock was set back by {format_duration(-jumped)}; these times occur twice"
        found.append(Disturbance("clock-set", Gap("", now.wall, now.wall - jumped, cause)))
    return found


def stall_limit(interval: float) -> float:
    """Seconds by which a probe may start late before that is a gap."""
    return max(2 * interval, STALL_FLOOR)


def stall(probe: str, late: float, now: float) -> Disturbance:
    """A probe that started ``late`` seconds after it was due, at wall time ``now``."""
    cause = f"the recorder was held up for {format_duration(late)}"
    return Disturbance("stall", Gap(probe, now - late, now, cause))
