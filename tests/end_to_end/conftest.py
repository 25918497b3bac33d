"""A real terminal to type into and to read, and a real backend to watch."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

import pyte
import pytest

from stagewatch.cli import run
from stagewatch.clock import SystemClock
from stagewatch.errors import PersonError
from stagewatch.lock import holder
from stagewatch.paths import RECORDER_LOCK, list_sessions, sessions_dir
from stagewatch.recorder.launch import start_session
from stagewatch.session.edits import add_note
from stagewatch.session.store import SessionStore

PATIENCE = 60.0
"""Seconds after which a screen that still does not show something never will."""
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[\?[0-9;]*\$p|\x1b\[[><=][0-9;]*[a-zA-Z]|\x1bP.*?\x1b\\")


class Terminal:
    """A program in a pseudo-terminal, and what its screen shows."""

    def __init__(
        self, command: list[str], environment: dict[str, str], columns: int = 120, rows: int = 40
    ) -> None:
        self._display = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._display)
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._ended: int | None = None
        self.raw = b""
        """Everything that the program has sent."""

    def text(self) -> str:
        """What the screen shows now."""
        return "\n".join(self._display.display)

    def type(self, keys: str) -> None:
        """Send keys."""
        os.write(self._master, keys.encode())

    def wait_for(self, pattern: str) -> str:
        """Read until the screen shows ``pattern``; returns the screen. Fails with the screen."""
        return self._wait(lambda: re.search(pattern, self.text()) is not None, pattern)

    def wait_gone(self, pattern: str) -> str:
        """Read until the screen no longer shows ``pattern``."""
        return self._wait(lambda: re.search(pattern, self.text()) is None, f"no {pattern}")

    def _wait(self, condition: object, what: str) -> str:
        assert callable(condition)
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"the screen never showed {what!r}:\n{self.text()}")
            self._read(0.1)
        return self.text()

    def _read(self, seconds: float) -> None:
        if not select.select([self._master], [], [], seconds)[0]:
            return
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return
        self.raw += data
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal; the program is told as by a real one."""
        self._display.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Drop the connection, as a lost SSH link does."""
        with contextlib.suppress(OSError):
            os.close(self._master)

    def exit_status(self) -> int:
        """Wait for the program to end; its exit status, negative for a signal."""
        deadline = time.monotonic() + PATIENCE
        while self._ended is None:
            with contextlib.suppress(OSError):
                self._read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                pytest.fail(f"the program did not end:\n{self.text()}")
        return self._ended

    def kill(self) -> None:
        """End the program if it still runs."""
        if self._ended is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        self.hang_up()


@pytest.fixture
def program() -> str:
    """The installed ``stagewatch`` command."""
    return str(Path(sys.executable).with_name("stagewatch"))


@pytest.fixture
def environment(own_home: Path) -> dict[str, str]:
    """The environment of the programs under test: their own home, a plain terminal."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    return {**inherited, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


