"""The validation points by kind: what each will send, and running one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from stagewatch.drills import caching, polling, ratelimit, websocket
from stagewatch.drills.ground import Ground
from stagewatch.drills.outcome import Outcome
from stagewatch.profile.drills import (
    AnyValidation,
    Caching,
    Polling,
    RateLimited,
    WebSocketCheck,
)

_MODULES: Mapping[type[AnyValidation], ModuleType] = MappingProxyType(
    {RateLimited: ratelimit, Caching: caching, WebSocketCheck: websocket, Polling: polling}
)
"""What each kind is done by: ``plan``, ``disturbs``, ``lasts`` and ``run``."""


def plan(drill: AnyValidation) -> tuple[str, ...]:
    """What will be sent, where, over how long: lines for a person who is asked."""
    return tuple(_MODULES[type(drill)].plan(drill))


def disturbs(drill: AnyValidation) -> float:
    """Seconds in which the measured signals may be disturbed, at the most; 0: not at all."""
    seconds: float = _MODULES[type(drill)].disturbs(drill)
    return seconds


def lasts(drill: AnyValidation) -> tuple[float, float]:
    """Seconds that one which passes takes, at the least and at the most."""
    least, most = _MODULES[type(drill)].lasts(drill)
    return float(least), float(most)


async def run(drill: AnyValidation, ground: Ground) -> Outcome:
    """Run it, once. What the service does is an outcome; raises only for our own defects."""
    outcome: Outcome = await _MODULES[type(drill)].run(drill, ground)
    return outcome
