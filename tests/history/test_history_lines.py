"""Log lines of a stretch of time: the right ones, and found without reading the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stagewatch.history import History, HistoryWriter
from stagewatch.history.query import Query
from stagewatch.model import LogLine, Reading

Make = Callable[..., Reading]
Lines = Callable[..., tuple[LogLine, ...]]
Stored = Callable[..., History]


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


def numbered(first: int, last: int) -> list[str]:
    return [f"line {number}" for number in range(first, last + 1)]


def test_the_lines_of_a_stretch_are_those_read_in_it(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines, t0: float
) -> None:
    for batch in range(4):
        writer.add(reading(batch, lines=log_lines(100, start=100 * batch)))
    history = stored(writer)
    assert texts(history.lines_between("health", t0 + 95, t0 + 105, 50)) == numbered(95, 104)
    assert texts(history.lines_between("health", t0 - 9, t0 + 3, 50)) == numbered(0, 2)
    assert texts(history.lines_between("health", t0 + 398, t0 + 999, 50)) == numbered(398, 399)
    assert history.lines_between("health", t0 + 400, t0 + 999, 50) == []
    assert history.lines_between("health", t0 + 9, t0 + 9, 50) == []


def test_of_more_lines_than_asked_for_the_first_or_the_newest_come(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines, t0: float
) -> None:
    writer.add(reading(0, lines=log_lines(60)))
    history = stored(writer)
    assert texts(history.lines_between("health", t0, t0 + 50, 3)) == numbered(0, 2)
    newest = history.lines_between("health", t0, t0 + 50, 3, newest=True)
    assert texts(newest) == numbered(47, 49)
    assert history.lines_between("health", t0, t0 + 50, 0) == []


def test_a_probe_that_is_unknown_or_has_no_lines_has_none_in_any_stretch(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    writer.add(reading(0))
    history = stored(writer)
    assert history.lines_between("nobody", t0, t0 + 9, 5) == []
    assert history.lines_between("health", t0, t0 + 9, 5) == []


def test_a_clock_set_back_gives_no_line_of_another_time(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    times = [*range(50), *range(20, 70)]
    lines = tuple(LogLine(t0 + at, "error.log", "", f"{n}") for n, at in enumerate(times))
    writer.add(reading(0, lines=lines))
    found = stored(writer).lines_between("health", t0 + 25, t0 + 30, 50)
    assert found
    assert all(t0 + 25 <= line.at < t0 + 30 for line in found)


def test_finding_the_stretch_reads_few_rows(
    writer: HistoryWriter,
    stored: Stored,
    reading: Make,
    log_lines: Lines,
    t0: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for batch in range(5):
        writer.add(reading(batch, lines=log_lines(1000, start=1000 * batch)))
    history = stored(writer)
    asked: list[int] = []
    ask = Query.all

    def counting(query: Query, text: str, *args: object) -> list[tuple[object, ...]]:
        rows = ask(query, text, *args)
        asked.append(len(rows))
        return rows

    monkeypatch.setattr(Query, "all", counting)
    assert len(history.lines_between("health", t0 + 2000, t0 + 2005, 50)) == 5
    assert sum(asked) < 50
