"""Expressions for the headers of lines, made from lines that were read in full.

Whatever matches a shape has the level of the line that the shape was made from: the level is
decided by the header alone, and everything in the header that could decide otherwise is literal in
the shape. Shapes make counting faster and never change what is counted; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from stagewatch.logs.fields import is_level_key, is_time_key
from stagewatch.logs.levels import JSON, PLAIN, Look
from stagewatch.logs.prefixes import uncoloured
from stagewatch.logs.stamps import text_time
from stagewatch.logs.words import CRITICAL, ERROR, WARNING

HOUR, MINUTE = 3600.0, 60.0

_DIGITS = re.compile(rb"\d+")
_QUOTED = re.compile(rb'[ \t]{0,8}(?:-[ \t]{1,8})?"')
_DOCKER = b'{"log":"'
_CLOCK = re.compile(rb"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:")
_ZONE = re.compile(rb"[\d:.,]{0,20}( ?[+-]\d\d:?\d\d)")
_EPOCH = re.compile(rb"[12]\d{9}(?:\d{3}){0,3}")
_JSON_PAIR = re.compile(
    rb'[{,]\s{0,4}"([^"\\\n]{1,64})"\s{0,4}:\s{0,4}(?:"([^"\\\n]{0,200})"|(-?[\d.]{1,30})(?=[,}]))'
)
_TEXT_PAIR = re.compile(rb'([A-Za-z_@][\w.@-]{0,63})=("[^"\\\n]{0,200}"|[^\s"]{0,200}) ')
_ODD_KEYS = frozenset({"log", "PRIORITY", "s", "version"})
_NO_TIME = rb"(?![:,\])]{0,3}[ \t]{0,8}[\[(]{0,2}(?:\d|[A-Z][a-z]{2} |[IWEF]\d))"


class _Limits(NamedTuple):
    """What a record's own time is compared with."""

    counted: bool
    """The level counts, so the shape has to prove that the record is not from before."""
    start: float
    offset: float


def shape_of(line: bytes, seen: Look, watch_start: float, offset: float) -> bytes | None:
    """An expression for headers like that of ``line``; None where none would be safe.

    For a level that counts, the expression is also proof that the record's own time, where it has
    one, is not before ``watch_start``.
    """
    limits = _Limits(seen.level in (CRITICAL, ERROR, WARNING), watch_start, offset)
    if seen.crash or line[:1] in (b"<", b"\0", b"\xef"):
        return None
    if not seen.level:
        return _unlevelled(line, seen)
    if seen.form == PLAIN:
        end = _raw_end(line, seen, limits.counted)
        return _plain(line[:end], limits) if end else None
    outside = len(line) - len(seen.payload)
    if outside < 0 or line[outside:] != seen.payload or (limits.counted and outside):
        return None
    end = outside + seen.head
    steps = _json_steps(line, end) if seen.form == JSON else _pair_steps(line, end)
    fields = _fields(steps, limits)
    return None if fields is None else _digits(line[:end]) + fields


def _unlevelled(line: bytes, seen: Look) -> bytes | None:
    """Access logs: a header with a time, and then a quote, which ends every header."""
    stop = _QUOTED.match(line, seen.head)
    if line != seen.payload or seen.form != PLAIN or not stop:
        return None
    return _DIGITS.sub(_about, re.escape(line[: stop.end()]))


def _about(digits: re.Match[bytes]) -> bytes:
    return rb"\d{1,%d}" % max(3, len(digits[0]))


def _raw_end(line: bytes, seen: Look, counted: bool) -> int:
    """Where the header ends in the line as it was written; 0 where that cannot be told."""
    outside = len(line) - len(seen.payload)
    if not 0 < seen.head <= len(seen.payload):
        return 0
    if b"\x1b" in line:
        stripped, end = uncoloured(line, seen.head)
        return end if stripped == seen.payload else 0
    if outside >= 0 and line[outside:] == seen.payload:
        return 0 if counted and outside else outside + seen.head
    wrapped = line.startswith(_DOCKER + seen.payload[: seen.head]) and not counted
    return len(_DOCKER) + seen.head if wrapped else 0


