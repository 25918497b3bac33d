"""The session's file on disk: loaded with suspicion, saved so that no edit is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from stagewatch.paths import SESSION, session_argument
from stagewatch.session import files
from stagewatch.session.document import Note, Session
from stagewatch.session.errors import (
    LockBusyError,
    SaveError,
    SessionDamagedError,
    SessionError,
    SessionHandEditedError,
    SessionMissingError,
    SessionTooNewError,
    SessionUnreadableError,
    plain_reason,
)
from stagewatch.session.format import HAND_EDITED, dumps, loads, parse
from stagewatch.session.inert import inert
from stagewatch.session.instant import instant
from stagewatch.session.seal import Seal, unseal

__all__ = ["Change", "Generation", "LockBusyError", "SaveError", "SessionError", "SessionStore"]

Change = Callable[[Session], Session]

_ATTEMPTS = 5
"""How often an edit is made anew because the file changed under it, lock or no lock."""


@dataclass(frozen=True, slots=True)
class Generation:
    """An earlier text of the session that is whole."""

    path: Path
    revision: int
    saved_at: float
    session: Session


@dataclass(frozen=True, slots=True)
class _Found:
    """The session as it is in the file."""

    session: Session
    revision: int
    content: files.Content
    by_hand: bool


class SessionStore:
    """The session in ``folder``; any number of stores, processes and threads may have it open."""

    def __init__(self, folder: Path, *, lock_timeout: float = 5.0) -> None:
        self.folder = folder
        self.path = folder / SESSION
        self._lock = folder / f"{SESSION}.lock"
        self._lock_timeout = lock_timeout
        self._accepted: bytes | None = None
        self._unsynced = False

    def stat(self) -> files.Token | None:
        """Differs from its last value when the file changed; None while there is none."""
        return files.token_of(self.path)

    def load(self, *, accept_hand_edit: bool = False) -> Session:
        """The session, every text in it clean. Raises a SessionError that tells the remedy.

        ``accept_hand_edit`` takes a valid text whose checksum differs; the next edit through this
        store seals it and notes that it was changed by hand.
        """
        return self._read(accept_hand_edit=accept_hand_edit).session

    def create(self, session: Session) -> None:
        """Write a new session, in a folder made for it when missing. Raises SaveError, also when
        there is a session already."""
        with self._saving():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                if os.path.lexists(self.path):
                    raise SaveError(self.path, "there is a session already")
                self._replace(self._sealed(session, 1)[1], None)

    def edit(self, change: Change) -> Session:
        """Apply ``change`` to what the file holds now, and save; returns what is saved.

        ``change`` may be called more than once, and returns the very session it was given when
        there is nothing to do. When this returns, the edit survives a crash and a power cut.
        Raises SaveError when it could not be saved, another SessionError when the file is damaged,
        and whatever ``change`` raises.
        """
        with self._saving(), self._locked():
            for _ in range(_ATTEMPTS):
                found = self._read()
                session = change(found.session)
                if session is found.session and not (found.by_hand or self._unsynced):
                    return session
                if found.by_hand:
                    session = _noted(session, found)
                saved, raw = self._sealed(session, found.revision + 1)
                if self._replace(raw, found.content):
                    return saved
            raise SaveError(self.path, "it is changed by something else again and again")

    def recover(self) -> Generation | None:
        """The newest earlier text that is whole, if there is one; changes nothing."""
        found = (self._generation(n) for n in range(1, files.GENERATIONS + 1))
        return max((g for g in found if g), key=lambda g: g.revision, default=None)

    def restore(self, generation: Generation, *, by: str = "stagewatch") -> Session:
        """Put an earlier text in the session's place; the damaged file is kept beside it.

        Raises SaveError, also when the session's file is whole after all; and SessionTooNewError:
        what a newer stagewatch wrote is not damaged.
        """
        with self._saving(), self._locked():
            try:
                self._read()
            except SessionTooNewError:
                raise
            except SessionError:
                session = _restored(generation, files.token_of(self.path), by)
            else:
                raise SaveError(self.path, "it is whole; there is nothing to restore")
            saved, raw = self._sealed(session, generation.revision + 1)
            self._set_aside()
            self._replace(raw, None)
            return saved

    def _read(self, *, accept_hand_edit: bool = False) -> _Found:
        content: files.Content | None = None
        try:
            content = files.read_regular(self.path)
            unsealed = unseal(content.raw, self.path)
            session = inert(parse(unsealed.text, self.path))
        except (SessionMissingError, SessionDamagedError, SessionUnreadableError) as error:
            remedy = error.remedy or self._remedy()
            raise type(error)(self.path, error.message, remedy) from None
        if unsealed.seal is Seal.ALTERED:
            if accept_hand_edit:
                self._accepted = content.raw
            if self._accepted != content.raw:
                raise SessionHandEditedError(self.path, HAND_EDITED, self._hand_edit_remedy())
        return _Found(session, unsealed.revision, content, unsealed.seal is not Seal.WHOLE)

    def _remedy(self) -> str:
        whole = self.recover()
        if whole is None:
            return "no earlier text is whole; move its folder away to start another session"
        return (
            f"{whole.path.name} is whole (revision {whole.revision}): "
            f"`stagewatch sessions --restore {self._argument()}` takes it"
        )

    def _hand_edit_remedy(self) -> str:
        remedy = f"`stagewatch sessions --accept {self._argument()}` takes it as it is"
        whole = self.recover()
        if whole is None:
            return remedy
        return f"{remedy}, --restore goes back to {whole.path.name} (revision {whole.revision})"

    def _argument(self) -> str:
        return session_argument(self.folder, os.environ)

    def _generation(self, number: int) -> Generation | None:
        path = files.generation(self.path, number)
        try:
            content = files.read_regular(path)
            session, revision = loads(content.raw, path)
        except SessionError:
            return None
        return Generation(path, revision, content.token[3] / 1e9, inert(session))

    def _sealed(self, session: Session, revision: int) -> tuple[Session, bytes]:
        """The session as it will be read again, and its bytes: what cannot be read is not saved."""
        raw = dumps(session, revision).encode()
        if len(raw) > files.BIGGEST:
            raise SaveError(self.path, "the session has grown too large")
        return inert(loads(raw, self.path)[0]), raw

    def _replace(self, raw: bytes, expected: files.Content | None) -> bool:
        """Put ``raw`` in the file's place; False when the file is no longer as ``expected``."""
        files.discard_stale(self.path)
        temporary = files.write_beside(self.path, raw)
        try:
            if expected is not None:
                if not self._is_still(expected):
                    return False
                files.keep_generation(self.path)
            os.replace(temporary, self.path)
        finally:
            files.discard(temporary)
        # From here on the new text is seen, but a power cut may still bring back the old one.
        self._unsynced = True
        files.sync_folder(self.folder)
        self._unsynced = False
        self._accepted = None
        return True

    def _is_still(self, expected: files.Content) -> bool:
        try:
            return files.read_regular(self.path) == expected
        except SessionError:
            return False

    def _set_aside(self) -> None:
        number = 1
        while os.path.lexists(aside := self.path.with_name(f"{SESSION}.damaged-{number}")):
            number += 1
        if os.path.lexists(self.path):
            os.rename(self.path, aside)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with files.locked(self._lock, self.path, self._lock_timeout):
            yield

    @contextmanager
    def _saving(self) -> Iterator[None]:
        """Tell an operating system's error as a SaveError."""
        try:
            yield
        except OSError as error:
            raise SaveError(self.path, self._reason(error)) from error

    def _reason(self, error: OSError) -> str:
        """In a few words, with the file that it is about where that is another one."""
        about = Path(os.fsdecode(error.filename)).name if error.filename else ""
        ours = about in ("", self.path.name) or about.endswith(".tmp")
        return plain_reason(error) + ("" if ours else f" ({about})")


def _noted(session: Session, found: _Found) -> Session:
    text = f"{SESSION} was changed by hand after revision {found.revision}"
    return _with_note(session, text, found.content.token[3] / 1e9)


def _restored(generation: Generation, damaged: files.Token | None, by: str) -> Session:
    source = f"{generation.path.name}, revision {generation.revision}"
    at = damaged[3] / 1e9 if damaged else generation.saved_at
    text = f"{SESSION} was damaged; restored from {source}"
    return _with_note(generation.session, text, at, by)


def _with_note(session: Session, text: str, at: float, by: str = "stagewatch") -> Session:
    return replace(session, note=[*session.note, Note(by=by, at=instant(at), text=text)])
