"""One critical record is a failure at once and for ever; lost lines are not known to be good."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stagewatch.judge.finding import Why
from stagewatch.judge.lapses import MOST as MOST_LAPSES
from stagewatch.judge.lapses import Lapse
from stagewatch.judge.records import RecordsJudge
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Records

LOG = "backend/logs/error.log"


def judge(*probes: str, traceback_is_critical: bool = True) -> RecordsJudge:
    return RecordsJudge(
        config=Records(probes=list(probes), traceback_is_critical=traceback_is_critical),
        interval=5.0,
        time=WatchTime(),
        called={"errors": LOG},
    )


def fed(
    *counts: tuple[float, float | None, float | None], lost: Sequence[Lapse] = ()
) -> RecordsJudge:
    made = judge("errors")
    for t, criticals, tracebacks in counts:
        made.add(t, "errors", criticals, tracebacks, lost)
    return made


def test_a_log_without_critical_records_passes() -> None:
    """The sentence names the log."""
    found = fed((5.0, 0.0, 0.0)).look(6.0)
    assert (found.state, found.reason) == (State.PASS, f"no critical record in {LOG}")
    assert found.value == 0


def test_one_critical_record_fails_at_once_and_for_ever() -> None:
    """However long ago it was, and however silent the log has been since."""
    made = fed((5.0, 0.0, 0.0), (10.0, 1.0, 0.0))
    assert made.look(10.0).state is State.FAIL
    found = made.look(80_000.0)
    assert (found.state, found.reason) == (State.FAIL, f"1 critical record in {LOG}")
    assert (found.first_bad, found.incident) == (10.0, 10.0)


def test_the_first_reading_counts_since_the_watch_began() -> None:
    """A recorder that starts late finds what was counted before it."""
    assert fed((3000.0, 2.0, 0.0)).look(3000.0).reason == f"2 critical records in {LOG}"


def test_the_newest_record_is_the_incident() -> None:
    """A waiver of the first covers no later one."""
    made = fed((5.0, 1.0, 0.0), (10.0, 1.0, 0.0), (15.0, 3.0, 0.0), (20.0, 3.0, 0.0))
    found = made.look(20.0)
    assert (found.value, found.first_bad, found.incident) == (3, 5.0, 15.0)


def test_a_counter_that_falls_back_has_begun_anew() -> None:
    """What it shows then has come since."""
    assert fed((5.0, 2.0, 0.0), (10.0, 0.0, 0.0), (15.0, 1.0, 0.0)).look(15.0).value == 3


def test_lone_tracebacks_are_critical_unless_the_profile_says_no() -> None:
    """Then they warn, and a critical record beside them fails all the same."""
    made = judge("errors", traceback_is_critical=False)
    made.add(5.0, "errors", 2.0, 2.0, ())
    found = made.look(5.0)
    assert found.state is State.WARN
    assert found.reason == f"no critical record in {LOG}, 2 tracebacks outside a record"
    made.add(10.0, "errors", 3.0, 2.0, ())
    assert made.look(10.0).reason == f"1 critical record in {LOG}"
    assert fed((5.0, 2.0, 2.0)).look(5.0).state is State.FAIL


def test_without_the_number_of_tracebacks_nothing_can_be_subtracted() -> None:
    """Such a reading is not usable where it matters, and is where it does not."""
    made = judge("errors", traceback_is_critical=False)
    made.add(5.0, "errors", 1.0, None, ())
    assert made.look(5.0).state is State.INCONCLUSIVE
    assert fed((5.0, 1.0, None)).look(5.0).state is State.FAIL


def test_a_log_that_is_not_read_is_not_known() -> None:
    """Not yet, and no longer."""
    made = fed((5.0, None, None))
    assert made.look(5.0).why is Why.WARMING_UP
    made.add(10.0, "errors", 0.0, 0.0, ())
    assert made.look(500.0).state is State.PASS
    found = made.look(700.0)
    assert found.why is Why.STALE
    assert found.reason == f"no usable reading of {LOG} for 11m30s, limit 10m"


def test_lost_lines_are_inconclusive_until_somebody_accepts_them() -> None:
    """By name; the sentence says for how long and why."""
    lapse = Lapse(100.0, 112.0, "truncated in place", "")
    made = fed((120.0, 0.0, 0.0), lost=[lapse])
    found = made.look(121.0)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.LOSS)
    assert found.reason == (
        f"no critical record seen in {LOG}, but lines may have been lost in 12s: truncated in place"
    )
    assert made.unaccepted() == {"errors": [lapse]}
    made.add(125.0, "errors", 0.0, 0.0, [Lapse(100.0, 112.0, "truncated in place", "anna")])
    assert made.look(126.0).state is State.PASS
    assert not made.unaccepted()


def test_a_count_that_may_be_too_low_for_another_reason_is_inconclusive() -> None:
    """While the readings say so, with that reason."""
    made = fed((120.0, 0.0, 0.0))
    made.add(125.0, "errors", 0.0, 0.0, (), "2 records are too long")
    found = made.look(126.0)
    assert (found.state, found.why) == (State.INCONCLUSIVE, Why.LOSS)
    assert found.reason == f"no critical record seen in {LOG}, but 2 records are too long"
    made.add(130.0, "errors", 1.0, 0.0, (), "2 records are too long")
    assert made.look(131.0).state is State.FAIL


@pytest.mark.parametrize("accepted", ["", "anna"])
def test_a_failure_outweighs_a_loss(accepted: str) -> None:
    """One critical record is known, whatever else was lost; the sentence says that it is one at
    least, whoever accepted that."""
    lapse = Lapse(100.0, None if not accepted else 110.0, "missing", accepted)
    found = fed((120.0, 1.0, 0.0), lost=[lapse]).look(121.0)
    assert found.state is State.FAIL
    assert found.reason == f"at least 1 critical record in {LOG}"


def test_a_loss_that_lasts_grows_until_it_is_closed() -> None:
    """The same window, told again with its end."""
    made = fed((120.0, None, None), (130.0, 0.0, 0.0), lost=[Lapse(100.0, None, "missing", "")])
    assert "lost in 1m40s: missing" in made.look(200.0).reason
    made.add(210.0, "errors", 0.0, 0.0, [Lapse(100.0, 205.0, "missing", "")])
    assert "lost in 1m45s: missing" in made.look(211.0).reason


def test_a_loss_that_is_no_longer_listed_is_not_forgotten() -> None:
    """A reading lists the newest windows only; memory is bounded, and none becomes good."""
    made = judge("errors")
    for i in range(3 * MOST_LAPSES):
        t = 10.0 * i
        made.add(t, "errors", 0.0, 0.0, [Lapse(t, t + 1, "truncated", "" if i == 0 else "anna")])
    made.add(9000.0, "errors", 0.0, 0.0, ())
    assert made.look(9000.0).why is Why.LOSS
    assert len(made.unaccepted()["errors"]) == 1


def test_every_log_has_to_be_known() -> None:
    """One of two that is silent is enough not to pass; records of both are told."""
    made = judge("errors", "worker")
    made.add(5.0, "errors", 0.0, 0.0, ())
    assert made.look(5.0).state is State.INCONCLUSIVE
    made.add(5.0, "worker", 0.0, 0.0, ())
    assert made.look(5.0).reason == f"no critical record in {LOG}, worker"
    made.add(6.0, "worker", 1.0, 0.0, ())
    made.add(6.0, "errors", 2.0, 0.0, ())
    assert made.look(6.0).reason == f"2 critical records in {LOG}, 1 in worker"


def test_a_probe_of_no_concern_is_ignored() -> None:
    """Its records belong to another criterion."""
    made = fed((5.0, 0.0, 0.0))
    made.add(6.0, "other", 9.0, 0.0, ())
    assert made.look(6.0).state is State.PASS
