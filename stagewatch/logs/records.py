"""Joining lines to records: a traceback belongs to the record that it follows within a second."""

from __future__ import annotations

import re
from typing import NamedTuple

from stagewatch.logs.levels import TRACEBACK, Look, look
from stagewatch.logs.words import CRITICAL

JOIN = 1.0
"""Seconds after a record within which a traceback belongs to it."""

CHAIN = re.compile(
    rb"(?:During handling of the above exception|The above exception was the direct cause)"
)


class Entry(NamedTuple):
    """A line in its place."""

    level: str
    """The level of the record that this line starts, empty for one that goes on with a record."""
    starts: bool
    """It starts a record, or stands alone."""
    crash: str
    """Why it is critical without a level field; empty otherwise."""
    look: Look


class RecordReader:
    """Places lines one after another; one reader a file."""

    def __init__(self, record_at: float | None = None) -> None:
        self.record_at = record_at
        """When the last log record was read."""
        self._chained = False

    def feed(self, line: bytes | str, at: float, written_after: float | None = None) -> Entry:
        """Place the next line, read at ``at``.

        ``written_after`` is the latest time at which the line is known not to have been there:
        a line read late is not held to have been written late.
        """
        raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
        return self.place(look(raw), at, written_after)

    def place(self, seen: Look, at: float, written_after: float | None = None) -> Entry:
        """Place a line that was looked at already."""
        chained, self._chained = self._chained, False
        if seen.record:
            self.record_at = at
            crash = seen.crash if seen.crash != TRACEBACK else ""
            return Entry(seen.level, True, crash, seen)
        if seen.crash == TRACEBACK:
            since = at if written_after is None else min(at, written_after)
            joined = self.record_at is not None and since - self.record_at <= JOIN
            if chained or joined:
                return Entry("", False, "", seen)
            return Entry(CRITICAL, True, TRACEBACK, seen)
        blank = not seen.payload.strip()
        self._chained = bool(CHAIN.match(seen.payload)) or (chained and blank)
        return Entry("", False, "", seen)
