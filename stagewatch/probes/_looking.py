"""A probe that looks, and tells what it found: the part that most kinds have in common."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from stagewatch.model import Fact, Reading, Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._aside import Aside
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import format_duration
from stagewatch.text import clean, masked

GRACE = 0.5
"""Seconds beyond ``timeout`` before the recorder gives up on a probe that should have ended."""
MAX_REASON = 300
"""Characters of a reason."""


@dataclass(slots=True)
class Found:
    """One look; the keys are the signals' names without the probe's."""

    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    result: Result = Result.VALUE
    reason: str = ""

    def amiss(self, reason: str) -> None:
        """Something that was asked for is not there: no VALUE, and the first reason counts."""
        self.result = Result.NO_DATA
        self.reason = self.reason or reason


Look = Callable[[], Awaitable[Found]]


def aside(name: str, look: Callable[[], Found]) -> Look:
    """A blocking ``look`` on a thread of the probe's own."""
    thread = Aside(name)
    return lambda: thread.run(look)


class LookingProbe:
    """Looks at an interval, each time within the deadline, and makes readings of it."""

    def __init__(
        self,
        name: str,
        config: ProbeConfig,
        context: OpenContext,
        signals: tuple[Signal, ...],
        look: Look,
        *,
        late: str,
        secrets: Collection[str] = (),
        down: Mapping[str, float] | None = None,
    ) -> None:
        """``late`` says what a look that takes too long means; ``down`` is known of a failed one.

        ``secrets`` is a live collection of what must never be shown.
        """
        self.name = name
        self.every = self.tick = float(config.every)
        self.deadline = config.timeout + GRACE
        self.signals = signals
        self._timeout = float(config.timeout)
        self._clock = context.clock
        self._look = look
        self._late = late
        self._secrets = secrets
        self._down = dict(down or {})

    async def read(self) -> Reading:
        """Look once."""
        at = self._clock.now()
        began = self._clock.monotonic()
        found = await self._found()
        return self._reading(found, at, self._clock.monotonic() - began)

    async def aclose(self) -> None:
        """Nothing is held open between looks."""

    async def _found(self) -> Found:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._look()
        except FailureError as failure:
            return self._failed(failure.kind, str(failure))
        except TimeoutError:
            within = format_duration(self._timeout)
            return self._failed("timeout", f"{self._late} within {within}")
        except OSError as error:
            return self._failed("system", os_words(error))

    def _failed(self, kind: str, reason: str) -> Found:
        return Found(
            values=dict(self._down), facts={"failure": kind}, result=Result.ERROR, reason=reason
        )

    def _reading(self, found: Found, at: float, took: float) -> Reading:
        reason = self._inert(found.reason)
        missing = {key: self._inert(why) for key, why in found.missing.items()}
        values = {key: value for key, value in found.values.items() if math.isfinite(value)}
        for signal in self.signals:
            key = signal.name.removeprefix(f"{self.name}.")
            if key not in values:
                missing.setdefault(key, reason or "no value")
        return Reading(
            probe=self.name,
            at=at,
            took=took,
            result=found.result,
            reason=reason,
            values={f"{self.name}.{key}": value for key, value in values.items()},
            missing={f"{self.name}.{key}": why for key, why in missing.items()},
            facts={
                key: self._inert(fact) if isinstance(fact, str) else fact
                for key, fact in found.facts.items()
            },
        )

    def _inert(self, text: str) -> str:
        # Masked first, since a text that is cut first may keep half a secret.
        return clean(masked(text, self._secrets), MAX_REASON)
