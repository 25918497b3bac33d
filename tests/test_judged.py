"""What the data say and what people did, put together: waivers, silence, gates, the verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from stagewatch.judge.standing import Stand, Standing
from stagewatch.judged import LATE, Judgement, judged
from stagewatch.model import State, Verdict
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import load
from stagewatch.profile.schema import Profile
from stagewatch.progress import gates
from stagewatch.session import edits
from stagewatch.session.document import Instant, Session
from stagewatch.snapshot import CriterionNow

START = 1_700_000_000.0
DAY = 86_400.0
TEXT = """
version = 1
[deployment]
name = "staging"
window = "24h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
[nogo.slow]
rule = "average"
title = "slow API"
signal = "health.latency"
limit = "500ms"
[go.score]
rule = "score"
[[optimisation]]
name = "Cache"
checks = [{ name = "works", passes = true }, { name = "expires", passes = true }]
[[optimisation]]
name = "Sockets"
checks = [{ name = "heartbeat", passes = true }, { name = "ping", passes = false }]
[[phase]]
name = "Only"
hours = [0, 24]
items = ["look"]
[[gate]]
name = "Review"
reviewer = "architect"
four_eyes = true
"""
GOOD = Stand(State.PASS, "", "mean 141 ms over 15m, limit 500 ms", 141.0, START)
COVERED = Stand(State.PASS, "", "at least 99 % of health.latency", 99.0, START)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A profile with one rule over data, a score, one item and one gate."""
    path = tmp_path / "staging.toml"
    path.write_text(TEXT)
    return load(path, InstalledKinds())


@pytest.fixture
def session() -> Session:
    """A watch of a day."""
    return Session(
        id="staging-1",
        profile="staging",
        deployment="staging",
        started_at=Instant(START),
        ends_at=Instant(START + DAY),
    )


def standing(at: float, *, slow: Stand = GOOD, **more: Stand) -> Standing:
    criteria = {"slow": slow, "coverage": COVERED, **more}
    return Standing(START + at, at >= DAY, "basis", "sha", criteria)


def look(
    profile: Profile, session: Session, at: float, *, alive: bool = True, **more: Stand
) -> Judgement:
    return judged(profile, session, standing(at, **more), START + at, alive=alive)


def of(judgement: Judgement, name: str) -> CriterionNow:
    return next(c for c in judgement.criteria if c.name == name)


def everything_done(session: Session) -> Session:
    """Ticked by ann, approved by bob, the failing check waived by eve."""
    done = edits.tick(session, "Only", "look", by="ann", at=START + 60)
    done = edits.decide(done, "Review", True, "read it", by="bob", at=START + 90)
    return edits.waive(
        done,
        "score",
        "the protocol answers pings",
        until=START + 2 * DAY,
        by="eve",
        at=START + 100,
        check="Sockets/ping",
    )


def test_a_go_needs_everything_and_a_last_word(profile: Profile, session: Session) -> None:
    """Data, items, gates, score, the whole window, and a person."""
    done = everything_done(session)
    before = look(profile, done, DAY)
    assert before.verdict is Verdict.HOLD
    assert before.reason.startswith("every criterion passes; a person is still to confirm the GO")
    confirmed = edits.confirm(done, "GO", by="ann", at=START + DAY + 5)
    assert look(profile, confirmed, DAY + 10).verdict is Verdict.GO


@pytest.mark.parametrize(
    "missing",
    [
        lambda s: replace(s, tick=[]),
        lambda s: replace(s, decision=[]),
        lambda s: replace(s, confirmation=[]),
        lambda s: replace(s, waiver=[]),
        lambda s: replace(s, state="stopped", stopped_at=Instant(START + 5), stopped_by="bob"),
    ],
)
def test_leaving_one_thing_out_is_no_go(
    profile: Profile, session: Session, missing: Callable[[Session], Session]
) -> None:
    """Each of them alone keeps the verdict from being GO."""
    done = edits.confirm(everything_done(session), "GO", by="ann", at=START + DAY + 5)
    assert look(profile, missing(done), DAY + 10).verdict is not Verdict.GO


