"""The one place that asks the machine for the time; everything else takes a ``Clock``."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall clock for labels, boot clock for durations (it goes on through a suspend)."""

    def now(self) -> float:
        """Unix seconds, UTC."""
        ...

    def boot(self) -> float:
        """Seconds since the machine booted, suspend included (CLOCK_BOOTTIME)."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps and stops during suspend."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of monotonic time; at once for zero or less."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.time()

    def boot(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        # Here, because every command imports this module and few of them ever sleep.
        import asyncio

        await asyncio.sleep(max(0.0, seconds))
