"""What one looks at in a log: a page of lines with a cursor, moved about and filtered.

Used by one thread at a time. Every method reads a few blocks of the log and none of it whole;
what has to look through all of it is a ``Scan``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from stagewatch.logs.moment import place_at, time_at
from stagewatch.logs.passage import record_at
from stagewatch.logs.scan import MOST, Scan
from stagewatch.logs.source import Matcher, Row, Source, backward, forward, line_start

Find = tuple[str, int, int]
"""Which of the scans, +1 for the next or -1 for the one before, and from where."""
ERRORS = "errors"
SEARCH = "search"
SEARCHED = MOST // 4
"""Places that a search keeps: it needs the next one, a filter a page of them."""
SECOND = 1.0
"""What a log's times may leave out."""
GONE_AFTER = 20
"""Looks at a file that is not there: before, it may be on its way to be rotated."""
NONE_ABOVE, NONE_BELOW = "no match above", "no match below"
NO_TIME = "no record here tells its time"


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
    """Lines that the filter keeps the places of; None without a filter."""
    stretch: tuple[float, float] = (0.0, 1.0)
    """The part of the log in which these are all that match, 0 to 1."""
    progress: float = 1.0
    """The share of the log that was looked through for what is being waited for."""
    waiting: bool = False
    """A line is looked for that was not found yet."""
    rotated: bool = False
    """Nothing is written to this file any more."""

    @property
    def share(self) -> float:
        """Where in the log the cursor is, 0 to 1."""
        row = self.rows[self.cursor] if self.rows else None
        return row.end / self.size if row and self.size else 1.0


