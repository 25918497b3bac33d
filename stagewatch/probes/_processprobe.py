"""An opened process probe: looks at its processes, and says which one it watched."""

from __future__ import annotations

import asyncio
import json

from stagewatch.clock import Clock
from stagewatch.model import Reading, Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._aside import Resident
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._match import ByPattern, ByPidFile, Finder
from stagewatch.probes._meter import Meter, Sums
from stagewatch.probes._proc import Proc, Stat
from stagewatch.probes.process import ProcessConfig
from stagewatch.profile.values import format_duration

GRACE = 0.5
"""Seconds beyond ``timeout`` before the recorder gives up on a probe that should have ended."""


class ProcessProbe:
    """Processes, looked at in intervals from a thread of the probe's own."""

    def __init__(
        self, name: str, config: ProcessConfig, context: OpenContext, signals: tuple[Signal, ...]
    ) -> None:
        self.name = name
        self.every = self.tick = float(config.every)
        self.deadline = config.timeout + GRACE
        self.signals = signals
        self._timeout = float(config.timeout)
        self._clock = context.clock
        proc = Proc()
        self._meter = Meter(
            proc, _finder(proc, config, context), self._clock.boot, tree=config.tree
        )
        self._identity = Identity(proc, self._clock, context.checkpoint)
        self._aside = Resident(f"process-{name}")

    async def read(self) -> Reading:
        """Look once."""
        at = self._clock.now()
        began = self._clock.monotonic()
        try:
            sums = await self._look()
        except FailureError as failure:
            return self._failed(failure, at, self._clock.monotonic() - began)
        checkpoint = self._identity.of(sums.main)
        return Reading(
            probe=self.name,
            at=at,
            took=self._clock.monotonic() - began,
            result=Result.VALUE,
            values={f"{self.name}.{key}": value for key, value in sums.values.items()},
            missing={f"{self.name}.{key}": why for key, why in sums.missing.items()},
            facts={"proc": self._identity.label},
            checkpoint=checkpoint,
        )

    async def aclose(self) -> None:
        """End the thread; one that hangs in the kernel is left alone."""
        self._aside.close()

    async def _look(self) -> Sums:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._aside.run(self._meter.look)
        except TimeoutError as error:
            within = format_duration(self._timeout)
            reason = f"the kernel did not tell about the process within {within}"
            raise FailureError("timeout", reason) from error
        except OSError as error:
            raise FailureError("proc", f"cannot read /proc: {os_words(error)}") from error

    def _failed(self, failure: FailureError, at: float, took: float) -> Reading:
        known = {f"{self.name}.count": 0.0} if failure.kind in {"absent", "zombie"} else {}
        reason = str(failure)
        return Reading(
            probe=self.name,
            at=at,
            took=took,
            result=Result.ERROR,
            reason=reason,
            values=known,
            missing={signal.name: reason for signal in self.signals if signal.name not in known},
            facts={"failure": failure.kind},
        )


class Identity:
    """``pid@start`` of the watched process, the same in every reading of its life.

    The kernel counts starts in ticks after boot. The Unix time that this comes to moves whenever
    the clock is set, and a moved start would look like a restart; so it is worked out once for
    each process, and kept in the checkpoint for the next recorder.
    """

    def __init__(self, proc: Proc, clock: Clock, checkpoint: str | None) -> None:
        self._clock = clock
        self._hz = proc.hz
        self._boot_id = proc.boot_id()
        self._key, self.label = _remembered(checkpoint)
        self._checkpoint = checkpoint or ""

    def of(self, main: Stat) -> str:
        """Set ``label`` for this process, and return the checkpoint that keeps it."""
        key = [self._boot_id, main.pid, main.started]
        if key != self._key:
            age = self._clock.boot() - main.started / self._hz
            self._key, self.label = key, f"{main.pid}@{self._clock.now() - age:.2f}"
            self._checkpoint = json.dumps({"key": self._key, "proc": self.label})
        return self._checkpoint


def _remembered(checkpoint: str | None) -> tuple[list[object], str]:
    try:
        kept = json.loads(checkpoint or "{}")
        return list(kept["key"]), str(kept["proc"])
    except (ValueError, KeyError, TypeError):
        return [], ""


def _finder(proc: Proc, config: ProcessConfig, context: OpenContext) -> Finder:
    if config.pid_file:
        return ByPidFile(proc, context.base / config.pid_file, config.match)
    return ByPattern(proc, config.match, context.clock.boot)
