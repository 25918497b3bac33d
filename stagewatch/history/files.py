"""Opening the SQLite file: modes, journal, and what to do on a network file system."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from stagewatch.history.errors import HistoryError, HistoryMissingError, history_error
from stagewatch.history.schema import check_readable, migrate
from stagewatch.mounts import NETWORK_FILE_SYSTEMS, file_system

PAGE_SIZE = 2048
"""Bytes; a commit writes whole pages, a dozen for a reading of four signals: 31 kB instead of the
56 of SQLite's usual 4096, at the same speed of reading."""
_CHECKPOINT_PAGES = 2000
WRITER_CACHE_KIB = 1024
READER_CACHE_KIB = 2048
BUSY_MS = 5000
_JOURNAL_LIMIT = 8 * 1024 * 1024


def allows_wal(path: Path) -> bool:
    """Whether the journal of several connections may be WAL here: that needs memory shared by all
    users of the file, which two hosts do not have."""
    return file_system(path) not in NETWORK_FILE_SYSTEMS


def open_writer(
    path: Path, wal_works: Callable[[Path], bool] = allows_wal
) -> tuple[sqlite3.Connection, str]:
    """(the recorder's connection, journal mode in force), the file in the present layout.

    Raises HistoryError (foreign, newer, not a regular file) and sqlite3.Error (disk, damage).
    """
    _create(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        # First of all: a foreign file is refused before anything of it is changed.
        migrate(connection, path)
        mode = _set_journal(connection, "WAL" if wal_works(path) else "TRUNCATE")
        if mode != "wal":
            mode = _set_journal(connection, "TRUNCATE")
        # FULL where there is no WAL: NORMAL could damage the file in a power cut there.
        connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}")
    except BaseException:
        connection.close()
        raise
    return connection, mode


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; raises HistoryError."""
    _must_be_regular(path)
    try:
        connection = _connect_to_read(path)
        try:
            check_readable(connection, path)
            connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
            connection.execute("PRAGMA query_only = 1")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise history_error(path, error) from error
    return connection


def convert(path: Path) -> None:
    """Bring a file of an older stagewatch to the present layout; raises HistoryError."""
    try:
        connection, _ = open_writer(path)
    except sqlite3.Error as error:
        raise history_error(path, error) from error
    connection.close()


def move_aside(path: Path) -> Path:
    """Rename a damaged history with its journals and return its new name; nothing is deleted."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for attempt in range(1000):
        target = path.with_name(f"{path.name}.damaged-{stamp}" + (f"-{attempt}" if attempt else ""))
        if not os.path.lexists(target):
            break
    for suffix in ("-wal", "-shm", "-journal", ""):
        source = path.with_name(path.name + suffix)
        if os.path.lexists(source):
            source.rename(target.with_name(target.name + suffix))
    return target


def _connect_to_read(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    at_rest = not path.with_name(path.name + "-wal").exists()
    if at_rest and not os.access(path.parent, os.W_OK):
        # WAL wants to create its shared memory, which a read-only folder does not allow.
        uri += "&immutable=1"
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )


def _set_journal(connection: sqlite3.Connection, mode: str) -> str:
    try:
        answer = connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    except sqlite3.OperationalError:
        if mode != "WAL":
            raise
        # Where shared memory cannot be had, SQLite refuses with an error rather than an answer.
        return ""
    return str(answer[0]).lower()


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        _must_be_regular(path)
    except OSError as error:
        message = f"it cannot be created ({error.strerror})"
        raise HistoryError(
            path, message, "check the folder's owner, mode and free space"
        ) from error


def _must_be_regular(path: Path) -> None:
    # A FIFO would hang whoever opens it.
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise HistoryMissingError(path, "nothing is recorded yet", "start the recorder") from error
    except OSError as error:
        raise HistoryError(path, f"it cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(mode):
        raise HistoryError(path, "it is not a regular file", "move it aside")