class Viewer:
    """A place in a log."""

    def __init__(
        self, source: Source, reopen: Callable[[], Source], tell: Callable[[], None]
    ) -> None:
        """``reopen`` gives the log anew after a rotation; ``tell`` says that a scan goes on."""
        self.source = source
        self.note = ""
        self.about = ""
        """What there is to know of this log as long as it is shown."""
        self.rotated = False
        """It is a rotated file."""
        self._missing = 0
        """For how many looks there has been no file."""
        self.following = True
        self.height = 1
        self._reopen, self._tell = reopen, tell
        self._matchers: dict[str, Matcher] = {}
        self._scans: dict[str, Scan] = {}
        self._filter: Scan | None = None
        self._filtered: Matcher | None = None
        self._left: int | None = None
        """Where the cursor was before there was a filter; None at the end."""
        self._wanted: Find | None = None
        self._top = self._cursor = 0
        self._size = source.size()
        self.to_end()

    def close(self) -> None:
        """Stop every scan and release the log; idempotent."""
        self._stop_scans()
        self.source.close()

    @property
    def waiting(self) -> bool:
        """Whether a line is looked for that was not found yet."""
        return self._wanted is not None

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
        if self._filter is not None:
            self._filter.want(self.source.size(), -1)
        self._stand_at_end()

    def _stand_at_end(self) -> list[Row]:
        """Put the cursor on the newest line; the rows of the page, the oldest first."""
        rows = self._before(self.source.size() + 1, self.height)
        self._cursor = rows[0].start if rows else 0
        self._top = rows[-1].start if rows else 0
        return rows[::-1]

    def to_start(self) -> None:
        """Go to the oldest line."""
        self.following, self._wanted, self.note = False, None, ""
        self._cursor = self._top = 0
        if self._filter is not None:
            self._filter.want(0, 1)

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows; a negative number goes towards the older ones."""
        if rows < 0:
            found = self._before(self._cursor, -rows)
        else:
            found = self._after(self._cursor, rows + 1)[1:]
        self._go(found[-1] if found else None)
        if rows > 0 and len(found) < rows and self._at_end():
            self.following = True

    def _at_end(self) -> bool:
        return self._filter is None or self._filter.ended(self._cursor, 1)

    def to_offset(self, offset: int) -> None:
        """Go to the line that holds this byte, in the middle of the page."""
        start = line_start(self.source, min(offset, self.source.size()))
        self._centre(start)

    def to_time(self, at: float, offset: float = 0.0) -> bool:
        """Go to the first record at or after a time; False when no record tells its time.

        ``offset``: seconds that times without a zone are east of UTC.
        """
        place = place_at(self.source, at, offset)
        if place is None:
            self.note = NO_TIME
            return False
        self._wanted = None
        self._centre(place)
        found = time_at(self.source, place, at, offset)
        if found is not None and found < at - SECOND:
            self.note = "no record here is that late; this is the last one"
        elif found is not None and found > at + SECOND and not self._before(place, 1):
            self.note = "no record here is that early; this is the first one"
        return True

    def time_here(self, near: float, offset: float = 0.0) -> float | None:
        """When the line under the cursor was written; None, and a note, when that is not told."""
        found = time_at(self.source, self._cursor, near, offset)
        self.note = NO_TIME if found is None else ""
        return found

    # What to look for.

    def set_filter(self, matcher: Matcher | None) -> None:
        """Show only lines that match; None shows all of them again."""
        before, here = self._filter, None if self.following else self._cursor
        if before is not None:
            before.stop()
        else:
            self._left = here
        self._filter, self._filtered = None, matcher
        if matcher is not None:
            self._filter = self._scan(matcher, MOST)
            self._top = self._cursor = here or 0
            if here is None:
                self.to_end()
            else:
                self._filter.want(here, -1)
                self._filter.want(here, 1)
        elif before is None or before.count:
            self._centre(self._cursor)
        elif self._left is None:
            self.to_end()
        else:
            self._centre(self._left)

    def set_search(self, matcher: Matcher, name: str = SEARCH) -> None:
        """What ``find`` looks for under this name."""
        if name in self._scans:
            self._scans.pop(name).stop()
        self._matchers[name] = matcher

    def look_as(self, other: Viewer) -> None:
        """Show and look for what another viewer did, whose log is left."""
        self._matchers = other._matchers
        if other._filtered is not None:
            self.set_filter(other._filtered)

    def search_once(self, matcher: Matcher, name: str) -> None:
        """As ``set_search``, unless something is looked for under this name already."""
        if name not in self._matchers:
            self.set_search(matcher, name)

    def find(self, step: int, name: str = SEARCH) -> None:
        """Go to the next (+1) or the former (-1) match; where it is not known yet, wait for it."""
        if name not in self._matchers:
            self.note = "nothing is looked for yet"
        else:
            self._wanted = name, step, self._cursor if step < 0 else self._cursor + 1
            self._scan_for(name)
            self.go_on()

    def find_newest(self, name: str = SEARCH) -> None:
        """Go to the newest match of all, which may be in the newest line."""
        if name in self._matchers:
            self._wanted = name, -1, self._scan_for(name).newest
            self.go_on()

    def _scan_for(self, name: str) -> Scan:
        if name not in self._scans:
            self._scans[name] = self._scan(self._matchers[name], SEARCHED)
        return self._scans[name]

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
        name, step, at = self._wanted
        scan = self._scans[name]
        found = scan.nearest(at, step)
        if found is not None:
            self._wanted = None
            self._centre(found)
        elif scan.problem or scan.ended(at, step):
            self._wanted = None
            self.note = scan.problem or (NONE_BELOW if step > 0 else NONE_ABOVE)
        else:
            scan.want(at, step)

    def poll(self) -> bool:
        """See what became of the log; True when there is something new to show."""
        size, before = self.source.size(), self._size
        self._size = size
        if size < before:
            self.note = "the log was truncated"
            self._restart()
            return True
        if self._came_or_went():
            return True
        if self.following and size == before and self.source.replaced():
            self.source.close()
            self.source = self._reopen()
            self._size = self.source.size()
            self.about = ""
            self.note = "the log was rotated; this is the new one"
            self._restart()
            return True
        if size == before:
            return False
        for scan in (*self._scans.values(), *filter(None, [self._filter])):
            scan.follow()
        if self.following:
            self.to_end()
        return True

    def _came_or_went(self) -> bool:
        """Whether the file has just turned out to be gone, or is there again after all."""
        missing, self._missing = self._missing, self._missing + 1 if self.source.gone() else 0
        if self._missing == GONE_AFTER:
            self.about = "this file is not there any more; these are its last lines"
        elif missing >= GONE_AFTER and not self._missing:
            self.about = ""
        else:
            return False
        return True

    # What is to be seen.

    def page(self) -> Page:
        """The lines of the page, the cursor's among them."""
        follows = self.following and self._filter is not None
        rows = self._stand_at_end() if follows else self._after(self._top, self.height)
        room = self.height - len(rows)
        if room and not follows and self._filter is not None:  # what matches is above
            rows = self._before(self._top, room)[::-1] + rows
        starts = [row.start for row in rows]
        if self._cursor not in starts and rows:
            behind = [each for each in starts if each > self._cursor]
            self._cursor = (behind if self._filter else starts)[0] if behind else starts[-1]
        scan = self._scans[self._wanted[0]] if self._wanted else self._filter
        return Page(
            name=self.source.name,
            size=self._size,
            rows=tuple(rows),
            cursor=starts.index(self._cursor) if rows else 0,
            following=self.following,
            note=(self._filter.problem if self._filter else "") or self.note or self.about,
            found=self._filter.count if self._filter else None,
            stretch=self._filter.stretch if self._filter else (0.0, 1.0),
            progress=scan.progress if scan else 1.0,
            waiting=self.waiting,
            rotated=self.rotated,
        )

    def record(self) -> list[bytes]:
        """The record under the cursor: its line and those that go on with it, a traceback too."""
        return record_at(self.source, self._row(self._cursor))

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
        found = self._filter.before(offset, count)
        if len(found) < count:
            self._filter.want(offset, -1)
        return [self._row(start) for start in found]

    def _after(self, offset: int, count: int) -> list[Row]:
        """The rows at and behind ``offset``."""
        if self._filter is None:
            return list(islice(forward(self.source, offset), count))
        found = self._filter.after(offset, count)
        if len(found) < count:
            self._filter.want(offset, 1)
        return [self._row(start) for start in found]

    def _row(self, start: int) -> Row:
        return next(forward(self.source, start), Row(start, start, b""))

    def _scan(self, matcher: Matcher, most: int) -> Scan:
        scan = Scan(self.source, matcher, self._tell, most)
        scan.start()
        return scan

    def _stop_scans(self) -> None:
        for scan in (*self._scans.values(), *filter(None, [self._filter])):
            scan.stop()
        self._scans.clear()

    def _restart(self) -> None:
        """Begin anew over a log that is another one."""
        self._stop_scans()
        self._left = None
        self._filter = self._scan(self._filtered, MOST) if self._filtered else None
        self.to_end()
