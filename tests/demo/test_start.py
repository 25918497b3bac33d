"""Starting, refusing to start, and leaving nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from stagewatch.demo.control import running
from stagewatch.demo.run import Backend, DemoError, start_backend, switch

Start = Callable[..., Backend]
Until = Callable[..., None]
BACKEND = [sys.executable, "-m", "stagewatch.demo.backend"]


def refused(
    *arguments: str, program: list[str] = BACKEND, env: dict[str, str] | None = None
) -> str:
    """What a backend that must not start says on standard error."""
    ended = subprocess.run(
        [*program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_taken_port_is_said(tmp_path: Path) -> None:
    """A port that another program has is named, with what to do; nothing stays behind."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoError, match=f"port {port} on 127.0.0.1 is taken .* another port"):
            start_backend(tmp_path, port=port)
    assert port not in running()


def test_given_port_is_used(start: Start) -> None:
    """A port that is free and asked for is the one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    assert start(port=port).port == port


def test_a_folder_of_its_name_where_it_is_started_does_not_hide_it(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state folder, say: Python would take it for the program."""
    (tmp_path / "stagewatch").mkdir()
    monkeypatch.chdir(tmp_path)
    assert start().port


def test_port_can_be_used_again_at_once(start: Start, client: httpx.Client) -> None:
    """A backend that ended with open connections leaves its port to the next."""
    first = start()
    client.get(f"{first.url}/health")
    first.stop()

    assert client.get(f"{start(port=first.port).url}/health").status_code == 200


@pytest.mark.parametrize("module", ["starlette", "uvicorn", "websockets"])
def test_missing_extra_is_said(tmp_path: Path, module: str) -> None:
    """Without a package of the demo extra, one line says what to install."""
    shim = (
        f"import sys; sys.modules[{module!r}] = None; "
        "from stagewatch.demo.backend import main; sys.exit(main())"
    )
    said = refused("--log", str(tmp_path / "e.log"), program=[sys.executable, "-c", shim])

    assert "pip install 'stagewatch[demo]'" in said
    assert "pipx install 'stagewatch[demo]'" in said
    assert said.count("\n") == 1


def test_starting_needs_no_extra() -> None:
    """What starts and switches a backend runs without the extra and without the screen."""
    shim = "import sys\n" + "".join(
        f"sys.modules[{name!r}] = None\n"
        for name in ("starlette", "uvicorn", "websockets", "textual", "rich")
    )
    program = f"{shim}import stagewatch.demo.run, stagewatch.demo.control, stagewatch.demo.backend"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_only_loopback_is_served(tmp_path: Path, host: str) -> None:
    """An address that others could reach is refused."""
    said = refused("--host", host, "--port", "0", "--log", str(tmp_path / "e.log"))

    assert f"--host {host}: the demo backend serves loopback only" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--faults", "leek"], "there is no fault called 'leek'; did you mean leak?"),
        (["--port", "70000"], "--port 70000"),
        (["--poll-every", "0"], "--poll-every 0: between 1 and 3600 seconds"),
        (["--control-token", "abc"], "env:NAME"),
        (["--control-token", "file:/nowhere"], "/nowhere cannot be read"),
    ],
)
def test_wrong_use_is_said(tmp_path: Path, arguments: list[str], says: str) -> None:
    """Each slip on the command line ends in one line that names it."""
    assert says in refused("--log", str(tmp_path / "e.log"), *arguments)


def test_unwritable_log_is_said(tmp_path: Path) -> None:
    """A log that cannot be written is named before anything is served."""
    (tmp_path / "file").write_text("")
    said = refused("--port", "0", "--log", str(tmp_path / "file" / "e.log"))

    assert str(tmp_path / "file") in said


def test_unusable_folder_is_said(tmp_path: Path) -> None:
    """A folder that cannot be made is named by who wanted to start the backend."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="another folder"):
        start_backend(tmp_path / "file")


def test_silent_program_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that never listens is ended, and the error names the file to look into."""
    quiet = tmp_path / "quiet"
    quiet.write_text("#!/bin/sh\nexec sleep 600\n")
    quiet.chmod(0o700)
    monkeypatch.setattr("stagewatch.demo.run.sys.executable", str(quiet))
    monkeypatch.setattr("stagewatch.demo.run.START_WITHIN", 0.3)
    before = {child.pid for child in psutil.Process().children()}

    with pytest.raises(DemoError, match=r"did not listen within .*backend\.log"):
        start_backend(tmp_path)
    assert {child.pid for child in psutil.Process().children()} == before


def test_token_guards_the_switches(tmp_path: Path, client: httpx.Client) -> None:
    """With a control token, POST /demo/faults needs it in its header."""
    command = [*BACKEND, "--port", "0", "--log", str(tmp_path / "e.log")]
    command += ["--control-token", "env:DEMO_TOKEN", "--parent", str(os.getpid())]
    env = {**os.environ, "DEMO_TOKEN": "open sesame"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1].decode()
            url = f"http://{address}/demo/faults"
            without = client.post(url, json={"pool": True})
            wrong = client.post(url, json={"pool": True}, headers={"X-Demo-Token": "x"})
            right = client.post(url, json={"pool": True}, headers={"X-Demo-Token": "open sesame"})
        finally:
            process.terminate()
    assert [answer.status_code for answer in (without, wrong, right)] == [403, 403, 202]


def test_stop_ends_exactly_it(start: Start) -> None:
    """Stopping one backend ends that process, cleanly, and no other."""
    one, other = start(), start("sockets", "leak")

    one.stop()
    one.stop()

    assert one.process.returncode == 0
    assert not psutil.pid_exists(one.pid)
    assert other.alive()
    other.stop()
    assert other.process.returncode == 0


def test_stop_is_clean_after_a_fault(start: Start) -> None:
    """A port that was closed and opened again leaves the backend as easy to end as before."""
    backend = start()
    for down in (True, False, True):
        switch(backend.port, "down", down)

    backend.stop()

    assert backend.process.returncode == 0


def test_interrupt_reaches_it_only_directly(start: Start) -> None:
    """Ctrl-C at the terminal is not for the backend: it has a process group of its own."""
    backend = start()

    assert os.getpgid(backend.pid) == backend.pid != os.getpgrp()


@pytest.mark.parametrize("how", ["ends", "is killed and not collected"])
def test_it_ends_with_its_parent(tmp_path: Path, until: Until, how: str) -> None:
    """No backend outlives the process that it was started for, however that went."""
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    backend = start_backend(tmp_path, parent=parent.pid)
    try:
        assert backend.alive()
        parent.kill()
        if how == "ends":
            parent.wait()
        until(lambda: not backend.alive())
        assert backend.process.returncode == 0
    finally:
        backend.stop()
        parent.wait()
        assert parent.stdin is not None
        parent.stdin.close()


def test_parent_gone_before_the_start(tmp_path: Path, until: Until) -> None:
    """A parent that has ended already is no reason to stay."""
    parent = subprocess.Popen(["true"])
    parent.wait()
    backend = start_backend(tmp_path, parent=parent.pid)
    until(lambda: not backend.alive())
    backend.stop()
