"""The recorder as a process, on a real server and a real process: nothing is faked here."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.history.errors import HistoryMissingError
from stagewatch.history.reader import History
from stagewatch.lock import holder, is_held
from stagewatch.model import Reading, Result
from stagewatch.recorder.launch import (
    LaunchError,
    ensure_recorder,
    join,
    join_or_start,
    start_session,
    stop_recorder,
)
from stagewatch.session import edits
from stagewatch.session.errors import SessionDamagedError
from stagewatch.session.store import SessionStore

EVERY = 0.25
Until = Callable[..., None]


class Backend(http.server.ThreadingHTTPServer):
    """Answers with its state as JSON, for as long as it is told to."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A recorder that is killed leaves its connection; that is no error here."""


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "healthy", "jobs": 3}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody wants to know."""


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A service on a free port of loopback."""
    with Backend(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def watched() -> Iterator[subprocess.Popen[bytes]]:
    """A process to watch."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def profile(tmp_path: Path, backend: Backend, watched: subprocess.Popen[bytes]) -> Path:
    """Two probes: the service, and the process by its pid file."""
    (tmp_path / "app.pid").write_text(str(watched.pid))
    path = tmp_path / "here.toml"
    path.write_text(
        f"""
version = 1
[deployment]
name = "here"
window = "6h"
[probe.web]
kind = "http"
url = "http://127.0.0.1:{backend.server_address[1]}/health"
every = "{int(EVERY * 1000)}ms"
timeout = "240ms"
read = {{ jobs = "jobs" }}
[probe.app]
kind = "process"
pid_file = "app.pid"
every = "{int(EVERY * 1000)}ms"
"""
    )
    return path


@pytest.fixture
def watch(profile: Path, tmp_path: Path, until: Until) -> Iterator[Path]:
    """A session that has begun; whatever recorder it has at the end is ended."""
    folder = start_session(profile, home=tmp_path / "sessions", operator="ann", clock=SystemClock())
    yield folder
    by = holder(folder)
    if by is not None and by.pid is not None:
        os.kill(by.pid, signal.SIGKILL)
        until(lambda: not is_held(folder))


def readings(folder: Path, probe: str = "web") -> list[Reading]:
    """What is stored; nothing before the recorder made the file."""
    try:
        with History.open(folder / "history.db") as history:
            return list(history.readings(probe))
    except HistoryMissingError:
        return []


def kinds(folder: Path) -> list[str]:
    with History.open(folder / "history.db") as history:
        return [event.kind for event in reversed(history.events(100))]


def values(folder: Path, probe: str = "web") -> list[Reading]:
    """Those with a value: on a machine that is busy, an answer may well come too late."""
    return [reading for reading in readings(folder, probe) if reading.result is Result.VALUE]


def recording(folder: Path, count: int = 3, probe: str = "web") -> Callable[[], bool]:
    return lambda: len(values(folder, probe)) >= count


def test_a_recorder_records_detached_from_whoever_started_it(watch: Path, until: Until) -> None:
    done = ensure_recorder(watch)
    assert (done.alive, done.started, done.problem) == (True, True, "")
    assert done.pid is not None
    until(recording(watch))
    until(recording(watch, probe="app"))
    assert values(watch)[0].values["web.jobs"] == 3
    assert values(watch, "app")[0].values["app.rss"] > 1e6
    fields = Path(f"/proc/{done.pid}/stat").read_text().rsplit(")", 1)[1].split()
    parent, session, terminal = int(fields[1]), int(fields[3]), int(fields[4])
    assert parent != os.getpid()
    assert session != os.getsid(0)
    assert terminal == 0
    assert os.readlink(f"/proc/{done.pid}/cwd") == "/"
    assert os.readlink(f"/proc/{done.pid}/fd/0") == os.devnull
    os.kill(done.pid, signal.SIGHUP)
    before = len(values(watch))
    until(recording(watch, before + 3))


def test_the_files_of_a_session_are_private(watch: Path, until: Until) -> None:
    ensure_recorder(watch)
    until(recording(watch))
    assert stat.S_IMODE(watch.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in watch.iterdir()}
    assert {"recorder.lock", "recorder.log", "history.db", "profile.toml"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_two_that_start_at_once_get_one_recorder(watch: Path, until: Until) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(ensure_recorder(watch))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.alive for each in found] == [True] * 3
    assert len({each.pid for each in found}) == 1
    until(recording(watch))
    assert kinds(watch).count("recorder-started") == 1


def test_a_second_recorder_in_the_foreground_is_refused_with_the_first_ones_pid(
    watch: Path,
) -> None:
    first = ensure_recorder(watch)
    second = subprocess.run(
        [sys.executable, "-m", "stagewatch", "record", "--session", str(watch)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert f"process {first.pid} records already" in second.stderr
    assert "Traceback" not in second.stderr


def test_kill_costs_one_interval_and_the_restart_and_the_gap_is_recorded(
    watch: Path, until: Until
) -> None:
    first = ensure_recorder(watch)
    assert first.pid is not None
    until(recording(watch, 5))
    killed = time.time()
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not is_held(watch))
    before = readings(watch)
    assert before[-1].at > killed - 3, "what was measured was stored"
    until(lambda: time.time() > killed + 4 * EVERY)
    started = time.time()
    ensure_recorder(watch)
    until(recording(watch, len(before) + 3))
    after = readings(watch)[len(before) :]
    assert after[0].at < started + 3
    with History.open(watch / "history.db") as history:
        gap = [gap for gap in history.gaps() if gap.probe == "web"][-1]
    assert gap.start == pytest.approx(before[-1].at, abs=0.002)
    assert gap.end is not None
    assert before[-1].at < gap.end <= after[0].at
    assert gap.cause == "the recorder was not running"
    assert kinds(watch)[-2:] == ["gap", "recorder-started"]


def test_sigterm_ends_it_clean_and_everything_is_stored(watch: Path, until: Until) -> None:
    ensure_recorder(watch)
    until(recording(watch))
    asked = time.monotonic()
    assert stop_recorder(watch)
    assert time.monotonic() - asked < 10
    assert not is_held(watch)
    assert kinds(watch)[-1] == "recorder-stopped"
    assert not stop_recorder(watch), "there is none left to end"


def test_pausing_the_session_stops_the_readings_and_resuming_brings_them_back(
    watch: Path, until: Until
) -> None:
    ensure_recorder(watch)
    until(recording(watch))
    store = SessionStore(watch)
    store.edit(lambda s: edits.pause(s, "deploying", by="ann", at=time.time()))

    def gaps() -> list[str]:
        with History.open(watch / "history.db") as history:
            return [gap.cause for gap in history.gaps() if gap.end is None]

    until(lambda: gaps() == ["paused by ann: deploying"])
    until(lambda: time.time() > readings(watch)[-1].at + 4 * EVERY)
    store.edit(lambda s: edits.resume(s, by="ann", at=time.time()))
    before = len(values(watch))
    until(recording(watch, before + 2))
    assert gaps() == []


def test_stopping_the_session_ends_the_recorder_and_no_other_is_started(
    watch: Path, until: Until
) -> None:
    ensure_recorder(watch)
    until(recording(watch))
    SessionStore(watch).edit(lambda s: edits.stop(s, by="ann", at=time.time()))
    until(lambda: not is_held(watch))
    refused = ensure_recorder(watch)
    assert (refused.alive, refused.problem) == (False, "the session was stopped")


def test_a_backend_that_goes_down_and_comes_back_as_another_process_is_told(
    watch: Path, tmp_path: Path, watched: subprocess.Popen[bytes], until: Until
) -> None:
    ensure_recorder(watch)
    until(recording(watch, probe="app"))
    watched.kill()
    watched.wait()
    until(lambda: "down" in kinds(watch))
    before = len(values(watch))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "app.pid").write_text(str(other.pid))
        until(lambda: {"restart", "up"} <= set(kinds(watch)))
        until(recording(watch, before + 1))  # the other probe went on
        other.kill()


def test_a_damaged_history_is_kept_aside_and_recording_goes_on(watch: Path, until: Until) -> None:
    (watch / "history.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 8192)
    ensure_recorder(watch)
    until(recording(watch))
    assert "history-damaged" in kinds(watch)
    assert list(watch.glob("history.db.damaged-*"))


def test_a_profile_that_no_longer_loads_is_told_to_whoever_starts_it(watch: Path) -> None:
    (watch / "profile.toml").write_text("version = 7")
    done = ensure_recorder(watch)
    assert not done.alive
    assert "profile.toml" in done.problem
    assert "Traceback" not in (watch / "recorder.log").read_text()


def test_a_folder_that_cannot_be_written_is_an_error_for_people(
    tmp_path: Path, profile: Path
) -> None:
    home = tmp_path / "file"
    home.write_text("not a folder")
    with pytest.raises(LaunchError, match="cannot be kept"):
        start_session(profile, home=home, operator="ann", clock=SystemClock())


def test_stop_does_not_touch_a_process_that_is_not_the_recorder(
    watch: Path, watched: subprocess.Popen[bytes], until: Until
) -> None:
    first = ensure_recorder(watch)
    lock = watch / "recorder.lock"
    truth = json.loads(lock.read_bytes())
    lock.write_text(json.dumps(truth | {"pid": watched.pid}))
    with pytest.raises(LaunchError, match="is not the recorder"):
        stop_recorder(watch, 1)
    assert watched.poll() is None
    lock.write_text(json.dumps(truth))
    assert first.pid == truth["pid"]


def test_join_finds_the_newest_open_session_of_the_same_profile(
    profile: Path, tmp_path: Path
) -> None:
    home, clock = tmp_path / "sessions", SystemClock()
    assert join(profile, home=home, now=clock.now()) is None
    folders = [join_or_start(profile, home=home, operator="ann", clock=clock) for _ in range(2)]
    assert folders[0] == folders[1]
    SessionStore(folders[0]).edit(lambda s: edits.stop(s, by="ann", at=clock.now()))
    newer = join_or_start(profile, home=home, operator="ann", clock=clock)
    assert newer != folders[0]
    assert join(profile, home=home, now=clock.now()) == newer
    assert join(profile, home=home, now=clock.now() + 7 * 3600) is None, "its window is over"


def test_a_damaged_open_session_is_not_passed_over(profile: Path, tmp_path: Path) -> None:
    """It is joined by its newest whole text; without one, no other watch begins in silence."""
    home, clock = tmp_path / "sessions", SystemClock()
    folder = start_session(profile, home=home, operator="ann", clock=clock)
    store = SessionStore(folder)
    store.edit(lambda s: edits.add_note(s, "one", by="ann", at=clock.now()))
    store.path.write_text("")
    assert join(profile, home=home, now=clock.now()) == folder
    (folder / "session.toml.1").write_text("cut")
    with pytest.raises(SessionDamagedError, match="move its folder away"):
        join_or_start(profile, home=home, operator="ann", clock=clock)
    assert join(tmp_path / "other.toml", home=home, now=clock.now()) is None
    assert join(profile, home=home, now=clock.now() + 7 * 3600) is None, "its window is over"


def test_a_session_keeps_the_profile_and_where_its_paths_start(
    profile: Path, tmp_path: Path
) -> None:
    folder = start_session(profile, home=tmp_path / "s", operator="ann", clock=SystemClock())
    session = SessionStore(folder).load()
    assert (folder / "profile.toml").read_bytes() == profile.read_bytes()
    assert session.base == str(tmp_path)
    assert session.profile_path == str(profile)
    assert session.ends_at - session.started_at == pytest.approx(6 * 3600)
    assert session.started_by == "ann"


def test_the_end_of_the_window_ends_the_recorder_and_no_other_is_started(
    profile: Path, tmp_path: Path, until: Until
) -> None:
    text = profile.read_text().replace('window = "6h"', 'window = "2s"\nreview_every = "2s"')
    profile.write_text(text)
    folder = start_session(profile, home=tmp_path / "s", operator="ann", clock=SystemClock())
    ensure_recorder(folder)
    until(lambda: not is_held(folder))
    assert kinds(folder)[-3:] == ["window-ended", "verdict", "recorder-stopped"]
    session = SessionStore(folder).load()
    assert readings(folder)[-1].at > session.ends_at - 3 * EVERY - 1
    assert ensure_recorder(folder).problem == "the session's window is over"


def test_in_the_foreground_it_is_a_service_that_says_when_it_is_ready(
    watch: Path, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        command = [sys.executable, "-m", "stagewatch.recorder", str(watch)]
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as service:
            assert service.stderr is not None
            try:
                assert systemd.recv(100) == b"READY=1"
                service.send_signal(signal.SIGTERM)
                assert systemd.recv(100) == b"STOPPING=1"
                assert service.wait(10) == 0
                assert service.stderr.read() == ""
            finally:
                service.kill()
    assert readings(watch)


def test_a_detached_recorder_is_not_the_service_that_started_it(watch: Path) -> None:
    done = ensure_recorder(watch, environ={**os.environ, "NOTIFY_SOCKET": "/run/other"})
    assert b"NOTIFY_SOCKET" not in Path(f"/proc/{done.pid}/environ").read_bytes()


def test_not_waiting_for_the_recorder_starts_it_all_the_same(watch: Path, until: Until) -> None:
    ensure_recorder(watch, wait=0)
    until(recording(watch))


_HELD_UP = """
import asyncio, time
from stagewatch.recorder import main
main.END_WITHIN = 1
async def run():
    with main._signals(lambda reason: None):
        print("ready", flush=True)
        time.sleep(600)
asyncio.run(run())
"""


def test_sigterm_ends_also_a_recorder_whose_loop_is_held_up() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HELD_UP], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == "ready\n"
            process.terminate()
            assert process.wait(20) == 1
            assert "in run" in process.stderr.read(), "it says where it hung"
        finally:
            process.kill()


def test_the_recorder_imports_neither_the_command_line_nor_a_screen() -> None:
    code = (
        "import sys, stagewatch.recorder.main\n"
        "print([m for m in ('click', 'textual', 'rich', 'httpx', 'psutil') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
