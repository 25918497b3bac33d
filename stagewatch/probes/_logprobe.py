"""An opened log: when it looks, in which thread, and what a look comes to as a reading."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from stagewatch.model import Fact, LogLine, Reading, Result, Signal

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.logs.batch import Batch
    from stagewatch.logs.state import Loss
    from stagewatch.logs.watch import LogWatch
    from stagewatch.probes.log import LogConfig

TICK = 0.25
INLINE = 64 * 1024
"""Bytes that are read on the event loop; more goes to the probe's own thread."""


class LogProbe:
    """An opened log. Reads little on the loop and much in a thread of its own."""

    def __init__(
        self,
        name: str,
        config: LogConfig,
        clock: Clock,
        watch: LogWatch,
        signals: tuple[Signal, ...],
    ) -> None:
        self.name, self.config, self.clock, self.watch = name, config, clock, watch
        self.every = float(config.every)
        self.tick = TICK
        self.deadline = float(config.timeout)
        self.signals = signals
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[Batch] | None = None
        self._recorded: float | None = None
        self._troubles: list[str] = []
        self._before = watch.counts.before_watch

    async def read(self) -> Reading | None:
        """Look once; None while there is nothing new and no reading is due."""
        at, began = self.clock.now(), self.clock.monotonic()
        batch = await self._look()
        troubles = [trouble.text for trouble in self.watch.troubles]
        changed = troubles != self._troubles
        due = self._recorded is None or began - self._recorded >= self.every - TICK / 2
        if not (batch.seen or changed or due):
            return None
        self._recorded, self._troubles = began, troubles
        return self._reading(at, self.clock.monotonic() - began, batch)

    async def aclose(self) -> None:
        """Release the files; idempotent."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await asyncio.get_running_loop().run_in_executor(None, pool.shutdown)
        self.watch.close()

    async def _look(self) -> Batch:
        """Look in the loop where little is to be read, and in a thread where it may be much."""
        if self._running is None:
            clock, first = self.clock, self._recorded is None
            if not first and self.watch.behind <= INLINE:
                return self.watch.look(clock.now(), clock.boot())
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"log-{self.name}")
            self._running = self._pool.submit(self.watch.look, clock.now(), clock.boot())
        running = self._running
        # A look that outlives its deadline goes on; the next reading takes what it found.
        batch = await asyncio.shield(asyncio.wrap_future(running))
        self._running = None
        return batch

    def _reading(self, at: float, took: float, batch: Batch) -> Reading:
        from stagewatch.logs.state import dumps

        counts = self.watch.counts
        values = {
            f"{self.name}.lines": float(counts.lines),
            f"{self.name}.errors": float(counts.errors),
            f"{self.name}.warnings": float(counts.warnings),
            f"{self.name}.criticals": float(counts.criticals),
        }
        result, reason = self._outcome(batch)
        usable = result is Result.VALUE
        return Reading(
            probe=self.name,
            at=at,
            took=took,
            result=result,
            reason=reason,
            values=values if usable else {},
            missing={} if usable else dict.fromkeys(values, reason),
            facts=self._facts(batch),
            lines=tuple(self._lines(batch)),
            checkpoint=dumps(self.watch.state(self.clock.now())),
        )

    def _outcome(self, batch: Batch) -> tuple[Result, str]:
        """All is well when any file could be read; the others are named."""
        troubles = self.watch.troubles
        reason = "; ".join([*(trouble.text for trouble in troubles), *self._too_early()])
        if not troubles or batch.seen or len(troubles) < len(self.watch.paths):
            return Result.VALUE, reason
        absent = all(trouble.absent for trouble in troubles)
        return (Result.NO_DATA if absent else Result.ERROR), reason

    def _too_early(self) -> Iterator[str]:
        """Say so when records were left out since the last reading."""
        before = self.watch.counts.before_watch
        if before > self._before:
            yield (
                f"{before - self._before} records carry a time before the watch and do not count;"
                " if the log does not write UTC, set zone"
            )
        self._before = before

    def _facts(self, batch: Batch) -> dict[str, Fact]:
        counts = self.watch.counts
        facts: dict[str, Fact] = {
            "path": self.config.path,
            "files": len(self.watch.paths),
            "tracebacks": counts.tracebacks,
            "before_watch": counts.before_watch,
            "left_out": batch.seen - len(batch),
            "behind": self.watch.behind,
        }
        losses = self.watch.all_losses()
        facts["at_least"] = bool(losses) or self.watch.losses.left_out > 0
        if losses:
            facts |= _loss_facts(losses)
        if self.watch.troubles:
            facts["problem"] = "; ".join(trouble.text for trouble in self.watch.troubles)
        return facts

    def _lines(self, batch: Batch) -> Iterator[LogLine]:
        from stagewatch.text import clean

        several = glob.has_magic(self.config.path)
        for kept in batch.lines():
            text = kept.raw.rstrip(b"\r").decode(self.config.encoding, "replace")
            source = kept.path if several else self.config.path
            yield LogLine(kept.at, source, kept.level or "", clean(text))


def _loss_facts(losses: list[Loss]) -> dict[str, Fact]:
    last = losses[-1]
    facts: dict[str, Fact] = {
        "loss_since": losses[0].since,
        "loss_cause": last.cause,
        "losses": msgspec.json.encode(losses).decode(),
    }
    if all(loss.until is not None for loss in losses):
        facts["loss_until"] = max(loss.until or 0.0 for loss in losses)
    return facts
