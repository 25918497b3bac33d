"""The exception that a traceback ends in, which tells one crash from another."""

from __future__ import annotations

import re

STARTS = (b"Traceback (most recent call last):", b"  + Exception Group Traceback (most recent")
COMMON = b"Traceback (most recent"
"""What each of them holds."""
LONGEST = 32 * 1024
"""Bytes of a traceback that are looked through for its last line."""
LINE = 512
"""Bytes of an exception's line."""

_EXCEPTION = re.compile(rb"[A-Za-z_][\w.]*(?::(?: |$)|$)")
_USUAL = re.compile(
    rb"(?:Traceback \(most recent call last\):[^\n]*+\n)?+"
    rb"(?:[ \t|][^\n]*+\n)*+([A-Za-z_][\w.]*+(?:: [^\r\n]*+)?)\n(?!\n)"
)
"""Frames and their exception, and nothing that could be chained to it."""
_CHAIN = (b"During handling of the above", b"The above exception was the direct cause")


def begins(data: bytes, position: int) -> bool:
    """Whether a traceback begins here."""
    return data.startswith(STARTS, position)


def exception_after(data: bytes, position: int) -> bytes | None:
    """The last exception of the traceback that begins at ``position``; empty where it has none.

    None: ``data`` ends before that can be told.
    """
    usual = _USUAL.match(data, position)
    if usual and usual.start(1) < position + LONGEST:
        return usual[1][:LINE]
    return line_by_line(data, position)


def line_by_line(data: bytes, position: int) -> bytes | None:
    """The same for every traceback."""
    last = b""
    limit = min(len(data), position + LONGEST)
    while position < limit:
        end = data.find(b"\n", position)
        if end < 0:
            break
        line = data[position : min(end, position + LINE)].rstrip(b"\r")
        position = end + 1
        if not line or line[:1] in (b" ", b"\t", b"|") or line.startswith((*STARTS, *_CHAIN)):
            continue
        if not _EXCEPTION.match(line):
            return last  # the next record, or more of the exception's own text
        if not _goes_on(data, position):
            return line
        last = line
    return None if limit == len(data) else last


def _goes_on(data: bytes, position: int) -> bool:
    """Whether another traceback is chained to the one that has just ended."""
    return data.startswith(_CHAIN, position + 1) and data.startswith(b"\n", position)
