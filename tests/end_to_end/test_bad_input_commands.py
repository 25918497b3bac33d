"""Commands whose output, place or port is not to be had, and commands that are interrupted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

Told = Callable[..., None]
Until = Callable[[Callable[[], bool]], None]
PRINTING = ["status", "status --json", "sessions", "check --profile demo", "--help", "--version"]


@pytest.fixture
def recorded(session: Path, programs: Programs, until: Until) -> Path:
    """The session with a few readings; its recorder has ended."""
    recorder = programs.start("record", "--session", session.name)
    until(lambda: programs.status().get("probes", {}).get("health", {}).get("result") == "VALUE")
    recorder.send_signal(signal.SIGTERM)
    assert recorder.wait(30) == 0
    return session


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest, programs: Programs) -> None:
    """Python writes at once, or when it is asked to."""
    programs.environment["PYTHONUNBUFFERED"] = request.param


@pytest.mark.usefixtures("buffering", "session")
@pytest.mark.parametrize("command", PRINTING)
def test_a_reader_that_goes_away_is_no_verdict(command: str, programs: Programs) -> None:
    """As ``status --json | head -1``: status 1 would say NO-GO; nothing is said of it."""
    reader, writer = os.pipe()
    os.close(reader)
    done = _run(programs, command, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.usefixtures("buffering", "session")
@pytest.mark.parametrize("command", PRINTING)
def test_output_that_does_not_fit_is_told(command: str, programs: Programs, told: Told) -> None:
    with open("/dev/full", "wb") as full:
        done = _run(programs, command, stdout=full.fileno())
    told(done, "^stagewatch: standard output: No space left on device$", lines=1)


def test_an_error_that_nobody_reads_keeps_its_status(programs: Programs) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [programs.program, "status"],
            env=programs.environment,
            stdin=subprocess.DEVNULL,
            stderr=full,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2


def _run(programs: Programs, command: str, *, stdout: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [programs.program, *command.split()],
        env=programs.environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_report_never_overwrites(recorded: Path, programs: Programs, told: Told) -> None:
    target = programs.folder / "shift.md"
    target.write_text("mine")
    told(programs.run("export", "-o", "shift.md"), "^stagewatch: shift.md: exists already; choose")
    target.unlink()
    target.symlink_to(programs.folder / "elsewhere")
    told(programs.run("export", "-o", "shift.md"), "shift.md: exists already")
    assert not (programs.folder / "elsewhere").exists()


def test_a_report_that_cannot_be_is_refused_whole(
    recorded: Path, programs: Programs, told: Told
) -> None:
    """Each refusal says why, and leaves no file behind."""
    before = sorted(programs.folder.iterdir())
    for options, sentence in {
        "-o no/folder.md": "no/folder.md: No such file or directory; choose a folder",
        "-o no --format md,html": "no: is not a folder; several formats need one",
        "-o /proc/x.md": "/proc/x.md: No such file or directory; choose a folder",
        "--format md,pdf": "--format: 'pdf' is not one of md, html, json, toml, csv, all",
        "--since yesterday": "--since: 'yesterday' is not a time; write 12:30",
        "--since 1h --until 2h": "check --since and --until",
        "--since 1h --shift": "give one",
    }.items():
        told(programs.run("export", *options.split()), sentence, lines=1)
    assert sorted(programs.folder.iterdir()) == before


def test_a_report_that_fails_half_way_names_what_was_written(
    recorded: Path, programs: Programs, told: Told
) -> None:
    folder = programs.folder / "out"
    folder.mkdir()
    for second in range(60):
        made = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + second))
        (folder / f"{recorded.name}-report-{made}.html").touch()
    done = programs.run("export", "-o", "out", "--format", "md,html,json")
    (written,) = folder.glob("*.md")
    told(done, r"\.html: exists already", rf"\(wrote out/{written.name}\)", lines=1)
    assert not list(folder.glob("*.json"))


def test_a_shift_that_nobody_began_is_told(recorded: Path, programs: Programs) -> None:
    done = programs.run("export", "--shift")
    assert done.returncode == 0
    assert done.stderr == "no shift was begun; the report starts with the session\n"


def test_a_session_that_was_never_recorded_has_no_report(
    session: Path, programs: Programs, told: Told
) -> None:
    told(programs.run("export"), "history.db: nothing is recorded yet; start the recorder", lines=1)
    done = programs.run("status")
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("check --profile staging", "the working folder no longer exists; cd to another one"),
        ("record --profile staging", "the working folder no longer exists; cd to another one"),
        ("check --profile ./x.toml", "x.toml: there is no such file"),
    ],
)
def test_a_working_folder_that_is_gone_is_told(
    command: str, sentence: str, programs: Programs, told: Told
) -> None:
    gone = programs.folder / "gone"
    gone.mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.argv[1], sys.argv[1:])"
    before = [sys.executable, "-c", code]
    told(programs.run(*command.split(), cwd=gone, before=before), sentence, lines=1)


@pytest.mark.parametrize("command", ["status", "stop", "export"])
def test_without_any_session_the_way_to_one_is_told(
    command: str, programs: Programs, told: Told
) -> None:
    told(programs.run(command), "no session: .* holds none; `stagewatch` starts one", lines=1)


@pytest.mark.parametrize("command", ["", "demo"])
@pytest.mark.parametrize("closed", ["<&-", "2>&-", "</dev/null"])
def test_a_screen_without_a_terminal_is_refused(
    command: str, closed: str, programs: Programs
) -> None:
    """Also where a stream is closed altogether; nothing is begun."""
    code = f"exec {programs.program} {command} {closed}"
    done = subprocess.run(
        ["/bin/sh", "-c", code],
        env=programs.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    if "2>" not in closed:
        assert "no screen; use `stagewatch record`" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert programs.run("sessions").stdout.startswith("No sessions")


def test_the_demos_port_may_be_taken(programs: Programs, told: Told) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = programs.run("demo", "--headless", "--port", str(port))
    told(done, rf"port {port}.* (taken|in use)", lines=1)
    assert programs.run("sessions").stdout.startswith("No sessions")


def test_the_demo_without_its_extra_says_what_to_install(programs: Programs, told: Told) -> None:
    """A finder takes the place of an installation without starlette."""
    _at_import(programs, "starlette", "raise ModuleNotFoundError(name, name=name)")
    told(programs.run("demo", "--headless"), r"pip install 'stagewatch\[demo\]'", lines=1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--fault", "leek"], "there is no fault called 'leek'; did you mean leak"),
        (["--switch", "leak"], "--switch: 'leak' is not NAME=on or NAME=off"),
        (["--switch", "leak=on", "--port", "1"], "no demo backend runs on port 1"),
        (["--port", "99999"], "99999 is not in the range"),
    ],
)
def test_what_the_demo_cannot_do_is_told(
    options: list[str], sentence: str, programs: Programs, told: Told
) -> None:
    told(programs.run("demo", "--headless", *options), sentence, lines=1)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a service that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_ctrl_c_ends_a_check_that_waits(silent: int, programs: Programs) -> None:
    profile = programs.folder / "slow.toml"
    profile.write_text(
        'version = 1\n[deployment]\nname = "x"\n[probe.health]\nkind = "http"\n'
        f'url = "http://127.0.0.1:{silent}/"\nevery = "60s"\ntimeout = "50s"\n'
    )
    check = programs.start("check", "--profile", str(profile))
    programs.hear(check.stdout, "no problems")
    check.send_signal(signal.SIGINT)
    said = check.communicate(timeout=20)[1]
    assert check.returncode == 130
    assert "Traceback" not in said


def test_ctrl_c_ends_a_recording_in_order(session: Path, programs: Programs) -> None:
    recorder = programs.start("record", "--session", session.name)
    programs.hear(recorder.stderr, "recording to")
    recorder.send_signal(signal.SIGINT)
    said = recorder.communicate(timeout=20)[1]
    assert (recorder.returncode, said) == (0, "")
    assert programs.status()["events"][0]["text"] == "recorder stopped: SIGINT"


def test_ctrl_c_ends_the_demo_with_its_backend(programs: Programs, until: Until) -> None:
    demo = programs.start("demo", "--headless")
    programs.hear(demo.stderr, "demo on http")
    until(lambda: programs.result("health") == "VALUE")
    demo.send_signal(signal.SIGINT)
    said = demo.communicate(timeout=30)[1]
    assert demo.returncode == 0
    assert "Traceback" not in said
    assert "the demo is over" in said


@pytest.mark.parametrize(
    ("command", "moment"),
    [
        ("status", "stagewatch.cli"),
        ("status", "click"),
        ("status --json", "stagewatch.observe"),
        ("sessions", "stagewatch.session.store"),
        ("export", "stagewatch.report.write"),
        ("stop", "stagewatch.session.edits"),
        ("check --profile demo", "stagewatch.profile.load"),
        ("record", "stagewatch.recorder.main"),
        ("demo --headless", "stagewatch.demo.run"),
        ("demo --headless", "stagewatch.recorder.main"),
    ],
)
def test_ctrl_c_at_any_moment_ends_with_its_status(
    command: str, moment: str, session: Path, programs: Programs
) -> None:
    """Also while the program is still being loaded: the moment is the import of a module."""
    _at_import(programs, moment, "os.kill(os.getpid(), signal.SIGINT)")
    done = programs.run(*command.split())
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["check --profile demo", "record --profile demo"])
@pytest.mark.parametrize("moment", ["making the loop", "before the first step", "not counted"])
def test_ctrl_c_while_the_event_loop_begins_says_nothing_of_it(
    command: str, moment: str, programs: Programs
) -> None:
    """The moment is hit by having the loop's own beginning send the signal."""
    _at_import(programs, "stagewatch.profile.load", _PATCHES[moment])
    done = programs.run(*command.split())
    assert (done.returncode, done.stderr.strip()) == (130, "")


