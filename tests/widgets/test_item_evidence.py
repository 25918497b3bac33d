"""What a checklist item's signals say: only a fresh value that a rule passes looks good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stagewatch.judge.score import CheckScore, OptimisationScore, ScoreResult
from stagewatch.model import Result, State
from stagewatch.profile.derived import DERIVED
from stagewatch.session.document import Evidence
from stagewatch.snapshot import ItemNow, Snapshot
from stagewatch.tui import specimen
from stagewatch.widgets.checklistpane import ChecklistPane
from stagewatch.widgets.itemdetail import detail_block, detail_lines
from stagewatch.widgets.itemevidence import (
    Standing,
    evidence_lines,
    judging,
    summary,
    telling,
    worst,
)
from stagewatch.widgets.paint import text_of, width_of
from stagewatch.widgets.view import View

Scene = Callable[..., View]
NOW = specimen.NOW


def snapshot_of(
    signal: str = "quota.latency",
    probe: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    state: State = State.PASS,
) -> Snapshot:
    """The healthy specimen with something else about one signal, its probe or its rule."""
    well = specimen.healthy()
    name = signal.partition(".")[0]
    return replace(
        well,
        probes={**well.probes, name: replace(well.probes[name], **(probe or {}))},
        signals={**well.signals, signal: replace(well.signals[signal], **(now or {}))},
        criteria=tuple(replace(each, state=state) for each in well.criteria),
    )


def item(*signals: str, then: Evidence | None = None) -> ItemNow:
    """An item with this evidence: ticked with what it was then, else open."""
    done, by, at = (True, "ann", NOW - 60) if then else (False, "", None)
    evidence = (then,) if then else ()
    return ItemNow("Load testing", "Look", done, by, at, False, (), evidence, (), signals)


ERROR: dict[str, Any] = {"result": Result.ERROR, "reason": "connection refused"}
WRONG: dict[str, Any] = {"result": Result.NO_DATA, "reason": "status 503, expected 200"}
NONE: dict[str, Any] = {"value": None, "reason": "field gone"}


@pytest.mark.parametrize(
    ("snapshot", "standing", "says"),
    [
        (snapshot_of(), Standing.PASSED, ""),
        (snapshot_of(probe={"result": None, "at": None}), Standing.UNREAD, ""),
        (snapshot_of(probe={"at": NOW - 500}), Standing.ABSENT, "LATE, 8m20s ago"),
        (
            snapshot_of(probe={"at": NOW - 500, "ends": NOW - 499}),
            Standing.ABSENT,
            "over, 8m20s ago",
        ),
        (snapshot_of(probe=ERROR, now=NONE), Standing.BAD, "field gone; last 137 ms, 3s ago"),
        (snapshot_of(probe=WRONG), Standing.BAD, "status 503, expected 200, tried 9s ago"),
        (snapshot_of(now=NONE), Standing.ABSENT, "field gone; last 137 ms, 3s ago"),
        (snapshot_of(probe={**WRONG, "kind": DERIVED}, now=NONE), Standing.ABSENT, "field gone"),
        (
            snapshot_of(probe={**ERROR, "at": NOW - 500}, now={**NONE, "last_value": None}),
            Standing.BAD,
            "LATE, 8m20s ago; field gone",
        ),
        (snapshot_of(now={"at_least": True, "reason": "cut"}), Standing.WARNED, "cut"),
        (snapshot_of(state=State.FAIL), Standing.BAD, "Slow API: FAIL"),
        (snapshot_of(state=State.WARN), Standing.WARNED, "Slow API: WARN"),
        (snapshot_of(state=State.WAIVED), Standing.WARNED, "Slow API: WAIVED"),
        (snapshot_of(state=State.INCONCLUSIVE), Standing.AT_HAND, ""),
        (
            snapshot_of(probe={"at": NOW - 500}, state=State.FAIL),
            Standing.BAD,
            "LATE, 8m20s ago; Slow API: FAIL",
        ),
    ],
)
def test_a_signal_stands_as_its_reading_its_age_and_its_rules_let_it(
    snapshot: Snapshot, standing: Standing, says: str
) -> None:
    told = telling(snapshot, "quota.latency", NOW)
    assert told.standing is standing
    assert told.aside.startswith(says)
    assert bool(told.aside) == bool(says)


def test_a_value_that_no_rule_judges_is_at_hand_and_not_called_good() -> None:
    told = telling(specimen.healthy(), "health.db_used", NOW)
    assert (told.standing, told.aside) == (Standing.AT_HAND, "")


def test_that_there_were_enough_readings_says_nothing_of_their_values() -> None:
    well = specimen.healthy()
    enough = replace(well.criteria[0], rule="coverage", signals=("health.db_used",))
    told = telling(replace(well, criteria=(enough,)), "health.db_used", NOW)
    assert told.standing is Standing.AT_HAND


@pytest.mark.parametrize(
    ("passes", "standing", "says"),
    [
        (True, Standing.PASSED, ""),
        (False, Standing.BAD, "most hit: FAIL"),
        (None, Standing.AT_HAND, ""),
    ],
)
def test_a_check_speaks_of_its_own_signal_and_the_score_of_none(
    passes: bool | None, standing: Standing, says: str
) -> None:
    """A score that fails by one check says nothing against the signals of the others."""
    well = specimen.healthy()
    check = CheckScore("most hit", passes, "", signal="health.db_used")
    row = OptimisationScore("Cache", "", None, (check,))
    score = ScoreResult(State.FAIL, "", None, 90.0, (row,))
    failed = replace(
        well.criteria[0],
        rule="score",
        state=State.FAIL,
        signals=("health.db_used", "quota.latency"),
    )
    snapshot = replace(well, criteria=(failed,), score=score)
    told = telling(snapshot, "health.db_used", NOW)
    assert (told.standing, told.aside) == (standing, says)
    assert telling(snapshot, "quota.latency", NOW).standing is Standing.AT_HAND


def test_a_signal_that_the_watch_does_not_have_is_missing() -> None:
    told = telling(specimen.healthy(), "validation.rate_limit", NOW)
    assert (told.standing, told.aside) == (Standing.ABSENT, "no such signal in this watch")


def test_a_value_that_no_probe_reads_again_is_as_old_as_it_is() -> None:
    well = specimen.healthy()
    signal = replace(well.signals["quota.latency"], name="once.value", at=NOW - 60)
    told = telling(replace(well, signals={"once.value": signal}), "once.value", NOW)
    assert (told.standing, told.aside) == (Standing.ABSENT, "LATE, 1m ago")


def test_a_lower_bound_is_shown_as_one() -> None:
    told = telling(snapshot_of(now={"at_least": True}), "quota.latency", NOW)
    assert text_of(told.value) == "≥ 137 ms"


def test_the_worst_signal_stands_for_the_item() -> None:
    snapshot = snapshot_of(probe={"at": NOW - 500})
    assert worst(snapshot, ("backend.rss", "quota.latency"), NOW) is Standing.ABSENT
    assert worst(snapshot, (), NOW) is None


@pytest.mark.parametrize(
    ("snapshot", "says"),
    [
        (snapshot_of(), "evidence: all 2 at hand"),
        (snapshot_of(probe={"at": NOW - 500}), "evidence: 1 of 2 late or missing"),
        (snapshot_of(state=State.FAIL), "evidence: 2 of 2 bad"),
        (snapshot_of(state=State.WARN), "evidence: 2 of 2 in doubt"),
        (snapshot_of(probe={"result": None}), "evidence: 1 of 2 not read yet"),
    ],
)
def test_the_heading_counts_what_is_amiss(snapshot: Snapshot, says: str) -> None:
    assert text_of(summary(snapshot, item("quota.latency", "backend.rss"), NOW)) == says


def test_an_item_without_evidence_is_a_persons_to_judge(scene: Scene) -> None:
    text = "\n".join(text_of(row) for row in detail_block(item(), scene(), 60, 5))
    assert "evidence: none" in text
    assert "no signal measures this: it is a person's to judge" in text


def test_where_rows_are_few_the_worst_is_shown_and_the_rest_counted() -> None:
    snapshot = snapshot_of(probe={"at": NOW - 500})
    asked = item("backend.rss", "backend.cpu", "health.ok", "quota.latency")
    rows = [text_of(row) for row in evidence_lines(snapshot, asked, NOW, 40, 2)]
    assert rows[0].startswith("◌ quota.latency")
    assert rows[1] == "  and 3 more"


@pytest.mark.parametrize("rows", range(1, 12))
@pytest.mark.parametrize("width", [20, 34, 38, 60])
def test_the_evidence_keeps_to_its_room(rows: int, width: int) -> None:
    snapshot = specimen.doubtful()
    for phase in snapshot.phases:
        for each in phase.items:
            shown = evidence_lines(snapshot, each, NOW, width, rows)
            assert 1 <= len(shown) <= rows
            block = detail_block(each, View(snapshot, NOW), width, rows)
            assert len(block) == rows
            assert max(width_of(row) for row in (*shown, *block)) <= width


def test_a_ticked_item_shows_what_was_then_beside_what_is_now(scene: Scene) -> None:
    then = Evidence(signal="quota.latency", value=120.0, unit="ms")
    ticked = item("quota.latency", then=then)
    rows = [text_of(row) for row in detail_lines(ticked, scene(), 60, 5)]
    assert rows[0].startswith("ticked by ann")
    assert rows[1] == "✓ quota.latency  137 ms  then 120 ms"


def test_what_was_not_known_at_the_tick_stays_not_known(scene: Scene) -> None:
    then = Evidence(signal="quota.latency", reason="no reading yet")
    ticked = item(then=then)
    rows = [text_of(row) for row in detail_lines(ticked, scene(), 60, 5)]
    assert rows[1] == "✓ quota.latency  137 ms  none at the tick"


def test_the_rules_against_a_signal_are_looked_up_once_a_snapshot() -> None:
    snapshot = specimen.doubtful()
    assert judging(snapshot) is judging(snapshot)


class TestPane:
    """What makes the pane draw again."""

    def pane(self) -> ChecklistPane:
        pane = ChecklistPane()
        pane.view = View(specimen.healthy(), NOW)
        pane.lines(pane.view, 42, 36)
        return pane

    def test_a_value_of_the_item_under_the_cursor_does(self) -> None:
        pane = self.pane()
        changed = snapshot_of("backend.rss", now={"value": 1.0})
        assert pane.about(specimen.healthy()) != pane.about(changed)

    def test_another_value_does_not(self) -> None:
        pane = self.pane()
        changed = snapshot_of("health.ws_sessions", now={"value": 1.0})
        assert pane.about(specimen.healthy()) == pane.about(changed)

    def test_another_item_whose_evidence_fails_does(self) -> None:
        pane = self.pane()
        assert pane.about(specimen.healthy()) != pane.about(snapshot_of(probe=ERROR, now=NONE))

    def test_evidence_that_becomes_late_does(self) -> None:
        pane = self.pane()
        snapshot = specimen.healthy()
        moments = [pane.moment(View(snapshot, NOW + later)) for later in (1.0, 9.0, 100.0)]
        assert moments[0] == moments[1]
        assert moments[1] != moments[2]

    def test_an_age_is_renewed_every_five_seconds(self) -> None:
        pane = self.pane()
        snapshot = snapshot_of("backend.rss", probe={"at": NOW - 900})
        start = NOW - NOW % 60
        moments = [pane.moment(View(snapshot, start + later)) for later in (0.0, 4.0, 5.0)]
        assert moments[0] == moments[1]
        assert moments[1] != moments[2]
