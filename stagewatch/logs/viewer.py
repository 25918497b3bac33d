"""What one looks at in a log: a page of lines with a cursor, moved about and filtered.

Used by one thread at a time. Every method reads a few blocks of the log and none of it whole;
what has to look through all of it is a ``Scan``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stagewatch.logs.moment import place_at, time_at
from stagewatch.logs.passage import record_at
from stagewatch.logs.scan import MOST, Scan
from stagewatch.logs.searches import Searches
from stagewatch.logs.shown import Shown
from stagewatch.logs.source import Matcher, Row, Source, line_start

ERRORS = "errors"
SEARCH = "search"
SECOND = 1.0
"""What a log's times may leave out."""
GONE_AFTER = 20
"""Looks at a file that is not there: before, it may be on its way to be rotated."""
AWAY = "the log was rotated; end goes to its new file"
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
    recorded: bool = False
    """These are lines that the record holds, and no file."""

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
        self.recorded = False
        """It is what the record holds of a log that cannot be read."""
        self._missing = 0
        """For how many looks there has been no file."""
        self.following = True
        self.height = 1
        self._reopen, self._tell = reopen, tell
        self._searches = Searches(self._scan)
        self._shown = Shown(source)
        self._filtered: Matcher | None = None
        self._left: int | None = None
        """Where the cursor was before there was a filter; None at the end."""
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
        return self._searches.waited_for is not None

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
        self.following = True
        self._searches.forget()
        self._shown.want(self.source.size(), -1)
        self._stand_at_end()

    def _stand_at_end(self) -> list[Row]:
        """Put the cursor on the newest line; the rows of the page, the oldest first."""
        rows = self._shown.before(self.source.size() + 1, self.height)
        self._cursor = rows[0].start if rows else 0
        self._top = rows[-1].start if rows else 0
        return rows[::-1]

    def to_start(self) -> None:
        """Go to the oldest line."""
        self._leave_end()
        self._cursor = self._top = 0
        self._shown.want(0, 1)

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows; a negative number goes towards the older ones."""
        if rows < 0:
            found = self._shown.before(self._cursor, -rows)
        else:
            found = self._shown.after(self._cursor, rows + 1)[1:]
        self._leave_end()
        if found:
            self._cursor = found[-1].start
            self._keep_in_view(self._cursor)
        if rows > 0 and len(found) < rows and self._shown.is_last(self._cursor):
            self.following = True

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
        self._searches.forget()
        self._centre(place)
        found = time_at(self.source, place, at, offset)
        if found is not None and found < at - SECOND:
            self.note = "no record here is that late; this is the last one"
        elif found is not None and found > at + SECOND and not self._shown.before(place, 1):
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
        before, here = self._shown.scan, None if self.following else self._cursor
        if before is not None:
            before.stop()
        else:
            self._left = here
        self._filtered = matcher
        self._shown = self._show()
        if matcher is not None and here is None:
            self._top = self._cursor = 0
            self.to_end()
        elif matcher is not None:
            self._top = self._cursor = here or 0
            self._shown.want(self._cursor, -1, 1)
        elif here is None or (before is not None and not before.count and self._left is None):
            self.to_end()
        elif before is None or before.count or self._left is None:
            self._centre(self._cursor)
        else:
            self._centre(self._left)

    def set_search(self, matcher: Matcher, name: str = SEARCH) -> None:
        """What ``find`` looks for under this name."""
        self._searches.set(name, matcher)

    def look_as(self, other: Viewer) -> None:
        """Show and look for what another viewer did, whose log is left."""
        self._searches.adopt(other._searches)
        if other._filtered is not None:
            self.set_filter(other._filtered)

    def search_once(self, matcher: Matcher, name: str) -> None:
        """As ``set_search``, unless something is looked for under this name already."""
        if name not in self._searches:
            self._searches.set(name, matcher)

    def find(self, step: int, name: str = SEARCH) -> None:
        """Go to the next (+1) or the former (-1) match; where it is not known yet, wait for it."""
        if name not in self._searches:
            self.note = "nothing is looked for yet"
        else:
            self._searches.want(name, step, self._cursor if step < 0 else self._cursor + 1)
            self.go_on()

    def find_newest(self, name: str = SEARCH) -> None:
        """Go to the newest match of all, which may be in the newest line."""
        if name in self._searches:
            self._searches.want_newest(name)
            self.go_on()

    def cancel(self) -> bool:
        """Give up what is being looked for; False when nothing is."""
        return self._searches.cancel()

    def go_on(self) -> None:
        """Look again whether the wanted line was found meanwhile."""
        outcome = self._searches.outcome()
        if isinstance(outcome, int):
            self._centre(outcome)
        elif outcome is not None:
            self.note = outcome

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
        if size == before and self.source.replaced():
            return self._rotated()
        if size == before:
            return False
        self._searches.follow()
        if self._shown.scan is not None:
            self._shown.scan.follow()
        if self.following:
            self.to_end()
        return True

    def _rotated(self) -> bool:
        """Go over to the new file while it is followed; True when there is something new to
        show."""
        about, self.about = self.about, AWAY
        if self.following:
            try:
                source = self._reopen()
            except OSError as error:
                self.about = f"the log was rotated; its new file {_unreadable(error)}"
            else:
                self.source.close()
                self.source, self._size, self.about = source, source.size(), ""
                self.note = "the log was rotated; this is the new one"
                self._restart()
                return True
        return about != self.about

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
        scan = self._shown.scan
        follows = self.following and scan is not None
        rows = self._stand_at_end() if follows else self._shown.after(self._top, self.height)
        room = self.height - len(rows)
        if room and not follows and scan is not None:  # what matches is above
            rows = self._shown.before(self._top, room)[::-1] + rows
        starts = [row.start for row in rows]
        if self._cursor not in starts and rows:
            behind = [each for each in starts if each > self._cursor]
            self._cursor = (behind if scan else starts)[0] if behind else starts[-1]
        running = self._searches.waited_for or scan
        return Page(
            name=self.source.name,
            size=self._size,
            rows=tuple(rows),
            cursor=starts.index(self._cursor) if rows else 0,
            following=self.following,
            note=(scan.problem if scan else "") or self.note or self.about,
            found=scan.count if scan else None,
            stretch=scan.stretch if scan else (0.0, 1.0),
            progress=running.progress if running else 1.0,
            waiting=self.waiting,
            rotated=self.rotated,
            recorded=self.recorded,
        )

    def record(self) -> list[bytes]:
        """The record under the cursor: its line and those that go on with it, a traceback too."""
        return record_at(self.source, self._shown.row(self._cursor))

    def _leave_end(self) -> None:
        self.following, self.note = False, ""
        self._searches.forget()

    def _keep_in_view(self, start: int) -> None:
        """Let the page follow the cursor as little as possible."""
        if start < self._top:
            self._top = start
        elif start not in [each.start for each in self._shown.after(self._top, self.height)]:
            above = self._shown.before(start, self.height - 1)
            self._top = above[-1].start if above else start

    def _centre(self, start: int) -> None:
        self.following, self.note = False, ""
        self._cursor = start
        above = self._shown.before(start, self.height // 2)
        self._top = above[-1].start if above else start

    def _show(self) -> Shown:
        wanted = self._filtered
        return Shown(self.source, self._scan(wanted, MOST) if wanted is not None else None)

    def _scan(self, matcher: Matcher, most: int) -> Scan:
        scan = Scan(self.source, matcher, self._tell, most)
        scan.start()
        return scan

    def _stop_scans(self) -> None:
        self._searches.stop()
        if self._shown.scan is not None:
            self._shown.scan.stop()

    def _restart(self) -> None:
        """Begin anew over a log that is another one."""
        self._stop_scans()
        self._left = None
        self._shown = self._show()
        self.to_end()


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
