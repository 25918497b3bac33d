"""The headers that were learned for one file, ready to pass runs of lines like them."""

from __future__ import annotations

import re

from stagewatch.logs.levels import LIMIT, look
from stagewatch.logs.words import CRITICAL, ERROR, WARNING

MOST = 10
"""Headers that are known at a time, for each level that counts and for all the others."""
PATIENCE = 64
"""Records that are read in full before the next attempt to learn, after one that failed."""
CALM = 16
"""The same, after one that replaced a header: a new hour, or more headers than MOST."""

_ANY_DIGITS = re.compile(rb"\\d\{[\d,]+\}|\d+")


class Runs:
    """Expressions for lines with known headers. They are few, so learning stays cheap."""

    def __init__(self) -> None:
        self._known: dict[str, dict[bytes, tuple[bytes, str]]] = {}
        self._patience: dict[str, int] = {}
        self._expressions: dict[str, re.Pattern[bytes]] = {}
        self._any: re.Pattern[bytes] | None = None
        self._levels: list[str] = []

    def after(self, data: bytes, position: int) -> tuple[str, int]:
        """(level that counts or empty, end) of the run that starts here; no run: ``position``."""
        for level, expression in self._expressions.items():
            match = expression.match(data, position)
            if match and match.end() > position:
                return level, match.end()
        return "", position

    def wants(self, level: str) -> bool:
        """Whether it is worth making a shape of the record just read in full."""
        left = self._patience.get(_group(level), 0)
        self._patience[_group(level)] = left - 1
        return left <= 0 and level != CRITICAL

    def learn(self, level: str, shape: bytes | None) -> None:
        """Know this header from now on; None says that no shape could be made."""
        group = _group(level)
        known = self._known.setdefault(group, {})
        kind = _ANY_DIGITS.sub(b"#", shape or b"")
        new = shape is not None and kind not in known and len(known) < MOST
        if shape is None:
            self._patience[group] = PATIENCE
            return
        self._patience[group] = 0 if new else CALM
        known.pop(kind, None)
        known[kind] = shape, level
        if len(known) > MOST:
            del known[next(iter(known))]
        # Possessive throughout: what a run took is never given back, so the time is linear.
        either = b"|".join(each for each, _ in known.values())
        self._expressions[group] = re.compile(rb"(?:(?:%b)[^\n]*+\n)*+" % either)
        pairs = [pair for each in self._known.values() for pair in each.values()]
        self._any = re.compile(b"|".join(b"(%b)" % each for each, _ in pairs))
        self._levels = [each for _, each in pairs]

    def level_of(self, line: bytes) -> str:
        """The level of one line, read in full where its header is not known."""
        match = self._any.match(line) if self._any else None
        if match and match.lastindex:
            return self._levels[match.lastindex - 1]
        return look(line[:LIMIT].rstrip(b"\r")).level


def _group(level: str) -> str:
    return level if level in (WARNING, ERROR) else ""
