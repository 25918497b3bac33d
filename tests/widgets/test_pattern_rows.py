"""Patterns as rows: the urgent ones first, those that repeat in their place, none lost unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stagewatch.model import LogPattern
from stagewatch.session.document import Acknowledgement, Instant
from stagewatch.snapshot import Snapshot
from stagewatch.tui import specimen
from stagewatch.widgets.log import log_count
from stagewatch.widgets.paint import text_of, width_of
from stagewatch.widgets.patterns import Entry, Place, entries, pattern_line, pattern_lines, summary
from stagewatch.widgets.words import plural

NOW = specimen.NOW


def pattern(
    number: int, level: str = "ERROR", *, new: bool = False, age: float = 60.0
) -> LogPattern:
    at = NOW - age
    return LogPattern(number, level, f"text {number}", 500, at - 60, at, "", "e.log", new)


def over(*found: LogPattern) -> Snapshot:
    snapshot = specimen.healthy()
    return replace(snapshot, logs=(replace(snapshot.logs[0], patterns=found),))


def numbers(snapshot: Snapshot) -> list[int]:
    return [entry.pattern.number for entry in entries(snapshot)]


def test_critical_ones_come_first_then_new_ones_then_the_newest() -> None:
    """Whatever their number."""
    found = (
        pattern(1, age=600),
        pattern(2, age=60),
        pattern(3, new=True, age=9000),
        pattern(4, "CRITICAL", age=9999),
    )
    assert numbers(over(*found)) == [4, 3, 2, 1]


def test_what_stands_for_many_is_seen_first() -> None:
    """Within the critical ones, and within the new ones."""
    found = (
        pattern(1, "CRITICAL", age=1),
        replace(pattern(2, "CRITICAL", new=True, age=900), other=True),
        pattern(3, new=True, age=1),
        replace(pattern(4, new=True, age=900), other=True),
    )
    assert numbers(over(*found)) == [2, 1, 4, 3]


def test_the_summary_says_where_there_may_be_more() -> None:
    """As the signal does."""
    snapshot = over(pattern(1, new=True))
    signal = replace(snapshot.signals["errors.errors"], name="errors.new")
    for least, text in ((False, "1 NEW"), (True, "≥1 NEW")):
        signals = {**snapshot.signals, "errors.new": replace(signal, at_least=least)}
        assert text_of(summary(replace(snapshot, signals=signals))) == text


@pytest.mark.parametrize("room", range(60))
def test_counts_are_told_whole_or_not_at_all(room: int) -> None:
    """A number that is cut would be another one."""
    whole = text_of(log_count(specimen.healthy())).split(" · ")
    told = text_of(log_count(specimen.healthy(), room)).split(" · ")
    assert told == whole[: len(told)]
    assert len(" · ".join(told)) <= room or len(told) == 1


def test_what_repeats_within_a_minute_stays_where_it_is() -> None:
    """Rows that change places at every record could not be read, and cost a slow link dear."""
    before = numbers(over(pattern(1, age=30), pattern(2, age=31)))
    assert numbers(over(pattern(1, age=30), pattern(2, age=29))) == before


def test_an_acknowledged_one_gives_way_and_says_who_knows_it() -> None:
    """Until the acknowledgement ends."""
    snapshot = over(pattern(1, "CRITICAL"), pattern(2, "CRITICAL"))
    known = Acknowledgement(
        criterion="c",
        by="alice",
        at=Instant(NOW - 5),
        until=Instant(NOW + 5),
        reason="r",
        pattern="errors: CRITICAL text 1",
    )
    session = replace_session(snapshot, known)
    assert numbers(session) == [2, 1]
    assert "ack alice" in text_of(pattern_line(entries(session)[1], NOW, 70))
    late = replace(session, now=NOW + 6)
    assert numbers(late) == [1, 2]


def replace_session(snapshot: Snapshot, known: Acknowledgement) -> Snapshot:
    from msgspec.structs import replace as edited

    return replace(snapshot, session=edited(snapshot.session, acknowledgement=[known]))


def test_a_row_has_level_count_age_and_new() -> None:
    """500 repeats are one row."""
    row = text_of(pattern_line(Entry("errors", pattern(1, new=True, age=300)), NOW, 70))
    assert row.split() == ["ERROR", "text", "1", "×500", "5m", "NEW"]


@pytest.mark.parametrize("width", [30, 78, 200])
def test_a_row_fits(width: int) -> None:
    """Text gives way to the numbers."""
    entry = Entry("errors", replace(pattern(1, new=True), text="x" * 300), "somebody")
    assert width_of(pattern_line(entry, NOW, width)) <= width


def test_what_does_not_fit_is_counted_and_the_cursor_stays_in_view() -> None:
    """With the new ones among it."""
    shown = entries(over(*(pattern(n, new=n < 3, age=60.0 * n) for n in range(1, 9))))
    rows = [text_of(row) for row in pattern_lines(shown, NOW, 60, 3)]
    assert [row.split()[2] for row in rows[:2]] == ["1", "2"]
    assert rows[2] == "… 6 more patterns"
    last = shown[-1].place
    rows = [text_of(row) for row in pattern_lines(shown, NOW, 60, 3, last)]
    assert rows[1].split()[2] == "8"
    assert rows[2] == "… 6 more patterns, 2 NEW"
    assert pattern_lines(shown, NOW, 60, 0, Place("errors", 1)) == []


@pytest.mark.parametrize("at", range(12))
@pytest.mark.parametrize("rows", range(1, 14))
def test_what_is_out_of_sight_is_told_on_its_side(at: int, rows: int) -> None:
    """Wherever the cursor is; a critical one above is never forgotten."""
    made = [replace(pattern(n, age=60.0 * n), level="WARNING") for n in range(1, 13)]
    made[0] = replace(made[0], level="CRITICAL")
    shown = entries(over(*made))
    lines = [text_of(row) for row in pattern_lines(shown, NOW, 60, rows, shown[at].place)]
    assert len(lines) == min(rows, 12)
    seen = [int(row.split()[2]) for row in lines if not row.startswith("…")]
    assert at + 1 in seen
    assert seen == list(range(seen[0], seen[-1] + 1))
    above, below = seen[0] - 1, 12 - seen[-1]
    critical = ", 1 CRITICAL" if above else ""
    if rows >= 5:
        assert lines[0].startswith("…") is (above > 0)
        assert lines[-1].startswith("…") is (below > 0)
        if above:
            assert lines[0] == f"… {plural(above, 'more pattern')} above{critical}"
    elif rows > 1:
        assert lines[-1] == f"… {12 - len(seen)} more patterns{critical}"
