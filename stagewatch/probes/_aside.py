"""Blocking calls away from the event loop, on a daemon thread that is the probe's own.

A shared pool (``asyncio.to_thread``) starves every probe as soon as a few calls hang: a resolver
without a network, a read of ``/proc`` behind a process that holds its memory lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from stagewatch.probes._failure import FailureError

T = TypeVar("T")
Work = Callable[[], None]


class Aside:
    """Runs one call at a time; a call that hangs costs one thread, however often it is tried."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns or raise what it raises.

        Waits first for a call that an earlier, cancelled ``run`` has left behind. Raises
        FailureError when the machine has no thread left.
        """
        while not self._idle.is_set():
            await self._idle.wait()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        outcome: list[T | Exception] = []
        try:
            self._begin(lambda: self._work(call, outcome, loop, ended))
        except RuntimeError as error:
            raise FailureError("threads", f"{error} on this machine") from error
        self._idle.clear()
        await ended
        result = outcome[0]
        if isinstance(result, Exception):
            raise result
        return result

    def _begin(self, work: Work) -> None:
        """Have it done in a thread; raises RuntimeError when there is none."""
        # The thread must not keep the recorder from ending, so it is a daemon.
        Thread(target=work, name=self._name, daemon=True).start()

    def _work(
        self,
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
            loop.call_soon_threadsafe(self._ended, ended)

    def _ended(self, ended: asyncio.Future[None]) -> None:
        self._idle.set()
        if not ended.done():  # else who waited was cancelled
            ended.set_result(None)


class Resident(Aside):
    """Keeps its thread from one call to the next, for a probe that is read often.

    To start a thread takes several times as long as to wake one. Whoever has it must close it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._inbox: SimpleQueue[Work | None] | None = None

    def close(self) -> None:
        """End the thread, after a call that is on the way. Idempotent; a later run starts anew."""
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            inbox.put(None)

    def _begin(self, work: Work) -> None:
        if self._inbox is None:
            inbox: SimpleQueue[Work | None] = SimpleQueue()
            super()._begin(lambda: _serve(inbox))
            self._inbox = inbox  # only now is there somebody who reads it
        self._inbox.put(work)


def _serve(inbox: SimpleQueue[Work | None]) -> None:
    while (work := inbox.get()) is not None:
        work()
        del work  # and what it has found, which may be large, until the next one comes
