"""The numbers that stand for names and repeated texts in the file."""

from __future__ import annotations

import sqlite3
import zlib
from collections import OrderedDict

_TEXTS_KEPT = 256


class Ids:
    """Gives numbers out inside the caller's transaction, and remembers the recent ones."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._probes: dict[str, int] = {}
        self._signals: dict[str, int] = {}
        self._texts: OrderedDict[str, int] = OrderedDict()

    def forget(self) -> None:
        """A rollback may have taken back any number that is remembered."""
        self._probes.clear()
        self._signals.clear()
        self._texts.clear()

    def probe(self, name: str) -> int:
        """The number of a probe; one that nobody declared is entered."""
        known = self._probes.get(name)
        if known is None:
            self._db.execute("INSERT OR IGNORE INTO probe(name) VALUES(?)", (name,))
            (known,) = self._db.execute("SELECT id FROM probe WHERE name = ?", (name,)).fetchone()
            self._probes[name] = known
        return known

    def signal(self, name: str, probe_id: int) -> int:
        """The number of a signal; one that nobody declared is entered as the probe's."""
        known = self._signals.get(name)
        if known is None:
            self._db.execute(
                "INSERT OR IGNORE INTO signal(name, probe_id) VALUES(?, ?)", (name, probe_id)
            )
            (known,) = self._db.execute("SELECT id FROM signal WHERE name = ?", (name,)).fetchone()
            self._signals[name] = known
        return known

    def text(self, body: str) -> int | None:
        """The number of a text that repeats; None for an empty one."""
        if not body:
            return None
        known = self._texts.get(body)
        if known is None:
            known = self._stored_text(body)
            self._texts[body] = known
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.popitem(last=False)
        else:
            self._texts.move_to_end(body)
        return known

    def _stored_text(self, body: str) -> int:
        # An index over the texts themselves would hold each of them twice.
        key = zlib.crc32(body.encode())
        query = "SELECT id FROM text WHERE crc = ? AND body = ?"
        row = self._db.execute(query, (key, body)).fetchone()
        if row is None:
            insert = "INSERT INTO text(crc, body) VALUES(?, ?) RETURNING id"
            row = self._db.execute(insert, (key, body)).fetchone()
        return int(row[0])
