"""Rate limiting: so many requests are granted, the next is refused, and the window recovers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import h11

from stagewatch.drills.ground import Ground, fault, wrong_status
from stagewatch.drills.outcome import PASSED, Outcome
from stagewatch.drills.wire import Pool, request
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import RateLimited
from stagewatch.profile.values import format_duration

WITHIN = 30.0
"""Seconds within which the whole burst is over: a slower one would not be a burst."""
SLACK = 2.0
"""Seconds after the window before a request is tried again: clocks and rounding."""


def plan(drill: RateLimited) -> Iterator[str]:
    """What will be sent."""
    per = format_duration(drill.per)
    yield f"{drill.requests} requests, one after the other, at once: GET {drill.url}"
    yield f"expected: {drill.allowed} are answered, number {drill.allowed + 1} and those after it"
    yield f"  are refused with {drill.refusal}"
    yield f"then, after {per}, 1 request more, which has to be answered again"


def disturbs(drill: RateLimited) -> float:
    """Seconds in which the measured signals may be disturbed, at the most."""
    return WITHIN + (0.0 if drill.apart else drill.per + SLACK + drill.timeout)


def lasts(drill: RateLimited) -> tuple[float, float]:
    """Seconds until it has passed, at the least and at the most: it waits for the window."""
    recovers = drill.per + SLACK
    return recovers, WITHIN + recovers + drill.timeout


@dataclass(slots=True)
class Burst:
    """What came back, in order."""

    statuses: list[int] = field(default_factory=list)
    began: float = 0.0
    """Monotonic time of the first request."""

    def refused_at(self, refusal: int) -> int | None:
        """The number of the first request that was refused, from 1."""
        return next((n for n, s in enumerate(self.statuses, 1) if s == refusal), None)


async def run(drill: RateLimited, ground: Ground) -> Outcome:
    """Send the burst, wait for the window, try again."""
    what = "a request of the burst"
    burst = Burst()
    pool: Pool | None = None
    try:
        pool = ground.pool(drill.url)
        wanted = request("GET", drill.url, ground.headers(drill.headers))
        async with asyncio.timeout(WITHIN):
            bad = await _send(burst, drill, ground, pool, wanted)
        if drill.apart:
            ground.over()
        if bad is not None:
            return bad
        refused_at = burst.refused_at(drill.refusal)
        wrong = _judged(burst, drill, refused_at, shared(drill, ground))
        if wrong is not None and refused_at is None:
            return wrong  # what refused nothing has nothing to recover from
        what = "the request after the window"
        again = await _again(burst, drill, ground, pool, wanted)
        return again if wrong is None else _with(wrong, again)
    except TimeoutError:
        text = f"the burst took more than {format_duration(WITHIN)}"
        return Outcome("no-answer", text, "the service hangs; look at its load", missing=text)
    except FailureError as failure:
        return fault(failure, what, ground.secrets)
    finally:
        if pool is not None:
            pool.close()


async def _send(
    burst: Burst, drill: RateLimited, ground: Ground, pool: Pool, wanted: h11.Request
) -> Outcome | None:
    """The burst; what went wrong with it."""
    burst.began = ground.clock.monotonic()
    for number in range(1, drill.requests + 1):
        heard = await pool.ask(wanted, drill.timeout)
        burst.statuses.append(heard.status)
        ground.tell(f"request {number} of {drill.requests}: {heard.status}")
        if heard.status >= 400 and heard.status != drill.refusal:
            return wrong_status(heard, f"request {number}")
    return None


def shared(drill: RateLimited, ground: Ground) -> int:
    """How many requests of the window the profile's own probes may have used up already."""
    if drill.apart or not ground.watched:
        return 0
    url = drill.url.partition("?")[0]
    asking = [p for p in ground.profile.probe.values() if getattr(p, "url", "") == url]
    return sum(math.ceil(drill.per / probe.every) for probe in asking)


def _judged(burst: Burst, drill: RateLimited, refused_at: int | None, spent: int) -> Outcome | None:
    """What the burst itself shows to be wrong; ``spent`` of the window were not ours."""
    if refused_at is None:
        text = f"all of {drill.requests} requests were answered, and none was refused"
        remedy = f"the limiter is off, or counts otherwise; it should refuse {drill.allowed + 1}"
        return Outcome("not-limited", text, remedy, missing="nothing was refused")
    values = {"refused_at": float(refused_at)}
    if refused_at > drill.allowed + 1:
        text = f"request {refused_at} was the first to be refused, not {drill.allowed + 1}"
        return Outcome("limited-late", text, "lower the service's limit", values=values)
    # Where none at all was granted, nothing shows that any would be.
    if refused_at <= max(1, drill.allowed - spent):
        text = f"request {refused_at} was refused already, not only {drill.allowed + 1}"
        remedy = (
            f"somebody had used up the window: wait {format_duration(drill.per)} and run it"
            " again, or give the validation a client key of its own in headers"
        )
        return Outcome("limited-early", text, remedy, values=values)
    granted = [n for n, s in enumerate(burst.statuses, 1) if n > refused_at and s < 400]
    if granted:
        text = f"request {refused_at} was refused, and {granted[0]} was answered all the same"
        remedy = "the limiter forgets at once, or each worker counts for itself"
        return Outcome("not-limited", text, remedy, values=values)
    return None


async def _again(
    burst: Burst, drill: RateLimited, ground: Ground, pool: Pool, wanted: h11.Request
) -> Outcome:
    """Whether a request is granted once the window is over."""
    due = burst.began + drill.per + SLACK
    wait = max(0.0, due - ground.clock.monotonic())
    ground.tell(f"waiting {format_duration(wait)} for the window to recover")
    await ground.clock.sleep(wait)
    heard = await pool.ask(wanted, drill.timeout)
    ground.over() if not drill.apart else None
    refused_at = float(burst.refused_at(drill.refusal) or 0)
    if heard.status == drill.refusal:
        text = f"{format_duration(drill.per)} after the burst, requests are still refused"
        remedy = "the window is longer than the profile says, or refused requests extend it"
        values = {"refused_at": refused_at, "recovered": 0.0}
        return Outcome("not-recovered", text, remedy, values=values)
    if heard.status >= 400:
        return wrong_status(heard, "the request after the window")
    text = (
        f"request {refused_at:g} was the first of {drill.requests} to be refused with"
        f" {drill.refusal}, and after {format_duration(drill.per)} requests are answered again"
    )
    return Outcome(PASSED, text, values={"refused_at": refused_at, "recovered": 1.0})


def _with(wrong: Outcome, again: Outcome) -> Outcome:
    """What the burst showed, with what came of trying again."""
    values = {**again.values, **wrong.values}
    return Outcome(wrong.word, wrong.text, wrong.remedy, values, again.missing or wrong.missing)
