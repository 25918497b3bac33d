"""What people order through the session: pause, resume, stop; and whether the rules changed."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stagewatch.errors import PersonError
from stagewatch.paths import PROFILE
from stagewatch.session.document import Instant, Pause, ProfileEdit, Session
from stagewatch.session.store import SessionStore

log = logging.getLogger(__name__)

MAX_BYTES = 1 << 20
"""What is larger is no profile."""

_Token = tuple[int, ...] | None


def open_pause(session: Session) -> Pause | None:
    """The pause that is on, if one is."""
    return next((p for p in reversed(session.pause) if p.ended_at is None), None)


def pause_cause(pause: Pause) -> str:
    """What the gap of a pause says."""
    return f"paused by {pause.by}: {pause.reason}"


class SessionFile:
    """Re-reads the session when it changed; keeps the last whole one when it is damaged."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._token = store.stat()
        self.session = store.load()
        self.problem = ""
        """Why the file cannot be read at the moment; empty when it can."""

    def changed(self) -> bool:
        """Whether the file is another than the one last read; one ``stat``."""
        return self._store.stat() != self._token

    def reload(self) -> None:
        """Read the file again. Parses: call it off the event loop."""
        self._token = self._store.stat()
        try:
            self.session = self._store.load()
            self.problem = ""
        except PersonError as error:
            self.problem = str(error)

    def record_edit(self, edit: ProfileEdit) -> None:
        """Enter a change of the profile into the session; raises PersonError."""
        self._store.edit(
            lambda now: msgspec.structs.replace(now, profile_edit=[*now.profile_edit, edit])
        )


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profile file no longer says what the session knows of."""

    sha256: str
    summary: str


class ProfileFiles:
    """Watches the session's copy of the profile and the file it was copied from."""

    def __init__(self, folder: Path, original: str) -> None:
        copy = folder / PROFILE
        self._files: dict[Path, str] = {
            copy: f"{copy} was edited; the recorder takes it up when it is started again"
        }
        if original:
            self._files.setdefault(
                Path(original), f"{original} was edited; this session goes on with its own copy"
            )
        self._tokens: dict[Path, _Token] = {}

    def changes(self, known: Iterable[str]) -> list[ProfileChange]:
        """Contents that are not among the ``known`` hashes; each file is read when it changed."""
        found = []
        seen = set(known)
        for path, summary in self._files.items():
            token = _token(path)
            if token is None or token == self._tokens.get(path):
                continue
            self._tokens[path] = token
            sha256 = _sha256(path)
            if sha256 and sha256 not in seen:
                seen.add(sha256)
                found.append(ProfileChange(sha256, summary))
        return found


def known_profiles(session: Session) -> list[str]:
    """The hashes of every profile that the session tells of."""
    return [session.profile_sha256, *(edit.sha256 for edit in session.profile_edit)]


def profile_edit(change: ProfileChange, at: float) -> ProfileEdit:
    """The session's record of a changed profile."""
    return ProfileEdit(at=Instant(at), sha256=change.sha256, summary=change.summary)


def _token(path: Path) -> _Token:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _sha256(path: Path) -> str:
    """Of a regular file of a profile's size; empty for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                return ""
            return hashlib.sha256(file.read(MAX_BYTES)).hexdigest()
    except OSError as error:
        log.warning("%s: %s", path, error.strerror)
        return ""
