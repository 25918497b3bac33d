"""``validate`` and ``exercise`` against a live demo backend that is watched by a real recorder."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagewatch.clock import SystemClock
from stagewatch.demo.run import Backend, demo_profile, start_backend, switch
from stagewatch.lock import Driller, driller
from stagewatch.paths import sessions_dir
from stagewatch.recorder.launch import start_session
from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

NOBODY = Driller(None, None)
Until = Callable[[Callable[[], bool]], None]
RULE = """
[go.cached]
rule = "compare"
signal = "validation-cache.passed"
below = 1
"""


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    """A demo backend."""
    running = start_backend(tmp_path / "demo backend")
    yield running
    running.stop()


@pytest.fixture
def profile(backend: Backend, tmp_path: Path) -> Path:
    """Its profile, with a criterion over a validation, in real time."""
    text = demo_profile(backend).replace('\nlet_go = "30s"', '\nsilent = 0\nlet_go = "30s"')
    path = tmp_path / "demo.toml"
    path.write_text(text.replace("speed = 60", "speed = 1") + RULE)
    return path


@pytest.fixture
def watched(profile: Path, programs: Programs, until: Until) -> str:
    """The session of a watch that is being recorded."""
    home = sessions_dir(programs.environment)
    folder = start_session(profile, home=home, operator="ada", clock=SystemClock())
    programs.start("record", "--session", folder.name)
    until(lambda: programs.status().get("recorder", {}).get("alive", False))
    return folder.name


def folder_of(programs: Programs, session: str) -> Path:
    """The folder of a session."""
    return sessions_dir(programs.environment) / session


def validated(programs: Programs, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status of ``validate``, and what it says."""
    done = programs.run("validate", "--yes", "--json", "--as", "ann", *arguments)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def signal_now(programs: Programs, name: str) -> dict[str, Any]:
    """A signal as ``status`` tells it."""
    found: dict[str, Any] = programs.status()["signals"][name]
    return found


def criterion(programs: Programs, name: str) -> str:
    """A criterion's state as ``status`` tells it."""
    return str(next(c["state"] for c in programs.status()["criteria"] if c["name"] == name))


def test_a_result_becomes_a_signal_and_decides_a_criterion(
    watched: str, backend: Backend, programs: Programs, until: Until
) -> None:
    """In health it passes; with the fault the newest result fails, and both are told."""
    assert criterion(programs, "cached") == "INCONCLUSIVE"
    status, (told,) = validated(programs, "cache")
    assert (status, told["outcome"], told["session"]) == (0, "passed", watched)
    until(lambda: criterion(programs, "cached") == "PASS")
    assert signal_now(programs, "validation-cache.hit_rate")["value"] == 100.0
    switch(backend.port, "cache", True)
    status, (told,) = validated(programs, "cache")
    assert (status, told["outcome"], told["values"]["hit_rate"]) == (1, "not-cached", 0.0)
    until(lambda: criterion(programs, "cached") == "FAIL")
    events = [event["text"] for event in programs.status()["events"] if event["kind"] == "drill"]
    assert [event.split(": ")[1].split(",")[0] for event in events] == ["not-cached", "passed"]


def test_websockets_of_the_demo_are_validated(watched: str, programs: Programs) -> None:
    """The eleventh of one client is refused, and the heartbeat comes; what it disturbs is left
    out, and named in the verdict."""
    status, (told,) = validated(programs, "websocket")
    assert (status, told["outcome"]) == (0, "passed"), told
    assert told["values"]["refused_at"] == 11.0
    assert "readings during 1 validation left out of the rules" in programs.status()["reason"]


def test_a_backend_that_is_down_is_no_pass(
    watched: str, backend: Backend, programs: Programs
) -> None:
    """Each has a name."""
    switch(backend.port, "down", True)
    status, told = validated(programs, "cache", "rate-limit", "websocket")
    assert status == 1
    assert [one["outcome"] for one in told] == ["unreachable"] * 3


def test_an_exercise_is_recorded_and_ctrl_c_keeps_what_was_done(
    watched: str, programs: Programs, until: Until
) -> None:
    """A short one has no figures, which the record says; exit status 130."""
    going = programs.start("exercise", "--yes", "--for", "50s", "--workspaces", "3")
    until(lambda: programs.result("health") == "VALUE")
    programs.hear(going.stdout, "WebSockets")
    programs.hear(going.stderr, "10s of 50s")
    going.send_signal(signal.SIGINT)
    assert going.wait(20) == 130
    until(lambda: signal_now(programs, "exercise.requests")["value"] is not None)
    assert signal_now(programs, "exercise.requests")["value"] > 20
    assert signal_now(programs, "exercise.p95")["reason"] == "it was interrupted"


