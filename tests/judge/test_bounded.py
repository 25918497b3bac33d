"""A count of a log that may be too low: it speaks against the deployment, and not for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stagewatch.judge.engine import Engine
from stagewatch.judge.finding import Why
from stagewatch.judge.rulings import Rulings, Stretch
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import Reading, Result, State
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import load

START = 1767225600.0
PROFILE = """\
version = 1
[deployment]
name = "x"
window = "6h"
[probe.log]
kind = "log"
path = "error.log"
every = "1m"
count = { slow = "slow" }
[nogo.slow]
rule = "compare"
signal = "log.slow"
above = 10
hold = "0s"
[nogo.held]
rule = "held"
signal = "log.errors"
limit = 10
hold = "5m"
[nogo.critical]
rule = "records"
probes = ["log"]
[go.busy]
rule = "compare"
signal = "log.lines"
below = 5
hold = "0s"
"""
WINDOW = {"path": "error.log", "since": START + 60, "until": START + 65, "cause": "cut short"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.toml").write_text(PROFILE)
    return tmp_path


def states(
    folder: Path, value: float, rulings: Rulings | None = None, **facts: str | int
) -> dict[str, tuple[State, str]]:
    """What is said after twenty minutes of the same counts."""
    engine = Engine(
        load(folder / "x.toml", InstalledKinds()), WatchTime(START), 6 * 3600.0, rulings=rulings
    )
    for minute in range(20):
        at = START + 60 * minute
        values = {"log.slow": value, "log.errors": value, "log.lines": 100.0, "log.criticals": 0.0}
        reading = Reading("log", at, 0.0, Result.VALUE, values=values)
        engine.take(replace(reading, facts=facts) if minute >= 2 else reading)
    engine.pass_time(START + 20 * 60)
    return {
        name: (each.state, each.finding.reason + f" [{each.finding.why}]")
        for name, each in engine.computed().items()
    }


def test_a_whole_count_passes(folder: Path) -> None:
    """Nothing is missing."""
    found = states(folder, 5.0)
    assert {found[name][0] for name in ("slow", "held", "busy")} == {State.PASS}


def test_what_may_be_too_low_passes_no_upper_limit(folder: Path) -> None:
    """Lines may have been lost; a lower limit is passed all the same."""
    found = states(folder, 5.0, losses=json.dumps([WINDOW]), at_least=True)
    for name in ("slow", "held"):
        assert found[name][0] is State.INCONCLUSIVE
        assert "but that is the least: lines may have been lost, cut short" in found[name][1]
        assert Why.LOSS in found[name][1]
    assert found["busy"][0] is State.PASS


def test_a_warning_is_none_where_more_would_fail(folder: Path) -> None:
    """Near its limit already, it may be far beyond; a warning would not keep it from going."""
    assert states(folder, 9.0)["held"][0] is State.WARN
    found = states(folder, 9.0, losses=json.dumps([WINDOW]), at_least=True)["held"]
    assert found[0] is State.INCONCLUSIVE
    assert "but that is the least" in found[1]


def test_too_few_are_no_failure_where_there_may_be_more(folder: Path) -> None:
    """A lower bound proves that there are as many, not that there are no more."""
    profile = folder / "x.toml"
    text = profile.read_text()

    def found(limits: str, *lost: object) -> tuple[State, str]:
        profile.write_text(text.replace("below = 5\n", limits))
        told = states(folder, 5.0, losses=json.dumps(lost), at_least=bool(lost))
        return told["busy"]

    assert found("below = 500\n")[0] is State.FAIL
    state, reason = found("below = 500\n", WINDOW)
    assert state is State.INCONCLUSIVE
    assert "but that is the least" in reason
    both = "below = 500\nabove = 1000\n"
    assert found(both, WINDOW)[0] is State.INCONCLUSIVE
    exceeded = "below = 1\nabove = 99\n"
    assert found(exceeded, WINDOW)[0] is State.FAIL


def test_accepted_by_name_it_passes(folder: Path) -> None:
    """Somebody took the window upon himself."""
    taken = Rulings(accepted=(Stretch("log", START + 60, START + 65, "ann"),))
    found = states(folder, 5.0, taken, losses=json.dumps([WINDOW]), at_least=True)
    assert {found[name][0] for name in ("slow", "held", "busy")} == {State.PASS}


def test_what_is_too_much_already_fails(folder: Path) -> None:
    """There are no fewer."""
    found = states(folder, 50.0, losses=json.dumps([WINDOW]), at_least=True)
    for name in ("slow", "held"):
        assert found[name][0] is State.FAIL
        assert "the count is a lower bound" in found[name][1]
    assert "lower bound" not in states(folder, 50.0)["slow"][1]


def test_records_of_which_some_may_be_hidden_pass_nothing(folder: Path) -> None:
    """The readings say why."""
    assert states(folder, 5.0)["critical"][0] is State.PASS
    found = states(folder, 5.0, tracebacks=0, partial=json.dumps({"criticals": "too long"}))
    assert found["critical"][0] is State.INCONCLUSIVE
    assert "too long" in found["critical"][1]


def test_a_reading_that_says_nothing_of_its_counts_changes_nothing(folder: Path) -> None:
    """One that timed out has no facts; what was known before it stands."""
    engine = Engine(load(folder / "x.toml", InstalledKinds()), WatchTime(START), 6 * 3600.0)
    told = json.dumps(dict.fromkeys(("criticals", "errors", "slow"), "too long"))
    values = {"log.slow": 5.0, "log.errors": 5.0, "log.lines": 100.0, "log.criticals": 0.0}
    for minute in range(20):
        reading = Reading("log", START + 60 * minute, 0.0, Result.VALUE, values=values)
        engine.take(replace(reading, facts={"tracebacks": 0, "partial": told}))
    engine.take(Reading("log", START + 1200, 0.0, Result.ERROR, "timed out"))
    engine.pass_time(START + 1260)
    for name in ("slow", "held", "critical"):
        assert engine.computed()[name].state is State.INCONCLUSIVE


def test_an_expression_that_was_given_up_passes_nothing(folder: Path) -> None:
    """Its count stands still; that of the others is whole."""
    found = states(folder, 5.0, partial=json.dumps({"slow": "took too long"}))
    assert found["slow"][0] is State.INCONCLUSIVE
    assert "took too long" in found["slow"][1]
    assert found["held"][0] is State.PASS


LONG = """\
version = 1
[deployment]
name = "x"
window = "26h"
[probe.log]
kind = "log"
path = "*.log"
every = "5m"
count = { calls = "call" }
[savings]
per_workspace_month = "10.00"
baseline_calls_per_day = "10000"
price_per_call = "0.001"
calls = "log.calls"
[signal.share]
kind = "ratio"
part = ["log.errors"]
whole = ["log.lines"]
[go.savings]
rule = "savings"
[go.share]
rule = "compare"
signal = "share.value"
below = "0.5 %"
hold = "0s"
[nogo.grow]
rule = "growth"
signal = "log.errors"
[nogo.critical]
rule = "records"
probes = ["log"]
"""


def after_a_day(folder: Path, losses: list[object], rulings: Rulings | None = None) -> Engine:
    (folder / "x.toml").write_text(LONG)
    profile = load(folder / "x.toml", InstalledKinds())
    engine = Engine(profile, WatchTime(START), 26 * 3600.0, rulings=rulings)
    values = {"log.errors": 1.0, "log.lines": 100.0, "log.criticals": 0.0}
    for number in range(300):
        at = START + 300 * number
        facts: dict[str, str | int] = {"tracebacks": 0, "at_least": number > 250}
        told = losses if number in range(251, 299) else losses[:1]
        facts |= {"losses": json.dumps(told)} if number > 250 else {}
        counts = {**values, "log.calls": float(number)}
        engine.take(Reading("log", at, 0.0, Result.VALUE, values=counts, facts=facts))
        engine.take(Reading("share", at, 0.0, Result.VALUE, values={"share.value": 1.0}))
    engine.pass_time(START + 25 * 3600)
    return engine


def test_every_rule_over_the_counts_of_a_log_is_bounded(folder: Path) -> None:
    """Savings, growth, and what is worked out from counts, whichever way is the good one."""
    good = after_a_day(folder, []).computed()
    bad = after_a_day(folder, [WINDOW]).computed()
    for name in ("savings", "share", "grow", "critical"):
        assert good[name].state is State.PASS
        assert bad[name].state is State.INCONCLUSIVE
        assert "lines may have been lost" in bad[name].finding.reason


def test_each_window_is_accepted_by_itself(folder: Path) -> None:
    """Two files of a pattern may lose lines at the same time."""
    longer = {**WINDOW, "path": "b.log", "until": START + 600}
    taken = Rulings(accepted=(Stretch("log", START + 60, START + 65, "ann"),))
    found = after_a_day(folder, [WINDOW, longer], taken).computed()
    assert found["critical"].state is State.INCONCLUSIVE
    assert after_a_day(folder, [WINDOW], taken).computed()["critical"].state is State.PASS


def test_a_window_that_ends_without_a_loss_is_none(folder: Path) -> None:
    """A log that was moved away and came back."""
    lasting = {**WINDOW, "since": START + 70, "until": None, "cause": "the file was missing"}
    taken = Rulings(accepted=(Stretch("log", START + 60, START + 65, "ann"),))
    engine = after_a_day(folder, [WINDOW, lasting], taken)
    assert engine.computed()["critical"].state is State.PASS
