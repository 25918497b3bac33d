"""Following a session's file while other processes edit it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stagewatch.session.document import Pause, Session
from stagewatch.session.errors import SessionTooNewError
from stagewatch.session.store import SessionError, SessionStore


class SessionFile:
    """The session as it was last whole; re-read when the file changed.

    A file that is damaged leaves the last whole session in force, at the start the newest whole
    generation, and ``problem`` says what is wrong. Raises SessionError only when there is none, or
    when a newer stagewatch wrote the file.
    """

    def __init__(self, folder: Path) -> None:
        self._store = SessionStore(folder)
        self._token = self._store.stat()
        self.problem = ""
        """Why the file cannot be read at the moment; empty when it can."""
        self.session = self._first()

    def changed(self) -> bool:
        """Whether the file is another than the one last read; costs one ``stat``."""
        return self._store.stat() != self._token

    def reload(self) -> None:
        """Read the file again."""
        self._token = self._store.stat()
        try:
            self.session = self._store.load()
            self.problem = ""
        except SessionError as error:
            self.problem = str(error)

    def edit(self, change: Callable[[Session], Session]) -> None:
        """Change the file; raises SessionError. ``changed`` tells of it as of any other edit."""
        self._store.edit(change)

    def _first(self) -> Session:
        try:
            return self._store.load()
        except SessionTooNewError:
            raise
        except SessionError as error:
            whole = self._store.recover()
            if whole is None:
                raise
            self.problem = str(error)
            return whole.session


def pause_text(pause: Pause | None) -> str:
    """Who paused and why, as the gap and the screen say it; empty without a pause."""
    return f"paused by {pause.by}: {pause.reason}" if pause else ""
