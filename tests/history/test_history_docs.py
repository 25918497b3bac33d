"""The page about the history says what is so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from stagewatch.history import History, HistoryWriter
from stagewatch.history.schema import APPLICATION_ID
from stagewatch.model import Event, LogLine, LogPattern, Reading

PAGE = (Path(__file__).parents[2] / "docs" / "history.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("query", QUERIES)
def test_the_pages_queries_find_something(
    query: str,
    writer: HistoryWriter,
    stored: Callable[..., History],
    reading: Callable[..., Reading],
    t0: float,
) -> None:
    """Each of them, as it is printed, in a history that holds what it asks for."""
    writer.add(reading(5000))
    writer.add(reading(5001, None))
    line = (LogLine(t0, "error.log", "ERROR", "pool timeout"),)
    pattern = (LogPattern(1, "ERROR", "timeout", 1, t0, t0, "pool timeout", "error.log", True),)
    writer.add(reading(0, probe="errors", lines=line, patterns=pattern))
    writer.event(Event(t0, "tick", "an item"))
    assert stored(writer)._query.all(query)


def test_the_page_names_every_table(writer: HistoryWriter, stored: Callable[..., History]) -> None:
    """No more and no fewer."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = {name for (name,) in stored(writer)._query.all(query)}
    rows = PAGE.partition("## Tables")[2].partition("`reading.missing_id`")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == tables
    assert f"`{APPLICATION_ID:#x}`" in PAGE
    assert len(QUERIES) >= 6
