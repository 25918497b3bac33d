"""The windows in which lines may have been lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stagewatch.logs.state import Loss

MOST = 200
"""Closed windows that are kept; beyond, the oldest are joined into one."""
LISTED = 20
"""Of the closed ones, how many the newest reading lists."""
CAME_AND_WENT = "the file came and went between two looks"
CROWDED = "more files match than are followed"


class Losses:
    """Closed windows, and those of a pattern as a whole that last."""

    def __init__(
        self, closed: Iterable[Loss] = (), lasting: Mapping[str, float] | None = None
    ) -> None:
        self.closed = list(closed)
        self.lasting = dict(lasting or {})
        """Cause → since when, of the windows of the pattern that last."""

    def add(self, more: Iterable[Loss]) -> None:
        """Take closed windows."""
        self.closed += more
        while len(self.closed) > MOST:
            self.closed.sort(key=_order)
            first, second, *others = self.closed
            until = max(first.until or 0.0, second.until or 0.0)
            self.closed = [first.ended(until), *others]

    def note(self, pattern: str, cause: str, now: float, *, holds: bool) -> None:
        """Note whether a pattern as a whole misses lines for this cause."""
        if holds:
            self.lasting.setdefault(cause, now)
        elif cause in self.lasting:
            since = self.lasting.pop(cause)
            self.add([Loss(path=pattern, since=since, until=now, cause=cause)])

    def all(self, lasting: Iterable[Loss], pattern: str = "") -> list[Loss]:
        """Closed windows and those that still last, oldest first."""
        whole = (
            Loss(path=pattern, since=since, until=None, cause=cause)
            for cause, since in self.lasting.items()
        )
        return sorted([*self.closed, *lasting, *whole], key=_order)


def _order(loss: Loss) -> tuple[float, str, str]:
    return loss.since, loss.path, loss.cause
