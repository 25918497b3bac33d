"""A test file that is not right: every problem at once, with its line and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stagewatch.profile.find import shipped_folder
from stagewatch.profile.problems import FileError
from stagewatch.trials.file import LoadedTrials, load_trials

Load = Callable[[str], LoadedTrials]
EXPECT = '\nexpect = [{ verdict = "HOLD" }]\n'


@pytest.fixture
def refused(trials: Load) -> Callable[[str], list[str]]:
    """What is said of a file, without the path."""

    def said(text: str) -> list[str]:
        with pytest.raises(FileError) as caught:
            trials(text)
        return [line.partition(".toml:")[2] for line in caught.value.told().splitlines()]

    return said


Refused = Callable[[str], list[str]]


def test_every_problem_is_told_at_once_in_the_order_of_the_file(refused: Refused) -> None:
    """Of the types as well as of the names."""
    text = """[[test]]
name = "a"
fro = "3h"
expect = [{ at = 3, verdict = "GONE" }]
[[test]]
name = "b"
readings = [
    { signal = "health.orphan", value = 3 },
    { signal = "health.latency", value = "3 MiB" },
]
expect = [{ at = "1h", criterion = "socket", state = "FAIL" }]
"""
    told = refused(text)
    assert told == [
        '4: test#1.fro: unknown key; did you mean "for"?',
        '5: test#1.expect#1.at: 3 has no unit; write "3s", "3min" or "3h"',
        '5: test#1.expect#1.verdict: "GONE" is not known here; did you mean "GO"?',
        '9: test#2.readings#1.signal: there is no signal "health.orphan";'
        ' did you mean "health.orphans"?',
        "10: test#2.readings#2.value: 3 MiB is a size, but the signal is in ms",
        '12: test#2.expect#1.criterion: there is no criterion "socket"; did you mean "sockets"?',
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{ value = 3 }", 'value is about a signal; add signal = "…"'),
        ('{ probe = "health", value = 3 }', 'value is about a signal; write signal = "…" instead'),
        ('{ signal = "health.used", gap = true }', 'gap is about a probe; write probe = "…" inst'),
        ('{ error = "x" }', 'error is about a probe; add probe = "…"'),
        ('{ probe = "heath", error = "x" }', 'there is no probe "heath"; did you mean "health"?'),
        ('{ signal = "health.used" }', "says nothing; one of value, steps, missing, error, time"),
        ('{ signal = "health.used", value = 1, missing = "x" }', "says value and missing; one of"),
        ('{ probe = "errors", timeout = true }', 'is about a probe of kind "http", and errors is'),
        ('{ probe = "health", critical = ["1h"] }', 'is about a probe of kind "log", and health'),
        ('{ probe = "health", restart = ["1h"] }', 'is about a probe of kind "process", and hea'),
        ('{ gap = true, from = "2h", until = "1h" }', "must be later than from"),
        ('{ probe = "health", every = "0s" }', "every: must be at least 100ms"),
        ('{ signal = "health.used", steps = { soon = 1 } }', '"soon" is not a duration; write it'),
    ],
)
def test_a_line_of_readings_is_about_one_thing_that_is_there(
    line: str, told: str, refused: Refused
) -> None:
    """And says so in its own terms."""
    (said,) = refused(f'[[test]]\nname = "x"\nreadings = [{line}]{EXPECT}')
    assert said.startswith("4: test#1.readings#1")
    assert told in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{ at = "1h" }', "says nothing; one of tick, untick, approve, reject, waive, confirm"),
        ('{ at = "1h", tick = "all", approve = "all" }', "says tick and approve; one of"),
        ('{ at = "1h", tick = "lok" }', 'there is no item "lok"; did you mean "look"?'),
        ('{ at = "1h", approve = "Revew" }', 'there is no gate "Revew"; did you mean "Review"?'),
        ('{ at = "1h", waive = "slo" }', 'there is no criterion "slo"; did you mean "slow"?'),
        ('{ at = "1h", waive = "score", check = "Cache/wrks" }', 'did you mean "Cache/works"?'),
        ('{ at = "1h", void = "health" }', "until: missing; of which time is this said?"),
        ('{ at = "1h", accept = "error", until = "1h" }', 'did you mean "errors"?'),
    ],
)
def test_an_act_is_one_thing_that_can_be_done(line: str, told: str, refused: Refused) -> None:
    """To what the profile has."""
    (said,) = refused(f'[[test]]\nname = "x"\nacts = [{line}]{EXPECT}')
    assert said.startswith("4: test#1.acts#1")
    assert told in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{ at = "1h" }', "says nothing; one of state, verdict, never a line"),
        ('{ at = "1h", state = "PASS" }', "criterion: missing; whose state is it?"),
        ('{ criterion = "slow", verdict = "GO" }', "verdict: a criterion has none; write state"),
        ('{ criterion = "slow", state = "PASS", until = "1h" }', "from and until go with never"),
        ('{ at = "1h", never = "GO" }', "at and reason do not go with never; write from and"),
        ('{ criterion = "slow", never = "GO" }', "never: a criterion is never that; name a crit"),
        ('{ never = "FAIL" }', "never: is the state of none; name a criterion, or a verdict"),
        ('{ at = "3h", verdict = "HOLD" }', "at: lies after the end of the test, for = 2h"),
    ],
)
def test_an_expectation_can_be_met(line: str, told: str, refused: Refused) -> None:
    """By the profile, within the test."""
    (said,) = refused(f'[[test]]\nname = "x"\nfor = "2h"\nexpect = [{line}]\n')
    assert said.startswith("5: test#1.expect#1")
    assert told in said


def test_two_tests_of_one_name_are_refused(refused: Refused) -> None:
    """Nobody could tell which one failed."""
    one = f'[[test]]\nname = "x"{EXPECT}'
    assert refused(one + one) == ['6: test#2.name: "x" is the name of another test']


def test_a_file_without_tests_or_expectations_is_refused(refused: Refused) -> None:
    """It would always be as expected."""
    assert refused("test = []\n") == ["2: test: must not be empty"]
    assert refused('[[test]]\nname = "x"\nexpect = []\n') == ["4: test#1.expect: must not be empty"]


def test_the_problems_of_the_profile_are_told_with_those_of_the_file(tmp_path: Path) -> None:
    """Each with its own file."""
    (tmp_path / "staging.toml").write_text("version = 1\n[deployment]\nnam = 3\n")
    path = tmp_path / "x.test.toml"
    path.write_text('profile = "staging.toml"\n[[test]]\nnme = "x"' + EXPECT)
    with pytest.raises(FileError) as caught:
        load_trials(path)
    files = {Path(line.partition(":")[0]).name for line in caught.value.told().splitlines()}
    assert files == {"staging.toml", "x.test.toml"}


def test_a_profile_may_be_meant_by_name(tmp_path: Path) -> None:
    """As everywhere; a path begins in the folder of the file."""
    path = tmp_path / "x.toml"
    path.write_text(f'profile = "demo"\n[[test]]\nname = "x"{EXPECT}')
    assert load_trials(path).profile.deployment.name == "demo"
    path.write_text(f'profile = "dmo"\n[[test]]\nname = "x"{EXPECT}')
    with pytest.raises(FileError, match='there is no profile "dmo"; did you mean "demo"'):
        load_trials(path)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """As for a profile."""
    with pytest.raises(FileError, match="there is no such file"):
        load_trials(tmp_path / "gone.toml")
    with pytest.raises(FileError, match=r"demo\.toml: is a profile, and no file of tests"):
        load_trials(shipped_folder() / "demo.toml")
    path = tmp_path / "x.toml"
    path.write_text("profile = ")
    with pytest.raises(FileError, match=r"x\.toml:1: is not TOML"):
        load_trials(path)
