"""The windows of one path in which lines may have been lost, and why it cannot be read now."""

from __future__ import annotations

from stagewatch.logs.state import Loss
from stagewatch.logs.trouble import Trouble


class Windows:
    """Closed windows, and the one that lasts as long as the path cannot be read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.looked: float | None = None
        """When the path was looked at last."""
        self.trouble: Trouble | None = None
        """Why it cannot be read now."""
        self.lasting: Loss | None = None
        """The window that lasts while the trouble does."""
        self._closed: list[Loss] = []

    def take(self) -> list[Loss]:
        """The windows that were closed since the last call."""
        closed, self._closed = self._closed, []
        return closed

    @property
    def absent(self) -> bool:
        """Whether there is no such file."""
        return self.trouble is not None and self.trouble.absent

    def since(self, now: float) -> float:
        """When what was seen just now may have happened at the earliest."""
        return self.looked or now

    def lost(self, now: float, cause: str, since: float | None = None) -> None:
        """Lines may have been lost until now; from the last look on where no ``since`` is given."""
        begin = self.since(now) if since is None else since
        loss = Loss(path=self.path, since=begin, until=now, cause=cause)
        if self._closed[-1:] != [loss]:  # two signs of the same
            self._closed.append(loss)

    def troubled(self, found: Trouble, since: float) -> None:
        """It cannot be read."""
        self.trouble = found
        self.begin(since, found.cause)

    def begin(self, since: float, cause: str) -> None:
        """A window lasts from then on, unless one does already."""
        if self.lasting is None:
            self.lasting = Loss(path=self.path, since=since, until=None, cause=cause)

    def well(self, now: float, *, same: bool) -> None:
        """It can be read; ``same``: the file that was read before, so nothing was missed."""
        self.trouble = None
        if self.lasting and not same:
            self._closed.append(self.lasting.ended(now))
        self.lasting = None
