"""A made-up record for the screen: shows a specimen and takes edits, in memory."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from stagewatch.following import pause_text
from stagewatch.grounds import Grounds, Question
from stagewatch.session.derive import current_pause
from stagewatch.session.document import Session
from stagewatch.snapshot import Snapshot
from stagewatch.tui.hooks import Hooks, nothing_kept
from stagewatch.tui.specimen import NOW, phases_of


class Clock:
    """Stands at one moment, or goes on from it at the machine's pace."""

    def __init__(self, start: float = NOW, *, going: bool = False) -> None:
        self.at = start
        self._begun = time.monotonic() if going else None

    def now(self) -> float:
        gone = time.monotonic() - self._begun if self._begun is not None else 0.0
        return self.at + gone

    def boot(self) -> float:
        return self.now()

    def monotonic(self) -> float:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


Rejudge = Callable[[Snapshot, Session], Snapshot]
Read = Callable[[Question], Grounds]


def after_edit(snapshot: Snapshot, edited: Session) -> Snapshot:
    """What an edit changes at once, where nobody judges."""
    return replace(
        snapshot,
        session=edited,
        phases=phases_of(edited, snapshot.now),
        paused=pause_text(current_pause(edited)),
    )


class Stage:
    """A made-up record and its session in one: what is edited shows in the next look."""

    def __init__(
        self, snapshot: Snapshot, rejudge: Rejudge | None = None, grounds: Read | None = None
    ) -> None:
        self._rejudge = rejudge or after_edit
        self._grounds = grounds or nothing_kept
        self._lock = threading.Lock()
        self._snapshot = snapshot
        self._new = True

    def show(self, snapshot: Snapshot) -> None:
        """Let the next look find this."""
        with self._lock:
            self._snapshot, self._new = snapshot, True

    def look(self) -> Snapshot | None:
        """As an Observer: the snapshot once, then None until something changes."""
        with self._lock:
            new, self._new = self._new, False
            return self._snapshot if new else None

    def edit(self, change: Callable[[Session], Session]) -> Session:
        """As a SessionStore, in memory."""
        with self._lock:
            edited = change(self._snapshot.session)
            self._snapshot = self._rejudge(self._snapshot, edited)
            self._new = True
            return edited

    @property
    def session(self) -> Session:
        """What has been saved."""
        with self._lock:
            return self._snapshot.session

    def fileno(self) -> int:
        """As an Observer; nothing tells of an edit but a look."""
        return -1

    def close(self) -> None:
        """As an Observer; there is nothing to release."""

    def hooks(self) -> Hooks:
        """The hooks of a screen over this."""
        return Hooks(lambda: self, lambda: self, lambda: (), lambda: "", self._grounds)
