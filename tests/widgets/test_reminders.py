"""The banner: a long verdict in few rows, and reminders until somebody acknowledges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from stagewatch.model import LogPattern, State
from stagewatch.session.document import Acknowledgement, Instant
from stagewatch.snapshot import CriterionNow, Snapshot
from stagewatch.tui import specimen_board
from stagewatch.tui.specimen import NOW
from stagewatch.widgets.banner import AlertBar, VerdictBar, alert_lines, verdict_lines
from stagewatch.widgets.board import board_blocks
from stagewatch.widgets.paint import text_of, width_of
from stagewatch.widgets.patterns import name_of
from stagewatch.widgets.view import View

LONG = specimen_board.waived().snapshot().reason


def said(view: View, *, reminders: bool = True) -> str:
    rows = alert_lines(view, 120, reminders=reminders)
    return "\n".join(text_of(row).rstrip() for row in rows)


def viewed(**changes: Any) -> View:  # noqa: ANN401  # as replace() takes them
    snapshot: Snapshot = replace(specimen_board.no_go().snapshot(), **changes)
    return View(snapshot, snapshot.now)


def criteria(**changes: Any) -> tuple[CriterionNow, ...]:  # noqa: ANN401
    """The scene's criteria, the leak changed and everything else as it should be."""
    leak, *others = specimen_board.no_go().snapshot().criteria
    well = (replace(c, state=State.PASS) for c in others)
    return (replace(leak, **changes), *well)


def acknowledged(at: float) -> Acknowledgement:
    return Acknowledgement(
        criterion="memory-leak", by="bob", at=Instant(at), until=Instant(at + 3600)
    )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("reason", [LONG, LONG[:150], LONG[:66], LONG[:230], "x" * 400, "short"])
@pytest.mark.parametrize("review", [NOW + 600, NOW - 60, None])
def test_a_verdict_takes_three_rows_at_most_with_the_next_review_in_it(
    width: int, reason: str, review: float | None
) -> None:
    rows = verdict_lines(viewed(reason=reason, next_review=review), width)
    text = "\n".join(text_of(row) for row in rows)
    assert len(rows) <= 3
    assert max(map(width_of, rows)) <= width
    assert ("review" in text) == (review is not None)


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_sheet_the_verdict_may_take_more_rows_where_there_are_some(width: int) -> None:
    view = viewed(reason=LONG)
    bar = VerdictBar(6, review=False)
    assert 3 < (bar.wanted_height(view, width) or 0) <= 6
    assert bar.wanted_height(replace(view, compact=True), width) == 3
    assert not any("review" in text_of(row) for row in bar.lines(view, width, 6))


def test_a_long_verdict_ends_in_an_ellipsis_and_not_in_the_middle_of_nowhere() -> None:
    rows = verdict_lines(viewed(reason=LONG, next_review=None), 80)
    assert text_of(rows[-1]).rstrip().endswith("…")


@pytest.mark.parametrize("state", [State.FAIL, State.WARN])
def test_what_failed_or_warns_is_told_until_somebody_acknowledges_it(state: State) -> None:
    assert f"not acknowledged: Memory leak {state}" in said(viewed(criteria=criteria(state=state)))
    quiet = criteria(state=state, acknowledged=acknowledged(NOW - 60))
    assert said(viewed(criteria=quiet)) == ""


@pytest.mark.parametrize("state", [State.PASS, State.INCONCLUSIVE, State.WAIVED, State.PENDING])
def test_nothing_else_is_a_reminder(state: State) -> None:
    assert said(viewed(criteria=criteria(state=state))) == ""


def test_an_incident_after_the_acknowledgement_is_told_again() -> None:
    known = acknowledged(NOW - 60)
    assert said(viewed(criteria=criteria(acknowledged=known, incident=NOW - 90))) == ""
    text = said(viewed(criteria=criteria(acknowledged=known, incident=NOW - 30)))
    assert "not acknowledged: Memory leak FAIL" in text


def test_of_many_the_failed_ones_are_named_first_and_the_rest_counted() -> None:
    text = said(viewed())
    assert "Memory leak FAIL, Slow API FAIL, Every gate approved FAIL and 1 more" in text


