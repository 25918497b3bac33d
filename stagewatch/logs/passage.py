"""A record as a whole, in a log that is looked at: its line and what goes on with it."""

from __future__ import annotations

from itertools import islice

from stagewatch.logs.levels import TRACEBACK, look
from stagewatch.logs.source import Row, Source, backward, forward, whole

RECORD = 64 * 1024
"""Bytes of a record that are shown and copied; a terminal takes few more at a time."""
ABOVE = 500
"""Lines in which the beginning of a record is looked for."""


def record_at(source: Source, here: Row) -> list[bytes]:
    """The record that the line ``here`` belongs to; of a long one it says what is left out."""
    lines: list[bytes] = []
    room = RECORD
    for row in forward(source, _start(source, here)):
        if lines and _begins(row):
            break
        length = row.end - row.start
        if lines and length > room:
            return [*lines, b"[more lines of this record are not shown]"]
        lines.append(whole(source, row, RECORD))
        if length > RECORD + len(b"\r\n"):
            return [*lines, b"[the rest of this line, of %d bytes, is not shown]" % length]
        room -= length
    return lines


def _start(source: Source, here: Row) -> int:
    if _begins(here):
        return here.start
    trace = here.start if look(here.raw).crash else None
    for row in islice(backward(source, here.start), ABOVE):
        if _begins(row):
            return row.start
        if look(row.raw).crash:
            trace = row.start
    return here.start if trace is None else trace


def _begins(row: Row) -> bool:
    """Whether a record begins in this line; a traceback goes on with what is before it."""
    seen = look(row.raw)
    return seen.record or bool(seen.crash and seen.crash != TRACEBACK)
