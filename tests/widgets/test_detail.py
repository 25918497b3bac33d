"""A criterion's detail as text: the rule, the times, the chart, the readings and the log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stagewatch.grounds import Grounds
from stagewatch.model import Gap, Reading, Result, State
from stagewatch.tui import specimen_board
from stagewatch.tui.screens.detail import question_of
from stagewatch.widgets.chart import cut
from stagewatch.widgets.detail import Found, detail_body
from stagewatch.widgets.evidence import limit_in, reading_row
from stagewatch.widgets.paint import text_of, to_ascii, width_of
from stagewatch.widgets.pointer import Pointer
from stagewatch.widgets.rules import MEANING, meaning
from stagewatch.widgets.view import View

SCENES = ("on_track", "no_go", "waived", "window_over")


def found_for(name: str, criterion: str, *, read: bool = True) -> tuple[View, Found, str]:
    """The scene, what was found, and the criterion's place in it."""
    scene = getattr(specimen_board, name)()
    snapshot = scene.snapshot()
    one = next(c for c in snapshot.criteria if c.name == criterion)
    asked = question_of(snapshot, one, snapshot.now)
    grounds = scene.grounds(asked) if read else None
    return (
        View(snapshot, snapshot.now),
        Found(asked.moment, asked.since, asked.until, grounds),
        criterion,
    )


def told(view: View, found: Found, name: str, width: int = 100) -> str:
    assert view.snapshot is not None
    criterion = next(c for c in view.snapshot.criteria if c.name == name)
    rows = detail_body(view, criterion, found, width, Pointer()).rows
    assert max(map(width_of, rows)) <= width
    return "\n".join(text_of(row).rstrip() for row in rows)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("width", [54, 76, 116])
def test_every_criterion_fits_at_every_width_also_in_ascii(name: str, width: int) -> None:
    snapshot = getattr(specimen_board, name)().snapshot()
    for criterion in snapshot.criteria:
        for read in (True, False):
            view, found, _ = found_for(name, criterion.name, read=read)
            plain = replace(view, ascii=True)
            rows = [
                to_ascii(row) for row in detail_body(plain, criterion, found, width, Pointer()).rows
            ]
            assert max(map(width_of, rows)) <= width
            assert "?" not in "".join(text_of(row) for row in rows)


def test_it_tells_rule_value_limit_and_the_two_moments() -> None:
    text = told(*found_for("no_go", "memory-leak"))
    assert "✖ FAIL  since 04:10" in text
    assert "rule          growth: fails when the memory" in text
    assert "over          backend.rss" in text
    assert "value         17.2 %/h · limit ≤ 10 %/h · ↑ +1.4 %/h in 1 h" in text
    assert "first bad     03:40, 50m ago" in text
    assert "known since   04:10, 20m ago" in text
    assert "coverage      98 % of the watch so far has data for it" in text


def test_what_recovered_says_what_the_rule_says_now() -> None:
    text = told(*found_for("no_go", "slow-api"))
    assert "the rule now  mean 139 ms over 15 min, limit 500 ms" in text


def test_waiver_and_acknowledgement_in_force_are_told_whole() -> None:
    text = " ".join(told(*found_for("waived", "slow-api")).split())
    assert "waiver by carol, 04:16, until 07 Sep 15:23: load test of the neighbours" in text
    text = told(*found_for("waived", "socket-leak"))
    assert "acknowledged  by bob, 04:26, until 05:31: watching it" in text


def test_readings_and_lines_from_the_moment_on_are_pointed_at() -> None:
    text = told(*found_for("no_go", "memory-leak"))
    assert "\n  03:39:44  backend     rss 504 MiB" in text
    assert "\n› 03:41:37  backend     rss 505 MiB" in text
    assert "\n  03:40:00  INFO     import of workspace 7" in text
    assert "\n› 03:41:08  ERROR    pool: timed out" in text


def test_of_what_was_never_bad_the_newest_readings_are_shown_and_none_is_pointed_at() -> None:
    text = told(*found_for("on_track", "memory-leak"))
    assert "readings" in text
    assert "the newest" in text
    assert "›" not in text


def test_until_the_history_is_read_the_panes_own_series_is_drawn() -> None:
    text = told(*found_for("no_go", "memory-leak", read=False))
    assert "MiB" in text.split("03:20 to now")[1]
    assert "reading the record …" in text


def test_a_signal_without_a_series_waits_for_the_history() -> None:
    text = told(*found_for("no_go", "socket-leak", read=False))
    assert "health.ws_orphans" in text
    assert text.count("reading the record …") == 2


