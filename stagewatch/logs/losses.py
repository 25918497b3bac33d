"""The windows in which lines may have been lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stagewatch.logs.state import Loss

MOST = 20
"""Windows that are listed one by one."""
CROWDED = "more files match than are followed"


class Losses:
    """Closed windows, the newest MOST of them, and those of a pattern as a whole that last."""

    def __init__(
        self,
        closed: Iterable[Loss] = (),
        left_out: int = 0,
        lasting: Mapping[str, float] | None = None,
    ) -> None:
        self.closed = list(closed)
        self.left_out = left_out
        """Windows that were closed and are no longer listed."""
        self.lasting = dict(lasting or {})
        """Cause → since when, of the windows of the pattern that last."""

    def add(self, more: Iterable[Loss]) -> None:
        """Take closed windows."""
        self.closed += more
        self.left_out += max(0, len(self.closed) - MOST)
        self.closed = self.closed[-MOST:]

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
        return sorted([*self.closed, *lasting, *whole], key=lambda loss: loss.since)
