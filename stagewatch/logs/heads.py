"""The headers that are known for the lines of one file, to tell lines like them at a glance."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from itertools import compress
from operator import not_
from typing import NamedTuple

from stagewatch.logs.lines import Found, Lines

MOST = 512
"""Headers that are known at a time. Where there are more they hold ids, and none is of use."""
ENOUGH = 64
"""Lines that are many enough to tell what is frequent."""

NO_TIME = rb"(?![:,\])]{0,3}[ \t]{0,8}[\[(]{0,2}(?:\d|[A-Z][a-z]{2} |[IWEF]\d))"
"""What follows a header without a time in a line that has none."""
_NO_TIME = re.compile(NO_TIME)


class Head(NamedTuple):
    """What is known of every line that begins with ``text``, once its digits are ``0``."""

    text: bytes
    level: str
    counts: bool = False
    spots: tuple[tuple[int, bytes], ...] = ()
    """Of a level that counts: what has to stand where, so that the line's own time is proved not
    to be before the watch."""
    timeless: bool = False
    """There is no time in the header: none may follow it either."""

    def proved(self, lines: Lines, indices: list[int]) -> list[int]:
        """Those of these lines, which begin with ``text``, that count for certain."""
        data, start = lines.data, lines.start
        for offset, literal in self.spots:
            if not offset and len(indices) == len(lines) and lines.all_begin(literal):
                continue
            indices = [i for i in indices if data.startswith(literal, start(i) + offset)]
        if self.timeless:
            size = len(self.text)
            indices = [i for i in indices if _NO_TIME.match(data, start(i) + size)]
        return indices


_NONE = Head(b"", "")


class Heads:
    """Kept in order, so that the one that a line begins with is found by halving.

    No header begins with another one: a line has one at most.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.often: dict[Head, int] = {}
        """How many lines of those that were sifted last, if they were many, may have which."""
        self._most: Head | None = None
        """The one that most of them had, which is tried first."""
        self._heads = [_NONE]
        self._texts = [b""]

    def learn(self, head: Head) -> None:
        """Know this header from now on."""
        if len(self._heads) > MOST:
            self._forget()
        at = bisect_right(self._texts, head.text)
        if self._texts[at - 1] == head.text and at > 1:
            at -= 1
        end = at
        while end < len(self._texts) and self._texts[end].startswith(head.text):
            end += 1
        self._texts[at:end] = [head.text]
        self._heads[at:end] = [head]
        self._most = None

    def find(self, key: bytes) -> Head | None:
        """The header that a line with this key has."""
        at = bisect_right(self._texts, key) - 1
        return self._heads[at] if at and key.startswith(self._texts[at]) else None

    def sift(self, lines: Lines, indices: range | list[int], found: Found) -> list[int]:
        """Those of these lines whose header is not known; those that count go to ``found``."""
        keys, texts = lines.keys, self._texts
        if len(texts) == 1:
            return list(indices)
        unknown: list[int] = []
        often: dict[Head, int] = {}
        most = self._most
        if most:
            text = most.text
            if len(indices) == len(lines) and lines.all_alike(text):
                group, indices = list(indices), []
            else:
                begun = [keys[i].startswith(text) for i in indices]
                group = list(compress(indices, begun))
                indices = list(compress(indices, map(not_, begun)))
            unknown += _unproved(lines, most, group, found)
            often[most] = len(group)
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for index in indices:
            groups[bisect_right(texts, keys[index]) - 1].append(index)
        for place, group in groups.items():
            head = self._heads[place]
            if not place:
                unknown += group
                continue
            often[head] = len(group)
            text = head.text
            unknown += [i for i in group if not keys[i].startswith(text)]
            if head.counts:
                group = [i for i in group if keys[i].startswith(text)]
                unknown += _unproved(lines, head, group, found)
        if len(lines) >= ENOUGH:
            self.often = often
            self._most = max(often, key=often.__getitem__, default=None)
        unknown.sort()
        return unknown


def _unproved(lines: Lines, head: Head, group: list[int], found: Found) -> list[int]:
    """Those of these lines, which have this header, that may not count; the others do."""
    if not head.counts:
        return []
    counted = head.proved(lines, group)
    found.levels[head.level] += counted
    if len(counted) == len(group):
        return []
    taken = set(counted)
    return [i for i in group if i not in taken]
