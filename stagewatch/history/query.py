"""Reading from the file: short transactions, and SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stagewatch.history.errors import HistoryError, history_error
from stagewatch.history.files import open_reader

_TEXTS_KEPT = 512

_T = TypeVar("_T")
Row = tuple[Any, ...]


class _Gather:
    """An SQL aggregate that keeps its column: twice as quick as a row at a time in Python."""

    def __init__(self, into: list[Any]) -> None:
        self._into = into
        self.step = into.append

    def finalize(self) -> int:
        return len(self._into)


class Query:
    """A read-only connection. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises HistoryError."""
        self.path = path
        self._db = open_reader(path)
        self._gathered: list[Any] = []
        self._db.create_aggregate("gather", 1, lambda: _Gather(self._gathered))
        self._texts: dict[int, str] = {}
        self._objects: dict[int, dict[str, Any]] = {}

    def close(self) -> None:
        """Close the file; idempotent."""
        self._db.close()

    def all(self, query: str, *args: object) -> list[Row]:
        """Every row; raises HistoryError."""
        try:
            return self._db.execute(query, args).fetchall()
        except sqlite3.ProgrammingError as error:
            raise HistoryError(self.path, f"it cannot be read ({error})") from error
        except sqlite3.Error as error:
            raise history_error(self.path, error) from error

    def one(self, query: str, *args: object) -> Row | None:
        """The first row; raises HistoryError."""
        rows = self.all(query, *args)
        return rows[0] if rows else None

    def column(self, expression: str, rest: str, *args: object) -> list[Any]:
        """What ``SELECT expression rest`` gives, as a plain list; for many thousand rows."""
        self._gathered = []
        self.all(f"SELECT gather({expression}) {rest}", *args)
        gathered, self._gathered = self._gathered, []
        return gathered

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        """Everything read inside belongs to one moment. Keep it short: it holds the journal."""
        if self._db.in_transaction:
            yield
            return
        self.all("BEGIN")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")

    def text(self, number: int | None) -> str:
        """The text behind a number; empty for none."""
        if number is None:
            return ""
        found = self._texts.get(number)
        if found is None:
            row = self.one("SELECT body FROM text WHERE id = ?", number)
            found = str(row[0]) if row else ""
            _remember(self._texts, number, found)
        return found

    def object(self, number: int | None) -> dict[str, Any]:
        """The JSON object behind a number, a fresh copy; empty for none."""
        if number is None:
            return {}
        found = self._objects.get(number)
        if found is None:
            found = msgspec.json.decode(self.text(number) or "{}", type=dict[str, Any])
            _remember(self._objects, number, found)
        return dict(found)


def span(since: float | None, until: float | None) -> tuple[int, int]:
    """[since, until) in milliseconds; None leaves that side open."""
    low = -(2**62) if since is None else round(since * 1000)
    high = 2**62 if until is None else round(until * 1000)
    return low, high


def _remember(cache: dict[int, _T], number: int, value: _T) -> None:
    if len(cache) >= _TEXTS_KEPT:
        cache.clear()
    cache[number] = value