def _plain(head: bytes, limits: _Limits) -> bytes | None:
    if not limits.counted:
        return _digits(head)
    stamp = text_time(uncoloured(head, 0)[0], limits.start, limits.offset)
    if stamp is None:
        return None if _DIGITS.search(head) else re.escape(head) + _NO_TIME
    return _fresh(head, stamp, limits.start)


def _fresh(text: bytes, stamp: float, start: float) -> bytes | None:
    """``text`` with its date and hour literal, or its minute too, so that it proves its time."""
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    hour, minute = clock.end() - 3, clock.end()
    literal = hour if stamp - HOUR >= start else minute if stamp - MINUTE >= start else 0
    if not literal:
        return None
    zone = _ZONE.match(text, literal)
    if zone is None:
        return re.escape(text[:literal]) + _digits(text[literal:])
    seconds, rest = text[literal : zone.start(1)], text[zone.end() :]
    return re.escape(text[:literal]) + _digits(seconds) + re.escape(zone[1]) + _digits(rest)


def _epoch(text: bytes, start: float) -> bytes | None:
    """A number of seconds (or ms, µs, ns) since 1970 that is about this one or a little later."""
    if not _EPOCH.fullmatch(text):
        return None
    for free in (4, 2):  # about three hours, and about two minutes
        literal = text[: 10 - free]
        if float(literal) * 10**free >= start:
            return literal + rb"\d{%d}" % (len(text) - len(literal))
    return None


def _digits(text: bytes) -> bytes:
    """``text`` with any digits in the place of its own."""
    return _DIGITS.sub(lambda run: rb"\d{%d}" % len(run[0]), re.escape(text))


class _Step(NamedTuple):
    """A field in the order of writing."""

    key: str
    value: bytes
    lead: bytes
    """What stands before the value."""
    anything: bytes
    """An expression for any value there."""
    tail: bytes
    """An expression for what stands after the value."""


def _json_steps(line: bytes, position: int) -> Iterator[_Step]:
    while pair := _JSON_PAIR.match(line, position):
        key, quoted = pair[1].decode("utf-8", "replace"), pair[3] is None
        start = pair.start(2 if quoted else 3)
        anything = rb'[^"\\\n]{0,200}' if quoted else rb"-?[\d.]{1,30}"
        tail = b'"' if quoted else b"(?=[,}])"
        yield _Step(key, pair[2] or pair[3] or b"", line[position:start], anything, tail)
        position = pair.end()


def _pair_steps(line: bytes, position: int) -> Iterator[_Step]:
    while pair := _TEXT_PAIR.match(line, position):
        quoted = pair[2].startswith(b'"')
        start = pair.start(2) + quoted
        anything = rb'[^"\\\n]{0,200}' if quoted else rb'[^\s"]{0,200}'
        tail = b'"\\ ' if quoted else b"\\ "
        yield _Step(pair[1].decode(), pair[2].strip(b'"'), line[position:start], anything, tail)
        position = pair.end()


def _fields(steps: Iterable[_Step], limits: _Limits) -> bytes | None:
    """An expression for the fields up to the level, and to the time where that matters."""
    parts: list[bytes] = []
    levelled, timed = False, not limits.counted
    for step in steps:
        value: bytes | None = step.anything
        if is_level_key(step.key) and not levelled:
            levelled, value = True, _literal_level(step.value)
        elif is_time_key(step.key) and not timed:
            timed, value = True, _literal_time(step.value, limits)
        if value is None or step.key in _ODD_KEYS:
            return None
        parts.append(re.escape(step.lead) + value + step.tail)
        if levelled and timed:
            return b"".join(parts)
    return None


def _literal_level(value: bytes) -> bytes | None:
    """The level as it stands there; None for numbers whose meaning hangs on other fields."""
    number = not value.isalpha()
    return None if number and not (value.isdigit() and 10 <= int(value) < 100) else value


def _literal_time(value: bytes, limits: _Limits) -> bytes | None:
    if value.isdigit():
        return _epoch(value, limits.start)
    stamp = text_time(value, limits.start, limits.offset)
    return None if stamp is None else _fresh(value, stamp, limits.start)
