"""Expressions learned for the lines of one file, where no fixed header tells the level."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from stagewatch.logs.words import CRITICAL

MOST = 10
"""Shapes that are known at a time, of each level."""
PATIENCE = 64
"""Records that are read in full before the next attempt to learn, after one that failed."""
CALM = 16
"""The same, after one that replaced a shape: a new hour, or more shapes than MOST."""

_ANY_DIGITS = re.compile(rb"\\d\{[\d,]+\}|\d+")


class Shape(NamedTuple):
    """What is known of lines that match an expression."""

    expression: bytes
    level: str


class KnownShapes:
    """They are few, so learning stays cheap."""

    def __init__(self) -> None:
        self._known: dict[str, dict[bytes, Shape]] = {}
        self._patience: dict[str, int] = {}
        self._any: re.Pattern[bytes] | None = None
        self._shapes: list[Shape] = []
        self.often: Counter[Shape] = Counter()
        """How many lines had which shape, since somebody began to count."""

    def __bool__(self) -> bool:
        return self._any is not None

    def level_at(self, data: bytes, position: int) -> str | None:
        """The level of the line that begins here; None where that is not known."""
        match = self._any.match(data, position) if self._any else None
        if not match or not match.lastindex:
            return None
        shape = self._shapes[match.lastindex - 1]
        self.often[shape] += 1
        return shape.level

    def wants(self, level: str) -> bool:
        """Whether it is worth making a shape of the record just read in full."""
        left = self._patience.get(level, 0)
        self._patience[level] = left - 1
        return left <= 0 and level != CRITICAL

    def learn(self, level: str, shape: bytes | None) -> None:
        """Know this shape from now on; None says that none could be made."""
        if shape is None:
            self._patience[level] = PATIENCE
            return
        known = self._known.setdefault(level, {})
        kind = _ANY_DIGITS.sub(b"#", shape)
        new = kind not in known and len(known) < MOST
        self._patience[level] = 0 if new else CALM
        known.pop(kind, None)
        known[kind] = Shape(shape, level)
        if len(known) > MOST:
            del known[next(iter(known))]
        every = [each for shapes in self._known.values() for each in shapes.values()]
        self._any = re.compile(b"|".join(b"(%b)" % each.expression for each in every))
        self._shapes = every
