"""What is in force in a session: its file, which other processes edit, and its profile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.paths import PROFILE
from stagewatch.session.document import Pause, Session
from stagewatch.session.errors import SessionTooNewError
from stagewatch.session.store import SessionError, SessionStore

if TYPE_CHECKING:
    from stagewatch.profile.schema import Profile


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


def profile_of(folder: Path) -> Profile:
    """The profile of the session in ``folder``; raises ProfileError."""
    # A screen follows the session's file only, and need not wait for these.
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import Problem, ProfileError, load

    path = folder / PROFILE
    try:
        return load(path, InstalledKinds())
    except ProfileError:
        if os.path.lexists(path):
            raise
    original = SessionFile(folder).session.profile_path
    what = "this session's copy of its profile is missing"
    hint = f"copy it back; the watch began with {original}"
    raise ProfileError([Problem(path, 0, "", what, hint)])


def pause_text(pause: Pause | None) -> str:
    """Who paused and why, as the gap and the screen say it; empty without a pause."""
    return f"paused by {pause.by}: {pause.reason}" if pause else ""
