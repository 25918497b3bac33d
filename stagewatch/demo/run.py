"""Starting a demo backend, and the profile that watches it."""

from __future__ import annotations

import glob
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import tomli_w

from stagewatch.demo.control import switch
from stagewatch.demo.faults import DemoError, check_faults
from stagewatch.demo.hooks import FOLDER

__all__ = [
    "Backend",
    "DemoError",
    "check_faults",
    "demo_profile",
    "start_backend",
    "switch",
]

START_WITHIN = 15.0
"""Seconds that a backend may take until it listens."""
STOP_WITHIN = 5.0
DEFAULT_NETLOC = "127.0.0.1:8765"
"""What profiles/demo.toml names."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A demo backend that this process started."""

    port: int
    log: Path
    """Its error log."""
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def access_log(self) -> Path:
        """Its access log."""
        return self.log.with_name("access.log")

    @property
    def control_port(self) -> int:
        """What ``switch`` wants: the faults obey also while the port itself is closed."""
        return self.port

    @property
    def match(self) -> str:
        """A regular expression that matches its command line and no other."""
        return rf"-m stagewatch\.demo\.backend .*--log {re.escape(str(self.log))}( |$)"

    def alive(self) -> bool:
        """It has not ended."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it, and only it; returns when it is gone. Harmless when it has ended already."""
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_backend(
    folder: Path,
    faults: Iterable[str] = (),
    port: int | None = None,
    *,
    parent: int | None = None,
    poll_every: float | None = None,
) -> Backend:
    """Start a backend that keeps its logs below ``folder``, and wait until it listens.

    ``port`` None picks a free one; ``poll_every`` is how many seconds a simulated workspace waits
    between two polls, None for the usual 30. The backend ends with ``parent``, by default this
    process.
    Raises DemoError: the extra is missing, the port is taken, a fault is not known, …
    """
    chosen = check_faults(faults)
    log = folder.resolve() / "logs" / "error.log"
    words = _Output(folder.resolve() / "logs" / "backend.log")
    command = [sys.executable, "-P", "-m", "stagewatch.demo.backend", "--port", str(port or 0)]
    command += ["--parent", str(parent or os.getpid()), "--log", str(log)]
    if poll_every is not None:
        command += ["--poll-every", str(poll_every)]
    if chosen:
        command += ["--faults", ",".join(chosen)]
    process = words.start(command)
    try:
        return Backend(words.port(process), log, process)
    except BaseException:
        process.kill()
        process.wait()
        raise


def demo_profile(backend: Backend) -> str:
    """The text of profiles/demo.toml with this backend's address, process and log."""
    text = (files("stagewatch.profiles") / "demo.toml").read_text(encoding="utf-8")
    netloc = f"127.0.0.1:{backend.port}"
    text = _replaced(text, re.escape(f"//{DEFAULT_NETLOC}/"), f"//{netloc}/")
    text = _replaced(text, r"(?m)^port = 8765\n", f"port = {backend.port}\n")
    text = _replaced(text, r"(?m)^match = .*\n", tomli_w.dumps({"match": backend.match}))
    for log in (backend.log, backend.access_log):
        path = tomli_w.dumps({"path": glob.escape(str(log))})
        text = _replaced(text, rf'(?m)^path = "logs/{log.name}"\n', path)
    hooks = tomli_w.dumps({"paths": [str(backend.log.parent / FOLDER)]}).replace("\n", "") + "\n"
    return _replaced(text, r'(?m)^paths = \["logs/.*\n', hooks)


def _replaced(text: str, pattern: str, new: str) -> str:
    changed, count = re.subn(pattern, lambda _: new, text)
    assert count, f"profiles/demo.toml has no {pattern}"
    return changed


@dataclass(frozen=True, slots=True)
class _Output:
    """What a backend says: the address on its standard output, problems in a file."""

    problems: Path

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        try:
            self.problems.parent.mkdir(parents=True, exist_ok=True)
            with self.problems.open("wb") as stderr:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    process_group=0,
                )
        except OSError as error:
            raise DemoError(f"{self.problems}: {error.strerror}; choose another folder") from error

    def port(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for ``listening HOST:PORT``; raises DemoError with what went wrong instead."""
        assert process.stdout is not None
        until = time.monotonic() + START_WITHIN
        said = b""
        with process.stdout as stdout:
            while b"\n" not in said:
                ready, _, _ = select.select([stdout], [], [], max(0.0, until - time.monotonic()))
                part = os.read(stdout.fileno(), 256) if ready else b""
                if not part:
                    raise DemoError(self._why(ended=bool(ready)))
                said += part
        found = re.match(rb"listening \S+:(\d+)\n", said)
        if found is None:
            raise DemoError(f"the demo backend said {said!r}; expected 'listening HOST:PORT'")
        return int(found[1])

    def _why(self, ended: bool) -> str:
        lines = self.problems.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if ended and lines:
            return lines[-1].removeprefix("demo backend: ")
        happened = "ended at once" if ended else f"did not listen within {START_WITHIN:.0f} s"
        return f"the demo backend {happened}; see {self.problems}"