def test_what_cannot_be_read_says_why_in_its_place() -> None:
    view, found, name = found_for("no_go", "memory-leak", read=False)
    text = told(view, replace(found, problem="disk I/O error"), name)
    assert "✖ cannot be read: disk I/O error" in text


def test_an_empty_answer_says_so() -> None:
    view, found, name = found_for("no_go", "memory-leak")
    text = told(view, replace(found, grounds=Grounds({}, (), ())), name)
    assert "none is kept" in text
    assert "no line was read within five minutes of it" in text


def test_the_limit_is_drawn_where_it_is_a_value_of_the_signal() -> None:
    view, found, name = found_for("no_go", "slow-api")
    assert "┄ 500 ms" in told(view, found, name).replace("┄┄", "┄")
    assert view.snapshot is not None
    by_name = {c.name: c for c in view.snapshot.criteria}
    assert limit_in(view.snapshot, by_name["memory-leak"], "backend.rss") is None
    assert limit_in(view.snapshot, by_name["db-pool"], "health.db_used") == 80.0
    assert limit_in(view.snapshot, by_name["db-pool"], "health.db_max") is None


def test_the_size_of_a_pool_is_a_limit_and_has_no_chart_of_its_own() -> None:
    view, found, name = found_for("no_go", "db-pool")
    text = told(view, found, name)
    assert "value         12 of 80" in text
    assert "┄ 80" in text
    assert "health.db_max  " not in text


def test_a_reading_without_a_value_says_what_went_wrong() -> None:
    failed = Reading("quota", 60.0, 0.1, Result.ERROR, "connection refused")
    assert text_of(reading_row(failed, ("quota.latency",), {}, 61.0)) == (
        "  00:01:00  quota       ✖ ERROR  connection refused"
    )
    partial = Reading(
        "health", 60.0, 0.1, Result.VALUE, values={"health.db_used": 3.0},
        missing={"health.db_max": "not in the answer"},
    )  # fmt: skip
    row = text_of(reading_row(partial, ("health.db_used", "health.db_max"), {}, 0.0))
    assert row == "› 00:01:00  health      db_used 3  not in the answer"


def test_what_people_decide_has_no_readings() -> None:
    text = told(*found_for("no_go", "quality"))
    assert "People's acts decide this; no reading does." in text
    assert "readings" not in text.splitlines()


def test_the_coverage_criterion_lists_the_gaps() -> None:
    view, found, name = found_for("on_track", "coverage")
    assert "everything  22:23, 24m  the recorder was not running" in told(view, found, name)
    assert view.snapshot is not None
    gap = Gap("quota", view.now - 60, None, "late")
    snapshot = view.snapshot
    view = replace(view, snapshot=replace(snapshot, gaps=(gap,)))
    assert "quota  04:30, 1m, and lasts  late" in told(view, found, name)
    view = replace(view, snapshot=replace(snapshot, gaps=()))
    assert "none" in told(view, found, name)


def test_every_rule_of_the_specimen_has_a_meaning_and_a_lost_one_too() -> None:
    snapshot = specimen_board.no_go().snapshot()
    assert {c.rule for c in snapshot.criteria} <= set(MEANING)
    assert "left the profile" in meaning("")


def test_the_question_is_about_the_first_bad_moment_else_about_the_newest_reading() -> None:
    snapshot = specimen_board.no_go().snapshot()
    by_name = {c.name: c for c in snapshot.criteria}
    leak = question_of(snapshot, by_name["memory-leak"], snapshot.now)
    assert leak.moment == specimen_board.LEAK
    assert snapshot.session.started_at < leak.since < leak.moment
    assert leak.until == snapshot.now
    assert leak.patience == {"backend": 130.0}
    assert leak.logs == ("errors",)
    well = question_of(snapshot, by_name["availability"], snapshot.now)
    assert well.moment == snapshot.recorder.last_reading_at
    assert well.since == snapshot.session.started_at
    odd = replace(by_name["memory-leak"], first_bad=snapshot.session.started_at, state=State.FAIL)
    assert question_of(snapshot, odd, snapshot.now).since == snapshot.session.started_at


def test_a_series_is_cut_at_whole_buckets() -> None:
    series = specimen_board.no_go().snapshot().series["backend.rss"]
    size = (series.end - series.start) / len(series.mean)
    part = cut(series, series.start + 1.5 * size, series.start + 4 * size)
    assert part.mean == series.mean[2:4]
    assert (part.start, part.end) == (series.start + 2 * size, series.start + 4 * size)
    assert cut(series, series.end + 1, series.end + 9).mean == ()
