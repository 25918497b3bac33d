"""A traceback belongs to the record that it follows within a second; alone it is critical."""

from __future__ import annotations

from stagewatch.logs.levels import KERNEL, TRACEBACK
from stagewatch.logs.records import Entry, RecordReader

TRACE = "Traceback (most recent call last):"
AT = 1767225600.0


def entries(*lines: tuple[float, str]) -> list[Entry]:
    """What a reader says to these lines, each with the second of its reading."""
    reader = RecordReader()
    return [reader.feed(text, AT + second) for second, text in lines]


def test_a_traceback_belongs_to_the_record_before_it() -> None:
    """Its lines start no record, and the record keeps its level."""
    lines = [(0.0, "ERROR boom"), (0.5, TRACE), (0.5, '  File "x.py"'), (0.5, "ValueError: x")]
    found = entries(*lines)
    assert [entry.level for entry in found] == ["ERROR", "", "", ""]
    assert [entry.starts for entry in found] == [True, False, False, False]


def test_a_record_without_a_level_takes_the_traceback_too() -> None:
    """Its own time makes a line a record."""
    assert entries((0.0, "2026-01-01 00:00:00 boom"), (1.0, TRACE))[1].level == ""


def test_a_traceback_alone_is_critical() -> None:
    """Nothing before it, or a record more than a second before it."""
    assert [entry.level for entry in entries((0.0, TRACE))] == ["CRITICAL"]
    found = entries((0.0, "INFO fine"), (1.01, TRACE), (1.01, "ValueError: x"))
    assert [entry.level for entry in found] == ["INFO", "CRITICAL", ""]
    assert found[1].crash == TRACEBACK


def test_printed_text_is_no_record() -> None:
    """A line without level and time takes no traceback."""
    assert entries((0.0, "listening on 8000"), (0.1, TRACE))[1].level == "CRITICAL"


def test_a_chained_traceback_is_one_record() -> None:
    """What was raised while handling, and what was its cause, belong together."""
    chain = "During handling of the above exception, another exception occurred:"
    cause = "The above exception was the direct cause of the following exception:"
    found = entries((0.0, TRACE), (0.0, "KeyError: x"), (0.0, ""), (0.0, chain), (0.0, ""))
    assert sum(entry.level == "CRITICAL" for entry in found) == 1
    reader = RecordReader()
    texts = [TRACE, "KeyError: x", "", chain, "", TRACE, "ValueError: y", cause, "", TRACE]
    levels = [reader.feed(text, AT).level for text in texts]
    assert levels.count("CRITICAL") == 1


def test_two_tracebacks_are_two_records() -> None:
    """Without the words between them they are two crashes."""
    found = entries((0.0, TRACE), (0.0, "KeyError: x"), (0.0, TRACE))
    assert [entry.level for entry in found] == ["CRITICAL", "", "CRITICAL"]


def test_an_exception_group_is_a_traceback() -> None:
    """Python writes it with a margin."""
    assert entries((0.0, f"  + Exception Group {TRACE}"))[0].level == "CRITICAL"


def test_a_traceback_read_late_is_not_held_to_have_come_late() -> None:
    """Written at any time since the last look, it may have followed the record at once."""
    reader = RecordReader()
    reader.feed("INFO fine", AT)
    assert reader.feed(TRACE, AT + 30.0, written_after=AT).level == ""
    assert reader.feed(TRACE, AT + 30.0, written_after=AT + 5.0).level == "CRITICAL"


def test_other_crashes_are_critical_at_once() -> None:
    """Go and the kernel write no level; a record before them does not change that."""
    lines = [(0.0, "INFO fine"), (0.1, "panic: x"), (0.2, "kernel: oom-kill:constraint=x")]
    assert [entry.level for entry in entries(*lines)] == ["INFO", "CRITICAL", "CRITICAL"]
    assert entries(*lines)[2].crash == KERNEL
