"""From a healthy backend to GO, and from each kind of trouble to NO-GO, with the installed program.

The troubles are watched by the demo's own profile, a leak at twice its speed. For the healthy end
it is cut to a window of six hours in 36 seconds: without the savings, which need a whole day, and
with room for a busy machine, whose pause of a second is ten minutes of such a watch.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from stagewatch.demo.run import Backend, demo_profile, start_backend
from stagewatch.session import edits
from stagewatch.session.document import Session
from stagewatch.session.store import SessionStore

pytestmark = pytest.mark.waits

WINDOW = 36.0
SHORT = (
    (r"speed = 60", "speed = 600"),
    (r'window = "24h"', 'window = "6h"'),
    (r"(?s)\[go\.cost\].*?\n\n", ""),
    (r'every = "\d+s"', 'every = "400ms"'),
    # A program is started to search in files; and 30 s between two polls are most of the window.
    (r'(patterns = .*\n)every = "400ms"', r'\1every = "3s"'),
    (r'.*signal = "polling\..*\n', ""),
    # After a pause of a busy machine, too little time is left to hold a side.
    (r', hold = "\d+min" }', " }"),
    (r"share = 95", "share = 60"),
    (r'longest_gap = "15min"', 'longest_gap = "1h"'),
    (r'limit = "99 %"', 'limit = "80 %"'),
    (r"hours = \[0, 6\]", "hours = [0, 1.5]"),
    (r"hours = \[6, 12\]", "hours = [1.5, 3]"),
    (r"hours = \[12, 18\]", "hours = [3, 4.5]"),
    (r"hours = \[18, 24\]", "hours = [4.5, 6]"),
)


class Program(Protocol):
    folder: Path
    sessions: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]: ...
    def start(self, *arguments: str) -> subprocess.Popen[str]: ...
    def status(self, *arguments: str) -> dict[str, Any]: ...


Begin = Callable[..., Backend]


@pytest.fixture
def begin(programs: Program) -> Iterator[Begin]:
    """Start a backend with these faults, and a recorder with the demo's profile, so changed."""
    started: list[Backend] = []

    def begun(*faults: str, changes: Sequence[tuple[str, str]] = ()) -> Backend:
        backend = start_backend(programs.folder / "backend", faults)
        started.append(backend)
        text = demo_profile(backend)
        for written, quicker in changes:
            text, count = re.subn(written, quicker, text)
            assert count, written
        (programs.folder / "quick.toml").write_text(text)
        programs.start("record", "--profile", str(programs.folder / "quick.toml"))
        return backend

    yield begun
    for backend in started:
        backend.stop()


def until(condition: Callable[[], bool], seconds: float, what: Callable[[], object]) -> None:
    """Ask again and again until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"it never came to that: {what()}")
        time.sleep(0.3)


def everything_done(session: Session) -> Session:
    """Every item of the demo ticked, every gate approved."""
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import load

    profile = load(Path(session.profile_path), InstalledKinds())
    at = float(session.started_at) + 1
    for phase in profile.phase:
        for item in phase.all_items():
            session = edits.tick(session, phase.name, item.text, by="ann", at=at)
    for gate in profile.gate:
        session = edits.decide(session, gate.name, True, "looked at it", by="bob", at=at)
    return session


def test_a_healthy_day_is_a_go_when_people_say_so(programs: Program, begin: Begin) -> None:
    """HOLD while it runs, HOLD while it is not confirmed, then GO; the exit status says it."""
    begin(changes=SHORT)
    until(lambda: bool(programs.status()), 10, lambda: "a status")
    assert programs.run("status").returncode == 3
    session = SessionStore(next(programs.sessions.iterdir()))
    session.edit(everything_done)

    def over() -> bool:
        return not programs.status()["recorder"]["alive"]

    until(over, WINDOW + 20, programs.status)
    held = programs.status()
    assert [held["verdict"], held["reason"]] == [
        "HOLD",
        "every criterion passes; a person is still to confirm the GO",
    ]
    session.edit(lambda s: edits.confirm(s, "GO", by="ann", at=time.time()))
    said = programs.run("status")
    assert said.returncode == 0
    assert said.stdout.startswith("GO  all 11 criteria pass; confirmed by ann")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("leak", "memory leak: backend.rss +"),
        ("slow", "slow API: mean "),
        ("sockets", "orphaned WebSockets: 1"),
        ("pool", "database connections exhausted: 20 of 20 in use"),
        ("errors", "critical errors in the log: "),
    ],
)
def test_each_trouble_is_a_no_go_with_its_sentence(
    programs: Program, begin: Begin, fault: str, sentence: str
) -> None:
    """Long before the day is over, and the exit status says it."""
    begin(fault, changes=[("speed = 60", "speed = 120")] if fault == "leak" else ())
    until(
        lambda: programs.status().get("verdict") == "NO-GO",
        150,
        lambda: programs.run("status").stdout,
    )
    said = programs.run("status")
    assert said.returncode == 1
    assert said.stdout.startswith(f"NO-GO  {sentence}")


def test_a_backend_that_is_down_is_never_a_go(programs: Program, begin: Begin) -> None:
    """Not on track while the watch runs, and NO-GO at its end."""
    begin("down", changes=SHORT)
    until(lambda: bool(programs.status()), 10, lambda: "a status")
    SessionStore(next(programs.sessions.iterdir())).edit(everything_done)

    def over() -> bool:
        return not programs.status()["recorder"]["alive"]

    until(over, WINDOW + 20, programs.status)
    assert programs.status()["verdict"] == "NO-GO"
    assert "service answers" in programs.status()["reason"]


def test_a_storm_and_a_cold_cache_fail_the_checks_that_run_by_themselves(
    programs: Program, begin: Begin
) -> None:
    """Seen from outside, in the access log and in the cache's own numbers; the source is fine."""
    begin("polling", "cache")

    def states() -> dict[str, str]:
        document = programs.status()
        rows = document["optimisations"]["rows"] if document else []
        return {check["name"]: check["state"] for row in rows for check in row["checks"]}

    def both() -> bool:
        found = states()
        storm, cold = "no request pattern of 3 s is left", "most look-ups hit"
        return (found.get(storm), found.get(cold)) == ("FAIL", "FAIL")

    until(both, 90, states)
    assert states()["hooks poll every 30,000 ms"] == "PASS"
    document = programs.status()
    score = next(c for c in document["criteria"] if c["name"] == "performance")
    assert score["state"] in ("FAIL", "INCONCLUSIVE")
    assert document["verdict"] == "HOLD"
