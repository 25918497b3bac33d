"""Polling: the interval stands in the source, and the watch observes it. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.drills.ground import Ground
from stagewatch.drills.outcome import PASSED, Outcome
from stagewatch.model import Reading, probe_of
from stagewatch.probes import OpenContext, probe_kind
from stagewatch.probes._bounded import nothing_yet, read_bounded
from stagewatch.profile.drills import Polling
from stagewatch.profile.values import format_duration


def plan(drill: Polling) -> Iterator[str]:
    """What will be looked at."""
    yield "nothing is sent"
    if drill.source:
        yield f"the probe {probe_of(drill.source)} is run once: {drill.source} is 1 or more"
    if drill.observed:
        span, spare = format_duration(drill.interval), format_duration(drill.tolerance)
        yield f"{drill.observed}, as the running watch read it last, is {span} ± {spare}"


def disturbs(drill: Polling) -> float:
    """Nothing is disturbed."""
    return 0.0


def lasts(drill: Polling) -> tuple[float, float]:
    """Seconds until it has passed, at the least and at the most: it waits for nothing."""
    return 0.0, 0.0


async def run(drill: Polling, ground: Ground) -> Outcome:
    """Look."""
    values: dict[str, float] = {}
    said: list[str] = []
    if drill.source:
        reading = await _once(probe_of(drill.source), ground)
        found = reading.values.get(drill.source)
        if found is None:
            why = reading.missing.get(drill.source) or reading.reason or "it has no value"
            return Outcome("no-source", f"{drill.source}: {why}", "mend the probe", values, why)
        values["found"] = found
        if found < 1:
            text = f"{drill.source} is {found:g}: the pattern is not in the source"
            return Outcome("not-in-source", text, "the fix is not in this build", values, text)
        said.append(f"{drill.source} is {found:g}")
    if drill.observed:
        interval, why = ground.observed(drill.observed)
        if interval is None:
            remedy = "wait until clients have polled for a while, and run it again"
            return Outcome("no-data", f"{drill.observed}: {why}", remedy, values, why)
        values["interval"] = interval
        said.append(f"{drill.observed} is {format_duration(interval)}")
        if abs(interval - drill.interval) > drill.tolerance:
            text = f"{drill.observed} is {format_duration(interval)},"
            text += f" not {format_duration(drill.interval)} ± {format_duration(drill.tolerance)}"
            return Outcome("wrong-interval", text, "clients poll otherwise", values)
    return Outcome(PASSED, " and ".join(said), values=values, missing="this is not looked at")


async def _once(name: str, ground: Ground) -> Reading:
    config = ground.profile.probe[name]
    context = OpenContext(
        clock=ground.clock,
        base=ground.base,
        watch_start=ground.clock.now(),
        refusal=ground.refusal,
    )
    probe = probe_kind(config.kind).open(name, config, context)
    try:
        return await read_bounded(probe, ground.clock) or nothing_yet(probe, ground.clock)
    finally:
        await probe.aclose()
