"""A trace's CSV text as rows in the order of time, or every class of problem that it has."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from stagewatch.profile.problems import FileError, Problem, did_you_mean, nearest, quoted

TIME, VALUE = "timestamp", "value"
STATUSES = ("ok", "timeout", "error")
COLUMNS = ("proc", "status", "open", "max", "waiting", "timeouts_total", "source")
"""Those that a trace may have beside its time and its value."""
_MILLISECONDS = 1e11
"""Unix seconds above this are milliseconds: the seconds would lie in the year 5138."""


class TraceError(FileError):
    """A trace that cannot be judged."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; a number that is not there is None."""

    at: float
    """Unix seconds."""
    value: float | None = None
    text: str = ""
    """The value of a log trace: one line of the log."""
    proc: str = ""
    status: str = ""
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    """``max``, ``waiting``, ``timeouts_total``."""
    source: str = ""


class _Notes:
    """One problem for each class of them, at the line where it is first met."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: dict[str, tuple[int, str, str, str]] = {}
        self._count: dict[str, int] = {}

    def add(self, kind: str, line: int, column: str, what: str, hint: str) -> None:
        self._first.setdefault(kind, (line, column, what, hint))
        self._count[kind] = self._count.get(kind, 0) + 1

    def problems(self) -> list[Problem]:
        found = []
        for kind, (line, column, what, hint) in self._first.items():
            more = self._count[kind] - 1
            often = f" (and in {more} more line{'s' if more > 1 else ''})" if more else ""
            found.append(Problem(self._path, line, column, f"{what}{often}", hint))
        return sorted(found, key=lambda problem: problem.line)


def read_trace(lines: Iterable[str], path: Path, *, log: bool) -> list[Row]:
    """The rows in the order of time, each once; ``path`` is only what problems name.

    ``log``: the values are lines of a log. Raises TraceError.
    """
    notes = _Notes(path)
    reader = csv.reader(lines)
    rows: dict[tuple[object, ...], Row] = {}
    try:
        header = _header(next(reader, []), path)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                what = f"{len(cells)} cells, but the first line names {len(header)} columns"
                notes.add("cells", reader.line_num, "", what, 'put a comma in a value in "quotes"')
                continue
            row = _Cells(dict(zip(header, cells, strict=True)), reader.line_num, notes).row(log)
            if row is not None:
                rows.setdefault((row.at, *cells), row)
    except csv.Error as error:
        hint = "save the table as CSV, with commas"
        raise TraceError([Problem(path, reader.line_num, "", f"no CSV: {error}", hint)]) from None
    if found := notes.problems():
        raise TraceError(found)
    if not rows:
        raise TraceError([Problem(path, 0, "", "holds no reading", "a line a reading")])
    # The lines of a log that share a time stay in the order in which they were read; of several
    # numbers, the order in the file does not matter.
    return sorted(rows.values(), key=_time if log else _time_and_value)


def _time(row: Row) -> float:
    return row.at


def _time_and_value(row: Row) -> tuple[object, ...]:
    numbers = map(str, row.numbers.values())
    return row.at, row.value is None, str(row.value), row.proc, row.status, *numbers


def _header(cells: Sequence[str], path: Path) -> list[str]:
    """The columns; raises TraceError."""
    names = [cell.strip().lstrip("\ufeff") for cell in cells]

    def refuse(what: str, hint: str) -> TraceError:
        return TraceError([Problem(path, 1, "", what, hint)])

    wanted = f"the first line names the columns: {TIME},{VALUE}"
    if not any(names):
        raise refuse("is empty", wanted)
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise refuse("is not separated by commas", "save the table as CSV, with commas")
    known = (TIME, VALUE, *COLUMNS)
    for name in names:
        if names.count(name) > 1:
            raise refuse(f"has two columns called {quoted(name)}", "leave one of them")
        guess = None if name in known else nearest(name, known)
        if guess is not None and guess not in names:
            raise refuse(f"there is no column {quoted(name)}", f"did you mean {quoted(guess)}?")
    for name in (TIME, VALUE):
        if name not in names:
            raise refuse(f"has no column {quoted(name)}", wanted)
    return names


@dataclass(frozen=True, slots=True)
class _Cells:
    """One line of the table by column, read with its problems going to ``notes``."""

    cells: Mapping[str, str]
    line: int
    notes: _Notes

    def row(self, log: bool) -> Row | None:
        """The line as a row; None where it is not one."""
        at = self._read(TIME, moment_of, "is no time", "write Unix seconds, 1767225600.000")
        text = self.cells[VALUE]
        value = None if log else self._number(VALUE)
        numbers = {name: self._number(name) for name in ("max", "waiting", "timeouts_total")}
        status = self.cells.get("status", "").strip()
        if status and status not in STATUSES:
            hint = did_you_mean(status, STATUSES, "it is one of")
            self.notes.add("status", self.line, "status", f"{quoted(status)} is no status", hint)
        if at is None:
            return None
        if at > _MILLISECONDS:
            what = f"{quoted(self.cells[TIME])} is far in the future"
            hint = "the column holds seconds; divide milliseconds by 1000"
            self.notes.add("future", self.line, TIME, what, hint)
        return Row(
            at=at,
            value=value,
            text=text if log else "",
            proc=self.cells.get("proc", "").strip(),
            status=status,
            numbers=numbers,
            source=self.cells.get("source", ""),
        )

    def _number(self, column: str) -> float | None:
        """The number in a column; None where it is empty or not finite."""
        if not self.cells.get(column, "").strip():
            return None
        hint = "write it with a point and without a unit; leave it empty where there is none"
        number = self._read(column, float, "is no number", hint)
        return number if number is not None and math.isfinite(number) else None

    def _read(
        self, column: str, parse: Callable[[str], float], what: str, hint: str
    ) -> float | None:
        text = self.cells[column].strip()
        try:
            return parse(text)
        except (ValueError, OverflowError):
            self.notes.add(f"{column} {what}", self.line, column, f"{quoted(text)} {what}", hint)
            return None


def moment_of(text: str) -> float:
    """Unix seconds, or RFC 3339 with its offset; raises ValueError."""
    try:
        at = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a time needs an offset") from None
        at = moment.timestamp()
    if not math.isfinite(at) or at < 0:
        raise ValueError("no time")
    return at


def median_step(rows: Sequence[Row]) -> float:
    """Seconds between two readings, as most of them have it; a minute where that is not known."""
    times = sorted({row.at for row in rows})
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    return steps[len(steps) // 2] if steps else 60.0
