"""The verdict board as text: what each row says in each state, at both usual widths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.judge.score import CheckScore
from stagewatch.model import State
from stagewatch.tui import specimen, specimen_board
from stagewatch.widgets.blocks import MARGIN, Block, places, window
from stagewatch.widgets.board import (
    board_blocks,
    board_lines,
    board_places,
    criterion_at,
    first_place,
)
from stagewatch.widgets.boardcriteria import trend_of
from stagewatch.widgets.boardscore import money
from stagewatch.widgets.boardsigns import FINAL
from stagewatch.widgets.paint import Line, line, text_of, to_ascii, width_of
from stagewatch.widgets.view import Row, View

SCENES = ("on_track", "no_go", "waived", "window_over")
WIDTHS = (58, 80, 120, 200)
scenes = pytest.mark.parametrize("name", SCENES)
sizes = pytest.mark.parametrize("width", [80, 120])


def viewed(name: str, **changes: object) -> View:
    snapshot = replace(getattr(specimen_board, name)().snapshot(), **changes)
    return View(snapshot, snapshot.now)


def said(rows: Sequence[Line]) -> str:
    return "\n".join(text_of(row).rstrip() for row in rows)


def board(view: View, width: int, cursor: Row | None = None) -> str:
    """The whole board without its frame."""
    return said([row for b in board_blocks(view, cursor, width) for row in b.lines])


def row_of(text: str, title: str) -> tuple[str, str]:
    """The line with this title, and the one below."""
    rows = text.splitlines()
    at = next(i for i, row in enumerate(rows) if title in row)
    return rows[at], rows[at + 1]


def criterion(view: View, name: str) -> Row:
    assert view.snapshot is not None
    found = next(c for c in view.snapshot.criteria if c.name == name)
    return ("criterion", f"{found.kind}/{name}")


@scenes
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_drawn_beyond_the_width_wherever_the_cursor_is(name: str, width: int) -> None:
    view = viewed(name)
    assert view.snapshot is not None
    for cursor in board_places(view.snapshot):
        for block in board_blocks(view, cursor, width):
            assert max(map(width_of, block.lines)) <= width - MARGIN


@scenes
@sizes
def test_in_ascii_no_mark_is_lost(name: str, width: int) -> None:
    view = replace(viewed(name), ascii=True)
    rows = [to_ascii(row) for b in board_blocks(view, None, width) for row in b.lines]
    assert said(rows).isascii()
    assert "?" not in said(rows)


@scenes
def test_the_cursor_can_stand_on_every_row_that_has_one_and_on_no_other(name: str) -> None:
    view = viewed(name)
    assert view.snapshot is not None
    assert places(board_blocks(view, None, 100)) == board_places(view.snapshot)


@scenes
@sizes
def test_every_state_stands_there_as_a_word_beside_its_title(name: str, width: int) -> None:
    view = viewed(name)
    assert view.snapshot is not None
    text = board(view, width)
    for each in view.snapshot.criteria:
        assert each.state.value in row_of(text, each.title)[0]


def test_a_wide_row_has_value_limit_trend_since_and_coverage() -> None:
    row, below = row_of(board(viewed("no_go"), 116), "Memory leak")
    assert " ".join(row.split()) == "✖ FAIL Memory leak 17.2 %/h ≤ 10 %/h ↑ +1.4 %/h 04:10 98 %"
    assert "backend.rss grows by 17.2 %/h over 3 h, limit 10 %/h, since 03:40" in below


def test_a_narrow_row_says_trend_and_coverage_below() -> None:
    row, below = row_of(board(viewed("no_go"), 76), "Memory leak")
    assert " ".join(row.split()) == "✖ FAIL Memory leak 17.2 %/h ≤ 10 %/h 04:10"
    assert below.endswith("↑ +1.4 %/h in 1 h · 98 % data")


def test_a_limit_that_is_the_least_says_so() -> None:
    text = board(viewed("on_track"), 116)
    assert "≥ 99 %" in row_of(text, "Service answers")[0]
    assert "≥ 90" in row_of(text, "Optimisation score")[0]
    assert "≤ 500 ms" in row_of(text, "Slow API")[0]


def test_a_pool_says_of_how_many_by_the_profile_or_as_the_service_reports() -> None:
    view = viewed("on_track")
    assert "of 80" in row_of(board(view, 116), "Database connections")[0]
    assert view.snapshot is not None
    criteria = tuple(replace(c, limit=20.0) for c in view.snapshot.criteria if c.name == "db-pool")
    text = board(viewed("on_track", criteria=criteria), 116)
    assert "of 20" in row_of(text, "Database connections")[0]


def test_a_sentence_that_is_too_long_is_whole_under_the_cursor() -> None:
    view = viewed("no_go")
    assert "until somebody waives it" not in row_of(board(view, 76), "Slow API")[1]
    text = board(view, 76, criterion(view, "slow-api"))
    joined = " ".join(text.split())
    assert "recovered since, and stays failed until somebody waives it" in joined
    assert "now: mean 139 ms over 15 min, limit 500 ms" in joined


def test_a_title_that_is_cropped_is_whole_under_the_cursor() -> None:
    view = viewed("window_over")
    assert view.snapshot is not None
    long = "Database connections exhausted for longer than anybody should have to wait for one"
    first = replace(view.snapshot.criteria[0], title=long)
    view = viewed("window_over", criteria=(first, *view.snapshot.criteria[1:]))
    assert long not in " ".join(board(view, 76).split())
    assert long in " ".join(board(view, 76, criterion(view, "memory-leak")).split())


def test_an_acknowledgement_is_shown_with_who_and_until_when() -> None:
    view = viewed("waived")
    assert "acknowledged until 05:31" in row_of(board(view, 116), "Orphaned WebSockets")[1]
    here = board(view, 116, criterion(view, "socket-leak"))
    assert "acknowledged by bob, 04:26, until 05:31: watching it" in here


def test_a_waiver_names_who_why_and_the_computed_state() -> None:
    view = viewed("waived")
    here = " ".join(board(view, 116, criterion(view, "memory-leak")).split())
    assert "waived by carol until 07 Sep 15:23 (known: the cache warms up after the import)" in here
    assert "computed FAIL: backend.rss grows by 17.2 %/h" in here


def test_a_waived_incident_of_what_is_unknown_now_is_told_under_the_cursor() -> None:
    view = viewed("waived")
    assert view.snapshot is not None
    leak = replace(view.snapshot.criteria[0], state=State.INCONCLUSIVE, reason="no reading")
    view = viewed("waived", criteria=(leak, *view.snapshot.criteria[1:]))
    here = board(view, 116, criterion(view, "memory-leak"))
    assert "its incident was waived by carol until 07 Sep 15:23" in here


@pytest.mark.parametrize(
    ("change", "text"),
    [(1.5, "↑ +1.5 ms"), (-40.0, "↓ -40 ms"), (0.0, "steady"), (0.6, "steady"), (None, "")],
)
def test_a_trend_has_an_arrow_a_sign_and_an_amount(change: float | None, text: str) -> None:
    view = viewed("on_track")
    assert view.snapshot is not None
    slow = replace(view.snapshot.criteria[1], value=141.0, limit=200.0, trend=change)
    assert trend_of(slow, view.snapshot) == text


def test_the_check_that_fails_stands_under_its_optimisation_and_a_waived_one_says_who() -> None:
    row, below = row_of(board(viewed("no_go"), 116), "WebSocket leak fix  ")
    assert row.split()[-4:] == ["of", "3", "checks", "66.7"]
    assert "✖ fails  ping and pong  Held to be a false alarm" in below
    row, below = row_of(board(viewed("waived"), 116), "WebSocket leak fix  ")
    assert row.endswith("100")
    assert "≈ waived  ping and pong  by carol: the protocol layer answers pings" in below


def test_a_check_that_nobody_verified_is_shown_and_the_score_is_not_known() -> None:
    view = viewed("on_track")
    assert view.snapshot is not None
    score = view.snapshot.score
    assert score is not None
    check = replace(score.rows[0].checks[0], passes=None)
    row = replace(score.rows[0], score=None, checks=(check,))
    view = viewed("on_track", score=replace(score, mean=None, rows=(row,)))
    text = board(view, 116)
    assert "not known yet" in text
    assert "◌ not verified  hooks poll every 30,000 ms" in text


MEASURED = CheckScore(
    "hit rate",
    True,
    "",
    signal="cache.rate",
    value=93.5,
    at_least=50.0,
    unit="%",
    reason="cache.rate 93.5 %, at least 50 %",
    since=0.0,
)


def measured(check: CheckScore) -> View:
    """The board of a watch on track with this check as its only one."""
    view = viewed("on_track")
    assert view.snapshot is not None
    score = view.snapshot.score
    assert score is not None
    row = replace(score.rows[0], checks=(check,))
    return viewed("on_track", score=replace(score, rows=(row,)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "✓ passes  hit rate  cache.rate"),
        ({"passes": False, "value": 40.0}, "✖ fails  hit rate  cache.rate"),
        ({"passes": None, "value": None, "reason": "no reading for 12m"},
         "◌ not verified  hit rate  no reading for 12m"),
        ({"passes": False, "waived_by": "carol", "waived_because": "cold start"},
         "≈ waived  hit rate  by carol: cold start"),
    ],
)  # fmt: skip
@sizes
def test_a_check_that_a_signal_decides_has_a_row_with_its_value_and_bound(
    width: int, changes: dict[str, Any], told: str
) -> None:
    check = replace(MEASURED, **changes)
    row, _ = row_of(board(measured(check), width), "hit rate")
    value = "no value" if check.value is None else f"{check.value:g} %"
    assert row.strip().startswith(told)
    assert row.rstrip().endswith(f"{value}  ≥ 50 %")
    snapshot = measured(check).snapshot
    assert snapshot is not None
    assert [where[1].endswith("/hit rate") for where in board_places(snapshot)].count(True) == 1


def test_a_check_whose_value_is_about_to_turn_says_so_without_the_cursor() -> None:
    told = "cache.rate 4.8 %, at least 50 %, beyond it for 2m of 5m"
    row, _ = row_of(board(measured(replace(MEASURED, value=4.8, reason=told)), 120), "hit rate")
    assert row.strip().startswith(f"✓ passes  hit rate  {told}")


def test_under_the_cursor_such_a_check_says_since_when_and_the_remark() -> None:
    view = measured(replace(MEASURED, at_most=99.0, note="ask ann"))
    assert view.snapshot is not None
    assert view.snapshot.score is not None
    name = view.snapshot.score.rows[0].name
    text = board(view, 116, ("check", f"{name}/hit rate"))
    assert "50 % to 99 %" in text
    assert "cache.rate 93.5 %, at least 50 %, since " in text
    assert "note: ask ann" in text


def test_a_mean_is_shown_with_one_decimal() -> None:
    view = viewed("on_track")
    assert view.snapshot is not None
    score = view.snapshot.score
    assert score is not None
    exact = Fraction(91675, 1000)
    assert "91.7 of 100" in board(viewed("on_track", score=replace(score, mean=exact)), 80)


@sizes
def test_the_savings_show_every_sum(width: int) -> None:
    text = " ".join(board(viewed("window_over"), width).split())
    for part in (
        "351.72 EUR per workspace and month",
        "claim 346.14 EUR",
        "margin +5.58",
        "tolerance none",
        "1,338 calls a day instead of 7,200",
        "42,206.40 EUR a year for 10 workspaces",
        "pays back in 12.8 days",
    ):
        assert part in text


def test_savings_that_are_not_known_yet_say_why_and_what_is_claimed() -> None:
    text = board(viewed("on_track"), 116)
    assert "not known yet  observed calls need a whole day, 11h of it are to come" in text
    assert "claim 346.14 EUR  tolerance 1.00" in text


def test_money_keeps_every_cent() -> None:
    assert money("41536.80", "EUR") == "41,536.80 EUR"
    assert money("-0.40") == "-0.40"
    assert money("a lot") == "a lot"


@sizes
def test_a_gate_says_the_answer_who_when_and_why(width: int) -> None:
    text = board(viewed("no_go"), width)
    row, below = row_of(text, "Placeholder check  ")
    assert row.split()[:2] == ["✖", "rejected"]
    assert row.endswith("by placeholder-police, 04:11")
    assert "TODO left in cache.py, line 40" in below
    assert row_of(text, "15 pillars compliance  ")[0].endswith("waits for principles-guardian")


def test_under_the_cursor_a_gate_tells_what_is_asked_and_the_earlier_answers() -> None:
    text = board(viewed("waived"), 116, ("gate", "Placeholder check"))
    assert "asked of placeholder-police: Read what was changed" in text
    assert "before that rejected by placeholder-police, 04:11: TODO left in cache.py" in text
    text = board(viewed("waived"), 116, ("gate", "Documentation sync"))
    assert "four eyes: whoever ticked items of this watch may not approve" in text


def test_lost_lines_are_a_section_only_where_some_may_be_lost() -> None:
    assert "MAY BE LOST" not in board(viewed("on_track"), 116)
    text = board(viewed("no_go"), 116)
    assert "! lost lines  errors  03:01 to 03:02, 1m" in text
    assert "not accepted" in text
    view = viewed("no_go")
    assert view.snapshot is not None
    loss = replace(view.snapshot.losses[0], accepted_by="carol")
    text = board(viewed("no_go", losses=(loss, replace(loss, until=None))), 116)
    assert "≈ accepted  errors" in text
    assert "by carol" in text
    assert "since 03:01" in text


def test_short_windows_are_told_to_the_second() -> None:
    """Of many within a minute each one is another."""
    view = viewed("no_go")
    assert view.snapshot is not None
    loss = view.snapshot.losses[0]
    brief = [replace(loss, since=loss.since + n, until=loss.since + n + 0.4) for n in range(3)]
    text = board(viewed("no_go", losses=tuple(brief)), 116)
    told = re.findall(r"(03:01:\d\d) to (03:01:\d\d), 0.4s", text)
    assert len(set(told)) == len(brief)


def test_a_count_that_may_be_too_low_is_written_as_such() -> None:
    """Beside its limit."""
    view = viewed("no_go")
    assert view.snapshot is not None
    records = next(c for c in view.snapshot.criteria if c.rule == "records")
    counted = replace(records, value=3.0, signals=("errors.criticals",))
    others = tuple(c for c in view.snapshot.criteria if c is not records)
    signal = replace(next(iter(view.snapshot.signals.values())), name="errors.criticals")
    for at_least, text in ((True, "≥ 3"), (False, " 3")):
        signals = {"errors.criticals": replace(signal, at_least=at_least)}
        told = board(viewed("no_go", criteria=(*others, counted), signals=signals), 116)
        row, _ = row_of(told, records.title)
        assert text in row
        assert ("≥ 3" in row) is at_least


def test_void_readings_are_named_with_who_and_why() -> None:
    text = board(viewed("window_over"), 80)
    assert "quota  05 Sep 19:23 to 19:35" in text
    assert "the load test was ours" in text


def test_the_final_word_says_what_is_needed_and_later_who_gave_it() -> None:
    assert "once the window is over, 15:23" in board(viewed("on_track"), 80)
    assert "confirms it with f" in board(viewed("window_over"), 80)


def test_an_act_shows_as_being_saved_on_its_row() -> None:
    view = viewed("no_go")
    loss = board_places(view.snapshot)[-2] if view.snapshot else ("", "")
    acts = {
        criterion(view, "memory-leak"): "the waiver of «Memory leak»",
        ("check", "WebSocket leak fix/ping and pong"): "the waiver of «ping and pong»",
        ("gate", "15 pillars compliance"): "the approval",
        loss: "the acceptance",
        ("void", ""): "the invalidation",
        FINAL: "the confirmation",
    }
    for width in (76, 116):
        text = board(replace(view, acts=acts), width)
        assert text.count("[~] saving") == len(acts)


def test_the_board_opens_on_what_failed_else_is_unknown_else_warns() -> None:
    names = {}
    for name in SCENES:
        snapshot = getattr(specimen_board, name)().snapshot()
        found = criterion_at(snapshot, first_place(snapshot))
        names[name] = found.name if found else ""
    assert names == {
        "no_go": "memory-leak",
        "on_track": "db-pool",
        "waived": "socket-leak",
        "window_over": "memory-leak",
    }


def test_before_the_first_snapshot_and_before_a_judgement_the_board_says_so() -> None:
    assert "waiting for the first reading" in board(View(None, 0.0), 80)
    empty = specimen.empty()
    assert "no criterion has been judged yet" in board(View(empty, empty.now), 80)


@sizes
def test_the_frame_counts_the_states_and_tells_how_far_it_is_scrolled(width: int) -> None:
    view = replace(viewed("no_go"), compact=width == 80)
    assert view.snapshot is not None
    rows, seen = board_lines(view, first_place(view.snapshot), 0, width, 24)
    text = said(rows)
    assert len(rows) == 24
    assert f"1–{len(seen.lines)} of {seen.total}" in text
    assert ("3 fail · 1 inconclusive" if width == 120 else "✖ 3  ◌ 1  ! 1") in text


@given(
    sizes=st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=20),
    steps=st.lists(st.integers(-9, 9), max_size=8),
    height=st.integers(1, 30),
)
def test_the_cursor_stays_in_sight_wherever_it_goes(
    sizes: list[tuple[int, bool]], steps: list[int], height: int
) -> None:
    blocks = [
        Block(tuple(line(f"{n}.{i}") for i in range(size)), ("x", str(n)) if stands else None)
        for n, (size, stands) in enumerate(sizes)
    ]
    rows = places(blocks)
    top = at = 0
    for step in [0, *steps]:
        at = min(max(0, len(rows) - 1), max(0, at + step))
        seen = window(blocks, rows[at] if rows else None, top, 20, height)
        top = seen.top
        assert len(seen.lines) == min(height, seen.total)
        assert 0 <= seen.top <= max(0, seen.total - height)
        if rows:
            shown = said(seen.lines)
            assert f"› {rows[at][1]}.0" in shown
            whole = int(sizes[int(rows[at][1])][0])
            if whole <= height:
                assert f"{rows[at][1]}.{whole - 1}" in shown
