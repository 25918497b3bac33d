"""``stagewatch check``: every probe once, before anybody relies on it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import click

from stagewatch.commands.options import Settings, profile_option
from stagewatch.commands.where import profile_path
from stagewatch.derived import Derivations
from stagewatch.model import Reading, Result, Signal
from stagewatch.probes import Probe, is_opened
from stagewatch.profile.schema import ProbeConfig

if TYPE_CHECKING:
    from stagewatch.profile.load import LoadedProfile

NOT_READY = 1


@click.command(help="Run every probe once and name every problem of the profile.")
@profile_option
@click.pass_context
def check(ctx: click.Context, profile: str | None) -> None:
    """Exit status: 0 every probe has all its values, 1 some have not, 2 the profile is wrong."""
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import read

    settings: Settings = ctx.obj.merged(profile)
    path = profile_path(settings)
    loaded = read(path, InstalledKinds())
    click.echo(f"{path}: no problems")
    try:
        readings = asyncio.run(_read_all(loaded))
    except asyncio.CancelledError:
        # Ctrl-C in the moment before asyncio begins to count interrupts.
        raise KeyboardInterrupt from None
    for name, reading in readings.items():
        for line in _lines(loaded.profile.probe[name], reading):
            click.echo(line)
    bad = [name for name, reading in readings.items() if reading.result is not Result.VALUE]
    if bad:
        click.echo(f"{len(bad)} of {len(readings)} probes have no complete reading", err=True)
        ctx.exit(NOT_READY)


async def _read_all(loaded: LoadedProfile) -> dict[str, Reading]:
    # All are opened before the first is read: the imports of one must not delay another's answer.
    probes = _opened(loaded)
    readings = await asyncio.gather(*map(_read, probes))
    # A derived signal follows one source and uses the newest of the others: those come first.
    derivations = Derivations(loaded.profile.probe)
    for reading in readings:
        derivations.note(reading)
    derived = [made for reading in readings for made in derivations.readings(reading)]
    return {reading.probe: reading for reading in (*readings, *derived)}


def _opened(loaded: LoadedProfile) -> list[Probe]:
    from stagewatch.clock import SystemClock
    from stagewatch.probes import OpenContext, probe_kind
    from stagewatch.trust import Subject, TrustStore

    clock = SystemClock()
    subject = Subject(loaded.path, loaded.sha256)
    context = OpenContext(
        clock=clock,
        base=loaded.base,
        watch_start=clock.now(),
        refusal=partial(TrustStore(os.environ).refusal, subject),
    )
    return [
        probe_kind(config.kind).open(name, config, context)
        for name, config in loaded.profile.probe.items()
        if is_opened(config)
    ]


async def _read(probe: Probe) -> Reading:
    from stagewatch.clock import SystemClock
    from stagewatch.recorder.schedule import read_bounded

    clock = SystemClock()
    try:
        reading = await read_bounded(probe, clock)
    finally:
        await probe.aclose()
    return reading or Reading(probe.name, clock.now(), 0.0, Result.NO_DATA, "nothing to read yet")


def _lines(config: ProbeConfig, reading: Reading) -> Iterable[str]:
    from stagewatch.probes import probe_kind
    from stagewatch.profile.values import format_value

    took = f"{reading.took * 1000:.0f} ms"
    why = f"  {reading.reason}" if reading.reason else ""
    yield f"{reading.result.value:<8} {reading.probe} ({config.kind}, {took}){why}"
    signals: tuple[Signal, ...] = probe_kind(config.kind).signals(reading.probe, config)
    without = []
    for signal in signals:
        value = reading.values.get(signal.name)
        reason = reading.missing.get(signal.name, "no value")
        if value is not None:
            yield f"           {signal.name} = {format_value(value, signal.unit)}"
        elif reason == reading.reason:
            without.append(signal.name)
        else:
            yield f"           {signal.name}: {reason}"
    if without:
        yield f"           no value for {', '.join(without)}"
