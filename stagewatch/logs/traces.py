"""The exception that a traceback ends in, which tells one crash from another."""

from __future__ import annotations

import re

from stagewatch.logs.prefixes import unwrap

STARTS = (b"Traceback (most recent call last):", b"  + Exception Group Traceback (most recent")
COMMON = b"Traceback (most recent"
"""What each of them holds."""
LONGEST = 32 * 1024
"""Bytes of a traceback that are looked through for its last line."""
LINE = 512
"""Bytes of an exception's line."""

_EXCEPTION = re.compile(rb"[A-Za-z_][\w.<>]*(?::(?: |$)|$)")
_USUAL = re.compile(
    rb"(?:Traceback \(most recent call last\):[^\n]*+\n)?+"
    rb"(?:[ \t|][^\n]*+\n)*+([A-Za-z_][\w.<>]*+(?:: [^\r\n]*+)?)\n(?!\n)"
)
"""Frames and their exception, and nothing that could be chained to it."""
_CHAIN = (b"During handling of the above", b"The above exception was the direct cause")


def is_wrapped(data: bytes) -> bool:
    """Whether a traceback in it may stand behind what a container or syslog writes."""
    bare = sum(data.count(b"\n" + start) for start in STARTS) + data.startswith(STARTS)
    return data.count(COMMON) > bare


def begins(data: bytes, position: int, *, wrapped: bool = True) -> bool:
    """Whether a traceback begins in the line at ``position``; ``wrapped``: behind a prefix, too."""
    if data.startswith(STARTS, position):
        return True
    if not wrapped or data.find(COMMON, position, position + LINE) < 0:
        return False
    line = data[position : position + LINE].partition(b"\n")[0]
    return unwrap(line).payload.startswith(STARTS)


def exception_after(data: bytes, position: int) -> bytes | None:
    """The last exception of the traceback that begins at ``position``; empty where it has none.

    None: ``data`` ends before that can be told.
    """
    usual = _USUAL.match(data, position)
    if usual and usual.start(1) < position + LONGEST:
        return usual[1][:LINE]
    return line_by_line(data, position)


def line_by_line(data: bytes, position: int) -> bytes | None:
    """The same for every traceback, behind a prefix as well."""
    last = b""
    limit = min(len(data), position + LONGEST)
    while position < limit:
        end = data.find(b"\n", position)
        if end < 0:
            break
        line = _line(data, position, end)
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
    end = data.find(b"\n", position)
    if end < 0 or _line(data, position, end).strip():
        return False
    return _line(data, end + 1, data.find(b"\n", end + 1)).startswith(_CHAIN)


def _line(data: bytes, start: int, end: int) -> bytes:
    """The line from here to its end, or as far as it goes, without what stands around it."""
    line = data[start : start + LINE if end < 0 else min(end, start + LINE)].rstrip(b"\r")
    return unwrap(line).payload
