"""Running a probe once, whatever it does."""

from __future__ import annotations

import asyncio
import logging

from stagewatch.clock import Clock
from stagewatch.model import Reading, Result
from stagewatch.probes import Probe
from stagewatch.profile.values import format_duration
from stagewatch.text import clean

log = logging.getLogger(__name__)


async def read_bounded(probe: Probe, clock: Clock) -> Reading | None:
    """Run a probe once; a run that takes too long or raises is an ERROR reading."""
    at, began = clock.now(), clock.monotonic()
    limit = asyncio.timeout(probe.deadline)
    try:
        async with limit:
            return await probe.read()
    # The one boundary around probes: whatever a probe does, the others go on and this one
    # leaves a reading that says what it was. A cancellation that nobody asked for is the
    # probe's own as well.
    except (Exception, asyncio.CancelledError) as error:
        if _is_cancelled():
            raise
        if limit.expired():
            reason = f"not done after {format_duration(probe.deadline)}"
        else:
            log.exception("probe %s", clean(probe.name))
            reason = clean(f"{type(error).__name__}: {error}", 500)
        return Reading(probe.name, at, clock.monotonic() - began, Result.ERROR, reason)


def nothing_yet(probe: Probe, clock: Clock) -> Reading:
    """In the place of a first reading where there was nothing to read."""
    return Reading(probe.name, clock.now(), 0.0, Result.NO_DATA, "nothing to read yet")


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
