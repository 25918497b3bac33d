"""What one looks at in a log: a page of lines with a cursor, moved about and filtered.

Used by one thread at a time. Every method reads a few blocks of the log and none of it whole;
what has to look through all of it is a ``Scan``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from stagewatch.logs.levels import LIMIT, look
from stagewatch.logs.matchers import Matcher
from stagewatch.logs.scan import Scan
from stagewatch.logs.source import BLOCK, Row, Source, backward, forward, line_start
from stagewatch.logs.stamps import stamp_of

Find = tuple[str, int]
"""Which of the scans, and +1 for the next or -1 for the one before."""
ERRORS = "errors"
SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be seen now."""

    name: str
    size: int
    rows: tuple[Row, ...] = ()
    cursor: int = 0
    """The index of the row under the cursor."""
    following: bool = False
    note: str = ""
    found: int | None = None
    """Lines that the filter has found; None without a filter."""
    progress: float = 1.0
    """The share of the log that was looked through for what is being waited for."""
    waiting: bool = False
    """A line is looked for that was not found yet."""

    @property
    def share(self) -> float:
        """Where in the log the cursor is, 0 to 1."""
        row = self.rows[self.cursor] if self.rows else None
        return row.end / self.size if row and self.size else 1.0


class _Told(NamedTuple):
    """A record that tells its time."""

    at: float
    row: Row


