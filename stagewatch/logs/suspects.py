"""Passing lines that cannot count, by looking for the words that one that counts must hold."""

from __future__ import annotations

import re

_WORDS = (
    b"err",
    b"crit",
    b"fata",
    b"alert",
    b"emerg",
    b"pani",
    b"ftl",
    b"sever",
    b"warn",
    b"wrn",
    b"eror",
    b"traceback",
    b"oom-",
    b"segfault",
    b"out of mem",
    b"level",
    b"lvl",
    b"priority",
    b'"s"',
    b'"@l"',
    b"killed process",
    b"\x1b",
    b"<",
)
_GLOG = re.compile(rb'[\n "|][wef][012]\d{3}')


class Suspects:
    """The next place in some lines that holds a suspicious word, in any case.

    Each word is looked for once over the whole, at the speed of ``bytes.find``, which is several
    times faster than one expression for all of them.
    """

    def __init__(self, data: bytes) -> None:
        self._low = data.lower()
        self._next = [-1] * len(_WORDS)
        self._glog = 0
        self._nearest = 0  # the first line has no line end before it to be found by

    def after(self, position: int) -> int:
        """The first such place at or behind ``position``; the length where there is none."""
        if self._nearest >= position:
            return self._nearest
        low, end = self._low, len(self._low)
        for index, word in enumerate(_WORDS):
            if self._next[index] < position:
                found = low.find(word, position)
                self._next[index] = found if found >= 0 else end
        if self._glog < position:
            match = _GLOG.search(low, position - 1)
            self._glog = match.start() + 1 if match else end
        self._nearest = min(self._glog, *self._next)
        return self._nearest
