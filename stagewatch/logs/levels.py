"""What one physical line says about itself: its level, and whether it is a crash signature.

Only the level *field* counts, never a word in a message. The header of a line is walked from its
start, token by token (times, brackets, numbers, logger names), and the walk ends at the first
token that is no header; the first level found on the way is the line's. Every expression here is
linear in its input and sees the first ``LIMIT`` bytes only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stagewatch.logs.fields import json_fields, json_level, pairs_level
from stagewatch.logs.prefixes import unwrap
from stagewatch.logs.words import CRITICAL, LEVELS, RANK, named

LIMIT = 2048
"""Bytes of a line that are looked at."""

GO_PANIC = "go-panic"
KERNEL = "kernel"
TRACEBACK = "traceback"

_GLOG = re.compile(rb"([IWEF])(?:\d{4}|\d{8}) \d\d:\d\d:\d\d")
_GLOG_LEVELS = {b"I": "INFO", b"W": "WARNING", b"E": "ERROR", b"F": CRITICAL}
_KERNEL = re.compile(
    rb"(?:kernel: ?)?(?:\[ {0,8}\d{1,9}\.\d{1,9}\] ?)?"
    rb"(?:Out of memory: Kill|Memory cgroup out of memory: Kill|oom-kill:"
    rb"|[^\s:]{1,64} invoked oom-killer|[^\s:]{1,64}\[\d{1,9}\]: segfault at )"
)
_TRACEBACK = re.compile(rb"(?:  \+ Exception Group )?Traceback \(most recent call last\):")

_FILLER = re.compile(rb"[ \t|]{0,40}(?:-{1,3}[ \t]+)?(?:: )?")
_BRACKET = re.compile(rb"\[([^\[\]]{0,80})\]|\(([^()]{0,80})\)|<([^<>]{0,80})>")
_TIME = re.compile(rb"\d[\dTZ:.,/+#\-]{0,40}(?=[\s|\]]|$)")
_CALENDAR = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep"
    rb"|Oct|Nov|Dec|UTC|GMT|CET|CEST|AM|PM)\b,?"
)
_CLOCK = re.compile(rb"\d[:/\-]\d\d")
_WORD = re.compile(rb"[A-Za-z]{3,13}")
_RUBY = re.compile(rb"[DIWEFA], (?=\[)")
_UPPER_ENDS = frozenset(b" \t:|])/[,\r")
_SPACED = re.compile(rb"(?::(?:\s|$)|\t|  | [|\[]| -{1,3} |$)")
_NAMED = re.compile(rb"[\w.:/$@#*\[\]-]{1,80} +- +([A-Za-z]{3,13})(?= +-|:? )")
_DOTTED = re.compile(rb"[\w-]{1,40}\.[\w.$-]{1,80}:? +([A-Z]{3,13})(?=[ :])")
_ACCOUNT = re.compile(rb"[\w.\[\]-]{1,64}@[\w.\[\]-]{1,64}:? ")
_BRACKET_TAIL = re.compile(rb"(?:[\w.,:+/-]{1,40}[ :,]{1,2}){1,3}([A-Za-z]{3,13})(?=/|$| )")


class Look(NamedTuple):
    """What a line shows."""

    level: str
    """CRITICAL, ERROR, WARNING, INFO, DEBUG or empty."""
    record: bool
    """It starts a log record: it has a level or its own time."""
    crash: str
    """GO_PANIC, KERNEL, TRACEBACK or empty."""
    payload: bytes
    """The line without container prefix and colour."""
    head: int
    """Where in ``payload`` the walk over the header ended."""
    outer_time: bytes
    """The time that the container prefix carries, if any."""


def look(line: bytes) -> Look:
    """Read one line (without its end)."""
    outer = unwrap(line[:LIMIT])
    payload = outer.payload
    level, head, timed = _walk(payload)
    if RANK[outer.level] > RANK[level] and (not level or outer.level == CRITICAL):
        level = outer.level
    crash = _crash(payload) if not level or level == outer.level else ""
    if crash in (GO_PANIC, KERNEL):
        level = CRITICAL
    record = bool(level) or timed
    return Look(level, record, crash, payload, head, outer.time)


def level_of(line: str | bytes) -> str:
    """The level of one line taken by itself; a traceback has none until it is placed."""
    return look(line.encode("utf-8", "replace") if isinstance(line, str) else line).level


def _crash(payload: bytes) -> str:
    if payload.startswith(b"panic: "):
        return GO_PANIC
    if _TRACEBACK.match(payload):
        return TRACEBACK
    return KERNEL if _KERNEL.match(payload) else ""


def _walk(text: bytes) -> tuple[str, int, bool]:
    """(level, end of the header, whether the header has a time)."""
    glog = _GLOG.match(text)
    if glog:
        return _GLOG_LEVELS[glog.group(1)], glog.end(), True
    if text.startswith(b"panic: "):
        return "", 0, False
    position, timed = 0, False
    indented = text[:1] in (b" ", b"\t")
    for _ in range(10):
        level, after, is_time = _step(text, position)
        timed = timed or is_time
        if level:
            return ("", 0, False) if indented and not timed else (level, after, timed)
        if after == position:
            break
        position = after
    return "", position, timed


def _step(text: bytes, position: int) -> tuple[str, int, bool]:
    """One header token from ``position``: (level, end of the token, whether it is a time)."""
    filler = _FILLER.match(text, position)
    start = filler.end() if filler else position
    first = text[start : start + 1]
    if first == b"{":
        fields = json_fields(text[start:])
        return (json_level(fields) if fields else ""), position, bool(fields)
    if first in (b"[", b"(", b"<"):
        bracket = _BRACKET.match(text, start)
        if bracket is None:
            return "", position, False
        inside = bracket.group(bracket.lastindex or 1)
        return _in_bracket(inside), bracket.end(), bool(_CLOCK.search(inside))
    if first.isdigit():
        return _number(text, start, position)
    return _wordy(text, start, position)


def _number(text: bytes, start: int, position: int) -> tuple[str, int, bool]:
    time = _TIME.match(text, start)
    if time:
        return "", time.end(), bool(_CLOCK.search(time.group()))
    return "", position, False


def _in_bracket(inside: bytes) -> str:
    whole = named(inside)
    if whole:
        return whole
    tail = _BRACKET_TAIL.match(inside)
    if tail is None:
        return ""
    word = tail.group(1)
    apache = tail.end() == len(inside) and inside.count(b":") == 1 and b" " not in inside
    return named(word) if word.isupper() or apache else ""


def _wordy(text: bytes, start: int, position: int) -> tuple[str, int, bool]:
    word = _WORD.match(text, start)
    if word:
        level = LEVELS.get(word.group().lower(), "")
        end = word.end()
        if level and _is_field(text, word.group(), end):
            return level, end, False
    ruby = _RUBY.match(text, start) or _CALENDAR.match(text, start) or _ACCOUNT.match(text, start)
    if ruby:
        return "", ruby.end(), False
    for name in (_NAMED, _DOTTED):
        match = name.match(text, start)
        if match and LEVELS.get(match.group(1).lower()):
            return LEVELS[match.group(1).lower()], match.end(), False
    level = pairs_level(text[start:])
    return level, position, bool(level)


def _is_field(text: bytes, word: bytes, end: int) -> bool:
    """Whether a level word in the header stands there as a field, not as prose."""
    if word.isupper() and (end == len(text) or text[end] in _UPPER_ENDS):
        return True
    return bool(_SPACED.match(text, end))
