"""A log's own thread: nothing that may wait for a disk or a network mount runs anywhere else.

It looks whenever it is asked, and once ``follow`` was called also by itself: when the kernel tells
that something happened, and else every two seconds. Where the kernel does not tell, which shows
when a look finds lines that it was silent about, it looks every 0.4 s.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from stagewatch.logs.watch import SILENCE
from stagewatch.probes._ears import Ears

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.logs.batch import Batch
    from stagewatch.logs.watch import LogWatch

T = TypeVar("T")

APART = 0.4
"""Seconds between two looks at least, however much is written; without the kernel's word, too."""
SLOW, SEARCHING = 2.0, 1.0
"""Seconds between two looks with the kernel's word, and with it for a pattern."""


ERRORS_WAIT, OTHERS_WAIT = 1.0, 2.0
"""Seconds after a reading until errors, and until other lines, are worth the next one. A critical
line always is. Errors that follow a reading of errors wait as other lines do, unless one is new."""


class Lookout(Generic[T]):
    """Looks at a log in a daemon thread, which is started by the first call and one at most."""

    def __init__(
        self,
        name: str,
        watch: LogWatch,
        clock: Clock,
        worth: Callable[[Batch], bool],
        *,
        shown: bool = True,
    ) -> None:
        """``worth`` says, in the thread, whether what was found should become a reading; one that
        is not ``shown`` waits for its time unless it is pressing, or more than can wait."""
        self.news = False
        """Something worth a reading was found since the last one; never looked up on a disk."""
        self.follows = False
        self._name, self._watch, self._clock, self._worth = name, watch, clock, worth
        self._shown = shown
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._asked: tuple[Callable[[Batch], T], Future[T]] | None = None
        self._running: Future[T] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hurry: Callable[[], None] = lambda: None
        self._stopping = False
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        # All below belongs to the thread.
        self._ears: Ears | None = None
        self._batch: Batch | None = None
        self._critical = self._new = 0
        """Critical lines that were found since the last reading, and new patterns at it."""
        self._erring = False
        """The last reading held errors."""
        self._told = False
        """The kernel is why the present look is taken."""
        self._fresh = True
        """Nothing has been told yet."""
        self._looked = self._answered = 0.0

    def follow(self, hurry: Callable[[], None]) -> None:
        """Look by yourself as well; ``hurry`` is called in the running loop for what is urgent."""
        self._loop, self._hurry, self.follows = asyncio.get_running_loop(), hurry, True

    async def ask(self, make: Callable[[Batch], T]) -> T:
        """Look now, and return what ``make``, called in the thread, makes of all that was found.

        A look that outlives the caller's patience goes on; the next call takes what it found.
        """
        if self._running is None:
            self._running = Future()
            with self._lock:
                self._asked = make, self._running
            self._start()
            self._ring()
        running = self._running
        try:
            made = await asyncio.shield(asyncio.wrap_future(running))
        except Exception:
            self._running = None
            raise
        self._running = None
        return made

    async def aclose(self, patience: float = 1.0) -> None:
        """End the thread and close the log; one that hangs is left alone. Idempotent."""
        self._stopping = True
        self._ring()
        thread = self._thread
        if thread is not None and thread.is_alive():
            await asyncio.get_running_loop().run_in_executor(None, thread.join, patience)
        if thread is None or not thread.is_alive():
            self._watch.close()
            with self._lock:
                bell, self._bell = self._bell, -1
            if bell >= 0:
                os.close(bell)

    def _ring(self) -> None:
        with self._lock:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def _start(self) -> None:
        if self._thread is None:
            name = f"log-{self._name}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            self._wait()
            with self._lock:
                asked, self._asked = self._asked, None
            if asked is not None:
                self._answer(*asked)
            elif not self._stopping:
                self._look_by_itself()
        if self._ears is not None:
            self._ears.close()

    def _answer(self, make: Callable[[Batch], T], future: Future[T]) -> None:
        try:
            made = make(self._look())
        # Whoever asked gets it: the recorder's boundary around probes deals with it.
        except Exception as error:  # noqa: BLE001
            future.set_exception(error)
        else:
            self._erring = self._batch is not None and self._batch.errors > 0
            self._new = self._watch.patterns.new
            self._batch, self._critical, self.news = None, 0, False
            self._answered = self._looked
            future.set_result(made)

    def _look_by_itself(self) -> None:
        """Find out whether there is something to tell; an error comes again when one asks."""
        seen = self._batch.seen if self._batch is not None else 0
        try:
            batch = self._look()
            self.news = self._worth(batch)
        # The boundary of this thread: it must not end, and the next reading says what is wrong.
        except Exception:  # noqa: BLE001
            self.news = True
            return
        ears = self._ears
        if batch.seen > seen and ears is not None and not self._told and not self._fresh:
            ears.deaf = ears.deaf or not ears.happened()
        self._fresh = False
        if self._is_urgent(batch) and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._hurry)

    def _is_urgent(self, batch: Batch) -> bool:
        """Whether a reading should be taken now, or what was found can wait for company."""
        critical = batch.critical > self._critical
        self._critical = batch.critical
        if critical or not self.news or self._can_wait(batch):
            return critical
        going_on = self._erring and self._watch.patterns.new == self._new
        wait = ERRORS_WAIT if batch.errors and not going_on else OTHERS_WAIT
        return self._looked - self._answered >= wait

    def _can_wait(self, batch: Batch) -> bool:
        """Whether all that there is to tell are lines that nobody looks at, with room for more."""
        return not self._shown and batch.seen > 0 and not (batch.errors or batch.crowded)

    def _look(self) -> Batch:
        clock = self._clock
        self._looked = time.monotonic()
        heard = SILENCE
        if self._ears is not None:
            self._told = self._ears.happened() or self._told
            heard = self._ears.heard()
        now, boot = clock.now(), clock.boot()
        self._batch = self._watch.look(now, boot, batch=self._batch, heard=heard)
        return self._batch

    def _wait(self) -> None:
        """Until somebody asks, or a look is due."""
        self._told = False
        if not self.follows or not self._looked:
            self._poll(None)  # the first look, which finds the files, is asked for
        elif self._ears is None:
            # What was written before one listens is not told: a look is due at once.
            self._ears = Ears(self._watch)
            self._ears.listen()
        elif not self._poll(self._looked + APART - time.monotonic()):
            left = self._looked + self._period(self._ears) - time.monotonic()
            if not self._poll(left, self._ears.fd):
                self._told = self._ears.happened()
                if not self._told:
                    self._ears.listen()

    def _period(self, ears: Ears) -> float:
        if ears.deaf or self._watch.unfinished:
            return APART
        period = SEARCHING if self._watch.plan.is_pattern else SLOW
        # What waits for company does not wait for the next line.
        waits = self.news and self._shown
        ripe = self._answered + OTHERS_WAIT - self._looked if waits else period
        return min(period, max(ripe, APART))

    def _poll(self, seconds: float | None, also: int = -1) -> bool:
        """Whether somebody asks, within this time or before ``also`` becomes readable."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if also >= 0:
            poll.register(also, select.POLLIN)
        ready = poll.poll(None if seconds is None else max(0.0, 1000 * seconds))
        if any(fd == self._bell for fd, _ in ready):
            os.eventfd_read(self._bell)
            return True
        return False
