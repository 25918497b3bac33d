"""The one thread that reads the record and posts snapshots to the screen."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from stagewatch.tui.messages import FeedFailed, SnapshotArrived

if TYPE_CHECKING:
    from textual.message import Message

    from stagewatch.snapshot import Snapshot

PERIOD = 0.2
"""Seconds between two looks where nothing tells that one is due."""
SLOW_PERIOD = 2.0
"""Seconds between two looks where something does."""
SETTLING = 0.02
"""Seconds that a writer gets to finish what it has begun."""
PATIENCE = 2.0
"""Seconds until the record is opened again after it could not be read."""


class Source(Protocol):
    """Where snapshots come from; used by one thread only."""

    def look(self) -> Snapshot | None:
        """The present state, or None when nothing has changed since the last look."""
        ...

    def fileno(self) -> int:
        """Readable when a look is due before its time; -1 where nothing tells."""
        ...

    def close(self) -> None:
        """Release files."""
        ...


class Feed:
    """Looks a few times a second, off the event loop, and survives whatever a look raises."""

    def __init__(
        self, open_source: Callable[[], Source], post: Callable[[Message], object]
    ) -> None:
        self._open = open_source
        self._post = post
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, daemon=True, name="feed")

    def start(self) -> None:
        """Begin; the imports of the record's reader happen in the thread."""
        self._thread.start()

    def hurry(self) -> None:
        """Look again at once: the session was just saved."""
        with self._lock:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def stop(self) -> None:
        """End without waiting: the thread is a daemon and holds nothing that must be saved."""
        self._stopped.set()
        self.hurry()

    def _run(self) -> None:
        try:
            self._look_always()
        finally:
            with self._lock:
                os.close(self._bell)
                self._bell = -1

    def _look_always(self) -> None:
        while not self._stopped.is_set():
            try:
                self._look_on()
            # The boundary of this thread: a reader that dies quietly would leave a screen that
            # looks alive. Whatever it is, it is shown, and the record is opened again.
            except Exception as error:  # noqa: BLE001
                self._post(FeedFailed(str(error) or type(error).__name__))
                self._stopped.wait(PATIENCE)

    def _look_on(self) -> None:
        """Open the record and look until something goes wrong."""
        source = self._open()
        try:
            while not self._stopped.is_set():
                snapshot = source.look()
                if snapshot is not None:
                    self._post(SnapshotArrived(snapshot))
                self._wait(source.fileno())
        finally:
            source.close()

    def _wait(self, told: int) -> None:
        """Until the next look: somebody is in a hurry, something was written, or time passed."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if told >= 0:
            poll.register(told, select.POLLIN)
        ready = [fd for fd, _ in poll.poll(1000 * (SLOW_PERIOD if told >= 0 else PERIOD))]
        if self._bell in ready:
            os.eventfd_read(self._bell)
        elif told in ready:
            time.sleep(SETTLING)
