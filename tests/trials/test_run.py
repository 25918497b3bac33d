"""A test run: what is as expected, what is not, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stagewatch.trials.file import LoadedTrials, load_trials
from stagewatch.trials.run import Outcome, run_trial

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

Load = Callable[[str], LoadedTrials]
Ran = Callable[..., Outcome]
DONE = """acts = [
    { at = "3h", tick = "all", by = "ann" },
    { at = "3h", approve = "all", by = "bob" },
    { at = "4h", confirm = "GO", by = "ann" },
]
"""


@pytest.fixture
def ran(trials: Load) -> Ran:
    """The outcome of a test with these expectations."""

    def run(expect: str, readings: str = "", more: str = "") -> Outcome:
        loaded = trials(
            f'[[test]]\nname = "x"\nothers = "healthy"\nreadings = [{readings}]\n{more}'
            f"expect = [{expect}]\n"
        )
        return run_trial(loaded.profile, loaded.trials[0])

    return run


def test_a_healthy_watch_is_a_go_once_people_have_done_their_part(ran: Ran) -> None:
    """Not before."""
    expect = """{ at = "2h", verdict = "HOLD", reason = "on track" },
        { at = "3h59min", criterion = "gates", state = "PASS" },
        { at = "4h", verdict = "GO", reason = "confirmed by ann" }, { verdict = "GO" },
        { never = "NO-GO" }"""
    assert ran(expect, more=DONE).failures == ()


def test_what_is_not_as_expected_is_told_with_the_sentence_and_the_history(ran: Ran) -> None:
    """Of that criterion, from the start on."""
    line = '{ signal = "health.orphans", value = 140, from = "1h" }'
    outcome = ran('{ at = "2h", criterion = "sockets", state = "PASS" }', line)
    (failure,) = outcome.failures
    assert failure.key == ("expect", 0)
    assert failure.what.startswith("at 2h, expected sockets PASS, got FAIL: 140, limit 100, abov")
    assert "since 1h after the start" in failure.what
    assert [said.state for said in failure.history] == ["INCONCLUSIVE", "PASS", "WARN", "FAIL"]


def test_a_sentence_that_lacks_a_part_is_told(ran: Ran) -> None:
    """The state alone is not all that was expected."""
    (failure,) = ran('{ at = "2h", criterion = "sockets", state = "PASS", reason = "17" }').failures
    assert failure.what == 'at 2h, sockets is PASS as expected, but "17" is not in: 0, limit 100'


def test_a_verdict_that_is_another_is_told(ran: Ran) -> None:
    """With its reason."""
    (failure,) = ran('{ verdict = "GO" }').failures
    assert failure.what.startswith(
        "at 4h, expected verdict GO, got HOLD: the window is over; still"
    )


@pytest.mark.parametrize(
    ("never", "met"),
    [
        ('{ criterion = "sockets", never = "FAIL" }', False),
        ('{ criterion = "sockets", never = "FAIL", until = "1h5min" }', True),
        ('{ criterion = "sockets", never = "PASS", from = "1h10min" }', True),
        ('{ criterion = "sockets", never = "PASS" }', False),
        ('{ never = "NO-GO" }', False),
        ('{ never = "GO" }', True),
    ],
)
def test_never_looks_at_every_moment(never: str, met: bool, ran: Ran) -> None:
    """Of the stretch that is meant."""
    line = '{ signal = "health.orphans", value = 140, from = "1h", until = "90min" }'
    assert (ran(never, line).failures == ()) is met


def test_never_sees_what_lasts_between_two_readings_only(ran: Ran) -> None:
    """Minutes are judged in a gap as well."""
    gap = '{ gap = true, from = "1h", until = "1h16min" }'
    (failure,) = ran(
        '{ criterion = "sockets", never = "INCONCLUSIVE", from = "5min" }', gap
    ).failures
    assert failure.what.startswith("at 1h10m, sockets is INCONCLUSIVE: no usable reading of")


def test_an_act_that_is_refused_fails_the_test(ran: Ran) -> None:
    """Four eyes: who ticked may not approve."""
    acts = """acts = [{ at = "1h", tick = "look", by = "ann" },
        { at = "2h", approve = "Review", by = "ann" }]\n"""
    (failure,) = ran('{ at = "3h", verdict = "HOLD" }', more=acts).failures
    assert failure.key == ("acts", 1)
    assert failure.what.startswith("was refused: ann ticked items of this watch")


def test_readings_that_are_declared_void_are_judged_anew(ran: Ran) -> None:
    """As the recorder does."""
    line = '{ signal = "health.orphans", value = 140, from = "1h", until = "90min" }'
    acts = """acts = [{ at = "2h", void = "health", from = "55min", until = "95min" }]\n"""
    expect = """{ at = "1h50min", criterion = "sockets", state = "FAIL" },
        { at = "2h", criterion = "sockets", state = "PASS" },
        { at = "2h", criterion = "coverage", state = "INCONCLUSIVE" }"""
    assert ran(expect, line, acts).failures == ()


def test_a_watch_that_is_stopped_has_no_later_readings(ran: Ran) -> None:
    """And is never a GO."""
    stop = DONE.replace("]\n", '    { at = "3h30min", stop = true, by = "ann" },\n]\n')
    line = '{ signal = "health.orphans", value = 140, from = "3h35min" }'
    expect = """{ verdict = "INCONCLUSIVE", reason = "ann ended the watch" }, { never = "GO" },
        { criterion = "sockets", never = "FAIL" }"""
    assert ran(expect, line, stop).failures == ()


def test_a_test_may_end_before_the_window(ran: Ran) -> None:
    """Then it says nothing of what comes later."""
    expect = '{ verdict = "HOLD" }, { at = "30min", criterion = "slow", state = "PASS" }'
    assert ran(expect, more='for = "1h"\n').failures == ()


DERIVED = """
version = 1
[deployment]
name = "staging"
window = "1h"
review_every = "1h"
[probe.cache]
kind = "http"
url = "http://127.0.0.1:1/cache"
every = "30s"
read = { hits = "hits", misses = "misses" }
[signal.hit_rate]
kind = "ratio"
part = ["cache.hits"]
whole = ["cache.hits", "cache.misses"]
counters = true
[nogo.cold]
rule = "compare"
signal = "hit_rate.value"
below = "80 %"
"""


@pytest.mark.parametrize(
    ("readings", "state"),
    [
        ("", "PASS"),
        ('{ signal = "cache.hits", value = "0 +900/h" }, '
         '{ signal = "cache.misses", value = "0 +100/h" }', "PASS"),
        ('{ signal = "cache.hits", value = "0 +500/h" }, '
         '{ signal = "cache.misses", value = "0 +500/h" }', "FAIL"),
        ('{ signal = "hit_rate.value", value = "20 %" }', "FAIL"),
        ('{ probe = "cache", error = "refused" }', "INCONCLUSIVE"),
    ],
)  # fmt: skip
def test_a_derived_signal_is_worked_out_from_what_the_test_says(
    readings: str, state: str, tmp_path: Path
) -> None:
    """Unless the test speaks of it itself, or of none of its sources."""
    (tmp_path / "d.toml").write_text(DERIVED)
    path = tmp_path / "d.test.toml"
    path.write_text(
        f'profile = "d.toml"\n[[test]]\nname = "x"\nothers = "healthy"\n'
        f'readings = [{readings}]\nexpect = [{{ criterion = "cold", state = "{state}" }}]\n'
    )
    loaded = load_trials(path)
    assert run_trial(loaded.profile, loaded.trials[0]).failures == ()


def test_fabricated_readings_drive_the_checks(ran: Ran) -> None:
    """Healthy ones pass; a bad one fails the check and the score, a missing one leaves it open."""
    lines = """{ signal = "backend.threads", value = 70, from = "1h" },
        { signal = "backend.threads", missing = "gone", from = "2h" }"""
    expect = """{ at = "50min", check = "Cache/few threads", state = "PASS" },
        { at = "1h30min", check = "Cache/few threads", state = "FAIL", reason = "20 to 60" },
        { at = "1h30min", criterion = "score", state = "FAIL", reason = "few threads" },
        { at = "3h", check = "Cache/few threads", state = "INCONCLUSIVE" },
        { at = "3h", criterion = "score", state = "INCONCLUSIVE", reason = "not verified" },
        { at = "3h", check = "Cache/works", state = "PASS" },
        { check = "Cache/few threads", never = "FAIL", until = "59min" },
        { check = "Cache/few threads", never = "WAIVED" }"""
    assert ran(expect, lines).failures == ()


def test_a_check_that_is_not_as_expected_is_told_with_its_history(ran: Ran) -> None:
    """As a criterion is."""
    line = '{ signal = "backend.threads", value = 70, from = "1h" }'
    (failure,) = ran('{ at = "2h", check = "Cache/few threads", state = "PASS" }', line).failures
    assert "expected Cache/few threads PASS, got FAIL: backend.threads 70, 20 to 60" in failure.what
    assert [said.state for said in failure.history] == ["PASS", "FAIL"]


def test_a_waived_check_is_waived(ran: Ran) -> None:
    """By name, as on the board."""
    line = '{ signal = "backend.threads", value = 70 }'
    act = """acts = [
    { at = "1h", waive = "score", check = "Cache/few threads", by = "eve" },
]
"""
    expect = """{ at = "2h", check = "Cache/few threads", state = "WAIVED" },
        { at = "2h", criterion = "score", state = "PASS", reason = "waived by eve" }"""
    assert ran(expect, line, act).failures == ()
