"""What drills came to becomes readings: each once, in order, also over a restart."""

from __future__ import annotations

from stagewatch.model import Reading, Result
from stagewatch.recorder.results import Results
from stagewatch.session import edits
from stagewatch.session.document import Evidence, Instant, Session

AT = 1_700_000_000.0


def session_with(*runs: tuple[str, float, float | None]) -> Session:
    """A session in which these drills were run: (pseudo-probe, when, passed)."""
    session = Session(
        id="watch-1",
        profile="watch",
        deployment="staging",
        started_at=Instant(AT),
        ends_at=Instant(AT + 86_400),
    )
    for drill, at, passed in runs:
        reason = "it was interrupted" if passed is None else ""
        piece = Evidence(signal=f"{drill}.passed", value=passed, reason=reason)
        session = edits.record_drill(
            session, drill, "word", "a sentence", by="ann", at=at, end=at + 2, evidence=[piece]
        )
    return session


def test_a_result_is_a_reading_with_its_values_and_reasons() -> None:
    """As long as the drill took, with who ran it."""
    results = Results({"validation-a"}, {})
    (reading,) = results.new(session_with(("validation-a", AT + 5, 1.0)))
    assert (reading.probe, reading.at, reading.took) == ("validation-a", AT + 5, 2.0)
    assert (reading.result, reading.values) == (Result.VALUE, {"validation-a.passed": 1.0})
    assert reading.facts == {"by": "ann", "outcome": "word", "of": ""}
    (nothing,) = Results({"exercise"}, {}).new(session_with(("exercise", AT, None)))
    assert nothing.result is Result.NO_DATA
    assert nothing.missing == {"exercise.passed": "it was interrupted"}


def test_a_result_is_stored_once() -> None:
    """Whatever else is edited in the session."""
    results = Results({"validation-a", "validation-b"}, {})
    first = session_with(("validation-a", AT + 5, 1.0))
    assert len(list(results.new(first))) == 1
    assert not list(results.new(first))
    both = session_with(("validation-a", AT + 5, 1.0), ("validation-b", AT + 1, 0.0))
    assert [reading.probe for reading in results.new(both)] == ["validation-b"]


def test_what_an_earlier_recorder_stored_is_not_stored_again() -> None:
    """And what was run while none was running is."""
    stored = Reading("validation-a", AT + 5, 2.0, Result.VALUE)
    results = Results({"validation-a"}, {"validation-a": stored})
    session = session_with(("validation-a", AT + 5, 1.0), ("validation-a", AT + 60, 0.0))
    assert [reading.at for reading in results.new(session)] == [AT + 60]


def test_a_drill_that_the_profile_no_longer_has_is_left_alone() -> None:
    """Its result stays in the session."""
    assert not list(Results({"validation-a"}, {}).new(session_with(("validation-b", AT, 1.0))))