@pytest.mark.parametrize("told", [None, standing(DAY - 600)])
def test_what_nobody_judged_to_the_end_is_no_go(
    profile: Profile, session: Session, told: Standing | None
) -> None:
    """A recorder that was gone for the last ten minutes, or never there."""
    done = edits.confirm(everything_done(session), "GO", by="ann", at=START + DAY + 5)
    seen = judged(profile, done, told, START + DAY + 10, alive=False)
    assert seen.verdict is Verdict.INCONCLUSIVE


def test_a_standing_that_is_old_says_nothing_of_now(profile: Profile, session: Session) -> None:
    """What passed then is INCONCLUSIVE now, and says since when nobody judges."""
    told = standing(3600)
    fresh = judged(profile, session, told, START + 3600 + LATE - 1, alive=False)
    late = judged(profile, session, told, START + 3600 + LATE + 1, alive=False)
    assert of(fresh, "slow").state is State.PASS
    assert of(late, "slow").state is State.INCONCLUSIVE
    assert of(late, "slow").reason.startswith("no recorder has judged for 2m1s")


FAILED = Stand(
    State.FAIL,
    "",
    "mean 705 ms over 15m, limit 500 ms",
    705.0,
    START + 100,
    latched=True,
    incident=START + 100,
    first_bad=START + 40,
    failed_reason="mean 700 ms over 15m, limit 500 ms",
    failed_value=700.0,
)


def test_a_failure_names_value_limit_and_since_when(profile: Profile, session: Session) -> None:
    """The sentence that an operator is woken up by."""
    seen = look(profile, session, 3600, slow=FAILED)
    assert seen.verdict is Verdict.NO_GO
    assert seen.reason == ("slow API: mean 705 ms over 15m, limit 500 ms, since 14 Nov 22:14 UTC")


def test_what_recovered_stays_failed_and_says_so(profile: Profile, session: Session) -> None:
    """Until a person waives it by name."""
    recovered = _with(FAILED, state=State.PASS, reason="mean 141 ms", recovered=True)
    seen = look(profile, session, 3600, slow=recovered)
    assert seen.verdict is Verdict.NO_GO
    assert "recovered since, and stays failed" in seen.reason
    assert of(seen, "slow").value == 700.0
    assert of(seen, "slow").now == "mean 141 ms"


def _with(stand: Stand, **changes: object) -> Stand:
    from dataclasses import replace as changed

    return changed(stand, **changes)  # type: ignore[arg-type]


def waived(session: Session, at: float = 200, until: float = 2 * DAY) -> Session:
    return edits.waive(
        session, "slow", "known cause", until=START + until, by="eve", at=START + at, state="FAIL"
    )


def test_a_waiver_covers_its_incident(profile: Profile, session: Session) -> None:
    """The computed state stays beside it, and the verdict names who and why."""
    seen = look(profile, waived(session), 3600, slow=FAILED)
    slow = of(seen, "slow")
    assert (slow.state, slow.computed) == (State.WAIVED, State.FAIL)
    assert seen.verdict is Verdict.HOLD
    assert "waived by eve" in seen.reason
    assert "known cause" in seen.reason


def test_a_waiver_covers_no_later_incident(profile: Profile, session: Session) -> None:
    """It was given for what was known then."""
    later = _with(FAILED, incident=START + 300)
    assert of(look(profile, waived(session), 3600, slow=later), "slow").state is State.FAIL


def test_a_waiver_ends(profile: Profile, session: Session) -> None:
    """After its expiry the failure counts again."""
    short = waived(session, until=3000)
    assert of(look(profile, short, 2999, slow=FAILED), "slow").state is State.WAIVED
    assert of(look(profile, short, 3001, slow=FAILED), "slow").state is State.FAIL


def test_a_confirmed_go_outlives_its_waiver(profile: Profile, session: Session) -> None:
    """What was confirmed was confirmed on what was in force then."""
    done = waived(everything_done(session), until=DAY + 100)
    confirmed = edits.confirm(done, "GO", by="ann", at=START + DAY + 5)
    told = standing(DAY, slow=FAILED)
    seen = judged(profile, confirmed, told, START + 3 * DAY, alive=False)
    assert seen.verdict is Verdict.GO
    assert seen.reason.startswith("(waived: slow API: waived by eve")


