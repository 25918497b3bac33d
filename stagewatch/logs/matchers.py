"""What a line may be looked for by: text, an expression, a level, a pattern.

A matcher is given whole lines, as many as were read at a time, and tells where those begin that
it is looking for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from stagewatch.logs.batch import Batch
from stagewatch.logs.expressions import Expression
from stagewatch.logs.levels import LIMIT, look
from stagewatch.logs.masks import masked
from stagewatch.logs.patterns import text_of
from stagewatch.logs.source import Matcher
from stagewatch.logs.state import Counts
from stagewatch.logs.tally import Tally
from stagewatch.logs.traces import begins, exception_after
from stagewatch.logs.words import RANK

_MASK = re.compile(r'<(?:url|path|email)>|"#"|[#…]')
_WORD = re.compile(r"[A-Za-z_:.,()-]+")
_TRACEBACK = "Traceback"


def by_text(text: str, encoding: str = "utf-8") -> Matcher:
    """Lines that hold this text, exactly as it is written."""
    needle = text.encode(encoding, "replace")

    def match(data: bytes) -> list[int]:
        return list(_lines_with(needle, data))

    return match


def by_expression(expression: Expression) -> Matcher:
    """Lines in whose beginning the expression matches."""
    return lambda data: list(expression.lines(data))


def by_level(least: str) -> Matcher:
    """Records of this level or a worse one, by their level field."""
    rank = RANK[least]

    def match(data: bytes) -> list[int]:
        tally = Tally("", Counts(), watch_start=0.0)
        found = tally.feed(data, 0.0, 0.0, Batch())
        levels = (indices for level, indices in found.levels.items() if RANK[level] >= rank)
        return [found.lines.start(index) for index in sorted(chain.from_iterable(levels))]

    return match


def by_pattern(level: str, text: str, encoding: str = "utf-8") -> Matcher:
    """Records of one pattern."""
    message, _, exception = text.partition(" | ")
    if message == _TRACEBACK:
        return _by_traceback(exception, encoding)
    literal = max(_WORD.findall(_MASK.sub(" ", message)), key=len, default="").encode()

    def match(data: bytes) -> list[int]:
        found = []
        for start in _lines_with(literal, data):
            end = data.find(b"\n", start)
            seen = look(data[start : min(end, start + LIMIT)])
            if seen.level != level:
                continue
            whole = text_of(seen, encoding)
            ends_in = exception and _exception(data, end + 1, encoding)
            if whole == text or (whole == message and ends_in == exception):
                found.append(start)
        return found

    return match


def _exception(data: bytes, position: int, encoding: str) -> str:
    found = exception_after(data, position) if begins(data, position) else b""
    return masked(found or b"").decode(encoding, "replace")


def _by_traceback(exception: str, encoding: str) -> Matcher:
    def match(data: bytes) -> list[int]:
        found = []
        for start in _lines_with(b"Traceback (most recent call last):", data):
            if not exception or _exception(data, start, encoding) == exception:
                found.append(start)
        return found

    return match


def both(one: Matcher, other: Matcher) -> Matcher:
    """Lines that both match; the second one is asked only where the first one found something."""

    def match(data: bytes) -> list[int]:
        found = one(data)
        if not found:
            return []
        second = set(other(data))
        return [start for start in found if start in second]

    return match


def _lines_with(needle: bytes, data: bytes) -> Iterator[int]:
    position = 0
    while (hit := data.find(needle, position)) >= 0:
        start = data.rfind(b"\n", position, hit) + 1 or position
        yield start
        position = data.find(b"\n", hit) + 1
        if not position:
            return
