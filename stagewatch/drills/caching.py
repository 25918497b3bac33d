"""The cache: asking again is answered from it, and fast."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator

from stagewatch.drills.ground import MOST_DISTURBED, Ground, HitTeller, fault, wrong_status
from stagewatch.drills.outcome import PASSED, Outcome
from stagewatch.drills.wire import Heard, Pool, request
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import Caching
from stagewatch.profile.values import format_duration


def plan(drill: Caching) -> Iterator[str]:
    """What will be sent."""
    told = (
        f'field {drill.field} is "{drill.hit}"' if drill.field else f"{drill.header}: {drill.hit}"
    )
    yield f"{drill.requests} requests, one after the other, at once: GET {drill.url}"
    yield f"expected: of those after the first, {drill.share:g} % come from the cache ({told}),"
    yield f"  half of them within {format_duration(drill.within)}"


def disturbs(drill: Caching) -> float:
    """Seconds in which the measured signals may be disturbed, at the most."""
    return min(drill.requests * drill.timeout, MOST_DISTURBED)


def lasts(drill: Caching) -> tuple[float, float]:
    """Seconds until it has passed, at the least and at the most."""
    return 0.0, disturbs(drill)


async def run(drill: Caching, ground: Ground) -> Outcome:
    """Ask, and ask again."""
    pool: Pool | None = None
    try:
        pool = ground.pool(drill.url)
        wanted = request("GET", drill.url, ground.headers(drill.headers))
        answers: list[tuple[Heard, float]] = []
        async with asyncio.timeout(disturbs(drill)):
            for number in range(1, drill.requests + 1):
                began = ground.clock.monotonic()
                heard = await pool.ask(wanted, drill.timeout)
                took = ground.clock.monotonic() - began
                if heard.status >= 300:
                    return wrong_status(heard, f"request {number}")
                answers.append((heard, took))
                ground.tell(f"request {number} of {drill.requests}: {took * 1000:.1f} ms")
    except TimeoutError:
        text = f"{drill.requests} requests took more than {format_duration(disturbs(drill))}"
        return Outcome("no-answer", text, "the service hangs; look at its load", missing=text)
    except FailureError as failure:
        return fault(failure, "a request", ground.secrets)
    finally:
        ground.over()
        if pool is not None:
            pool.close()
    return _judged(drill, answers)


def _judged(drill: Caching, answers: list[tuple[Heard, float]]) -> Outcome:
    teller = HitTeller(drill.header, drill.field, drill.hit)
    told = [(teller.hit(heard), took) for heard, took in answers[1:]]
    if all(hit is None for hit, _ in told):
        where = f"the field {drill.field}" if drill.field else f"the header {drill.header}"
        text = f"no answer says whether it came from the cache: {where} is not there"
        remedy = "name what tells it, header or field, in the profile"
        return Outcome("no-cache-mark", text, remedy, missing="the answers do not tell")
    hits = [took * 1000 for hit, took in told if hit]
    rate = 100.0 * len(hits) / len(told)
    values = {"hit_rate": rate}
    said = f"{len(hits)} of {len(told)} answers after the first came from the cache"
    if rate < drill.share:
        remedy = "entries expire at once, the key differs, or the endpoint is not decorated"
        return Outcome("not-cached", said, remedy, values, "nothing came from the cache")
    values["hit_latency"] = statistics.median(hits)
    said += f", half of them within {values['hit_latency']:.1f} ms"
    if values["hit_latency"] > drill.within * 1000:
        limit = format_duration(drill.within)
        return Outcome("slow", f"{said}, not {limit}", "look at the service's load", values)
    return Outcome(PASSED, said, values=values)
