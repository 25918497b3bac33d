"""What a line may be looked for by: text, an expression, a level, a pattern.

A matcher is given whole lines, as many as were read at a time, and tells where those begin that
it is looking for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from stagewatch.expressions import Expression
from stagewatch.logs.batch import Batch
from stagewatch.logs.levels import LIMIT, TRACEBACK, look
from stagewatch.logs.scan import BUDGET
from stagewatch.logs.source import Matcher
from stagewatch.logs.state import Counts
from stagewatch.logs.tally import Tally
from stagewatch.logs.traces import begins, exception_after
from stagewatch.logs.wording import PART, TRACE, text_of
from stagewatch.logs.words import CRITICAL, RANK

_CUT = re.compile(r"\S*…$")
_MASK = re.compile(r'<(?:url|path|email)>|"#"|#|\\[uUx][0-9a-f]+')
_WORD = re.compile(r"[A-Za-z_]+")


def by_text(text: str, encoding: str = "utf-8") -> Matcher:
    """Lines that hold this text, exactly as it is written."""
    needle = text.encode(encoding, "replace")

    def match(data: bytes) -> list[int]:
        return list(_lines_with(needle, data))

    return match


def by_expression(expression: Expression) -> Matcher:
    """Lines in whose beginning the expression matches; raises SlowError after some seconds."""
    return lambda data: list(expression.lines(data, BUDGET))


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
    message = _CUT.sub(" ", text).partition(PART)[0]
    words = [TRACE] if message == TRACE else _WORD.findall(_MASK.sub(" ", message))
    literal = max(words, key=len, default="").encode()

    def match(data: bytes) -> list[int]:
        found = []
        for start in _lines_with(literal, data):
            end = data.find(b"\n", start)
            seen = look(data[start : min(end, start + LIMIT)].rstrip(b"\r"))
            if (seen.level or (CRITICAL if seen.crash == TRACEBACK else "")) != level:
                continue
            behind = start if seen.crash == TRACEBACK else end + 1
            trace = exception_after(data, behind) if begins(data, behind) else b""
            if text_of(seen, encoding, trace or b"") == text:
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
