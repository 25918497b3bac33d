"""The tables of a history file, and how an older file becomes a present one.

Times are whole milliseconds of Unix time (``…_ms``), UTC. Texts that repeat (reasons, facts)
are stored once in ``text`` and referred to by number.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stagewatch.history.errors import (
    DamagedHistoryError,
    HistoryError,
    HistoryMissingError,
    OldLayoutError,
)

APPLICATION_ID = 0x73747761
"""Marks the file as ours (``stwa``), so that another program's database is never written to."""

RESULTS = ("VALUE", "NO_DATA", "ERROR", "SKIPPED")
"""``reading.result`` is an index into these."""

Step = tuple[str, ...]

_LAYOUT_1: Step = (
    """CREATE TABLE probe(
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL DEFAULT '',
        every REAL NOT NULL DEFAULT 0,
        good INTEGER NOT NULL DEFAULT 0,
        total INTEGER NOT NULL DEFAULT 0,
        latest_ms INTEGER,
        newest_ms INTEGER,
        rewinds INTEGER NOT NULL DEFAULT 0,
        failing INTEGER NOT NULL DEFAULT 0,
        failed_from_ms INTEGER,
        failed_ms INTEGER,
        failed_until_ms INTEGER,
        lines INTEGER NOT NULL DEFAULT 0,
        lines_left_out INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE signal(
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        probe_id INTEGER NOT NULL REFERENCES probe,
        unit TEXT NOT NULL DEFAULT '',
        help TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX signal_probe ON signal(probe_id)",
    "CREATE TABLE text(id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX text_crc ON text(crc)",
    """CREATE TABLE reading(
        probe_id INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        took_us INTEGER NOT NULL,
        result INTEGER NOT NULL,
        reason_id INTEGER,
        missing_id INTEGER,
        facts_id INTEGER,
        numbers TEXT,
        PRIMARY KEY(probe_id, at_ms)) WITHOUT ROWID""",
    """CREATE TABLE sample(
        signal_id INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY(signal_id, at_ms)) WITHOUT ROWID""",
    """CREATE TABLE minute(
        signal_id INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        count INTEGER NOT NULL,
        total REAL NOT NULL,
        low REAL NOT NULL,
        high REAL NOT NULL,
        PRIMARY KEY(signal_id, minute)) WITHOUT ROWID""",
    """CREATE TABLE line(
        probe_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        source_id INTEGER,
        level TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY(probe_id, number)) WITHOUT ROWID""",
    "CREATE TABLE checkpoint(probe_id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE gap(
        id INTEGER PRIMARY KEY,
        probe TEXT NOT NULL,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER,
        cause TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX gap_open ON gap(probe) WHERE end_ms IS NULL",
    """CREATE TABLE event(
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        probe TEXT NOT NULL)""",
    "CREATE INDEX event_at ON event(at_ms)",
    "CREATE TABLE fact(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE state(
        id INTEGER PRIMARY KEY,
        criterion TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        state TEXT NOT NULL,
        value REAL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL)""",
    "CREATE INDEX state_criterion ON state(criterion, id)",
    "CREATE INDEX state_at ON state(at_ms)",
    """CREATE TABLE verdict(
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT NOT NULL)""",
    # The views are for people at the sqlite3 shell; no code reads them.
    """CREATE VIEW samples AS
        SELECT signal.name AS signal,
               strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, value, unit
        FROM sample JOIN signal ON signal.id = signal_id""",
    """CREATE VIEW readings AS
        SELECT probe.name AS probe,
               strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at,
               took_us / 1000.0 AS took_ms,
               CASE result WHEN 0 THEN 'VALUE' WHEN 1 THEN 'NO_DATA' WHEN 2 THEN 'ERROR'
                           ELSE 'SKIPPED' END AS result,
               (SELECT body FROM text WHERE id = reason_id) AS reason,
               (SELECT body FROM text WHERE id = missing_id) AS missing,
               (SELECT body FROM text WHERE id = facts_id) AS facts, numbers
        FROM reading JOIN probe ON probe.id = probe_id""",
    """CREATE VIEW lines AS
        SELECT probe.name AS probe, number,
               strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at,
               text.body AS source, level, line.body AS text
        FROM line JOIN probe ON probe.id = probe_id LEFT JOIN text ON text.id = source_id""",
)

_LAYOUT_2: Step = (
    """CREATE TABLE pattern(
        probe_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        level TEXT NOT NULL,
        body TEXT NOT NULL,
        count INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        example TEXT NOT NULL,
        source_id INTEGER,
        is_new INTEGER NOT NULL,
        is_other INTEGER NOT NULL,
        PRIMARY KEY(probe_id, number)) WITHOUT ROWID""",
    """CREATE VIEW patterns AS
        SELECT probe.name AS probe, level, pattern.body AS pattern, count,
               strftime('%Y-%m-%dT%H:%M:%fZ', first_ms / 1000.0, 'unixepoch') AS first,
               strftime('%Y-%m-%dT%H:%M:%fZ', last_ms / 1000.0, 'unixepoch') AS last,
               is_new, example, text.body AS source
        FROM pattern JOIN probe ON probe.id = probe_id LEFT JOIN text ON text.id = source_id
        WHERE count > 0""",
)

STEPS: tuple[Step, ...] = (_LAYOUT_1, _LAYOUT_2)
"""Step n takes a file from layout n to layout n + 1; the first one builds a new file."""


def check(connection: sqlite3.Connection, path: Path, steps: tuple[Step, ...] = STEPS) -> int:
    """The layout that the file is in, 0 for an empty one.

    Raises HistoryError for another program's database and for a layout of a newer stagewatch.
    """
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    empty = _first(connection, "SELECT count(*) FROM sqlite_master") == 0
    if empty and application == 0 and version == 0:
        return 0
    if application != APPLICATION_ID:
        raise HistoryError(
            path, "this is another program's database", "name the session's history.db instead"
        )
    if version > len(steps):
        raise HistoryError(
            path,
            f"its layout {version} is newer than this stagewatch knows ({len(steps)})",
            "use the stagewatch that wrote it, or a newer one",
        )
    if version < 1:
        raise DamagedHistoryError(path, "it has tables but no layout number", "move it aside")
    return version


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """Raise HistoryError unless the file is in exactly the present layout."""
    version = check(connection, path)
    if version == 0:
        raise HistoryMissingError(path, "nothing is recorded yet", "start the recorder")
    if version < len(STEPS):
        raise OldLayoutError(
            path, f"its layout {version} is an old one", "let it be written to, to convert it"
        )


def migrate(connection: sqlite3.Connection, path: Path, steps: tuple[Step, ...] = STEPS) -> int:
    """Bring the file to the present layout and return the one it was in.

    Each step is a transaction: a crash leaves the file in a layout that the next start knows. A new
    file gets its layout in a single one, so that nobody takes it for an old one meanwhile. What is
    to be done is asked under the lock: another program may be doing it.
    """
    found = check(connection, path, steps)
    version = found
    while version < len(steps):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = check(connection, path, steps)
            due = steps[version:] if version == 0 else steps[version : version + 1]
            for statement in (statement for step in due for statement in step):
                connection.execute(statement)
            version += len(due)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except (sqlite3.Error, HistoryError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return found


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return _first(connection, f"PRAGMA {name}")


def _first(connection: sqlite3.Connection, query: str) -> int:
    value: int = connection.execute(query).fetchone()[0]
    return value
