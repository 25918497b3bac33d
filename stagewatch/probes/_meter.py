"""Adding up what a group of processes uses."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from stagewatch.probes._failure import FailureError
from stagewatch.probes._match import Finder
from stagewatch.probes._proc import NotPermittedError, Proc, Stat

PSS_CHEAP = 0.001
"""Seconds; PSS that takes less is read every time."""
PSS_EVERY = 60.0
"""Seconds between costly readings of PSS, which hold the process's memory lock."""


@dataclass(slots=True)
class Sums:
    """One look at the processes; the keys are the signals' names without the probe's."""

    main: Stat
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Meter:
    """Adds up processes. It remembers CPU times and the cost of PSS from one look to the next."""

    def __init__(
        self, proc: Proc, finder: Finder, boot: Callable[[], float], *, tree: bool
    ) -> None:
        self._proc = proc
        self._finder = finder
        self._tree = tree
        self._own = {os.getpid()}
        self._boot = boot
        self._used: dict[tuple[int, int], int] = {}
        self._looked: float | None = None
        self._pss_at = -PSS_EVERY
        self._pss_took = 0.0

    def look(self) -> Sums:
        """Read everything once; raises FailureError when there is no such process."""
        found = self._finder.find()
        members = self._proc.families(found, self._own) if self._tree else found
        if not members:
            raise FailureError("absent", f"process {found[0].pid} ended while it was read")
        now = self._boot()
        sums = Sums(found[0])
        sums.values |= {
            "rss": float(sum(self._proc.resident(stat) for stat in members)),
            "threads": float(sum(stat.threads for stat in members)),
            "count": float(len(members)),
            "uptime": max(0.0, now - found[0].started / self._proc.hz),
        }
        self._add(sums, "fds", lambda: sum(self._proc.descriptors(s.pid) for s in members))
        self._add_pss(sums, members, now)
        self._add_cpu(sums, members, now)
        return sums

    def _add(self, sums: Sums, key: str, read: Callable[[], float]) -> None:
        try:
            sums.values[key] = float(read())
        except NotPermittedError as error:
            sums.missing[key] = str(error)

    def _add_pss(self, sums: Sums, members: list[Stat], now: float) -> None:
        if self._pss_took > PSS_CHEAP and now - self._pss_at < PSS_EVERY:
            took = f"{1000 * self._pss_took:.0f} ms"
            sums.missing["pss"] = f"read once in {PSS_EVERY:g} s only, as it takes {took}"
            return
        began = perf_counter()
        self._add(sums, "pss", lambda: sum(self._proc.pss(stat.pid) for stat in members))
        self._pss_took = perf_counter() - began
        self._pss_at = now

    def _add_cpu(self, sums: Sums, members: list[Stat], now: float) -> None:
        before, since = self._used, self._looked
        self._used = {stat.ident: stat.used for stat in members}
        self._looked = now
        if since is None or now <= since:
            sums.missing["cpu"] = "known from the second reading on"
            return
        ticks = 0
        for stat in members:
            born_since = stat.started / self._proc.hz >= since
            ticks += stat.used - before.get(stat.ident, 0 if born_since else stat.used)
        sums.values["cpu"] = 100 * ticks / self._proc.hz / (now - since)