def test_a_waived_failure_without_data_now_is_unknown(profile: Profile, session: Session) -> None:
    """The incident was waived, not the silence after it."""
    silent = _with(FAILED, state=State.INCONCLUSIVE, why="stale", reason="no reading for 12m")
    seen = look(profile, waived(session), 3600, slow=silent)
    assert of(seen, "slow").state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", ["coverage", "gates", "checklist"])
def test_data_and_approvals_cannot_be_waived(profile: Profile, session: Session, name: str) -> None:
    """A GO needs the data, the approvals and the items themselves."""
    bad = edits.decide(session, "Review", False, "no", by="bob", at=START + 1)
    bad = edits.waive(bad, name, "in a hurry", until=START + 2 * DAY, by="eve", at=START + 2)
    gap = Stand(State.INCONCLUSIVE, "gap", "no reading for 1h", 80.0, START)
    assert of(look(profile, bad, 3600, coverage=gap), name).state is not State.WAIVED


def test_what_the_data_say_is_not_waived_where_it_is_unknown(
    profile: Profile, session: Session
) -> None:
    """An unjudged rule can delay a GO and never become one."""
    unknown = Stand(State.INCONCLUSIVE, "stale", "no reading for 12m", None, START)
    assert of(look(profile, waived(session), 3600, slow=unknown), "slow").state is (
        State.INCONCLUSIVE
    )


def test_a_gate_with_four_eyes_does_not_count_the_hand_that_ticked(
    profile: Profile, session: Session
) -> None:
    """Also when the approval came first."""
    both = edits.decide(session, "Review", True, "fine", by="ann", at=START + 1)
    both = edits.tick(both, "Only", "look", by="ann", at=START + 2)
    gates = of(look(profile, both, 3600), "gates")
    assert gates.state is State.PENDING


def test_a_rejected_gate_is_a_no_go_at_the_end(profile: Profile, session: Session) -> None:
    """And holds the watch until then: the reviewer may still change their mind."""
    done = everything_done(session)
    no = edits.decide(done, "Review", False, "leaks ids", by="bob", at=START + 200)
    assert look(profile, no, 3600).verdict is Verdict.HOLD
    assert look(profile, no, DAY).verdict is Verdict.NO_GO
    assert "Review was rejected by bob: leaks ids" in look(profile, no, DAY).reason


def test_what_every_go_needs_is_there_though_no_rule_says_so(
    profile: Profile, session: Session
) -> None:
    """Coverage, gates and checklist."""
    assert [c.name for c in look(profile, session, 60).criteria] == [
        "slow",
        "score",
        "coverage",
        "gates",
        "checklist",
    ]


def test_a_failed_criterion_that_left_the_profile_still_counts(
    profile: Profile, session: Session
) -> None:
    """Deleting a rule is no way to a GO."""
    told = Standing(START + 60, False, "b", "s", {"slow": GOOD}, orphans={"leak": FAILED})
    seen = judged(profile, session, told, START + 61, alive=True)
    assert seen.verdict is Verdict.NO_GO
    assert seen.reason.startswith("leak, which the profile no longer has")


def test_one_that_is_no_no_go_criterion_any_more_still_counts(
    profile: Profile, session: Session
) -> None:
    """Whoever judged it, by whichever profile."""
    told = Standing(START + 60, False, "b", "s", {"slow": GOOD, "leak": FAILED})
    assert judged(profile, session, told, START + 61, alive=True).verdict is Verdict.NO_GO


def test_a_confirmation_confirms_what_was_there(profile: Profile, session: Session) -> None:
    """Anything done after it wants another one."""
    done = edits.confirm(everything_done(session), "GO", by="ann", at=START + DAY + 5)
    later = edits.decide(done, "Review", True, "again", by="bob", at=START + DAY + 9)
    seen = judged(profile, later, standing(DAY), START + DAY + 10, alive=False)
    assert seen.verdict is Verdict.HOLD


