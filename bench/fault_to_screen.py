"""How long it takes until the screen shows it: a fault, a CRITICAL line, a colleague's tick.

Run by hand: ``.venv/bin/python -m bench.fault_to_screen [--every 1 5] [--faults 20] [--lines 30]``.
The real program runs in a pseudo-terminal of 120×40 with its recorder, on the staging profile at
one interval for all probes, against a small HTTP server in this process. Faults come at random
moments of the interval. A time ends when the terminal has drawn it, read back through a terminal
emulator, so it includes a few milliseconds of our own reading.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from bench.ptyrun import Terminal

LINE_GOAL, TICK_GOAL, FAULT_GOAL = 0.5, 1.0, 1.0
"""Seconds; a fault has an interval on top."""
PATIENCE = 30.0
HEALTHY, BAD_ANSWER, DOWN = r"│ ● healthy +200", r"│ ✖ BAD ANSWER +502", r"│ ✖ DOWN +tried"
"""The first row of the health pane."""
ITEM = ("Initial stability", "Frontend build status")
BODY = (
    b'{"status": "healthy", "openai_calls_total": 7, "database": {"status": "ok",'
    b' "pool": {"in_use": 12, "size": 80, "waiting": 0, "timeouts_total": 0}},'
    b' "websocket": {"status": "ok", "open": 44, "sessions": 41, "orphans": 3}}'
)


class Answer(BaseHTTPRequestHandler):
    """The server's status and one body."""

    def do_GET(self) -> None:
        """Answer everything alike."""
        self.send_response(cast(Service, self.server).status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Service(ThreadingHTTPServer):
    """Answers with ``status``."""

    daemon_threads = True
    status = 200


class Backend:
    """A service that can be made to fail; named like the demo's for ``profile_text``."""

    match = r"bench\.(fault_to_screen|keys|log_burst|log_screen)"

    def __init__(self, place: Path) -> None:
        self.log = place / "error.log"
        self.log.touch()
        self._port = 0
        self._service = self._open()
        self._port = self._service.server_port
        self.url = f"http://127.0.0.1:{self._port}"

    def _open(self) -> Service:
        service = Service(("127.0.0.1", self._port), Answer)
        threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        return service

    def answer_502(self) -> None:
        """The gateway has lost its backend."""
        self._service.status = 502

    def refuse(self) -> None:
        """The port is closed."""
        self._service.shutdown()
        self._service.server_close()

    def mend(self) -> None:
        """All is well again."""
        if self._service.socket.fileno() < 0:
            self._service = self._open()
        self._service.status = 200

    def write(self, text: str) -> None:
        """Append a line to the log."""
        with self.log.open("a") as file:
            file.write(f"{text}\n")


@dataclass(frozen=True, slots=True)
class Watch:
    """The program on its terminal."""

    terminal: Terminal
    folder: Path

    def until(self, pattern: str) -> None:
        """Wait until the screen shows the pattern; looked at whenever something was drawn."""
        terminal, deadline = self.terminal, time.monotonic() + PATIENCE
        looked = -1
        while True:
            drawn = terminal.bytes
            if drawn != looked:
                looked = drawn
                if re.search(pattern, terminal.text()):
                    return
            if time.monotonic() > deadline:
                raise SystemExit(f"never showed {pattern}:\n{terminal.text()}")
            time.sleep(0.001)

    def took(self, act: Callable[[], object], pattern: str) -> float:
        """Seconds from before ``act`` until the screen shows the pattern."""
        began = time.monotonic()
        act()
        self.until(pattern)
        return time.monotonic() - began


@contextlib.contextmanager
def watching(place: Path, backend: Backend, every: float) -> Iterator[Watch]:
    """The program over a new session; both of its processes are ended."""
    from bench.terminals import profile_text
    from stagewatch.paths import list_sessions
    from stagewatch.recorder.launch import stop_recorder

    profile = place / f"every-{every:g}.toml"
    profile.write_text(profile_text(cast(Any, backend), every))
    state = place / f"state-{every:g}"
    homes = {"XDG_STATE_HOME": str(state), "XDG_CONFIG_HOME": str(place / "config")}
    program = str(Path(sys.executable).with_name("stagewatch"))
    terminal = Terminal([program, "--profile", str(profile)], env=homes)
    try:
        terminal.until(lambda: bool(re.search(HEALTHY, terminal.text())), PATIENCE)
        yield Watch(terminal, list_sessions(state / "stagewatch" / "sessions")[0])
    finally:
        terminal.close()
        for folder in list_sessions(state / "stagewatch" / "sessions"):
            stop_recorder(folder)


def faults(watch: Watch, backend: Backend, every: float, rounds: int) -> None:
    """The service fails at a random moment, is seen to, and is mended."""
    for name, fail, shown in (
        ("answers 502", backend.answer_502, BAD_ANSWER),
        ("refuses", backend.refuse, DOWN),
    ):
        times, back = [], []
        for _ in range(rounds):
            time.sleep(random.uniform(0, every))
            times.append(watch.took(fail, shown))
            time.sleep(random.uniform(0, every))
            back.append(watch.took(backend.mend, HEALTHY))
        report(f"{name}, every {every:g} s", times, every + FAULT_GOAL)
        report("  and back again", back, every + FAULT_GOAL)


def critical_lines(watch: Watch, backend: Backend, count: int, chatter: float = 0.0) -> None:
    """A CRITICAL line is appended and seen; ``chatter`` other lines a second come as well."""
    from bench.terminals import writer

    with writer(backend.log, chatter):
        times = _critical_times(watch, backend, count)
    name = f"CRITICAL, {chatter:g} others/s" if chatter else "CRITICAL log line"
    report(name, times, LINE_GOAL)


def _critical_times(watch: Watch, backend: Backend, count: int) -> list[float]:
    times = []
    for number in range(count):
        time.sleep(random.uniform(0.1, 1.0))
        text = f"2026-01-01 00:00:00,000 CRITICAL [disk] lost-{number}-"
        times.append(watch.took(partial(backend.write, text), f"lost-{number}-"))
    return times


def ticks(watch: Watch, count: int) -> None:
    """Another process ticks an item and takes it back; timed from before it begins to save."""
    command = [sys.executable, "-m", "bench.fault_to_screen", "--second", str(watch.folder)]
    second = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert second.stdin is not None
    assert second.stdout is not None
    second.stdout.readline()
    times = []
    try:
        for number in range(count):
            time.sleep(random.uniform(0.1, 1.0))
            box = r"\[ \]" if number % 2 else r"\[x\]"
            order = partial(print, "go", file=second.stdin)
            times.append(watch.took(order, f"{box} {ITEM[1]}"))
    finally:
        second.stdin.close()
        second.wait()
    report("a colleague's tick", times, TICK_GOAL)


def second_operator(folder: Path) -> None:
    """Tick and untick in turns, at each line of standard input."""
    from stagewatch.session.edits import tick, untick
    from stagewatch.session.store import SessionStore

    store = SessionStore(folder)
    print("ready", flush=True)
    for number, _ in enumerate(sys.stdin):
        change = untick if number % 2 else tick
        phase, item = ITEM
        store.edit(partial(change, phase=phase, item=item, by="bob", at=time.time()))


def report(name: str, times: Sequence[float], goal: float) -> None:
    """Median, p95 and worst against the goal."""
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(
        f"{name:26} median {1000 * statistics.median(ordered):6.0f} ms,"
        f" p95 {1000 * p95:6.0f}, max {1000 * ordered[-1]:6.0f}  of {len(ordered):3};"
        f" goal {1000 * goal:5.0f}: {'holds' if p95 <= goal else 'MISSED'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=float, nargs="+", default=[1.0, 5.0])
    parser.add_argument("--faults", type=int, default=20, help="rounds; fewer at long intervals")
    parser.add_argument("--lines", type=int, default=30)
    parser.add_argument("--ticks", type=int, default=20)
    parser.add_argument("--second", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.second is not None:
        second_operator(options.second)
        return
    print(f"{sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as name:
        backend = Backend(Path(name))
        for every in options.every:
            with watching(Path(name), backend, every) as watch:
                critical_lines(watch, backend, options.lines)
                critical_lines(watch, backend, options.lines, chatter=5.0)
                ticks(watch, options.ticks)
                faults(watch, backend, every, max(5, int(options.faults / max(1.0, every / 2))))


if __name__ == "__main__":
    main()
