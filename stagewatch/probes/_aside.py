"""Blocking calls away from the event loop, on a daemon thread that is the probe's own.

A shared pool (``asyncio.to_thread``) starves every probe as soon as a few calls hang: a resolver
without a network, a read of ``/proc`` behind a process that holds its memory lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from stagewatch.probes._failure import FailureError

T = TypeVar("T")


class Aside:
    """Runs one call at a time; a call that hangs costs one thread, however often it is tried."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: asyncio.Future[None] | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns or raise what it raises.

        Waits first for a call that an earlier, cancelled ``run`` has left behind. Raises
        FailureError when the machine has no thread left.
        """
        while self._running is not None and not self._running.done():
            await asyncio.shield(self._running)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        outcome: list[T | Exception] = []
        # The thread must not keep the recorder from ending, so it is a daemon.
        work = (call, outcome, loop, ended)
        try:
            Thread(target=_work, args=work, name=self._name, daemon=True).start()
        except RuntimeError as error:
            raise FailureError("threads", f"{error} on this machine") from error
        self._running = ended
        await asyncio.shield(ended)
        result = outcome[0]
        if isinstance(result, Exception):
            raise result
        return result


def _work(
    call: Callable[[], T],
    outcome: list[T | Exception],
    loop: asyncio.AbstractEventLoop,
    ended: asyncio.Future[None],
) -> None:
    try:
        outcome.append(call())
    except Exception as error:  # noqa: BLE001 - the one that waits raises it
        outcome.append(error)
    # The loop may have closed while the call hung; then nobody waits any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_set, ended)


def _set(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
