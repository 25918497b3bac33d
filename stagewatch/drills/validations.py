"""The validation points by kind: what each will send, and running one."""

from __future__ import annotations

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


def plan(drill: AnyValidation) -> tuple[str, ...]:
    """What will be sent, where, over how long: lines for a person who is asked."""
    if isinstance(drill, RateLimited):
        return tuple(ratelimit.plan(drill))
    if isinstance(drill, Caching):
        return tuple(caching.plan(drill))
    return tuple(
        websocket.plan(drill) if isinstance(drill, WebSocketCheck) else polling.plan(drill)
    )


def disturbs(drill: AnyValidation) -> float:
    """Seconds in which the measured signals may be disturbed, at the most; 0: not at all."""
    if isinstance(drill, RateLimited):
        return ratelimit.disturbs(drill)
    if isinstance(drill, Caching):
        return caching.disturbs(drill)
    return websocket.disturbs(drill) if isinstance(drill, WebSocketCheck) else 0.0


async def run(drill: AnyValidation, ground: Ground) -> Outcome:
    """Run it, once. What the service does is an outcome; raises only for our own defects."""
    if isinstance(drill, RateLimited):
        return await ratelimit.run(drill, ground)
    if isinstance(drill, Caching):
        return await caching.run(drill, ground)
    if isinstance(drill, WebSocketCheck):
        return await websocket.run(drill, ground)
    assert isinstance(drill, Polling)
    return await polling.run(drill, ground)
