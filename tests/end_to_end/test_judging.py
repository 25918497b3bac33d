"""The installed program judges what it recorded, a trace, and the tests of a profile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.profile.find import shipped_folder

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

Told = Callable[..., None]
Until = Callable[[Callable[[], bool]], None]
TRACE = "timestamp,value\n" + "".join(
    f"{1_767_225_600 + 30 * n},{140 if n > 60 else 3}\n" for n in range(240)
)
TESTS = """profile = "demo"
[[test]]
name = "it is on hold until its window is over"
for = "1h"
others = "healthy"
expect = [{ verdict = "HOLD" }]
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A file in which a count stays above its limit."""
    path = tmp_path / "sockets.csv"
    path.write_text(TRACE)
    return path


def test_a_watch_that_runs_is_judged_up_to_its_newest_reading(
    session: Path, programs: Programs, until: Until
) -> None:
    """By its recorder and by the command alike; nobody has to stop it for that."""
    programs.start("record", "--session", session.name)
    until(lambda: programs.status().get("probes", {}).get("health", {}).get("result") == "VALUE")
    done = programs.run("judge", session.name, "--json")
    assert (done.returncode, done.stderr) == (3, "")
    head, *_, verdict = map(json.loads, done.stdout.splitlines())
    assert (head["type"], head["session"]) == ("record", session.name)
    assert (verdict["type"], verdict["verdict"]) == ("verdict", "HOLD")
    assert {one["name"] for one in verdict["criteria"]} == {
        one["name"] for one in programs.status()["criteria"]
    }


def test_a_session_without_a_history_is_told(session: Path, programs: Programs, told: Told) -> None:
    """Nothing was recorded yet."""
    told(programs.run("judge", session.name), r"history\.db", lines=1)


def test_a_trace_comes_by_a_pipe_as_well_as_by_a_file(trace: Path, programs: Programs) -> None:
    """With the same answer, and the status of a failure."""
    by_file = programs.run("judge", str(trace), "--rule", "held", "--signal", "ws")
    by_pipe = subprocess.run(
        [programs.program, "judge", "-", "--rule", "held", "--signal", "ws"],
        env=programs.environment,
        input=TRACE,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (by_file.returncode, by_file.stderr) == (1, "")
    assert (by_pipe.returncode, by_pipe.stdout) == (1, by_file.stdout)


@pytest.mark.parametrize("command", ["judge", "test"])
def test_a_reader_that_goes_away_is_no_verdict(
    command: str, trace: Path, tmp_path: Path, programs: Programs
) -> None:
    """Status 1 would say FAIL, or not as expected."""
    tests = tmp_path / "x.test.toml"
    tests.write_text(TESTS)
    said = ["judge", str(trace), "--rule", "held"] if command == "judge" else ["test", str(tests)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [programs.program, *said],
        env=programs.environment,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, "")


def test_tests_are_run_from_any_folder_and_end_by_ctrl_c(
    tmp_path: Path, programs: Programs
) -> None:
    """A path in the file begins in the file's folder."""
    path = shipped_folder() / "staging.test.toml"
    running = programs.start("test", str(path))
    said = programs.hear(running.stdout, "\n")
    assert said.startswith("ok ")
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 130
    assert running.stderr is not None
    assert "Traceback" not in running.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (["judge", "gone.csv", "--rule", "held"], "gone.csv: No such file or directory"),
        (["judge", "--rule", "held"], "--rule is for a trace"),
        (["judge", "nobody"], "no session 'nobody'"),
        (["judge", "--limt", "3"], "No such option"),
        (["test", "gone.toml"], "gone.toml: there is no such file"),
        (["test"], "Missing argument"),
    ],
)
def test_wrong_use_is_told_plainly(
    arguments: list[str], pattern: str, programs: Programs, told: Told
) -> None:
    """In one line."""
    told(programs.run(*arguments), pattern, lines=1)
