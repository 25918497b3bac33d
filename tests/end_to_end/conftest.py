"""A real terminal to type into and to read, and a real backend to watch."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyte
import pytest

PATIENCE = 30.0
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
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))

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
    return {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


class Service:
    """A backend that answers as it is told."""

    def __init__(self) -> None:
        self.health = b'{"status": "healthy", "database": {"pool": {"in_use": 12, "size": 80}}}'
        self.status = 200
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = service.health if self.path == "/health" else b"{}"
                self.send_response(service.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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


@pytest.fixture
def terminal_type() -> type[Terminal]:
    """``Terminal``, to be called with a command and its environment."""
    return Terminal