def test_the_board_shows_them_itself() -> None:
    assert said(viewed(), reminders=False) == ""


def test_the_bar_notices_an_acknowledgement_that_has_ended() -> None:
    silent = viewed(criteria=criteria(acknowledged=acknowledged(NOW - 60))).snapshot
    ended = viewed(criteria=criteria(acknowledged=None)).snapshot
    assert silent is not None
    assert ended is not None
    assert AlertBar().about(silent) != AlertBar().about(ended)


def pattern(number: int, level: str = "CRITICAL", count: int = 1, **more: Any) -> LogPattern:  # noqa: ANN401
    rest = {"new": True} | more
    return LogPattern(
        number, level, f"gone {number}", count, NOW - 90, NOW - 80, "", "e.log", **rest
    )


def over_logs(
    *patterns: LogPattern,
    known: tuple[int, ...],
    criticals: float = 2.0,
    signal: str = "errors.criticals",
    at: float = NOW - 60,
    until: float = NOW + 60,
) -> View:
    """A criterion over the criticals of a log that fails, and which patterns bob acknowledged."""
    snapshot = specimen_board.no_go().snapshot()
    made = [
        Acknowledgement(
            criterion="memory-leak",
            by="bob",
            at=Instant(at),
            until=Instant(until),
            pattern=name_of("errors", one),
        )
        for one in patterns
        if one.number in known
    ]
    session = msgspec.structs.replace(snapshot.session, acknowledgement=made)
    counted = replace(snapshot.signals["errors.lines"], name=signal, last_value=criticals)
    return viewed(
        session=session,
        logs=(replace(snapshot.logs[0], patterns=patterns),),
        signals={**snapshot.signals, signal: counted},
        criteria=criteria(signals=(signal,)),
    )


TWO = (pattern(1), pattern(2), pattern(3, "ERROR", count=9, new=False))


def test_acknowledging_every_critical_pattern_silences_what_rests_on_them() -> None:
    """Not some of them, and not a pattern that comes later."""
    assert said(over_logs(*TWO, known=(1, 2))) == ""
    assert "Memory leak FAIL" in said(over_logs(*TWO, known=(1,)))
    later = (*TWO, pattern(4))
    assert "Memory leak FAIL" in said(over_logs(*later, known=(1, 2), criticals=3.0))


def test_more_of_an_acknowledged_pattern_is_no_news() -> None:
    """It was acknowledged as a pattern, until the watch is over."""
    more = (pattern(1, count=500), pattern(2))
    assert said(over_logs(*more, known=(1, 2), criticals=501.0)) == ""
    ended = over_logs(*more, known=(1, 2), criticals=501.0, until=NOW - 1)
    assert "Memory leak FAIL" in said(ended)


def test_a_record_without_a_pattern_stays_loud() -> None:
    """Nobody can have looked at it."""
    assert "Memory leak FAIL" in said(over_logs(*TWO, known=(1, 2), criticals=3.0))


def test_the_pattern_for_the_rest_covers_what_was_there_when_it_was_acknowledged() -> None:
    """Others that come later are in it as well."""
    rest = pattern(1, count=2, other=True)
    assert said(over_logs(rest, known=(1,))) == ""
    assert "Memory leak FAIL" in said(over_logs(rest, known=(1,), at=NOW - 85))


def test_new_patterns_silence_what_counts_new_patterns_alone() -> None:
    """A rule over anything else is not about patterns."""
    assert said(over_logs(*TWO, known=(1, 2), signal="errors.new")) == ""
    assert "Memory leak FAIL" in said(over_logs(*TWO, known=(1, 2, 3), signal="errors.errors"))


def test_a_silence_by_patterns_changes_no_verdict_and_the_board_says_it() -> None:
    view = over_logs(*TWO, known=(1, 2))
    assert view.snapshot is not None
    assert view.snapshot.verdict == "NO-GO"
    blocks = board_blocks(view, None, 120)
    board = "\n".join(text_of(row) for block in blocks for row in block.lines)
    assert "every pattern of it is acknowledged" in board
