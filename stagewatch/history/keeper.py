"""Gets batches into the file: one transaction each, exactly once, whatever the disk does."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stagewatch.clock import Clock
from stagewatch.history.backlog import Change, Losses
from stagewatch.history.errors import HistoryError, explain
from stagewatch.history.store import Store
from stagewatch.model import Event, Gap

Connect = Callable[[Path], tuple[sqlite3.Connection, str]]
"""Opens the file for writing and says which journal mode is in force."""

ROLLBACK_JOURNAL = (
    "the history lies where WAL cannot work (a network file system); it uses a rollback journal:"
    " slower, and a reader may hold up the recorder for a moment"
)

# What SQLite and Python raise for one bad change, as opposed to a bad file or disk.
_POISON = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(slots=True)
class Attempt:
    """A batch on its way into the file; presented again, unchanged, until it is in."""

    changes: list[Change]
    losses: Losses = field(default_factory=Losses)
    plain_losses: int = 0
    number: int = 0
    """The commit's number, given by the first try."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be stored at present."""

    since: float
    message: str
    remedy: str


class Keeper:
    """The open file, opened again after every failure. Used by one thread at a time."""

    def __init__(self, path: Path, clock: Clock, connect: Connect) -> None:
        """Open or create the file; raises HistoryError and sqlite3.Error."""
        self.trouble: Trouble | None = None
        self.notice = ""
        """What an operator should know though recording works."""
        self._path = path
        self._clock = clock
        self._connect = connect
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._declarations: dict[str, Change] = {}
        self._store = self._open()
        self._number = self._store.last_batch()

    def keep(self, attempt: Attempt) -> bool:
        """Store the batch. False: it is not in, ``trouble`` says why; call again, with the same."""
        try:
            attempt.number = attempt.number or self._number + 1
            if self._db is None or self._file != _identity(self._path):
                self._reopen((self._number, attempt.number))
            if self._store.last_batch() != attempt.number:
                self._write(attempt)
        except (sqlite3.Error, HistoryError) as error:
            self._fail(error)
            return False
        self._number = attempt.number
        self.trouble = None
        return True

    def close(self) -> None:
        """Close the file; SQLite then folds the journal into it."""
        if self._db is not None:
            # A full disk cannot take the journal back; what is committed stays in it.
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def _open(self) -> Store:
        self._db, journal = self._connect(self._path)
        self._file = _identity(self._path)
        self.notice = "" if journal == "wal" else ROLLBACK_JOURNAL
        return Store(self._db)

    def _reopen(self, expected: tuple[int, int]) -> None:
        """Open the file again; its last commit should be one of ``expected``."""
        self.close()
        self._store = self._open()
        # An inode's number says nothing here: a new file may have been given the old one's.
        if self._store.last_batch() not in expected:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """The file was deleted or replaced under the recorder: say so in the new one."""
        text = f"{self._path.name} was moved or deleted; this file begins here"
        self._store.begin()
        self._store.event(Event(self._clock.now(), "history-replaced", text))
        for change in self._declarations.values():
            change.apply(self._store)
        self._store.commit(self._number)

    def _write(self, attempt: Attempt) -> None:
        try:
            self._transact(attempt, careful=False)
        except _POISON:
            self._store.rollback()
            self._transact(attempt, careful=True)

    def _transact(self, attempt: Attempt, *, careful: bool) -> None:
        store = self._store
        store.begin()
        apply = self._apply_alone if careful else self._apply
        for change in attempt.changes:
            apply(change)
        self._tell_losses(attempt)
        if self.trouble:
            store.event(self._recovery(self.trouble))
        store.commit(attempt.number)

    def _apply(self, change: Change) -> None:
        change.apply(self._store)
        if change.declares:
            self._declarations[change.declares] = change

    def _apply_alone(self, change: Change) -> None:
        """Apply a change; one that cannot be stored becomes an event that says so."""
        self._store.savepoint()
        try:
            self._apply(change)
        except _POISON as error:
            self._store.undo_savepoint()
            what = f"a reading of {change.row.probe}" if change.row else "a change"
            text = f"{what} could not be stored: {error}"
            probe = change.row.probe if change.row else ""
            self._store.event(Event(self._clock.now(), "not-stored", text, probe))
        self._store.release_savepoint()

    def _tell_losses(self, attempt: Attempt) -> None:
        now = self._clock.now()
        for probe, loss in attempt.losses.items():
            text = f"{loss.count} readings dropped: {loss.cause}"
            start, end = loss.first_ms / 1000, loss.last_ms / 1000
            self._store.gap(Gap(probe, start, end, text))
            self._store.event(Event(now, "readings-dropped", text, probe))
        if attempt.plain_losses:
            text = f"{attempt.plain_losses} events, gaps or states dropped"
            self._store.event(Event(now, "readings-dropped", text))

    def _recovery(self, trouble: Trouble) -> Event:
        seconds = max(0.0, self._clock.now() - trouble.since)
        text = f"recording works again; for {seconds:.0f} s {trouble.message}"
        return Event(self._clock.now(), "history-recovered", text)

    def _fail(self, error: sqlite3.Error | HistoryError) -> None:
        if isinstance(error, HistoryError):
            message, remedy = error.message, error.remedy
        else:
            message, remedy = explain(error)
        since = self.trouble.since if self.trouble else self._clock.now()
        self.trouble = Trouble(since, message, remedy)
        # Closing ends the transaction; a connection that failed is not trusted with the next.
        self.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """(device, inode) of the file that the path names now; None when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
