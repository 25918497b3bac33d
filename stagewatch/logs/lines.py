"""What was read at a time, as lines: where each begins, and what it is without its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from stagewatch.logs.masks import digits_alike
from stagewatch.logs.words import CRITICAL, ERROR, WARNING

COUNTED = (CRITICAL, ERROR, WARNING)
"""The levels that count."""


class Others(NamedTuple):
    """What tells the lines that are not passed."""

    ends: re.Pattern[bytes]
    """Matches the line ends before them."""
    alike: bool
    """Made for lines with ``0`` for every digit."""


class Lines:
    """The lines of what was read, but for those that are passed: records that do not count.

    What is done to each of them is done to all at once wherever that is possible.
    """

    __slots__ = ("_alike", "_gap", "_raw", "_starts", "count", "data", "keys", "passed")

    def __init__(self, data: bytes, others: Others | None = None) -> None:
        self.data = data
        self.count: int
        """How many lines there are, those that are passed among them."""
        self.keys: list[bytes]
        """Each line with ``0`` for every digit."""
        self.passed: int | None = None
        """The first of these lines with passed ones before it."""
        if others is None:
            self._raw = data if data.endswith(b"\n") else data[: data.rfind(b"\n") + 1]
            self._alike = digits_alike(self._raw)
            self.keys = self._alike.split(b"\n")
            self.keys.pop()
            self._starts, self._gap = list(accumulate(map(len, self.keys), initial=0)), 1
            self.count = len(self.keys)
        else:
            self.count = data.count(b"\n")
            self._starts, self._gap = self._picked(others), 0

    def _picked(self, others: Others) -> list[int]:
        """Where the lines begin that are not passed; takes them."""
        data, find, size = self.data, self.data.find, len(self.data)
        alike = digits_alike(data)
        places = others.ends.finditer(alike if others.alike else data, 0, size - 1)
        # The first line has no line end before it: it is never passed.
        starts = [0, *(place.end() for place in places)]
        ends = [find(b"\n", start) for start in starts]
        bounds = list(map(slice, starts, ends))
        self._raw = b"\n".join(map(data.__getitem__, bounds))
        self.keys = list(map(alike.__getitem__, bounds))
        self._alike = b"\n".join(self.keys)
        starts.append(size)
        for index, end in enumerate(ends):
            if end + 1 != starts[index + 1]:
                self.passed = index + 1
                break
        return starts

    def __len__(self) -> int:
        return len(self.keys)

    def all_alike(self, text: bytes) -> bool:
        """Whether the key of every line begins with ``text``, which holds no line end."""
        return self._all_begin(self._alike, text)

    def all_begin(self, text: bytes) -> bool:
        """Whether every line begins with ``text``, which holds no line end."""
        return self._all_begin(self._raw, text)

    def _all_begin(self, data: bytes, text: bytes) -> bool:
        # Not line by line: where all are alike, that would be most of what counting costs.
        return data.startswith(text) and data.count(b"\n" + text) == len(self.keys) - 1

    def keys_of(self, indices: list[int]) -> list[bytes]:
        """The keys of these lines, which are in order."""
        if indices and indices[-1] - indices[0] == len(indices) - 1:
            return self.keys[indices[0] : indices[-1] + 1]
        return list(map(self.keys.__getitem__, indices))

    def longer_than(self, size: int) -> bool:
        """Whether a line has more bytes than that, one that is passed among them."""
        rfind, at, end = self.data.rfind, 0, self.data.rfind(b"\n") + 1
        while at < end:  # from a line to the last one that begins within reach
            at = rfind(b"\n", at, at + size + 1) + 1
            if not at:
                return True
        return False

    def start(self, index: int) -> int:
        """Where a line begins in ``data``; for the number of lines, behind the last one."""
        return self._starts[index] + index * self._gap

    def end(self, index: int) -> int:
        """Behind the end of a line."""
        return self.start(index) + len(self.keys[index]) + 1

    def line(self, index: int, limit: int) -> bytes:
        """The first ``limit`` bytes of a line, without its end."""
        start = self.start(index)
        return self.data[start : start + min(len(self.keys[index]), limit)]


NO_LINES = Lines(b"")


@dataclass(slots=True)
class Found:
    """The records that count, by the line that each begins in."""

    lines: Lines
    levels: dict[str, list[int]] = field(default_factory=lambda: {level: [] for level in COUNTED})
    before: dict[int, tuple[str, float]] = field(default_factory=dict)
    """Records from before the watch, which do not count: their level and their own time."""

    def sort(self) -> None:
        """Put the lines of each level in order."""
        for indices in self.levels.values():
            indices.sort()

    def bad(self, level: str) -> list[int]:
        """The lines of this level, in order, those from before the watch among them."""
        indices = self.levels[level]
        if not self.before:
            return indices
        return sorted([*indices, *(i for i, (each, _) in self.before.items() if each == level)])
