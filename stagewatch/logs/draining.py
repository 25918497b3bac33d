"""Files that were rotated away, read on until their late writers had their time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stagewatch.logs.files import Identity
from stagewatch.logs.ledger import Ledger
from stagewatch.logs.tail import Tail

GRACE = 10.0
"""Seconds for which a rotated file must be quiet before it is let go."""
POLLS = 3
"""Looks for which it must be quiet as well."""
MOST = 64
"""Rotated files that are read at a time: one a look for GRACE, and some to spare."""


@dataclass(slots=True)
class _Old:
    tail: Tail
    quiet_since: float
    quiet_polls: int = 0


class Draining:
    """The rotated files of one path."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._old: list[_Old] = []

    @property
    def tails(self) -> list[Tail]:
        """The files that are read still, oldest first."""
        return [old.tail for old in self._old]

    def add(self, tail: Tail, boot: float) -> bool:
        """Read this file on; False when an older one had to be given up for it."""
        self._old.append(_Old(tail, quiet_since=boot))
        if len(self._old) <= MOST:
            return True
        self._let_go(self._old[0])
        return False

    def take_back(self, file: Identity) -> Tail | None:
        """The reader of this file, which is followed again; it is draining no more."""
        for old in self._old:
            if (old.tail.dev, old.tail.ino) == file:
                self._old.remove(old)
                return old.tail
        return None

    def read(self, boot: float, advance: Callable[[Tail], int]) -> int:
        """Read what late writers added, and let those files go that are quiet."""
        total = 0
        for old in list(self._old):
            read = advance(old.tail)
            total += read
            if read:
                old.quiet_since, old.quiet_polls = boot, 0
                continue
            old.quiet_polls += 1
            if old.quiet_polls >= POLLS and boot - old.quiet_since >= GRACE:
                self._let_go(old)
        return total

    def _let_go(self, old: _Old) -> None:
        self._ledger.remember(old.tail)
        old.tail.close()
        self._old.remove(old)
