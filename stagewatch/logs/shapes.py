"""Expressions for structured lines, made from lines that were read in full.

For those whose level stands behind fields that differ from line to line, so that no header of
theirs comes again (``stagewatch.logs.stencils``).

Whatever matches a shape has the level of the line that the shape was made from: the level is
decided by the header alone, and everything in the header that could decide otherwise is literal in
the shape. Shapes make counting faster and never change what is counted; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from stagewatch.logs.fields import SEVERITY_NUMBERS, is_level_key, is_time_key
from stagewatch.logs.levels import JSON, PLAIN, Look
from stagewatch.logs.lines import COUNTED
from stagewatch.logs.proofs import Spots, spots_of
from stagewatch.logs.words import by_number, named

_DIGITS = re.compile(rb"\d+")
_QUOTED = re.compile(rb'[ \t]{0,8}(?:-[ \t]{1,8})?"')
_JSON_PAIR = re.compile(
    rb'[{,]\s{0,4}"([^"\\\n]{1,64})"\s{0,4}:\s{0,4}(?:"([^"\\\n]{0,200})"|(-?[\d.]{1,30})(?=[,}]))'
)
_TEXT_PAIR = re.compile(rb'([A-Za-z_@][\w.@-]{0,63})=("[^"\\\n]{0,200}"|[^\s"]{0,200}) ')
ODD_KEYS = frozenset({"L", "log", "MESSAGE", "PRIORITY", "s", "version"}) | SEVERITY_NUMBERS


_DOCKER = b'{"log":"'
_DOCKER_REST = (
    # Certain to be valid JSON, and short enough to be seen whole.
    rb'(?:[ !#-\[\]-~]|\\["\\/bfnrt]){0,1500}+'
    rb'","stream":"[a-z]{1,10}","time":"[\w:.+-]{1,40}"\}[\r\n]'
)


class _Limits(NamedTuple):
    """What a record's own time is compared with."""

    level: str
    counted: bool
    """The level counts, so the shape has to prove that the record is not from before."""
    start: float
    offset: float


def shape_of(line: bytes, seen: Look, watch_start: float, offset: float) -> bytes | None:
    """An expression for lines like ``line``; None where none would be safe, or none is needed.

    For a level that counts, the expression is also proof that the record's own time, where it has
    one, is not before ``watch_start``.
    """
    limits = _Limits(seen.level, seen.level in COUNTED, watch_start, offset)
    if seen.crash or line[:1] in (b"<", b"\0", b"\xef"):
        return None
    if not seen.level:
        end = quoted_end(line, seen)
        return _DIGITS.sub(_about, re.escape(line[:end])) if end else None
    outside = len(line) - len(seen.payload)
    if seen.form == PLAIN:
        wrapped = _DOCKER + seen.payload[: seen.head]
        return _digits(wrapped) + _DOCKER_REST if _is_docker(line, wrapped, limits) else None
    if outside < 0 or line[outside:] != seen.payload:
        return None
    if b"<" in line[:outside] or (limits.counted and outside):
        return None
    end = outside + seen.head
    steps = json_steps(line, end) if seen.form == JSON else pair_steps(line, end)
    fields = _fields(steps, limits)
    return None if fields is None else _digits(line[:end]) + fields


def _is_docker(line: bytes, wrapped: bytes, limits: _Limits) -> bool:
    """Whether Docker wrote this line around a record that does not count."""
    if limits.counted or not line.startswith(wrapped) or len(wrapped) > 300:
        return False
    if line[len(wrapped) : len(wrapped) + 1] in (b'"', b"\\"):
        return False  # the header may end with the line
    return re.match(_digits(wrapped) + _DOCKER_REST, line + b"\n") is not None


def quoted_end(line: bytes, seen: Look) -> int:
    """Where an access log's header ends: at a quote, which ends every header; 0 without one."""
    stop = _QUOTED.match(line, seen.head)
    return stop.end() if stop and line == seen.payload and seen.form == PLAIN else 0


def _about(digits: re.Match[bytes]) -> bytes:
    return rb"\d{1,%d}" % max(3, len(digits[0]))


def _pinned(text: bytes, spots: Spots) -> bytes:
    """``text`` with any digits in the place of its own, except where it has to stay as it is."""
    parts, position = [], 0
    for start, end in spots:
        parts += [_digits(text[position:start]), re.escape(text[start:end])]
        position = end
    return b"".join([*parts, _digits(text[position:])])


def _digits(text: bytes) -> bytes:
    """``text`` with any digits in the place of its own."""
    return _DIGITS.sub(lambda run: rb"\d{%d}" % len(run[0]), re.escape(text))


class Step(NamedTuple):
    """A field in the order of writing."""

    key: str
    value: bytes
    lead: bytes
    """What stands before the value."""
    anything: bytes
    """An expression for any value there."""
    tail: bytes
    """An expression for what stands after the value."""
    start: int
    """Where the value begins in the line."""
    end: int
    """Behind what shows that the value is whole."""


def json_steps(line: bytes, position: int) -> Iterator[Step]:
    while pair := _JSON_PAIR.match(line, position):
        key, quoted = pair[1].decode("utf-8", "replace"), pair[3] is None
        start = pair.start(2 if quoted else 3)
        anything = rb'[^"\\\n]{0,200}' if quoted else rb"-?[\d.]{1,30}"
        tail = b'"' if quoted else b"(?=[,}])"
        value, end = pair[2] or pair[3] or b"", pair.end() + (not quoted)
        yield Step(key, value, line[position:start], anything, tail, start, end)
        position = pair.end()


def pair_steps(line: bytes, position: int) -> Iterator[Step]:
    while pair := _TEXT_PAIR.match(line, position):
        quoted = pair[2].startswith(b'"')
        start = pair.start(2) + quoted
        anything = rb'[^"\\\n]{0,200}' if quoted else rb'[^\s"]{0,200}'
        tail = b'"\\ ' if quoted else b"\\ "
        value, lead = pair[2].strip(b'"'), line[position:start]
        yield Step(pair[1].decode(), value, lead, anything, tail, start, pair.end())
        position = pair.end()


def _fields(steps: Iterable[Step], limits: _Limits) -> bytes | None:
    """An expression for the fields up to the level, and to the time where that matters."""
    parts: list[bytes] = []
    levelled, timed = False, not limits.counted
    for step in steps:
        value: bytes | None = step.anything
        if is_level_key(step.key) and not levelled:
            levelled, value = True, _literal_level(step.value, limits.level)
        elif is_time_key(step.key) and not timed:
            timed, value = True, _literal_time(step.value, limits)
        if value is None or step.key in ODD_KEYS:
            return None
        parts.append(re.escape(step.lead) + value + step.tail)
        if levelled and timed:
            return b"".join(parts)
    return None


def _literal_level(value: bytes, level: str) -> bytes | None:
    """The level as it stands there; None for numbers whose meaning hangs on other fields, and
    where it is a later field that states the level."""
    if value.isalpha():
        return value if named(value) == level else None
    plain = value.isdigit() and len(value) == 2 and by_number(int(value)) == level
    return value if plain else None


def _literal_time(value: bytes, limits: _Limits) -> bytes | None:
    spots = spots_of(value, limits.start, limits.offset)
    return None if spots is None else _pinned(value, spots)