def test_a_window_that_was_shortened_is_never_a_go(profile: Profile, session: Session) -> None:
    """Whoever changed the session by hand: the profile says how long a watch lasts."""
    done = everything_done(session)
    short = replace(done, ends_at=Instant(START + DAY / 2))
    short = edits.confirm(short, "GO", by="ann", at=START + DAY / 2 + 5)
    told = Standing(START + DAY / 2, True, "b", "s", {"slow": GOOD, "coverage": COVERED})
    seen = judged(profile, short, told, START + DAY, alive=False)
    assert seen.verdict is Verdict.INCONCLUSIVE
    assert "is shorter than the 24h of its profile" in seen.reason


def test_a_profile_that_was_edited_unseen_is_never_a_go(profile: Profile, session: Session) -> None:
    """After the end no recorder is there to record it."""
    done = replace(everything_done(session), profile_sha256="known")
    done = edits.confirm(done, "GO", by="ann", at=START + DAY + 5)
    for sha256, verdict in (("known", Verdict.GO), ("other", Verdict.INCONCLUSIVE)):
        seen = judged(profile, done, standing(DAY), START + DAY + 10, alive=False, sha256=sha256)
        assert seen.verdict is verdict


def test_the_end_counts_only_when_it_is_judged(profile: Profile, session: Session) -> None:
    """A recorder that hung in the last two minutes has not judged the whole window."""
    done = edits.confirm(everything_done(session), "GO", by="ann", at=START + DAY + 5)
    told = standing(DAY - 60)
    seen = judged(profile, done, told, START + DAY + 10, alive=True)
    assert seen.verdict is Verdict.INCONCLUSIVE
    assert "the end of the window is not judged yet" in seen.reason


def test_a_clock_behind_what_is_judged_is_silence(profile: Profile, session: Session) -> None:
    """What was judged later than now says nothing of now."""
    seen = judged(profile, session, standing(7200), START + 60, alive=False)
    assert of(seen, "slow").state is State.INCONCLUSIVE


def test_an_edited_profile_is_named_in_the_verdict(profile: Profile, session: Session) -> None:
    """It never re-judges silently."""
    edited = edits.record_profile_edit(session, "ab", "limits", at=START + 60)
    assert look(profile, edited, 120).reason.endswith("the profile was edited at 14 Nov 22:14 UTC")


def test_an_acknowledgement_changes_no_verdict(profile: Profile, session: Session) -> None:
    """It silences, and expires."""
    known = edits.acknowledge(session, "slow", until=START + 900, by="eve", at=START + 200)
    early, late = (look(profile, known, at, slow=FAILED) for at in (300, 901))
    assert early.verdict is late.verdict is Verdict.NO_GO
    assert of(early, "slow").acknowledged is not None
    assert of(late, "slow").acknowledged is None


def test_a_criterion_names_the_signals_behind_it_and_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "staging.toml"
    path.write_text(
        TEXT
        + """
[go.up]
rule = "available"
probe = "health"
[go.pool]
rule = "exhausted"
used = "health.latency"
max = 20
[go.cost]
rule = "savings"
[go.fast]
rule = "compare"
signal = "health.latency"
below = "10ms"
[savings]
per_workspace_month = "1.00"
baseline_calls_per_day = "10"
price_per_call = "0.1"
calls = "health.ok"
"""
    )
    profile = load(path, InstalledKinds())
    session = Session(
        id="s", profile="p", deployment="d", started_at=Instant(START), ends_at=Instant(START + DAY)
    )
    found = judged(profile, session, None, START + 60, alive=True).criteria
    by_name = {criterion.name: criterion for criterion in found}
    assert by_name["up"].signals == ("health.ok",)
    assert by_name["cost"].signals == ("health.ok",)
    assert by_name["pool"].limit == 20.0
    assert {name for name, criterion in by_name.items() if criterion.floor} == {
        "up",
        "fast",
        "score",
        "coverage",
    }


