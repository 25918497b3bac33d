"""The records of a pattern are found by the pattern's text, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.logs import matchers
from stagewatch.logs.batch import Batch
from stagewatch.logs.patterns import Patterns
from stagewatch.logs.state import Counts
from stagewatch.logs.tally import Tally


def test_a_pattern_is_found_by_its_text(tmp_path: Path) -> None:
    """Its records, and no others."""
    path = tmp_path / "x.log"
    path.write_text(
        "ERROR pool  timed out after 3 s\nERROR pool timed out after x s\n"
        "ERROR job failed\nTraceback (most recent call last):\n  a\nOSError: 3\n"
        "ERROR job failed\nTraceback (most recent call last):\n  a\nKeyError: 3\n"
        '{"level":"error","msg":"pool timed out after 12 s"}\n'
        "WARNING pool timed out after 3 s\n"
    )
    data = path.read_bytes()
    lines = data.split(b"\n")

    def found(text: str) -> list[int]:
        level = "CRITICAL" if text.startswith("Traceback") else "ERROR"
        starts = matchers.by_pattern(level, text)(data)
        return [data[:start].count(b"\n") for start in starts]

    assert len(lines) == 13
    assert found("pool timed out after # s") == [0, 10]
    assert found("job failed | KeyError: #") == [6]
    assert found("Traceback | OSError: #") == [3]


@pytest.mark.parametrize(
    "record",
    [
        "ERROR a | b | c 3",
        "ERROR " + "word " * 100,
        "ERROR " + "x" * 280 + " /usr/lib/python3/x.py and more",
        'ERROR 12 "x" /a/b',
        "ERROR \u202e 12",
        "ERROR caf\xe9 \x1b[31mred\x1b[0m 3",
        "ERROR failed\r",
        '{"level":"error","msg":"a \\"quoted\\" caf\\u00e9","error":"b | c"}',
        "level=error msg=a err=b",
        'ERROR failed\nTraceback (most recent call last):\n  a\nValueError: "\u202e" is | odd',
        "Traceback (most recent call last):\n  a\napp.Gone: x | y",
        "app-1 | Traceback (most recent call last):\napp-1 |   a\napp-1 | app.Gone: x | y",
        '{"level":"error","err":{"type":"KeyError","message":"x 3"}}',
        '{"level":"error","code":"E_CONN","user":"ann"}',
        '{"level":"error","what":"the disk is full","of, a":"ann"}',
        '{"level":"error","n":3}',
        '{"msg":"' + "word " * 500 + '","level":"error"}',
        '{"msg":"failed","pad":"' + "word " * 500 + '","level":"error","err":"x"}',
    ],
    ids=range(18),
)
def test_every_pattern_is_found_by_the_text_that_it_has(record: str) -> None:
    """Whatever is in it."""
    patterns = Patterns()
    data = f"plain\n{record}\nERROR something else\n".encode()
    tally = Tally("", Counts(), 0.0, patterns=patterns)
    tally.feed(data, 100.0, 0.0, Batch())
    patterns.settle()
    found = [p for p in patterns.changed() if p.text != "something else"]
    assert len(found) == 1
    assert list(matchers.by_pattern(found[0].level, found[0].text)(data)) == [6]
