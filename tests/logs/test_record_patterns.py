"""Patterns of records: counted exactly, bounded, new told from known."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.logs.batch import Batch
from stagewatch.logs.levels import LIMIT
from stagewatch.logs.patterns import _CACHED, Patterns
from stagewatch.logs.state import Counts
from stagewatch.logs.table import OTHER
from stagewatch.logs.tally import Tally
from stagewatch.logs.words import MOST
from stagewatch.model import LogPattern
from tests.logs.conftest import Watched

NOW = 1767312000.0  # 2026-01-02 00:00:00 UTC
TRACE = """Traceback (most recent call last):
  File "/srv/app.py", line {n}, in run
    raise {name}
{name}: {n} is too many
"""


def counted(chunks: list[str], patterns: Patterns | None = None) -> Patterns:
    """What is counted when a log is read in these pieces, in one look."""
    patterns = patterns or Patterns()
    tally = Tally("x", Counts(), NOW - 86400, patterns=patterns)
    for chunk in chunks:
        tally.feed(chunk.encode(), NOW, NOW, Batch())
    patterns.settle()
    return patterns


def told(patterns: Patterns) -> dict[tuple[str, str], int]:
    return {(p.level, p.text): p.count for p in patterns.changed()}


def test_records_that_count_have_patterns_and_others_none() -> None:
    """Warnings, errors and critical records."""
    found = told(counted(["INFO a 1\nWARNING b 1\nERROR c 1\nERROR c 2\nCRITICAL d\nplain\n"]))
    assert found == {("WARNING", "b #"): 1, ("ERROR", "c #"): 2, ("CRITICAL", "d"): 1}


TEMPLATES = (
    "2026-01-02 00:00:{s:02},000 ERROR pool timed out after {n} s\n",
    "2026-01-02 00:00:{s:02},000 ERROR job {h:08x} died in '{w}'\n",
    "2026-01-02 00:00:{s:02},000 WARNING slow query, {n} ms\n",
    "2026-01-02 00:00:{s:02},000 INFO fine {n}\n",
    '{{"level": "error", "msg": "open /srv/{w}/{n} failed"}}\n',
    "2026-01-02 00:00:{s:02},000 ERROR job {h:08x} died\n" + TRACE.replace("{name}", "ValueError"),
    "2026-01-02 00:00:{s:02},000 ERROR job {h:08x} died\n" + TRACE.replace("{name}", "KeyError"),
)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 300), st.integers(1, 5))
def test_counts_in_runs_equal_counts_one_by_one(seed: int, lines: int, pieces: int) -> None:
    """However the log is cut into pieces."""
    rng = random.Random(seed)
    text = [
        rng.choice(TEMPLATES).format(
            s=rng.randrange(60),
            n=rng.randrange(10 ** rng.randrange(1, 6)),
            h=rng.getrandbits(32),
            w=rng.choice(["bob", "anna lee", "x"]),
        )
        for _ in range(lines)
    ]
    single = counted(text)
    cuts = sorted(rng.randrange(lines + 1) for _ in range(pieces))
    chunks = ["".join(text[a:b]) for a, b in zip([0, *cuts], [*cuts, lines], strict=True)]
    assert told(counted([chunk for chunk in chunks if chunk])) == told(single)


def test_a_crash_is_told_from_another_by_its_exception() -> None:
    """A lone traceback, and one that belongs to a record."""
    log = TRACE.format(n=3, name="ValueError") + TRACE.format(n=5, name="KeyError")
    tally = Tally("x", Counts(), 0.0, patterns=(patterns := Patterns()))
    tally.feed(log.encode(), NOW, NOW - 10, Batch())
    tally.feed(
        ("ERROR request failed\n" + TRACE.format(n=3, name="OSError")).encode(), NOW, NOW, Batch()
    )
    patterns.settle()
    assert {p.text for p in patterns.changed()} == {
        "Traceback | ValueError: # is too many",
        "Traceback | KeyError: # is too many",
        "request failed | OSError: # is too many",
    }


@pytest.mark.parametrize(
    "prefix",
    [
        "backend-1  | ",
        "Jan  2 00:00:00 host app[12]: ",
        "2026-01-02T00:00:00.000000000Z stderr F ",
        "0|app  | ",
        "\x1b[31m",
    ],
)
def test_a_crash_behind_a_prefix_is_told_from_another_too(prefix: str) -> None:
    """As containers, syslog and process managers write it; a chain ends in its last exception."""
    chained = TRACE.format(n=3, name="OSError") + (
        "\nDuring handling of the above exception, another exception occurred:\n\n"
    )
    log = (
        TRACE.format(n=3, name="ValueError")
        + TRACE.format(n=5, name="app.run.<locals>.Gone")
        + "ERROR request failed\n"
        + chained
        + TRACE.format(n=7, name="KeyError")
        + "ERROR request failed\n"
    )
    lines = "".join(prefix + line for line in log.splitlines(keepends=True))
    tally = Tally("x", Counts(), 0.0, patterns=(patterns := Patterns()))
    tally.feed(lines.encode(), NOW, NOW - 10, Batch())
    patterns.settle()
    assert told(patterns) == {
        ("CRITICAL", "Traceback | ValueError: # is too many"): 1,
        ("CRITICAL", "Traceback | app.run.<locals>.Gone: # is too many"): 1,
        ("ERROR", "request failed | KeyError: # is too many"): 1,
        ("ERROR", "request failed"): 1,
    }


@given(st.data())
def test_a_traceback_may_be_cut_anywhere_at_a_line(data: st.DataObject) -> None:
    """What is read in two pieces in one look is one record with its exception."""
    lines = ("ERROR request failed\n" + TRACE.format(n=3, name="OSError") * 2).splitlines(True)
    cut = data.draw(st.integers(1, len(lines) - 1))
    found = told(counted(["".join(lines[:cut]), "".join(lines[cut:])]))
    assert found == {("ERROR", "request failed | OSError: # is too many"): 1}


def test_a_flood_of_distinct_records_ends_in_other() -> None:
    """Counted, and a critical one is never crowded out."""
    words = ["".join(random.Random(n).choices("ghijklmnop", k=12)) for n in range(2000)]
    patterns = counted(["".join(f"ERROR {word}\n" for word in words), "CRITICAL end\n"])
    rows = patterns.changed()
    assert sum(p.count for p in rows) == 2001
    assert [p.count for p in rows if p.other] == [2000 - MOST["ERROR"]]
    assert {p.text for p in rows if p.other} == {OTHER}
    assert "end" in {p.text for p in rows}
    assert patterns.new == MOST["ERROR"] + 2
    assert patterns.overflown
    assert all(len(cache) <= _CACHED for cache in patterns._cache.values())


def pino(size: int, message: str) -> str:
    pad = "x" * size
    return (
        f'{{"level":50,"time":1767312000000,"req":{{"headers":"{pad}"}},'
        f'"err":{{"message":"{message}"}},"msg":"request errored"}}\n'
    )


def test_a_long_record_of_fields_is_told_by_what_stands_behind_them() -> None:
    """As far as it is looked at; beyond, nobody knows whether it is new."""
    patterns = counted([pino(2500, "pool exhausted") + pino(2500, "disk full")])
    assert set(told(patterns)) == {
        ("ERROR", "request errored | pool exhausted"),
        ("ERROR", "request errored | disk full"),
    }
    assert not patterns.wordless
    patterns = counted([pino(9000, "pool exhausted")], patterns)
    assert patterns.wordless


@pytest.mark.parametrize("distinct", [True, False])
def test_long_keys_take_little_memory(distinct: bool) -> None:
    """However many there are."""
    words = ["".join(random.Random(n).choices("ghijklmnop", k=12)) for n in range(3000)]
    lines = [f"ERROR {word if distinct else ''} {'x ' * 3000}\n" for word in words]
    patterns = counted(["".join(lines[n : n + 50]) for n in range(0, 3000, 50)])
    held = sum(len(key) for cache in patterns._cache.values() for key in cache)
    assert held < 6 * 1024 * 1024


def test_of_a_long_record_only_its_beginning_is_remembered() -> None:
    """Thousands of them are kept at a time; also where the long one is the last of many."""
    patterns = counted(["".join(f"ERROR {word} {'x' * 20_000} end\n" for word in "abc")])
    counted(["ERROR short\n" * 500 + f"ERROR {'y ' * 20_000} end\n"], patterns)
    keys = [key for cache in patterns._cache.values() for key in cache]
    assert len(keys) == 10
    assert max(map(len, keys)) <= LIMIT + 1
    assert all("end" not in p.text for p in patterns.changed())


def test_what_is_stored_goes_on(log: Watched) -> None:
    """Patterns that come back from the record keep their numbers and counts."""
    stored: dict[int, LogPattern] = {}
    total: Counter[str] = Counter()
    patterns = Patterns()
    for _ in range(5):
        counted(["ERROR a 1\nERROR b 2\nWARNING c\n"], patterns)
        stored |= {p.number: p for p in patterns.changed()}
        total.update(["a #", "b #", "c"])
        patterns = Patterns(stored.values())
    assert {p.text: p.count for p in stored.values()} == total


def test_records_from_before_the_watch_are_known() -> None:
    """Those that are read late have their own time to tell them by."""
    patterns = counted(
        [
            "2025-12-01 00:00:00,000 ERROR old 1\n" * 3 + "2026-01-02 00:00:00,000 ERROR old 2\n",
            "2026-01-02 00:00:00,000 ERROR fresh\n",
        ]
    )
    assert {p.text: (p.count, p.new) for p in patterns.changed()} == {
        "old #": (1, False),
        "fresh": (1, True),
    }


def test_the_past_of_a_log_is_its_baseline(open_log: Callable[..., Watched]) -> None:
    """Every record in it, more than one look reads included."""
    watched = open_log()
    watched.write("".join(f"ERROR known {n} of them\n" for n in range(60_000)))
    watched.write("ERROR at the end\n")
    watched.look(0.0)
    assert watched.watch.patterns.new == 0
    watched.write("ERROR known 7 of them\nERROR at the end\nERROR at last\n")
    watched.look()
    assert watched.watch.patterns.new == 1
    assert watched.watch.counts.errors == 3


def test_other_characters_in_escaped_json_are_other_patterns() -> None:
    """Python's json escapes them by default; their digits are no numbers."""
    records = [f"{word} 17 e\u0301" for word in ("сеть", "речь", "сеть")]
    lines = [json.dumps({"level": "error", "msg": text}) + "\n" for text in records]
    assert "\\u0441" in lines[0]
    expected = {("ERROR", "сеть # e\u0301"): 2, ("ERROR", "речь # e\u0301"): 1}
    assert told(counted(lines)) == expected
    assert told(counted(["".join(lines)])) == expected
    many = [json.dumps({"level": "error", "msg": f"{chr(0x430 + n)} 1a{n:02}b"}) for n in range(90)]
    assert len(told(counted(["\n".join(many) + "\n"]))) == 90


@pytest.mark.parametrize(
    "last",
    [
        "psycopg2.OperationalError: FATAL:  sorry, too many clients already",
        "django.db.utils.OperationalError: FATAL:  the database system is starting up",
        "redis.exceptions.RedisError: ERROR: wrong number of arguments",
    ],
)
def test_what_an_exception_says_is_no_record_of_its_own(last: str) -> None:
    """The usual error of a full PostgreSQL is the error of the record before it."""
    trace = f'Traceback (most recent call last):\n  File "x.py", line 3, in run\n{last}\n'
    found = told(counted(["2026-01-02 00:00:00,000 ERROR request failed\n" + trace]))
    assert set(found.values()) == {1}
    ((level, text),) = found
    assert (level, text.split(" | ")[0]) == ("ERROR", "request failed")
