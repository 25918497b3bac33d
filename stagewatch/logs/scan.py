"""Looking through a log for lines, from anywhere to both of its ends, in a thread of its own.

The places are kept, not the lines, and of them no more than ``most``: a stretch of the log in which
every place is known. It begins at the log's end and grows towards its beginning. Where it is full
and one wants to go beyond it, it moves: what is far from there is forgotten, and found again when
one comes back.
"""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable

from stagewatch.expressions import SlowError
from stagewatch.logs.source import LONGEST, Matcher, Source, forward, line_start, places

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

    def __init__(
        self, source: Source, matcher: Matcher, tell: Callable[[], None], most: int = MOST
    ) -> None:
        """``tell`` is called in the thread whenever there is more to see."""
        self.problem = ""
        self._source, self._matcher, self._tell = source.clone(), matcher, tell
        self._most = most
        self._places = array("Q")
        self._end = line_start(source, source.size())
        """The end of the log's last whole line."""
        self._origin = self._low = self._high = self._end
        """Where the stretch began, and what it is: every place in it is known."""
        self._ways = [-1]
        """The directions in which it is to grow, the one that was wanted last first."""
        self._attached = True
        """The stretch reaches to the log's end, and goes on with it."""
        self._grew = self._measured = 0
        """How often the log grew, and of how many times that ``_end`` knows."""
        self._stopped = self._idle = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True, name="log-search")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End at once: what is being read is the last; idempotent."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @property
    def count(self) -> int:
        """Places that are kept."""
        return len(self._places)

    @property
    def done(self) -> bool:
        """Nothing is left to do, because all was looked through or because the stretch is full."""
        return self._idle

    @property
    def stretch(self) -> tuple[float, float]:
        """The part of the log in which every place is known, 0 to 1 from beginning to end."""
        with self._changed:
            first = self._low / self._end if self._end else 0.0
            return first, self._high / self._end if self._high < self._end else 1.0

    @property
    def progress(self) -> float:
        """The share of what is being looked through that is done."""
        with self._changed:
            if self._idle:
                return 1.0
            if self._ways[0] < 0:
                return 1.0 - self._low / self._origin if self._origin else 1.0
            ahead = self._end - self._origin
            return (self._high - self._origin) / ahead if ahead else 1.0

    def before(self, offset: int, count: int = 1) -> list[int]:
        """The last ``count`` places before ``offset``, the nearest first; none where the places
        next to it are not known."""
        with self._changed:
            if offset > self._high and not self._attached:
                return []
            at = bisect_left(self._places, offset)
            return list(reversed(self._places[max(0, at - count) : at]))

    def after(self, offset: int, count: int = 1) -> list[int]:
        """The first ``count`` places at or behind ``offset``, as ``before``."""
        with self._changed:
            if offset < self._low:
                return []
            at = bisect_left(self._places, offset)
            return list(self._places[at : at + count])

    @property
    def newest(self) -> int:
        """Behind the newest line that is looked through, or will be first."""
        with self._changed:
            return self._high if self._attached else self._end

    def nearest(self, offset: int, step: int) -> int | None:
        """The place next to ``offset`` in this direction, where it is known for certain."""
        found = self.before(offset) if step < 0 else self.after(offset)
        with self._changed:
            return found[0] if found and self._low <= offset <= self._high else None

    def ended(self, offset: int, step: int) -> bool:
        """Whether everything from ``offset`` to that end of the log was looked through."""
        with self._changed:
            if step < 0:
                return not self._low and offset <= self._high
            return self._high >= self._end and offset >= self._low and self._grew == self._measured

    def want(self, offset: int, step: int) -> None:
        """Look on from the line at ``offset`` in this direction, also where the stretch is full."""
        with self._changed:
            # A stretch that goes on with the log will come to what is behind it.
            offset = min(offset, self._high if self._attached else self._end)
            if not self._low <= offset <= self._high:
                self._places = array("Q")
                self._origin = self._low = self._high = offset
                self._attached, self._ways = offset >= self._end, []
            self._ways = [step, *(way for way in self._ways if way != step)]
            if not self._left(step):
                return
            if self._is_full:
                self._make_room(offset, step)
            if not self._is_full:
                self._idle = False
                self._changed.notify()

    def follow(self) -> None:
        """The log may have grown: look through what came at its end."""
        with self._changed:
            self._grew += 1
            self._idle = False
            self._changed.notify()

    @property
    def _is_full(self) -> bool:
        return len(self._places) >= self._most

    def _make_room(self, offset: int, step: int) -> None:
        """Forget the half of the places that is far, when ``offset`` is near the other edge."""
        at, half = bisect_left(self._places, offset), self._most // 2
        if step < 0 and at < half // 2:
            self._high, self._attached = self._places[half], False
            del self._places[half:]
        elif step > 0 and len(self._places) - at < half // 2:
            del self._places[:-half]
            self._low = self._places[0]

    def _left(self, way: int) -> bool:
        return self._low > 0 if way < 0 else self._high < self._end

    def _run(self) -> None:
        told = time.monotonic()
        try:
            while way := self._next():
                self._down() if way < 0 else self._up()
                if time.monotonic() - told >= TELL:
                    told = time.monotonic()
                    self._tell()
        except SlowError:
            self.problem = TOO_SLOW
        # The boundary of this thread: a search that ends in silence would look like no match.
        except Exception as error:  # noqa: BLE001
            self.problem = str(error) or type(error).__name__
        self._source.close()
        if not self._stopped:
            self._tell()

    def _next(self) -> int:
        """Where to look now; waits until there is something to do, 0 ends it."""
        while True:
            self._measure()
            with self._changed:
                if self._stopped or self.problem:
                    return 0
                if way := self._way():
                    return way
                told, self._idle = self._idle, True
                if told and self._grew == self._measured:
                    self._changed.wait()
            if not told:
                self._tell()

    def _measure(self) -> None:
        """Where the log ends now, if it may have grown."""
        grew = self._grew
        if grew != self._measured:
            end = line_start(self._source, self._source.size())
            with self._changed:
                self._end, self._measured = max(self._end, end), grew

    def _way(self) -> int:
        if self._attached and self._high < self._end:
            return 1
        return next((way for way in self._ways if self._left(way) and not self._is_full), 0)

    def _down(self) -> None:
        """Look through the chunk before the stretch."""
        end = self._low
        base = line_start(self._source, end - CHUNK) if end > CHUNK else 0
        found = self._found(base, end)
        with self._changed:
            if self._low == end:  # else one wants to look elsewhere meanwhile
                room = self._most - len(self._places)
                self._low = base if len(found) <= room else found[-room]
                self._places = found[-room:] + self._places

    def _up(self) -> None:
        """Look through the chunk behind the stretch."""
        start = self._high
        end = line_start(self._source, min(start + CHUNK, self._end))
        if end <= start:  # a line that is longer than a chunk
            row = next(forward(self._source, start, self._end), None)
            end = row.end if row else self._end
        found = self._found(start, end)
        with self._changed:
            if self._high == start:
                self._take_newer(found, end)

    def _take_newer(self, found: array[int], end: int) -> None:
        room = self._most - len(self._places)
        if len(found) > room and self._attached:  # what is oldest makes room
            self._places = (self._places + found)[-self._most :]
            self._low = self._places[0]
        elif len(found) > room:
            self._places.extend(found[:room])
            end = found[room]
        else:
            self._places.extend(found)
        self._high, self._attached = end, self._attached or end >= self._end

    def _found(self, start: int, end: int) -> array[int]:
        """The places between two lines; none in what is too long for any line."""
        if end - start > LONGEST:
            return array("Q")
        data = self._source.read(end - start, start)
        began = time.thread_time()
        found = array("Q", places(self._source, self._matcher, data, start) if data else ())
        if time.thread_time() - began > BUDGET:
            self.problem = TOO_SLOW
        return found
