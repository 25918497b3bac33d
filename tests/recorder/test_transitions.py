"""Down, up and restarted: what a reading changes."""

from __future__ import annotations

import pytest

from stagewatch.model import Reading, Result
from stagewatch.recorder.transitions import Transitions


def reading(at: float, result: Result = Result.VALUE, reason: str = "", proc: str = "") -> Reading:
    return Reading("p", at, 0.0, result, reason, facts={"proc": proc} if proc else {})


def told(transitions: Transitions, *readings: Reading) -> list[tuple[str, str]]:
    return [(e.kind, e.text) for r in readings for e in transitions.events(r)]


def test_going_down_tells_why_and_coming_back_tells_how_long_it_was() -> None:
    story = told(
        Transitions(),
        reading(0),
        reading(30, Result.ERROR, "connection refused"),
        reading(60, Result.NO_DATA, "status 500"),
        reading(90),
        reading(120),
    )
    assert story == [("down", "p: connection refused"), ("up", "p is back after 1m")]


def test_a_target_that_is_down_from_the_start_is_told_once() -> None:
    story = told(Transitions(), reading(0, Result.ERROR, "no"), reading(5, Result.ERROR, "no"))
    assert story == [("down", "p: no")]


def test_a_skipped_reading_says_nothing_about_the_target() -> None:
    skipped = reading(5, Result.SKIPPED, "late")
    assert told(Transitions(), reading(0), skipped, reading(10)) == []


def test_another_process_is_a_restart_also_when_it_was_away_in_between() -> None:
    story = told(
        Transitions(),
        reading(0, proc="10@1"),
        reading(5, Result.ERROR, "gone"),
        reading(10, proc="11@9"),
        reading(15, proc="11@9"),
    )
    assert [kind for kind, _ in story] == ["down", "restart", "up"]
    assert story[1][1] == "p restarted: 10@1 is now 11@9"


def test_what_an_earlier_recorder_saw_is_not_told_again() -> None:
    before = Transitions({"p": reading(100, Result.ERROR, "no")}, {"p": (100.0, 40.0)})
    assert told(before, reading(105, Result.ERROR, "no")) == []
    assert told(before, reading(120)) == [("up", "p is back after 1m")]
    seen = Transitions({"p": reading(100, proc="10@1")})
    assert told(seen, reading(200, proc="11@9")) == [("restart", "p restarted: 10@1 is now 11@9")]


@pytest.mark.parametrize("result", [Result.NO_DATA, Result.ERROR])
def test_a_failure_without_a_reason_still_says_something(result: Result) -> None:
    assert told(Transitions(), reading(0, result)) == [
        ("down", f"p: {result.value} without a reason")
    ]
