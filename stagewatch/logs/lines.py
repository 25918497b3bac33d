"""What was read at a time, as lines: where each begins, and what it is without its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate

from stagewatch.logs.masks import digits_alike
from stagewatch.logs.words import CRITICAL, ERROR, WARNING

COUNTED = (CRITICAL, ERROR, WARNING)
"""The levels that count."""


class Lines:
    """The lines of what was read, but for those that are passed: records that do not count.

    What is done to each of them is done to all at once wherever that is possible.
    """

    __slots__ = ("_alike", "_raw", "count", "data", "keys", "longest", "passed", "starts")

    def __init__(self, data: bytes, others: re.Pattern[bytes] | None = None) -> None:
        """``others`` matches the line ends before those lines that are not passed."""
        self.data = data
        self.count = data.count(b"\n")
        """How many lines there are, those that are passed among them."""
        self.keys: list[bytes]
        """Each line with ``0`` for every digit."""
        self.starts: list[int]
        """Where each begins in ``data``."""
        self.passed: int | None = None
        """The first of these lines with passed ones before it."""
        if others is None:
            self._raw = data if data.endswith(b"\n") else data[: data.rfind(b"\n") + 1]
            self._alike = digits_alike(self._raw)
            self.keys = self._alike.split(b"\n")
            self.keys.pop()
            self.starts = list(accumulate(map((1).__add__, map(len, self.keys)), initial=0))
        else:
            self._pick(others)
        self.longest = max(map(len, self.keys), default=0)
        """Bytes of the longest."""

    def _pick(self, others: re.Pattern[bytes]) -> None:
        data, find, size = self.data, self.data.find, len(self.data)
        # The first line has no line end before it: it is never passed.
        self.starts = [0, *(match.end() for match in others.finditer(data, 0, size - 1))]
        ends = [find(b"\n", start) for start in self.starts]
        raw = [data[start:end] for start, end in zip(self.starts, ends, strict=True)]
        self._raw = b"\n".join(raw)
        self._alike = digits_alike(self._raw)
        self.keys = self._alike.split(b"\n")
        self.starts.append(size)
        for index, end in enumerate(ends):
            if end + 1 != self.starts[index + 1]:
                self.passed = index + 1
                break

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

    def end(self, index: int) -> int:
        """Behind the end of a line."""
        return self.starts[index] + len(self.keys[index]) + 1

    def line(self, index: int, limit: int) -> bytes:
        """The first ``limit`` bytes of a line, without its end."""
        start = self.starts[index]
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