def test_a_gate_tells_whether_it_wants_four_eyes(profile: Profile, session: Session) -> None:
    assert [gate.four_eyes for gate in gates(profile, session)] == [True]
    decided = edits.decide(session, "Review", True, "read", by="carol", at=START + 60)
    assert [gate.four_eyes for gate in gates(profile, decided)] == [True]


MEASURED = TEXT.replace(
    '{ name = "expires", passes = true }',
    '{ name = "hit rate", signal = "health.latency", at_most = "500ms" }',
)
KEY = "Cache/hit rate"


@pytest.fixture
def measured(tmp_path: Path) -> Profile:
    """The same profile with a check that a signal decides."""
    path = tmp_path / "measured.toml"
    path.write_text(MEASURED)
    return load(path, InstalledKinds())


def scored(
    profile: Profile, session: Session, *, at: float = 3600, hit: Stand | None = None
) -> Judgement:
    """Judged with this stand of the one check that a signal decides."""
    told = standing(at)
    checks = {KEY: hit} if hit else {}
    told = Standing(told.at, told.final, told.basis, told.profile, told.criteria, checks=checks)
    return judged(profile, session, told, START + at, alive=True)


PASSES = Stand(State.PASS, "", "health.latency 100 ms, at most 500 ms", 100.0, START)
FAILS = Stand(
    State.FAIL,
    "",
    "health.latency 700 ms, at most 500 ms",
    700.0,
    START + 500,
    incident=START + 500,
)


def test_the_score_counts_what_a_signal_decides(measured: Profile, session: Session) -> None:
    """Passing and failing, with its value and its bound."""
    good = scored(measured, everything_done(session), hit=PASSES)
    assert good.score is not None
    assert good.score.mean == 100
    check = good.score.rows[0].checks[1]
    assert (check.state, check.value, check.at_most, check.unit) == (State.PASS, 100, 500, "ms")
    bad = of(scored(measured, everything_done(session), hit=FAILS), "score")
    assert bad.state is State.FAIL
    assert "Cache 50: hit rate (health.latency 700 ms, at most 500 ms) fails" in bad.reason
    assert bad.signals == ("health.latency",)


def test_a_check_without_a_reading_leaves_the_score_unknown(
    measured: Profile, session: Session
) -> None:
    """However good the rest is; and while all that is young, nobody is alarmed."""
    young = Stand(State.INCONCLUSIVE, "warming-up", "no usable reading yet", None, START)
    seen = scored(measured, everything_done(session), hit=young)
    assert of(seen, "score").state is State.INCONCLUSIVE
    assert "not verified: Cache: hit rate (no usable reading yet)" in of(seen, "score").reason
    assert seen.reason.startswith("on track: 2 of 2 pass · 1 warming up")
    stale = _with(young, why="stale")
    assert "score INCONCLUSIVE" in scored(measured, everything_done(session), hit=stale).reason


def test_a_check_that_nobody_judged_is_not_verified(measured: Profile, session: Session) -> None:
    """With a standing that does not know of it, and with one that is old."""
    done = edits.confirm(everything_done(session), "GO", by="ann", at=START + DAY + 5)
    unknown = scored(measured, done, at=DAY + 10)
    assert of(unknown, "score").state is State.INCONCLUSIVE
    old = scored(measured, done, at=3600, hit=PASSES)
    assert of(old, "score").state is State.PASS
    told = Standing(START + 3600, False, "b", "s", {}, checks={KEY: PASSES})
    late = judged(measured, done, told, START + 3600 + LATE + 1, alive=True)
    assert of(late, "score").state is State.INCONCLUSIVE
    assert "the recorder has not judged for 2m1s" in of(late, "score").reason


def test_a_waiver_of_a_check_covers_the_failure_it_was_given_for(
    measured: Profile, session: Session
) -> None:
    """One that passed since and fails anew counts again."""
    waived = edits.waive(
        everything_done(session),
        "score",
        "known",
        until=START + 2 * DAY,
        by="eve",
        at=START + 600,
        check=KEY,
    )
    assert of(scored(measured, waived, hit=FAILS), "score").state is State.PASS
    again = _with(FAILS, incident=START + 700)
    assert of(scored(measured, waived, hit=again), "score").state is State.FAIL