class Service:
    """A backend that answers as it is told."""

    def __init__(self, port: int = 0) -> None:
        self.health = b'{"status": "healthy", "database": {"pool": {"in_use": 12, "size": 80}}}'
        self.status = 200
        self.content_type = "application/json"
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = service.health if self.path == "/health" else b"{}"
                self.send_response(service.status)
                self.send_header("Content-Type", service.content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering: connections are refused from here on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    """A backend on loopback."""
    running = Service()
    yield running
    with contextlib.suppress(OSError):
        running.stop()


class Programs:
    """Runs the installed program: to its end, in the background, or in a terminal."""

    def __init__(self, program: str, environment: dict[str, str], folder: Path) -> None:
        self.program = program
        self.environment = environment
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []
        self._terminals: list[Terminal] = []

    @property
    def sessions(self) -> Path:
        """The folder of all sessions."""
        return sessions_dir(self.environment)

    def run(
        self, *arguments: str, cwd: Path | None = None, before: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, without a terminal; ``before`` is put before the program."""
        return subprocess.run(
            [*before, self.program, *arguments],
            env=self.environment,
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def start(self, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start a command; it is killed at the end of the test if it still runs."""
        process = subprocess.Popen(
            [*before, self.program, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def hear(self, stream: IO[str] | None, text: str) -> str:
        """Wait until a started program says ``text`` on its ``stream``; what it said up to then."""
        assert stream is not None
        said, deadline = b"", time.monotonic() + PATIENCE
        while text.encode() not in said:
            left = deadline - time.monotonic()
            part = b""
            if left > 0 and select.select([stream], [], [], left)[0]:
                part = os.read(stream.fileno(), 65536)
            if not part:
                pytest.fail(f"the program never said {text!r}: {said!r}")
            said += part
        return said.decode()

    def open(self, *arguments: str, columns: int = 120, rows: int = 40) -> Terminal:
        """Start a command in a terminal; it is killed at the end of the test if it still runs."""
        terminal = Terminal([self.program, *arguments], self.environment, columns, rows)
        self._terminals.append(terminal)
        return terminal

    def status(self, *arguments: str) -> dict[str, Any]:
        """``status --json``; empty while there is no answer yet.

        Asked in this process: who waits for something asks again and again, and to start a program
        each time would keep a machine busier than all that is under test.
        """
        said = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            patch.dict(os.environ, self.environment, clear=True),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            run(["status", "--json", *arguments])
        document: dict[str, Any] = json.loads(said.getvalue() or "{}")
        return document

    def result(self, probe: str) -> str | None:
        """What the probe's newest reading came to; None while there is no answer yet."""
        result: str | None = self.status().get("probes", {}).get(probe, {}).get("result")
        return result

    def close(self) -> None:
        """End what was started, and every recorder that a screen has left running."""
        for terminal in self._terminals:
            terminal.kill()
        for process in self._started:
            process.kill()
            process.communicate()
        # A test may have put anything in the place of sessions and locks: then none records there.
        with contextlib.suppress(PersonError):
            for folder in list_sessions(sessions_dir(self.environment)):
                by = holder(folder) if (folder / RECORDER_LOCK).is_file() else None
                if by is not None and by.pid is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(by.pid, signal.SIGKILL)


@pytest.fixture
def programs(program: str, environment: dict[str, str], tmp_path: Path) -> Iterator[Programs]:
    """The installed program, with a home of the test's own."""
    made = Programs(program, environment, tmp_path)
    yield made
    made.close()


Done = subprocess.CompletedProcess[str]


@pytest.fixture
def told() -> Callable[..., None]:
    """Assert that a command refused with status 2, plainly, in so many lines that say this."""

    def check(done: Done, *patterns: str, lines: int = 2) -> None:
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr
        assert 1 <= len(done.stderr.splitlines()) <= lines, done.stderr
        for pattern in patterns:
            assert re.search(pattern, done.stderr), f"{pattern} is not in {done.stderr}"

    return check


_AS_ANYBODY = """
import ctypes, os, sys
DROP, OVERRIDE, SEARCH = 24, 1, 2  # prctl's PR_CAPBSET_DROP; CAP_DAC_OVERRIDE, _READ_SEARCH
for capability in (OVERRIDE, SEARCH) if os.geteuid() == 0 else ():
    if ctypes.CDLL(None, use_errno=True).prctl(DROP, capability, 0, 0, 0):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def as_anybody() -> list[str]:
    """Put before a program: file modes bind it, also where the tests run as root."""
    return [sys.executable, "-c", _AS_ANYBODY]


PROFILE = """
version = 1
[deployment]
name = "staging"

[probe.health]
kind = "http"
url = "http://127.0.0.1:{port}/health"
every = "250ms"
timeout = "150ms"
expect = {{ status = [200], json = {{ status = "healthy" }} }}
read = {{ db_used = "database.pool.in_use" }}

[probe.errors]
kind = "log"
path = "error.log"
every = "200ms"

[[phase]]
name = "Initial stability"
hours = [0, 24]
items = ["Look at the health", "Second item"]
"""


@pytest.fixture
def profile(tmp_path: Path, service: Service) -> Path:
    """A small profile of the running backend, and its log."""
    (tmp_path / "error.log").touch()
    path = tmp_path / "small.toml"
    path.write_text(PROFILE.format(port=service.port))
    return path


@pytest.fixture
def session(profile: Path, environment: dict[str, str]) -> Path:
    """The folder of a session with three edits that nobody records yet."""
    clock = SystemClock()
    home = sessions_dir(environment)
    folder = start_session(profile, home=home, operator="ada", clock=clock)
    for text in ("first note", "second note", "third note"):
        SessionStore(folder).edit(partial(add_note, text=text, by="ada", at=clock.now()))
    return folder


@pytest.fixture
def terminal_type() -> type[Terminal]:
    """``Terminal``, to be called with a command and its environment."""
    return Terminal
