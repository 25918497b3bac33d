"""Running every probe of a profile, once or at its own pace, and what is derived from that."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagewatch.clock import SystemClock
from stagewatch.derived import Derivations
from stagewatch.model import Reading
from stagewatch.probes import Probe, is_opened
from stagewatch.probes._bounded import nothing_yet, read_bounded

if TYPE_CHECKING:
    from stagewatch.profile.load import LoadedProfile


@dataclass(frozen=True, slots=True)
class Round:
    """The newest reading of every probe and derived signal, as of one moment."""

    at: float
    readings: Mapping[str, Reading]


class Rounds:
    """The opened probes; each round runs those whose time has come."""

    def __init__(self, loaded: LoadedProfile) -> None:
        # All are opened before the first is read: the imports of one must not delay the answer
        # of another.
        self._clock = SystemClock()
        self._probes = _opened(loaded, self._clock)
        self._names = list(loaded.profile.probe)
        self._derivations = Derivations(loaded.profile.probe)
        self._due = {probe.name: 0.0 for probe in self._probes}
        self._newest: dict[str, Reading] = {}

    async def round(self) -> Round:
        """Run what is due: everything at first, later each probe as often as the profile says and
        no more, so that watching the checks is no load."""
        now = self._clock.monotonic()
        due = [probe for probe in self._probes if self._due[probe.name] <= now]
        self._due |= {probe.name: now + probe.every for probe in due}
        found = await asyncio.gather(*map(self._read, due))
        readings = [reading for reading in found if reading is not None]
        # A derived signal follows one source and uses the newest of the others: those come first.
        for reading in readings:
            self._derivations.note(reading)
        for reading in readings:
            made = self._derivations.readings(reading)
            self._newest |= {each.probe: each for each in (reading, *made)}
        known = {name: self._newest[name] for name in self._names if name in self._newest}
        return Round(self._clock.now(), known)

    async def close(self) -> None:
        """Release what the probes hold."""
        await asyncio.gather(*(probe.aclose() for probe in self._probes))

    async def _read(self, probe: Probe) -> Reading | None:
        reading = await read_bounded(probe, self._clock)
        if reading is None and probe.name not in self._newest:
            return nothing_yet(probe, self._clock)
        return reading


def _opened(loaded: LoadedProfile, clock: SystemClock) -> list[Probe]:
    from stagewatch.probes import OpenContext, probe_kind
    from stagewatch.trust import refusal_of

    context = OpenContext(
        clock=clock,
        base=loaded.base,
        watch_start=clock.now(),
        refusal=refusal_of(loaded.path, loaded.sha256, os.environ),
    )
    return [
        probe_kind(config.kind).open(name, config, context)
        for name, config in loaded.profile.probe.items()
        if is_opened(config)
    ]