_PATCHES = {
    "making the loop": (
        "import asyncio.selector_events as s; s.BaseSelectorEventLoop._make_self_pipe = "
        "lambda loop: os.kill(os.getpid(), signal.SIGINT)"
    ),
    "before the first step": (
        "import asyncio.base_events as b; run = b.BaseEventLoop.run_until_complete; "
        "b.BaseEventLoop.run_until_complete = lambda loop, future: "
        "(setattr(b.BaseEventLoop, 'run_until_complete', run), "
        "os.kill(os.getpid(), signal.SIGINT), run(loop, future))"
    ),
    "not counted": (
        # As when it comes before asyncio sets its counter to 0.
        "import asyncio.base_events as b; run = b.BaseEventLoop.run_until_complete; "
        "b.BaseEventLoop.run_until_complete = lambda loop, future: "
        "(setattr(b.BaseEventLoop, 'run_until_complete', run), "
        "future.cancel(), run(loop, future))"
    ),
}


def _at_import(programs: Programs, module: str, do: str) -> None:
    """Have the program do something when it begins to import a module."""
    site = programs.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Moment:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        f"            {do}\n"
        "sys.meta_path.insert(0, Moment())\n"
    )
    others = programs.environment.get("PYTHONPATH", "")
    programs.environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), others]))
