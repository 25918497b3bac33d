"""The windows in which lines may have been lost."""

from __future__ import annotations

from collections.abc import Iterable

from stagewatch.logs.state import Loss
from stagewatch.logs.trouble import MISSING

MOST = 20
"""Windows that are listed one by one."""


class Losses:
    """Closed windows, the newest MOST of them, and the one in which a pattern matches nothing."""

    def __init__(
        self, closed: Iterable[Loss] = (), left_out: int = 0, no_files_since: float | None = None
    ) -> None:
        self.closed = list(closed)
        self.left_out = left_out
        """Windows that were closed and are no longer listed."""
        self.no_files_since = no_files_since

    def add(self, more: Iterable[Loss]) -> None:
        """Take closed windows."""
        self.closed += more
        self.left_out += max(0, len(self.closed) - MOST)
        self.closed = self.closed[-MOST:]

    def without_files(self, pattern: str, empty: bool, now: float) -> None:
        """Note whether a pattern matches no file at all."""
        if empty:
            self.no_files_since = self.no_files_since or now
        elif self.no_files_since is not None:
            self.add([Loss(path=pattern, since=self.no_files_since, until=now, cause=MISSING)])
            self.no_files_since = None

    def all(self, lasting: Iterable[Loss], pattern: str = "") -> list[Loss]:
        """Closed windows and those that still last, oldest first."""
        found = [*self.closed, *lasting]
        if self.no_files_since is not None:
            found.append(Loss(path=pattern, since=self.no_files_since, until=None, cause=MISSING))
        return sorted(found, key=lambda loss: loss.since)
