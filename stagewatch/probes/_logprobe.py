"""An opened log: when it looks, in which thread, and what a look comes to as a reading."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stagewatch.logs.named import TOO_SLOW
from stagewatch.logs.told import partial_facts
from stagewatch.model import Fact, LogLine, Reading, Result, Signal
from stagewatch.probes._lookout import Lookout

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.logs.batch import Batch
    from stagewatch.logs.state import Loss
    from stagewatch.logs.watch import LogWatch
    from stagewatch.probes.log import LogConfig

SLACK = 0.1
"""Share of the interval by which a reading may come late and still be in time; see coverage."""


class LogProbe:
    """An opened log. Every file is touched in the probe's own thread only."""

    def __init__(
        self,
        name: str,
        config: LogConfig,
        clock: Clock,
        watch: LogWatch,
        signals: tuple[Signal, ...],
        *,
        shown: bool = True,
    ) -> None:
        self.name, self.config, self.clock, self.watch = name, config, clock, watch
        self.every = float(config.every)
        self.tick = self.every
        self.deadline = float(config.timeout)
        self.signals = signals
        self._lookout = Lookout[Reading | None](name, watch, clock, self._is_worth_it, shown=shown)
        self._recorded: float | None = None
        self._troubles: list[str] = []
        self._before = watch.counts.before_watch

    def follow(self, hurry: Callable[[], None]) -> None:
        """Look without being asked from now on; see ``Follower``."""
        self._lookout.follow(hurry)

    async def read(self) -> Reading | None:
        """What is new; None while there is nothing new and no reading is due."""
        at, began = self.clock.now(), self.clock.monotonic()
        due = self._recorded is None or began - self._recorded >= SLACK * self.every
        if self._lookout.follows and not (due or self._lookout.news):
            return None
        reading = await self._lookout.ask(partial(self._report, due=due))
        if reading is None:
            return None
        self._recorded = began
        return replace(reading, at=at, took=self.clock.monotonic() - began)

    async def aclose(self) -> None:
        """Release the files; idempotent."""
        await self._lookout.aclose()

    # What follows runs in the lookout's thread.

    def _is_worth_it(self, batch: Batch) -> bool:
        """Whether there is more to tell than that all is as it was."""
        return bool(batch.seen) or [t.text for t in self.watch.troubles] != self._troubles

    def _report(self, batch: Batch, *, due: bool) -> Reading | None:
        if not (due or self._is_worth_it(batch)):
            return None
        self._troubles = [trouble.text for trouble in self.watch.troubles]
        return self._reading(batch)

    def _reading(self, batch: Batch) -> Reading:
        from stagewatch.logs.state import dumps

        values = self._values()
        result, reason = self._outcome(batch)
        usable = result is Result.VALUE
        missing = {} if usable else dict.fromkeys(values, reason)
        if self.watch.no_baseline:
            missing[f"{self.name}.new"] = self.watch.no_baseline
        return Reading(
            probe=self.name,
            at=self.clock.now(),
            took=0.0,
            result=result,
            reason=reason,
            values=values if usable else {},
            missing=missing,
            facts=self._facts(batch),
            lines=tuple(self._lines(batch)),
            patterns=self.watch.patterns.changed(),
            checkpoint=dumps(self.watch.state(self.clock.now())),
        )

    def _values(self) -> dict[str, float]:
        counts = self.watch.counts
        found = {
            "lines": counts.lines,
            "errors": counts.errors,
            "warnings": counts.warnings,
            "criticals": counts.criticals,
            **({} if self.watch.no_baseline else {"new": self.watch.patterns.new}),
            **{key: counts.named.get(key, 0) for key in self.config.count},
        }
        return {f"{self.name}.{key}": float(value) for key, value in found.items()}

    def _outcome(self, batch: Batch) -> tuple[Result, str]:
        """All is well when any file could be read; the others are named."""
        troubles = self.watch.troubles
        reason = "; ".join(
            [
                *(trouble.text for trouble in troubles),
                *self._too_early(),
                *(f"{name} {why}" for name, why in self.watch.named.partial.items()),
                *filter(None, [self.watch.no_baseline]),
            ]
        )
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
        if batch.before is not None:
            facts["lines_before"] = batch.before
        losses = self.watch.all_losses()
        facts["at_least"] = bool(losses)
        if losses:
            facts |= _loss_facts(losses)
        facts |= partial_facts(self._partial())
        slow = (
            f"{name} {why}" for name, why in self.watch.named.partial.items() if why == TOO_SLOW
        )
        problems = [*(trouble.text for trouble in self.watch.troubles), *slow]
        if problems:
            facts["problem"] = "; ".join(problems)
        return facts

    def _partial(self) -> dict[str, str]:
        """Signals that may be too low although no line was lost, and why."""
        found = dict(self.watch.named.partial)
        if self.watch.patterns.overflown:
            found["new"] = "there are more patterns than are told apart"
        elif self.watch.patterns.wordless:
            found["new"] = "a record is longer than 4 KiB, with nothing in that of what it says"
        counts, why = self.watch.counts, []
        if counts.unread:
            why.append(
                f"{counts.unread} lines could not be read ({counts.fault}), which is a defect of"
                " stagewatch; please report it"
            )
        if counts.cut:
            records = "1 record is" if counts.cut == 1 else f"{counts.cut} records are"
            why.append(f"{records} longer than 4 KiB, with no level in that")
        if why:
            found |= dict.fromkeys(("criticals", "errors", "new"), "; ".join(why))
        return found

    def _lines(self, batch: Batch) -> Iterator[LogLine]:
        from stagewatch.text import clean

        several = glob.has_magic(self.config.path)
        for kept in batch.lines():
            text = kept.raw.rstrip(b"\r").decode(self.config.encoding, "replace")
            source = kept.path if several else self.config.path
            yield LogLine(kept.at, source, kept.level or "", clean(text))


def _loss_facts(losses: list[Loss]) -> dict[str, Fact]:
    from stagewatch.logs.losses import LISTED
    from stagewatch.text import clean

    last = losses[-1]
    closed = [loss for loss in losses if loss.until is not None]
    older = closed[:-LISTED]
    facts: dict[str, Fact] = {
        "loss_since": losses[0].since,
        "loss_cause": last.cause,
        "losses": msgspec.json.encode(
            [
                msgspec.structs.replace(loss, path=clean(loss.path))
                for loss in losses
                if loss not in older
            ]
        ).decode(),
    }
    if older:
        facts["losses_before"] = len(older)  # the checkpoint has them
    if all(loss.until is not None for loss in losses):
        facts["loss_until"] = max(loss.until or 0.0 for loss in losses)
    return facts
