"""Looking through a whole log for lines, from its end to its beginning, in a thread of its own.

What is nearest to the end is found first; what comes at the end meanwhile is found as well. The
places are kept, not the lines: at most MOST of them, the newest.
"""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable

from stagewatch.logs.matchers import Matcher
from stagewatch.logs.source import BLOCK, Source, line_start

CHUNK = 1024 * 1024
MOST = 65_536
"""Places that are kept: half a megabyte."""
TELL = 0.1
"""Seconds between two words about the progress."""
BUDGET = 5.0
"""CPU seconds that one chunk may take; an expression that takes more is given up."""
TOO_SLOW = "the expression takes too long on this log; make it simpler"


class Scan:
    """A search that runs. Its places may be read while it does."""

    def __init__(self, source: Source, matcher: Matcher, tell: Callable[[], None]) -> None:
        """``tell`` is called in the thread whenever there is more to see."""
        self.problem = ""
        self.dropped = False
        """There are more places than are kept."""
        self.done = False
        """The beginning of the log was reached."""
        self._source, self._matcher, self._tell = source.clone(), matcher, tell
        self._older = array("Q")
        """From the end backwards: descending."""
        self._newer = array("Q")
        self._end = line_start(source, source.size())
        """How far the log was looked through at its end."""
        self.reached = self._end
        """Everything from here to the end was looked through."""
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name="log-search")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End at once: what is being read is the last; idempotent."""
        self._stopped.set()

    @property
    def count(self) -> int:
        """Places found so far."""
        return len(self._older) + len(self._newer)

    @property
    def progress(self) -> float:
        """The share of the log that was looked through."""
        return 1.0 if self.done or not self._end else 1.0 - self.reached / self._end

    def before(self, offset: int, count: int = 1) -> list[int]:
        """The last ``count`` places before ``offset``, the nearest first."""
        with self._lock:
            at = bisect_left(self._newer, offset)
            found = list(reversed(self._newer[max(0, at - count) : at]))
            left = count - len(found)
            if left:
                first = self._below(offset)
                found += self._older[first : first + left]
            return found

    def after(self, offset: int, count: int = 1) -> list[int]:
        """The first ``count`` places at or behind ``offset``."""
        with self._lock:
            first = self._below(offset)
            found = list(reversed(self._older[max(0, first - count) : first]))
            at = bisect_left(self._newer, offset)
            found += self._newer[at : at + count - len(found)]
            return found

    def follow(self, source: Source) -> None:
        """Look through what came at its end since, up to the last whole line."""
        end = line_start(source, source.size())
        while self._end < end and not self.problem:
            base = self._end
            data = source.read(min(CHUNK, end - base), base)
            whole = data.rfind(b"\n") + 1
            if not whole:
                self._end = base + len(data)  # inside a line that is longer than a chunk
                return
            found = self._matcher(data[:whole])
            with self._lock:
                self._newer.extend(base + at for at in found)
                self._end = base + whole

    def _below(self, offset: int) -> int:
        """The index of the first of the older places that is below ``offset``."""
        return bisect_left(self._older, 1 - offset, key=lambda at: -at)

    def _run(self) -> None:
        told = time.monotonic()
        try:
            while self.reached > 0 and not self._stopped.is_set() and not self.problem:
                self._step()
                if time.monotonic() - told >= TELL:
                    told = time.monotonic()
                    self._tell()
        # The boundary of this thread: a search that ends in silence would look like no match.
        except Exception as error:  # noqa: BLE001
            self.problem = str(error) or type(error).__name__
        self._source.close()
        self.done = self.reached <= 0
        if not self._stopped.is_set():
            self._tell()

    def _step(self) -> None:
        """Look through the chunk before what was looked through."""
        end = self.reached
        base = line_start(self._source, max(0, end - CHUNK)) if end > CHUNK else 0
        data = self._source.read(end - base, base) if end - base <= 64 * CHUNK else b""
        began = time.thread_time()
        found = self._matcher(data) if data else []
        if time.thread_time() - began > BUDGET:
            self.problem = TOO_SLOW
        with self._lock:
            room = MOST - len(self._older)
            places = [base + at for at in reversed(found)]
            self._older.extend(places[:room])
            if len(places) > room:
                self.dropped, self.reached = True, 0
                return
            self.reached = base if base < end else max(0, end - BLOCK)