class Viewer:
    """A place in a log."""

    def __init__(
        self, source: Source, reopen: Callable[[], Source], tell: Callable[[], None]
    ) -> None:
        """``reopen`` gives the log anew after a rotation; ``tell`` says that a scan goes on."""
        self.source = source
        self.note = ""
        self.following = True
        self.height = 1
        self._reopen, self._tell = reopen, tell
        self._matchers: dict[str, Matcher] = {}
        self._scans: dict[str, Scan] = {}
        self._filter: Scan | None = None
        self._filtered: Matcher | None = None
        self._wanted: Find | None = None
        self._top = self._cursor = 0
        self._size = source.size()
        self.to_end()

    def close(self) -> None:
        """Stop every scan and release the log; idempotent."""
        self._stop_scans()
        self.source.close()

    def resize(self, height: int) -> None:
        """Rows that a page has from now on."""
        self.height = height
        if self.following:
            self.to_end()
        else:
            self._keep_in_view(self._cursor)

    # Where to look.

    def to_end(self) -> None:
        """Go to the newest line and stay with it."""
        self.following, self._wanted = True, None
        rows = self._before(self.source.size() + 1, self.height)
        self._cursor = rows[0].start if rows else 0
        self._top = rows[-1].start if rows else 0

    def to_start(self) -> None:
        """Go to the oldest line."""
        self._go(next(iter(self._after(0, 1)), None))

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows; a negative number goes towards the older ones."""
        if rows < 0:
            found = self._before(self._cursor, -rows)
        else:
            found = self._after(self._cursor, rows + 1)[1:]
        self._go(found[-1] if found else None)
        if rows > 0 and len(found) < rows and not self._filter:
            self.following = True

    def to_offset(self, offset: int) -> None:
        """Go to the line that holds this byte, in the middle of the page."""
        start = line_start(self.source, min(offset, self.source.size()))
        self._centre(start)

    def to_time(self, at: float, offset: float = 0.0) -> bool:
        """Go to the first record at or after a time; False when no record tells its time.

        ``offset``: seconds that times without a zone are east of UTC. Found by halving: the
        log's times are taken to grow.
        """
        low, high = 0, self.source.size()
        while high - low > BLOCK:
            middle = line_start(self.source, (low + high) // 2)
            if middle <= low:
                break
            found = self._stamp(middle, at, offset)
            if found is None or found.at >= at:
                high = middle
            else:
                low = found.row.end
        place = self._first_at(low, at, offset)
        if place is not None:
            self._centre(place.row.start)
        return place is not None

    def _first_at(self, start: int, at: float, offset: float) -> _Told | None:
        """The first record from ``start`` on that is not before ``at``, else the last one."""
        last: _Told | None = None
        while (found := self._stamp(start, at, offset)) is not None:
            last, start = found, found.row.end
            if found.at >= at:
                break
        return last or self._stamp(0, at, offset)

    # What to look for.

    def set_filter(self, matcher: Matcher | None) -> None:
        """Show only lines that match; None shows all of them again."""
        if self._filter is not None:
            self._filter.stop()
        self._filter, self._filtered = None, matcher
        if matcher is not None:
            self._filter = self._scan(matcher)
            self._top = self._cursor = 0
            self.to_end()
        else:
            self._centre(self._cursor)

    def set_search(self, matcher: Matcher, name: str = SEARCH) -> None:
        """What ``find`` looks for under this name."""
        if name in self._scans:
            self._scans.pop(name).stop()
        self._matchers[name] = matcher

    def search_once(self, matcher: Matcher, name: str) -> None:
        """As ``set_search``, unless something is looked for under this name already."""
        if name not in self._matchers:
            self.set_search(matcher, name)

    def find(self, step: int, name: str = SEARCH) -> None:
        """Go to the next (+1) or the former (-1) match; where it is not known yet, wait for it."""
        if name not in self._matchers:
            return
        if name not in self._scans:
            self._scans[name] = self._scan(self._matchers[name])
        self._wanted = name, step
        self.go_on()

    def cancel(self) -> bool:
        """Give up what is being looked for; False when nothing is."""
        waiting, self._wanted = self._wanted is not None, None
        if waiting:
            for scan in self._scans.values():
                scan.stop()
            self._scans.clear()
        return waiting

    def go_on(self) -> None:
        """Look again whether the wanted line was found meanwhile."""
        if self._wanted is None:
            return
        name, step = self._wanted
        scan = self._scans[name]
        at = self._cursor if step < 0 else self._cursor + 1
        found = scan.before(at) if step < 0 else scan.after(at)
        unsure = step > 0 and not scan.done and scan.reached > self._cursor
        if found and not unsure:
            self._wanted = None
            self._centre(found[0])
        elif scan.done or scan.problem or (step > 0 and not unsure):
            self._wanted = None
            self.note = scan.problem or ("no match below" if step > 0 else "no match above")

    def poll(self) -> bool:
        """See what became of the log; True when there is something new to show."""
        size, before = self.source.size(), self._size
        self._size = size
        if size < before:
            self.note = "the log was truncated"
            self._restart()
            return True
        if self.following and size == before and self.source.replaced():
            self.source.close()
            self.source = self._reopen()
            self._size = self.source.size()
            self.note = "the log was rotated; this is the new one"
            self._restart()
            return True
        if size == before:
            return False
        for scan in (*self._scans.values(), *filter(None, [self._filter])):
            scan.follow(self.source)
        if self.following:
            self.to_end()
        return True

    # What is to be seen.

    def page(self) -> Page:
        """The lines of the page, the cursor's among them."""
        rows = self._after(self._top, self.height)
        starts = [row.start for row in rows]
        if self._cursor not in starts and rows:
            self._cursor = rows[-1].start if self._cursor > starts[-1] else starts[0]
        scan = self._scans[self._wanted[0]] if self._wanted else self._filter
        return Page(
            name=self.source.name,
            size=self._size,
            rows=tuple(rows),
            cursor=starts.index(self._cursor) if rows else 0,
            following=self.following,
            note=self._filter.problem if self._filter and self._filter.problem else self.note,
            found=self._filter.count if self._filter else None,
            progress=scan.progress if scan else 1.0,
            waiting=self._wanted is not None,
        )

    def record(self) -> list[bytes]:
        """The record under the cursor: its line and those that go on with it."""
        lines: list[bytes] = []
        for row in islice(forward(self.source, self._cursor), 200):
            seen = look(row.raw[:LIMIT])
            if lines and (seen.record or seen.crash):
                break
            lines.append(row.raw)
        return lines

    def _go(self, row: Row | None) -> None:
        """Put the cursor on this row and let the page follow it as little as possible."""
        self.following, self._wanted, self.note = False, None, ""
        if row is None:
            return
        self._cursor = row.start
        self._keep_in_view(row.start)

    def _keep_in_view(self, start: int) -> None:
        if start < self._top:
            self._top = start
        elif start not in [each.start for each in self._after(self._top, self.height)]:
            above = self._before(start, self.height - 1)
            self._top = above[-1].start if above else start

    def _centre(self, start: int) -> None:
        self.following, self.note = False, ""
        self._cursor = start
        above = self._before(start, self.height // 2)
        self._top = above[-1].start if above else start

    def _before(self, offset: int, count: int) -> list[Row]:
        """The rows before ``offset``, the nearest first; of the filter, where there is one."""
        if self._filter is None:
            return list(islice(backward(self.source, min(offset, self.source.size())), count))
        return [self._row(start) for start in self._filter.before(offset, count)]

    def _after(self, offset: int, count: int) -> list[Row]:
        """The rows at and behind ``offset``."""
        if self._filter is None:
            return list(islice(forward(self.source, offset), count))
        return [self._row(start) for start in self._filter.after(offset, count)]

    def _row(self, start: int) -> Row:
        return next(forward(self.source, start), Row(start, start, b""))

    def _scan(self, matcher: Matcher) -> Scan:
        scan = Scan(self.source, matcher, self._tell)
        scan.start()
        return scan

    def _stop_scans(self) -> None:
        for scan in (*self._scans.values(), *filter(None, [self._filter])):
            scan.stop()
        self._scans.clear()

    def _restart(self) -> None:
        """Begin anew over a log that is another one."""
        self._stop_scans()
        self._filter = self._scan(self._filtered) if self._filtered else None
        self.to_end()

    def _stamp(self, start: int, near: float, offset: float) -> _Told | None:
        """The first record from ``start`` on that tells its time."""
        for row in forward(self.source, start):
            seen = look(row.raw[:LIMIT])
            stamp = stamp_of(seen, near, offset) if seen.record else None
            if stamp is not None:
                return _Told(stamp, row)
            if row.end - start > 4 * BLOCK:
                return None
        return None
