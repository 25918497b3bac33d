"""What changed from one reading of a probe to the next: down, up, restarted."""

from __future__ import annotations

from collections.abc import Mapping

from stagewatch.model import Event, Fact, Reading, Result
from stagewatch.profile.values import format_duration


class Transitions:
    """Remembers each probe's last state and tells what a new reading changes."""

    def __init__(
        self,
        latest: Mapping[str, Reading] | None = None,
        failures: Mapping[str, tuple[float | None, float]] | None = None,
    ) -> None:
        """Continue from an earlier recorder's last readings and failures, where there are any."""
        self._down: dict[str, float] = {}
        self._proc: dict[str, Fact] = {}
        for probe, reading in (latest or {}).items():
            lasted = (failures or {}).get(probe, (reading.at, 0.0))[1]
            self._remember(reading, since=reading.at - lasted)

    def events(self, reading: Reading) -> list[Event]:
        """The events that this reading makes, oldest first."""
        if reading.result is Result.SKIPPED:
            return []
        found = [*self._restarted(reading), *self._turned(reading)]
        self._remember(reading, since=reading.at)
        return found

    def _remember(self, reading: Reading, since: float) -> None:
        if reading.result is Result.VALUE:
            self._down.pop(reading.probe, None)
        elif reading.result is not Result.SKIPPED:
            self._down.setdefault(reading.probe, since)
        if "proc" in reading.facts:
            self._proc[reading.probe] = reading.facts["proc"]

    def _restarted(self, reading: Reading) -> list[Event]:
        before = self._proc.get(reading.probe)
        after = reading.facts.get("proc")
        if before is None or after is None or before == after:
            return []
        text = f"{reading.probe} restarted: {before} is now {after}"
        return [Event(reading.at, "restart", text, reading.probe)]

    def _turned(self, reading: Reading) -> list[Event]:
        since = self._down.get(reading.probe)
        if reading.result is Result.VALUE:
            if since is None:
                return []
            text = f"{reading.probe} is back after {format_duration(reading.at - since)}"
            return [Event(reading.at, "up", text, reading.probe)]
        if since is not None:
            return []
        reason = reading.reason or f"{reading.result.value} without a reason"
        return [Event(reading.at, "down", f"{reading.probe}: {reason}", reading.probe)]
