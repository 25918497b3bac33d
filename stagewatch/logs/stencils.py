"""Making the header that lines like one line have, from that line, which was read in full.

Whatever begins with such a header has the level of the line that it was made from: the level is
decided by the header alone, and digits decide nothing in one. Where they would, none is made.
Headers make counting faster and never change what is counted; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from stagewatch.logs.fields import is_level_key, is_time_key
from stagewatch.logs.heads import Head
from stagewatch.logs.levels import JSON, PLAIN, Look
from stagewatch.logs.lines import COUNTED
from stagewatch.logs.masks import digits_alike
from stagewatch.logs.prefixes import uncoloured
from stagewatch.logs.proofs import Spots, spots_of, time_spots
from stagewatch.logs.shapes import ODD_KEYS, Step, json_steps, pair_steps, quoted_end
from stagewatch.logs.stamps import text_time
from stagewatch.logs.words import named

_DIGITS = re.compile(rb"\d")


def head_of(line: bytes, seen: Look, watch_start: float, offset: float) -> Head | None:
    """The header of ``line``; None where none would be safe.

    For a level that counts, it also proves that the record's own time, where it has one, is not
    before ``watch_start``.
    """
    counts = seen.level in COUNTED
    if seen.crash or line[:1] in (b"<", b"\0", b"\xef"):
        return None
    if not seen.level:
        end = quoted_end(line, seen)
        return Head(digits_alike(line[:end]), "") if end else None
    if seen.form == PLAIN:
        end = _raw_end(line, seen, counts)
        return _plain(line[:end], seen.level, watch_start, offset) if end else None
    outside = len(line) - len(seen.payload)
    if outside < 0 or line[outside:] != seen.payload or (counts and outside):
        return None
    begin = outside + seen.head
    steps = json_steps(line, begin) if seen.form == JSON else pair_steps(line, begin)
    return _structured(line, begin, steps, _Wanted(seen.level, counts, watch_start, offset))


def _raw_end(line: bytes, seen: Look, counted: bool) -> int:
    """Where the header ends in the line as it was written; 0 where that cannot be told."""
    outside = len(line) - len(seen.payload)
    if not 0 < seen.head < len(seen.payload):
        return 0  # where it ends with the line, that may be what shows the level to be one
    if b"\x1b" in line:
        stripped, end = uncoloured(line, seen.head)
        return end if stripped == seen.payload else 0
    if outside < 0 or line[outside:] != seen.payload or (counted and outside):
        return 0
    return outside + seen.head


def _plain(head: bytes, level: str, watch_start: float, offset: float) -> Head | None:
    text = digits_alike(head)
    if b"<0" in text:
        return None  # it may be a syslog priority, which is a number that decides
    if level not in COUNTED:
        return Head(text, level)
    stamp = text_time(uncoloured(head, 0)[0], watch_start, offset)
    if stamp is None:
        return None if _DIGITS.search(head) else Head(text, level, True, timeless=True)
    spots = time_spots(head, stamp, watch_start)
    return Head(text, level, True, _literals(head, 0, spots)) if spots else None


def _literals(text: bytes, offset: int, spots: Spots) -> tuple[tuple[int, bytes], ...]:
    return tuple((offset + start, text[start:end]) for start, end in spots)


class _Wanted(NamedTuple):
    level: str
    counts: bool
    watch_start: float
    offset: float


def _structured(line: bytes, begin: int, steps: Iterable[Step], wanted: _Wanted) -> Head | None:
    """The fields up to the level, and to the time where that matters."""
    levelled, timed = False, not wanted.counts
    proof: tuple[tuple[int, bytes], ...] = ()
    for step in steps:
        if step.key in ODD_KEYS or _DIGITS.search(step.lead):
            return None
        if is_level_key(step.key) and not levelled:
            levelled = True
            if not step.value.isalpha() or named(step.value) != wanted.level:
                return None  # the level is in a later field
        elif is_time_key(step.key) and not timed:
            timed = True
            spots = spots_of(step.value, wanted.watch_start, wanted.offset)
            if spots is None:
                return None
            proof = _literals(step.value, step.start, spots)
        if levelled and timed:
            text = digits_alike(line[: step.end])
            return None if b"<" in line[:begin] else Head(text, wanted.level, wanted.counts, proof)
    return None
