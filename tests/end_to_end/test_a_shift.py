"""One operator's shift in a real terminal: start, tick, lose the line, come back, export."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

PROFILE = """
version = 1
[deployment]
name = "staging"
branch = "faster-polling"

[probe.health]
kind = "http"
url = "http://127.0.0.1:{port}/health"
every = "500ms"
timeout = "400ms"
expect = {{ status = [200], json = {{ status = "healthy" }} }}
read = {{ db_used = "database.pool.in_use" }}

[probe.quota]
kind = "http"
url = "http://127.0.0.1:{port}/api/quota/status"
every = "500ms"
timeout = "400ms"

[probe.errors]
kind = "log"
path = "{log}"

[[phase]]
name = "Initial stability"
hours = [0, 24]
items = [{{ text = "Look at the health", evidence = ["health.db_used"] }}, "Second item"]
"""


class Screen(Protocol):
    pid: int

    def type(self, keys: str) -> None: ...
    def text(self) -> str: ...
    def wait_for(self, pattern: str) -> str: ...
    def wait_gone(self, pattern: str) -> str: ...
    def hang_up(self) -> None: ...
    def exit_status(self) -> int: ...
    def kill(self) -> None: ...


class Backend(Protocol):
    port: int
    status: int

    def stop(self) -> None: ...


Opener = Callable[[], Screen]
Runner = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log that is followed."""
    path = tmp_path / "error.log"
    path.write_text("")
    return path


@pytest.fixture
def profile(tmp_path: Path, service: Backend, log: Path) -> Path:
    """A small profile of the running backend."""
    path = tmp_path / "shift.toml"
    path.write_text(PROFILE.format(port=service.port, log=log))
    return path


@pytest.fixture
def run(program: str, environment: dict[str, str], tmp_path: Path) -> Runner:
    """Run a command of stagewatch to its end, without a terminal."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    return command


@pytest.fixture
def open_screen(
    program: str,
    environment: dict[str, str],
    profile: Path,
    run: Runner,
    request: pytest.FixtureRequest,
) -> Iterator[Opener]:
    """Open a screen on the profile; every one is closed and the recording stopped at the end."""
    terminal_type = request.getfixturevalue("terminal_type")
    opened: list[Screen] = []

    def opener() -> Screen:
        screen: Screen = terminal_type(
            [program, "--profile", str(profile), "--as", "ada"], environment
        )
        opened.append(screen)
        return screen

    yield opener
    for screen in opened:
        screen.kill()
    run("stop")


def status(run: Runner) -> dict[str, Any]:
    """``status --json``."""
    document: dict[str, Any] = json.loads(run("status", "--json").stdout)
    return document


def test_a_shift_from_start_to_export(
    open_screen: Opener, run: Runner, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    first = open_screen()
    first.wait_for("healthy")
    first.type(" ")
    first.wait_for(r"\[x\] Look at the health")
    recorder = status(run)["recorder"]["pid"]
    first.hang_up()
    assert first.exit_status() in (129, -signal.SIGHUP)

    seen = status(run)
    assert seen["recorder"] | {"last_reading_at": ""} == {
        **seen["recorder"],
        "alive": True,
        "pid": recorder,
        "last_reading_at": "",
    }
    (item, _) = seen["checklist"]
    assert (item["state"], item["by"]) == ("done", "ada")
    assert item["evidence"][0]["value"] == 12

    second = open_screen()
    second.wait_for(r"\[x\] Look at the health")
    second.type("q")
    second.wait_for("(?i)leave it recording")
    second.type("\r")
    assert second.exit_status() == 0
    assert status(run)["recorder"]["pid"] == recorder

    done = run("export", "--format", "all", "-o", str(tmp_path))
    written = [Path(line.removeprefix("wrote ")) for line in done.stdout.splitlines()]
    assert [path.suffix for path in written] == [".md", ".html", ".json", ".toml", ".csv"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written)
    assert "Look at the health" in written[0].read_text()
    again = tomllib.loads(written[3].read_text())
    assert again["tick"][0]["by"] == "ada"

    assert run("stop", "--as", "ada").returncode == 0
    until(lambda: not status(run)["recorder"]["alive"])
    assert run("status").returncode in (3, 4)


def test_a_backend_that_stops_is_down_on_the_screen_and_says_why(
    open_screen: Opener, service: Backend
) -> None:
    screen = open_screen()
    screen.wait_for("healthy")
    service.status = 502
    screen.wait_for("(?s)BAD ANSWER.*502")
    service.stop()
    screen.wait_for("(?s)DOWN.*refused")


def test_a_killed_recorder_is_started_again_by_the_open_screen_and_leaves_an_event(
    open_screen: Opener, run: Runner, until: Callable[[Callable[[], bool]], None]
) -> None:
    screen = open_screen()
    screen.wait_for("healthy")
    before = status(run)["recorder"]["pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: status(run)["recorder"]["pid"] not in (None, before))
    until(lambda: [e["kind"] for e in status(run)["events"]].count("recorder-started") == 2)


def test_a_critical_line_reaches_the_screen(open_screen: Opener, log: Path) -> None:
    screen = open_screen()
    screen.wait_for("healthy")
    with log.open("a") as file:
        file.write("2099-01-01 00:00:00,000 CRITICAL [db] out of connections\x1b]52;c;QQ==\x07\n")
    screen.wait_for("out of connections")
    assert re.search("CRIT", screen.text())


def test_without_a_terminal_the_screen_says_what_to_use_instead(run: Runner, profile: Path) -> None:
    done = run("--profile", str(profile))
    assert done.returncode == 2
    assert "stagewatch record" in done.stderr
    assert "Traceback" not in done.stderr
