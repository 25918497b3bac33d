"""UTF-16 is counted as exactly as anything else."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.logs.tail import Tail
from stagewatch.logs.wide import Wide
from tests.logs.conftest import Watched

MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
orders = pytest.mark.parametrize("order", MARKS)


@orders
def test_lines_are_counted_by_their_line_ends(open_log: Callable[..., Watched], order: str) -> None:
    """Characters with a byte that looks like one are none: 上, Ċ, and the letters of Gurmukhi."""
    log = open_log()
    log.path.write_bytes(MARKS[order] + "ERROR before\r\n".encode(order))
    log.look(0.0)
    log.write("ERROR 上上 Ċ ਅਆ 1\r\nINFO fine\nCRITICAL ਊ\nERROR not whole".encode(order))
    assert log.look() == ["ERROR 上上 Ċ ਅਆ 1\r", "INFO fine", "CRITICAL ਊ"]
    assert (log.watch.counts.lines, log.watch.counts.errors, log.watch.counts.criticals) == (
        3,
        1,
        1,
    )
    log.write(" yet\n".encode(order))
    assert log.look() == ["ERROR not whole yet"]


@orders
def test_a_character_may_arrive_in_two_halves(open_log: Callable[..., Watched], order: str) -> None:
    """Also that of a line end, also the mark at the beginning; and a restart in between."""
    log = open_log(from_start=True)
    log.path.touch()
    log.look(0.0)
    data = MARKS[order] + "ERROR ਊ 1\nERROR 2\n".encode(order)
    for at in range(len(data)):
        log.write(data[at : at + 1])
        log.look()
        if at % 5 == 4:
            log.restart()
    assert log.texts == ["ERROR ਊ 1", "ERROR 2"]
    assert log.losses == []


@orders
def test_a_log_that_was_emptied_stays_wide(open_log: Callable[..., Watched], order: str) -> None:
    """Its writer goes on and writes no second mark; one that is started again writes another one,
    or something else."""
    log = open_log()
    log.path.write_bytes(MARKS[order] + "ERROR before\n".encode(order))
    log.look(0.0)
    for number in range(3):
        os.truncate(log.path, 0)
        log.look()
        log.write(f"ERROR ਊ {number}\n".encode(order))
        log.look()
        log.look()
        log.write(f"ERROR 2 {number}\n".encode(order))
        log.look()
    assert log.watch.counts.errors == 6
    log.path.write_bytes(MARKS[order] + "ERROR marked\n".encode(order))
    log.look()
    log.look()
    log.path.write_text("ERROR plain\n")
    log.look()
    log.look()
    assert log.watch.counts.errors == 8
    assert log.texts[-2:] == ["ERROR marked", "ERROR plain"]


@orders
def test_what_was_there_is_the_baseline(open_log: Callable[..., Watched], order: str) -> None:
    """As of any log."""
    log = open_log()
    log.path.write_bytes(MARKS[order] + ("ERROR known 上 1\n" * 9).encode(order))
    log.look(0.0)
    log.write("ERROR known 上 2\nERROR fresh\n".encode(order))
    log.look()
    assert log.watch.patterns.new == 1


def test_a_long_line_is_bounded(open_log: Callable[..., Watched]) -> None:
    """Whatever its characters take."""
    log = open_log(from_start=True)
    log.path.write_bytes(
        codecs.BOM_UTF16_LE + ("x" * 2_000_000 + "\nERROR 1\n").encode("utf-16-le")
    )
    log.look(0.0)
    assert [len(text) for text in log.texts] == [4095, 7]
    assert log.watch.counts.lines == 2
    (source,) = log.watch._sources.values()
    tail = source.follower.tail
    assert isinstance(tail, Tail)
    assert not tail.carry


@given(st.text("a\nĊ上ਊ\u0a0a", max_size=20), st.booleans(), st.integers(0, 3).map(lambda n: 2 * n))
def test_ends_are_those_of_the_text(text: str, little: bool, offset: int) -> None:
    """Wherever the data stands."""
    wide = Wide(little)
    data = text.encode("utf-16-le" if little else "utf-16-be")
    assert wide.last_end(data, offset) == 2 * (text.rfind("\n") + 1)
    assert wide.first_end(data, offset) == 2 * (text.find("\n") + 1)
    assert wide.utf8(data).decode() == text
