"""What waits to be stored: in order, bounded, and nothing dropped without being counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from stagewatch.history.rows import Row
from stagewatch.history.store import Store

MAX_AGE = 3600.0
MAX_WEIGHT = 32 * 1024 * 1024
_PLAIN_WEIGHT = 600
"""What a change without a reading counts: an event, a gap, a state."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to store."""

    apply: Callable[[Store], None]
    born: float
    """Boot-clock seconds."""
    row: Row | None = None
    """The reading, where the change is one: only readings are dropped for their age."""
    declares: str = ""
    """The probe that the change declares, where it does."""

    @property
    def weight(self) -> int:
        """About how many bytes of memory it holds."""
        return self.row.weight if self.row else _PLAIN_WEIGHT


@dataclass(frozen=True, slots=True)
class Loss:
    """Readings of one probe that were dropped unstored."""

    count: int
    first_ms: int
    last_ms: int
    cause: str

    def __add__(self, other: Loss) -> Loss:
        return Loss(
            self.count + other.count,
            min(self.first_ms, other.first_ms),
            max(self.last_ms, other.last_ms),
            other.cause,
        )


class Losses(dict[str, Loss]):
    """Probe → what was dropped of it."""

    def count(self, row: Row, cause: str) -> None:
        """Enter one dropped reading."""
        loss = Loss(1, row.at_ms, row.at_ms, cause)
        self[row.probe] = self[row.probe] + loss if row.probe in self else loss


class Backlog:
    """A queue in the order of arrival. Not thread-safe: the writer holds its lock around it."""

    def __init__(self, max_age: float = MAX_AGE, max_weight: int = MAX_WEIGHT) -> None:
        self._queue: deque[Change] = deque()
        self._max_age = max_age
        self._max_weight = max_weight
        self._weight = 0
        self.cause = "the history could not keep up"
        """Why changes wait longer than they should."""
        self.losses = Losses()
        self.plain_losses = 0
        """Changes other than readings that were dropped; only ever for want of room."""

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, change: Change) -> None:
        """Append; the oldest readings go when the weight bound is passed."""
        self._queue.append(change)
        self._weight += change.weight
        if self._weight > self._max_weight:
            self._drop_readings(lambda _: self._weight > self._max_weight)
        while self._weight > self._max_weight:
            self._weight -= self._queue.popleft().weight
            self.plain_losses += 1

    def take(self, limit: int) -> list[Change]:
        """The oldest ``limit`` changes, no longer in the queue."""
        taken = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        self._weight -= sum(change.weight for change in taken)
        return taken

    def take_losses(self) -> tuple[Losses, int]:
        """(dropped readings, number of other changes dropped) since the last call."""
        taken = self.losses, self.plain_losses
        self.losses, self.plain_losses = Losses(), 0
        return taken

    def drop_older(self, now: float) -> None:
        """Drop the readings that have waited longer than the age bound (``now``: boot clock)."""
        self._drop_readings(lambda change: now - change.born > self._max_age)

    def _drop_readings(self, unwanted: Callable[[Change], bool]) -> None:
        """Drop readings from the old end while they are unwanted; other changes stay."""
        kept: list[Change] = []
        while self._queue and unwanted(self._queue[0]):
            change = self._queue.popleft()
            if change.row is None:
                kept.append(change)
            else:
                self._weight -= change.weight
                self.losses.count(change.row, self.cause)
        self._queue.extendleft(reversed(kept))
