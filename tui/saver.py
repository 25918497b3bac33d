"""The one thread that saves edits: in order, again and again until each is on disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from stagewatch.tui.changes import Change
from stagewatch.widgets.words import second_of

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.session.document import Session

RETRY = 2.0
"""Seconds between two attempts to save."""


class Store(Protocol):
    """Where edits go."""

    def edit(self, change: Callable[[Session], Session]) -> Session:
        """Apply and save; when it returns, the edit is on disk. Raises PersonError or OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Saving:
    """How it stands with the edits."""

    pending: tuple[Change, ...] = ()
    """In order, not on disk yet."""
    saved: Change | None = None
    """The one that has just been saved."""
    refused: str = ""
    """Why the newest edit makes no sense now; it is not tried again."""
    unsaved: str = ""
    """«NOT SAVED since 14:02:11: disk full»; empty while nothing is in the way."""


class Saver:
    """Takes edits from the event loop without waiting and tells how each one fared."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        tell: Callable[[Saving], object],
        clock: Clock,
        *,
        retry: float = RETRY,
    ) -> None:
        self._open = open_store
        self._tell = tell
        self._clock = clock
        self._retry = retry
        # A SimpleQueue may be put to while a signal interrupts another put.
        self._queue: SimpleQueue[Change] = SimpleQueue()
        self._waiting: deque[Change] = deque()
        self._store: Store | None = None
        self._hurry = threading.Event()
        self._given = 0
        self._settled = 0
        self._thread = threading.Thread(target=self._run, daemon=True, name="saver")

    def start(self) -> None:
        """Begin to save."""
        self._thread.start()

    def submit(self, change: Change) -> None:
        """Save this next; from the event loop."""
        self._given += 1
        self._queue.put(change)

    @property
    def unsettled(self) -> int:
        """Edits that are neither saved nor refused."""
        return self._given - self._settled

    def drain(self, seconds: float) -> None:
        """Wait until every edit is settled, at most ``seconds``; for the way out."""
        deadline = time.monotonic() + seconds
        self._hurry.set()
        while self.unsettled and time.monotonic() < deadline:
            time.sleep(0.01)

    def _run(self) -> None:
        while True:
            if not self._waiting:
                self._waiting.append(self._queue.get())
            self._tell(Saving(self._pending()))
            outcome = self._settle(self._waiting[0])
            self._waiting.popleft()
            self._settled += 1
            self._tell(outcome)

    def _settle(self, change: Change) -> Saving:
        """Try until the change is saved or refused."""
        since: float | None = None
        while True:
            try:
                self._opened().edit(change.apply)
            # The boundary of this thread: an edit must not get lost in silence, whatever is
            # wrong with the file; it is shown and tried again.
            except Exception as error:  # noqa: BLE001
                if _is_refusal(error):
                    return Saving(self._pending()[1:], refused=f"{change.what}: {error}")
                since = since if since is not None else self._clock.now()
                self._tell(Saving(self._pending(), unsaved=_unsaved(error, since)))
                self._hurry.wait(self._retry)
                self._hurry.clear()
            else:
                return Saving(self._pending()[1:], saved=change)

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self._open()
        return self._store

    def _pending(self) -> tuple[Change, ...]:
        """Everything that is not settled, the one that is being saved first."""
        while not self._queue.empty():
            self._waiting.append(self._queue.get())
        return tuple(self._waiting)


def _is_refusal(error: Exception) -> bool:
    """Whether the change itself makes no sense now, so that trying again is of no use."""
    from stagewatch.session.errors import EditRefusedError

    return isinstance(error, EditRefusedError)


def _unsaved(error: Exception, since: float) -> str:
    reason = getattr(error, "reason", "") or str(error) or type(error).__name__
    return f"NOT SAVED since {second_of(since)}: {reason}"
