"""Passing lines that do not count, where some headers or shapes make up most of a log."""

from __future__ import annotations

import re
from collections import Counter

from stagewatch.logs.heads import Head
from stagewatch.logs.known import Shape
from stagewatch.logs.lines import COUNTED, Lines, Others

MOST = 48
"""Headers and shapes: one after another is tried for each line until one matches."""
PATIENCE = 16
"""Readings after one in which it was of no use before the next attempt."""


class Passing:
    """The expression that tells such lines from all others, made anew when the log changes."""

    def __init__(self) -> None:
        self.others: Others | None = None
        """What tells them; None while nothing is frequent."""
        self._patience = 0

    def choose(self, lines: Lines, often: Counter[Head | Shape]) -> None:
        """Go by what is frequent in ``lines``, which were told apart by the present expression."""
        self._patience -= 1
        if len(lines) <= lines.count // 2:
            return
        if self.others is not None:
            self.others = None  # it passes too little now; the next reading tells why
            return
        if self._patience > 0 or not often:
            return
        idle = ((each, count) for each, count in often.items() if each.level not in COUNTED)
        common = Counter(dict(idle)).most_common(MOST)
        if sum(count for _, count in common) <= lines.count // 2:
            self._patience = PATIENCE
            return
        self.others = _others([each for each, _ in common])


def _others(common: list[Head | Shape]) -> Others:
    """What tells the others from these. Lines without their digits are matched twice as fast."""
    alike = not any(isinstance(each, Shape) for each in common)
    either = b"|".join(_expression(each, alike) for each in common)
    return Others(re.compile(rb"\n(?!%b)" % either), alike)


def _expression(each: Head | Shape, alike: bool) -> bytes:
    if isinstance(each, Shape):
        return each.expression
    return re.escape(each.text) if alike else re.escape(each.text).replace(b"0", rb"\d")
