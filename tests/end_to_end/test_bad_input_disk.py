"""A state folder that cannot be had, written or filled: told, and nothing that is there is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.paths import sessions_dir
from stagewatch.session import edits
from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

Told = Callable[..., None]
Until = Callable[[Callable[[], bool]], None]


@pytest.mark.parametrize("place", ["/proc/none", "a file"])
@pytest.mark.parametrize("command", ["record --profile {profile}", "demo --headless"])
def test_a_state_folder_that_cannot_be_made_is_named_with_what_to_do(
    place: str, command: str, profile: Path, programs: Programs, told: Told
) -> None:
    state = programs.folder / "state" if place == "a file" else Path(place)
    if place == "a file":
        state.touch()
    programs.environment["XDG_STATE_HOME"] = str(state)
    done = programs.run(*command.format(profile=profile).split())
    told(done, f"^stagewatch: {state}.*(Not a directory|No such file)", "XDG_STATE_HOME", lines=1)


@pytest.mark.parametrize("command", ["status", "sessions", "export", "stop"])
def test_a_file_in_the_place_of_the_sessions_is_not_taken_for_none(
    command: str, programs: Programs, told: Told
) -> None:
    home = sessions_dir(programs.environment)
    home.parent.mkdir(parents=True)
    home.touch()
    told(programs.run(command), f"{home}: the sessions cannot be listed", "XDG_STATE_HOME", lines=1)


@pytest.fixture
def read_only(session: Path) -> Iterator[Path]:
    """The session in folders that nobody may write to."""
    closed = [session, session.parent, session.parent.parent]
    for folder in closed:
        folder.chmod(0o500)
    yield session
    for folder in closed:
        folder.chmod(0o700)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("stop", r"session.toml: not saved: no permission"),
        ("record --session {id}", r"recorder.lock: cannot be opened"),
        ("record --profile {profile}", r"recorder.lock: cannot be opened"),
        ("record --profile staging", r"the session cannot be kept \(Permission denied\); check"),
        ("demo --headless", r"the demo cannot be kept here \(Permission denied\)"),
        ("sessions --restore {id} --yes", r"session.toml: not saved: no permission"),
    ],
)
def test_a_read_only_state_folder_is_told_and_stays_as_it_is(
    command: str,
    sentence: str,
    read_only: Path,
    profile: Path,
    programs: Programs,
    told: Told,
    as_anybody: list[str],
) -> None:
    path = read_only / "session.toml"
    if "restore" in command:
        path.write_bytes(path.read_bytes()[:-50])
    before = {file.name: file.read_bytes() for file in read_only.iterdir()}
    options = command.format(id=read_only.name, profile=profile).split()
    told(programs.run(*options, before=as_anybody), sentence, lines=1)
    assert {file.name: file.read_bytes() for file in read_only.iterdir()} == before


def test_a_read_only_session_can_be_looked_at(
    read_only: Path, programs: Programs, as_anybody: list[str]
) -> None:
    assert programs.run("status", before=as_anybody).returncode == 3
    assert read_only.name in programs.run("sessions", before=as_anybody).stdout


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB and 40 files for the sessions."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root and mount(8)")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m,nr_inodes=40", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(place: Path) -> Path:
    """Take all the room there is, for bytes and for files; returns the folder to remove."""
    ballast = place / "ballast"
    ballast.mkdir()
    with suppress(OSError):
        for number in count():
            (ballast / str(number)).touch()
    with (ballast / "0").open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk_stops_recording_loudly_and_loses_nothing(
    small_disk: Path, profile: Path, programs: Programs, told: Told, until: Until
) -> None:
    """Told by every command, kept in memory meanwhile, caught up when there is room."""
    programs.environment["XDG_STATE_HOME"] = str(small_disk)
    recorder = programs.start("record", "--profile", str(profile))
    until(lambda: _health(programs) == "VALUE")
    ballast = _fill(small_disk)
    until(lambda: "disk is full" in programs.status()["recorder"]["problem"])
    assert "disk is full" in programs.run("status").stdout
    (folder,) = sessions_dir(programs.environment).iterdir()
    before = (folder / "session.toml").read_bytes()
    told(programs.run("stop"), r"session.toml: not saved: disk full", lines=1)
    told(programs.run("export", "-o", str(small_disk / "x.md")), r"x\.md: No space left", lines=1)
    told(programs.run("record", "--profile", "demo"), "No space left|disk full", lines=1)
    assert not (small_disk / "x.md").exists()
    assert (folder / "session.toml").read_bytes() == before
    shutil.rmtree(ballast)
    until(lambda: programs.status().get("recorder", {}).get("problem") == "")
    events = [event["text"] for event in programs.status()["events"]]
    assert any("recording works again" in text for text in events)
    recorder.send_signal(signal.SIGTERM)
    said = recorder.communicate(timeout=30)[1]
    assert "disk is full" in said
    assert {gap["cause"] for gap in programs.status()["gaps"]} <= {"the recorder was not running"}
    assert not any("dropped" in text for text in events)


def test_the_screen_keeps_an_edit_that_a_full_disk_refuses_until_it_is_saved(
    small_disk: Path, profile: Path, programs: Programs
) -> None:
    programs.environment["XDG_STATE_HOME"] = str(small_disk)
    screen = programs.open("--profile", str(profile), "--as", "ada")
    screen.wait_for("healthy")
    ballast = _fill(small_disk)
    screen.wait_for("(?i)disk is full")
    screen.type(" ")
    screen.wait_for(r"NOT SAVED since \d\d:\d\d:\d\d: disk full")
    (folder,) = sessions_dir(programs.environment).iterdir()
    assert SessionStore(folder).load().tick == []
    shutil.rmtree(ballast)
    screen.wait_gone("NOT SAVED")
    screen.wait_for(r"\[x\] Look at the health")
    assert [tick.by for tick in SessionStore(folder).load().tick] == ["ada"]


def test_a_file_that_may_not_grow_leaves_the_session_whole(
    session: Path, programs: Programs, told: Told
) -> None:
    """The same where nothing can be mounted: a limit on the size of files."""
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
    before = [sys.executable, "-c", f"{limit} os.execv(sys.argv[1], sys.argv[1:])"]
    kept = (session / "session.toml").read_bytes()
    told(programs.run("stop", before=before), "session.toml: not saved: File too large", lines=1)
    assert (session / "session.toml").read_bytes() == kept
    assert not list(session.glob("*.tmp"))
    assert not list(session.glob(".*.tmp"))
    told(programs.run("record", "--profile", "demo", before=before), "File too large", lines=1)
    assert list(session.parent.iterdir()) == [session], "nothing half begun is left"
    SessionStore(session).edit(lambda s: edits.stop(s, by="ada", at=float(s.started_at)))
    assert programs.run("stop").returncode == 0


def _health(programs: Programs) -> str | None:
    result: str | None = programs.status().get("probes", {}).get("health", {}).get("result")
    return result
