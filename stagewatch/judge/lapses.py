"""Windows in which lines of a log may have been lost, as the judge knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 200
"""Windows that are kept for each log; beyond, the oldest are joined into one."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """A window in which log lines may have been lost. Times are watch time."""

    start: float
    end: float | None
    """None while it lasts."""
    cause: str
    accepted_by: str
    """Who took it upon himself; empty while nobody has."""
    path: str = ""
    """Of the one file, where the log is several."""

    @property
    def key(self) -> tuple[float, str, str]:
        """Which window it is, whether it lasts or has ended."""
        return self.start, self.path, self.cause


class Lapses:
    """All of one log: none is forgotten because a later reading no longer lists it."""

    def __init__(self) -> None:
        self._known: dict[tuple[float, str, str], Lapse] = {}

    def add(self, lapses: Iterable[Lapse] | None) -> None:
        """Take the windows that a reading lists; None where it says nothing of them.

        It lists every one that lasts: one that does not any more, and is not listed as ended, was
        none after all.
        """
        if lapses is None:
            return
        self._known = {key: each for key, each in self._known.items() if each.end is not None}
        self._known |= {lapse.key: lapse for lapse in lapses}
        while len(self._known) > MOST:
            first, second = sorted(self._known)[:2]
            self._known[first] = _joined(self._known[first], self._known.pop(second))

    @property
    def any(self) -> bool:
        """Whether lines may have been lost at all, accepted or not."""
        return bool(self._known)

    @property
    def unaccepted(self) -> list[Lapse]:
        """The windows that nobody has accepted, oldest first."""
        if not self._known:
            return []
        return [lapse for _, lapse in sorted(self._known.items()) if not lapse.accepted_by]


def _joined(first: Lapse, second: Lapse) -> Lapse:
    ends = (first.end, second.end)
    end = None if None in ends else max(e for e in ends if e is not None)
    accepted = second.accepted_by if first.accepted_by else ""
    return Lapse(first.start, end, first.cause, accepted, first.path)
