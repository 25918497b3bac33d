"""From findings to a criterion: incidents, latching, flapping, trend."""

from __future__ import annotations

from stagewatch.judge.finding import Finding, Why
from stagewatch.judge.tracker import FLAPS, Incident, Tracker
from stagewatch.model import State


def said(
    state: State,
    reason: str = "r",
    *,
    value: float | None = None,
    first_bad: float | None = None,
    incident: float | None = None,
) -> Finding:
    return Finding(state, reason, value, first_bad=first_bad, incident=incident)


def test_a_failed_no_go_criterion_stays_failed() -> None:
    """A value that is good again makes it recovered, not passed."""
    tracker = Tracker("leak", latches=True)
    tracker.follow(0, said(State.PASS))
    tracker.follow(60, said(State.FAIL, "bad", first_bad=30))
    now = tracker.follow(120, said(State.PASS))
    assert now.state is State.FAIL
    assert now.recovered
    assert now.incident == Incident(60, 30, "bad", None)


def test_a_go_criterion_does_not_latch() -> None:
    """It is judged at the end, by what it is then."""
    tracker = Tracker("available", latches=False)
    tracker.follow(0, said(State.FAIL))
    assert tracker.follow(60, said(State.PASS)).state is State.PASS


def test_a_later_failure_is_a_later_incident() -> None:
    """What was waived is the earlier one."""
    tracker = Tracker("slow", latches=True)
    for t, state in ((0, State.FAIL), (60, State.PASS), (120, State.FAIL)):
        now = tracker.follow(t, said(state))
    assert now.incident is not None
    assert now.incident.known == 120


def test_not_knowing_does_not_end_an_incident() -> None:
    """A gap in the middle of a failure makes no second one of it."""
    tracker = Tracker("slow", latches=True)
    for t, state in ((0, State.FAIL), (60, State.INCONCLUSIVE), (120, State.FAIL)):
        now = tracker.follow(t, said(state))
    assert now.incident is not None
    assert now.incident.known == 0


def test_a_rule_may_say_itself_when_the_newest_incident_came() -> None:
    """A second critical record is a second incident though the state was FAIL all along."""
    tracker = Tracker("records", latches=True)
    tracker.follow(0, said(State.FAIL, incident=0))
    first = tracker.follow(60, said(State.FAIL, incident=0))
    second = tracker.follow(120, said(State.FAIL, incident=90))
    assert first.incident is not None
    assert second.incident is not None
    assert (first.incident.known, second.incident.known) == (0, 90)


def test_a_state_that_turns_to_and_fro_is_a_warning() -> None:
    """Flapping is named, and no PASS is shown in the middle of it."""
    tracker = Tracker("sockets", latches=True)
    for turn in range(FLAPS + 2):
        state = State.PASS if turn % 2 else State.WARN
        now = tracker.follow(60.0 * turn, said(state))
    assert now.state is State.WARN
    assert now.finding.why is Why.FLAPPING
    calm = tracker.follow(60.0 * FLAPS + 7200, said(State.PASS))
    assert calm.state is State.PASS


def test_the_trend_is_the_change_over_an_hour() -> None:
    """And nothing is said of it before an hour has passed."""
    tracker = Tracker("rss", latches=True)
    early = [tracker.follow(t, said(State.PASS, value=t / 60)) for t in range(0, 3600, 60)]
    assert {now.trend for now in early} == {None}
    assert tracker.follow(3600, said(State.PASS, value=60)).trend == 60


def test_an_inherited_incident_is_not_forgiven() -> None:
    """A profile that was edited judges the same record again, and the failure stays."""
    tracker = Tracker("leak", latches=True)
    tracker.follow(0, said(State.PASS))
    tracker.inherit(Incident(40, 30, "bad under the old limit", 12.0))
    now = tracker.follow(60, said(State.PASS))
    assert now.state is State.FAIL
    assert now.incident == Incident(40, 30, "bad under the old limit", 12.0)
