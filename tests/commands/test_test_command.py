"""``stagewatch test``: a line a test, what is wrong with its place, and an exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagewatch.cli import run
from stagewatch.profile.find import shipped_folder
from stagewatch.trials.file import load_trials
from stagewatch.trials.run import run_trial
from stagewatch.trials.schema import Trial

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

STAGING = load_trials(shipped_folder() / "staging.test.toml")

GOOD = """
[[test]]
name = "a slow API is seen"
for = "2h"
others = "healthy"
readings = [{ signal = "quota.latency", value = "900ms", from = "1h" }]
expect = [{ criterion = "slow-api", state = "FAIL" }]
"""
BAD = """
[[test]]
name = "sockets are \\u001b[31mnever lost"
for = "2h"
others = "healthy"
readings = [{ signal = "health.ws_orphans", value = 140, from = "1h" }]
expect = [
    { at = "1h", criterion = "socket-leak", state = "PASS" },
    { criterion = "socket-leak", never = "FAIL" },
]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A test file with one test that is as expected and one that is not."""
    path = tmp_path / "mine.test.toml"
    path.write_text(f'profile = "demo"{GOOD}{BAD}')
    return path


def test_a_line_a_test_and_what_was_said_of_the_one_that_is_not_as_expected(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each with its place in the file; nothing in it reaches the terminal alive."""
    assert run(["test", str(file)]) == 1
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0] == f"ok      {file}:2: a slow API is seen"
    assert lines[1] == f"FAILED  {file}:9: sockets are ␛[31mnever lost"
    assert lines[2].startswith(f"        {file}:16: at 1h9m, socket-leak is FAIL: 140, limit 100")
    assert lines[3].split()[1] == "INCONCLUSIVE"
    assert lines[-2].split()[1] == "FAIL"
    assert lines[-1] == "2 tests, 1 not as expected"


def test_all_as_expected_is_status_0(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Over several files."""
    file.write_text(f'profile = "demo"{GOOD}')
    assert run(["test", str(file), str(file)]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "2 tests, all as expected"


def test_a_file_that_cannot_be_used_is_status_2_and_the_others_are_run(
    file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """All problems of it are told."""
    broken = tmp_path / "broken.toml"
    broken.write_text(f'profile = "demo"{GOOD.replace("for =", "fro =").replace("state", "stat")}')
    assert run(["test", str(broken), str(file)]) == 2
    out, err = capfd.readouterr()
    assert len(err.splitlines()) == 2
    assert f'{broken}:4: test#1.fro: unknown key; did you mean "for"?' in err
    assert f'{broken}:7: test#1.expect#1.stat: unknown key; did you mean "state"?' in err
    assert out.splitlines()[-1] == "2 tests, 1 not as expected"


def test_the_demo_profile_is_as_its_tests_expect(capfd: pytest.CaptureFixture[str]) -> None:
    """A healthy day is a GO; each fault is a NO-GO; no data are neither."""
    assert run(["test", str(shipped_folder() / "demo.test.toml")]) == 0, capfd.readouterr().out
    assert capfd.readouterr().out.splitlines()[-1] == "13 tests, all as expected"


@pytest.mark.parametrize("trial", STAGING.trials, ids=lambda trial: trial.name.replace(" ", "-"))
def test_the_staging_profile_is_as_its_tests_expect(trial: Trial) -> None:
    """Each by itself, as a whole day of it takes a while."""
    assert run_trial(STAGING.profile, trial).failures == ()