def test_a_second_drill_is_refused_until_the_first_has_ended_or_was_killed(
    watched: str, programs: Programs, until: Until, told: Callable[..., None]
) -> None:
    """With who runs what; a killed one is in nobody's way."""
    going = programs.start("exercise", "--yes", "--for", "50s", "--as", "bob")
    until(lambda: (driller(folder_of(programs, watched)) or NOBODY).what == "exercise")
    for command in ("validate", "exercise"):
        refused = programs.run(command, "--yes", "--session", watched)
        told(
            refused, rf"{watched}: bob runs exercise since .* \(process {going.pid}\)", "kill -INT"
        )
    assert programs.run("validate", "--plan", "--session", watched).returncode == 0
    going.kill()
    going.wait()
    status, (one,) = validated(programs, "cache")
    assert (status, one["outcome"]) == (0, "passed")


def test_a_killed_validation_leaves_nothing_out_any_longer(
    watched: str, programs: Programs, until: Until
) -> None:
    """What it had announced ends with it, and an event says so."""
    store = SessionStore(folder_of(programs, watched))
    going = programs.start("validate", "--yes", "websocket", "--as", "bob")
    until(lambda: bool(store.load().invalidation))
    going.kill()
    going.wait()
    (announced, *_) = store.load().invalidation
    until(lambda: all(void.end < announced.end - 10 for void in store.load().invalidation))
    until(lambda: "drill-gone" in [event["kind"] for event in programs.status()["events"]])


def test_what_cannot_end_within_the_window_is_refused(
    profile: Path, programs: Programs, until: Until, told: Callable[..., None]
) -> None:
    """With status 2; what can is run, and judged."""
    profile.write_text(profile.read_text().replace("speed = 1\n", "speed = 1440\n"))
    home = sessions_dir(programs.environment)
    folder = start_session(profile, home=home, operator="ada", clock=SystemClock())
    programs.start("record", "--session", folder.name)
    until(lambda: programs.status().get("recorder", {}).get("alive", False))
    too_late = rf"{folder.name}: its window is over in (1m|\d+s), and this takes 1m\d?s? at least"
    told(programs.run("validate", "--yes", "rate-limit"), too_late)
    told(programs.run("exercise", "--yes"), too_late)
    plan = programs.run("validate", "--plan", "rate-limit")
    assert plan.returncode == 0
    assert "judged by no rule" in plan.stdout
    status, (one,) = validated(programs, "cache")
    assert (status, one["outcome"], one["unjudged"]) == (0, "passed", "")


def test_without_a_watch_the_result_is_printed_and_nothing_recorded(
    profile: Path, programs: Programs
) -> None:
    """And the output says so."""
    done = programs.run("validate", "--yes", "--profile", str(profile), "cache")
    assert done.returncode == 0
    assert "PASSED cache" in done.stdout
    assert "nothing was recorded: no watch is running" in done.stdout
    assert not list(sessions_dir(programs.environment).glob("*"))


def test_what_would_be_sent_is_shown_and_a_script_has_to_agree(
    profile: Path, programs: Programs, told: Callable[..., None]
) -> None:
    """Without a terminal and without --yes nothing is sent."""
    shown = programs.run("validate", "--plan", "--profile", str(profile))
    assert shown.returncode == 0
    assert "rate-limit: 10 requests, one after the other" in shown.stdout
    shown = programs.run("exercise", "--plan", "--profile", str(profile))
    assert "5 workspaces for 1m: 5.33 requests/s, about 320" in shown.stdout
    for command in ("validate", "exercise"):
        told(programs.run(command, "--profile", str(profile)), "--plan, and add --yes")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ("validate nothing --yes", "no validation 'nothing'; there are polling, cache"),
        ("exercise --yes --workspaces 500", "there may be 1 to 200"),
        ("exercise --yes --for 2h", "it may last 1h"),
        ("exercise --yes --for 2", "has no unit"),
    ],
)
def test_wrong_use_is_told(
    arguments: str, what: str, profile: Path, programs: Programs, told: Callable[..., None]
) -> None:
    """With status 2, and nothing is sent."""
    command, *rest = arguments.split()
    told(programs.run(command, "--profile", str(profile), *rest), what)


def test_production_is_refused(
    profile: Path, programs: Programs, told: Callable[..., None]
) -> None:
    """Whoever asks."""
    profile.write_text(
        profile.read_text().replace("[deployment]", "[deployment]\nproduction = true")
    )
    told(programs.run("validate", "--yes", "--profile", str(profile)), "is production")
    told(programs.run("exercise", "--yes", "--profile", str(profile)), "is production")
