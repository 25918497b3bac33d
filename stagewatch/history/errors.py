"""What can be wrong with a history file, in words for a person."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stagewatch.errors import PersonError


class HistoryError(PersonError):
    """The history cannot be opened, read or written.

    ``path`` names the file, ``message`` what is wrong, ``remedy`` what to do about it.
    """

    def __init__(self, path: Path, message: str, remedy: str = "") -> None:
        super().__init__(f"{path}: {message}" + (f"; {remedy}" if remedy else ""))
        self.path = path
        self.message = message
        self.remedy = remedy


class HistoryMissingError(HistoryError):
    """There is no history yet: no file, or one that its recorder has only just created."""


class OldLayoutError(HistoryError):
    """An older stagewatch wrote it, and it was not converted yet."""


class DamagedHistoryError(HistoryError):
    """The file is not whole. It is never deleted; ``stagewatch.history.files.move_aside``."""


_CAUSES = {
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; recording goes on by itself"),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "check the disk; see the system's log"),
    sqlite3.SQLITE_READONLY: ("the file cannot be written", "check its owner, mode and mount"),
    sqlite3.SQLITE_CANTOPEN: ("the file cannot be opened", "check the folder's owner and mode"),
    sqlite3.SQLITE_PERM: ("access is refused", "check the file's owner and mode"),
    sqlite3.SQLITE_BUSY: ("another program holds it locked", "end that program's transaction"),
    sqlite3.SQLITE_LOCKED: ("another program holds it locked", "end that program's transaction"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "move it aside; a new one is then begun"),
    sqlite3.SQLITE_NOTADB: ("this is not a history file", "move it aside, or name the right one"),
}

_PRIMARY = 0xFF
"""SQLite's extended codes carry the primary code in their low byte."""


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where Python raised the error itself."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


def explain(error: sqlite3.Error) -> tuple[str, str]:
    """(what is wrong, what to do about it)."""
    known = _CAUSES.get(primary_code(error))
    return known or (f"SQLite says: {error}", "")


def history_error(path: Path, error: sqlite3.Error) -> HistoryError:
    """The same error, as this package raises it."""
    message, remedy = explain(error)
    damaged = primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return (DamagedHistoryError if damaged else HistoryError)(path, message, remedy)
