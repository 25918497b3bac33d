"""What a watch costs: stagewatch against the four terminals it replaces, in one run.

Run by hand: ``.venv/bin/python -m bench.terminals [--every 5] [--seconds 60] [--lines 5]``. A demo
backend answers; each contender runs in real pseudo-terminals of 120×40. stagewatch runs twice: with
the four probes that ask what the terminals ask, and the criteria, checklist and gates on them; and
with all that the staging profile measures, the rest at its own intervals. Printed for each: CPU
seconds a minute (its whole process tree, ended children included), bytes a minute to the
terminal, and memory (PSS); then the ratios to the four terminals. ``--every 0`` takes the
manifest's own intervals (30 and 60 s). htop, btop, lnav and glances take part at their own pace,
htop's 1.5 s and the others' 1 to 3 s; one that is not installed is said to be missing. What most of
them cost, and the terminals' ``ps``, grows with the number of processes: idle ones are started
until there are ``--processes``, 200 as on a usual server. Two bare programs (``bare.py``) show the
least that such a thing can cost. ``--only-ours`` leaves out the other monitors.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from stagewatch.demo.run import Backend, start_backend

ROWS, COLUMNS = 40, 120
SETTLE, WARM = 5.0, 75.0
"""Seconds before the counting starts, of the others and of a watch: start-up is another
benchmark's, and in its first minute the judge warms up, which is shown."""
REPLACED = ("health", "backend", "quota", "errors")
"""The probes that do what the four terminals do."""
OURS = {True: "stagewatch, same", False: "stagewatch, all"}
"""With the probes that ask what the four terminals ask, and with the whole staging profile."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Terminal:
    """A command in a pseudo-terminal whose output is read and counted."""

    command: list[str]
    environment: dict[str, str]
    written: int = 0
    pid: int = 0
    _master: int = -1
    _reader: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Run the command; its output is drained until it ends."""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(self.command[0], self.command, self.environment)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                self.written += len(data)

    def stop(self) -> None:
        """End the command and wait for it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self._master)


@dataclass(frozen=True)
class Cost:
    """What a contender took, a minute."""

    name: str
    cpu: float
    bytes: float
    pss: float


def cpu_of(pids: set[int]) -> float:
    """CPU seconds of these processes and of every child they have waited for."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / TICKS
    return total


def pss_of(pids: set[int]) -> float:
    """Proportional set size in MB."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, TypeError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
            total += int(found[1]) if found else 0
    return total / 1024


def tree(roots: set[int]) -> set[int]:
    """The processes and all their living descendants."""
    found = set(roots)
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {p.pid for p in psutil.Process(root).children(recursive=True)}
    return found


def measure(name: str, terminals: list[Terminal], extra: set[int], seconds: float) -> Cost:
    """Count for ``seconds`` after things have settled; ends the terminals."""
    time.sleep(SETTLE)
    roots = {t.pid for t in terminals} | extra
    cpu, written, begun = cpu_of(tree(roots)), sum(t.written for t in terminals), time.monotonic()
    time.sleep(seconds)
    minutes = (time.monotonic() - begun) / 60
    cost = Cost(
        name,
        (cpu_of(tree(roots)) - cpu) / minutes,
        (sum(t.written for t in terminals) - written) / minutes,
        pss_of(tree(roots)),
    )
    for terminal in terminals:
        terminal.stop()
    return cost


def four_terminals(backend: Backend, every: float) -> list[list[str]]:
    """The manifest's commands at one interval, or at its own for 0."""
    fast, slow = (f"{every:g}",) * 2 if every else ("30", "60")
    return [
        ["watch", "-n", fast, f"curl -s {backend.url}/health | jq"],
        ["watch", "-n", slow, "ps aux | grep python3 | grep backend"],
        ["watch", "-n", fast, rf"curl -s -w '\nTime: %{{time_total}}s\n' {backend.url}/api/usage"],
        ["tail", "-f", str(backend.log)],
    ]


def profile_text(
    backend: Backend,
    every: float,
    paced: Sequence[str] | None = REPLACED,
    *,
    only: bool = False,
) -> str:
    """The staging profile on the demo's backend, each probe at its own interval; with ``every``
    those in ``paced`` at that many seconds, by default those that replace the four terminals.
    ``paced`` None: all of them. ``only``: no other probes, nor what needs them.
    """
    text = (Path(__file__).parents[1] / "profiles" / "staging.toml").read_text()
    text = text.replace("http://localhost:8000", backend.url)
    text = text.replace("port = 8000", f"port = {backend.url.rpartition(':')[2]}")
    text = re.sub(r"(?m)^match = .*$", lambda _: f"match = '{backend.match}'", text)
    parts = [_table(part, backend, every, paced) for part in re.split(r"(?m)^(?=\[)", text)]
    if only:
        parts = [part for part in parts if _is_asked_by_terminals(part)]
        parts = [re.sub(r", evidence = \[[^]]*\]", "", part) for part in parts]
    return "".join(parts)


def _is_asked_by_terminals(table: str) -> bool:
    """Whether the four terminals and the manifest on paper have this, too."""
    name = re.match(r"\[\[?([\w.-]+)", table)
    if name is None:
        return True
    kind, _, rest = name[1].partition(".")
    if kind == "probe":
        return rest.partition(".")[0] in REPLACED
    return kind not in ("signal", "validation", "exercise", "optimisation", "savings", "go")


def _table(text: str, backend: Backend, every: float, paced: Sequence[str] | None) -> str:
    """A table of the profile, changed for the bench."""
    found = re.match(r"\[probe\.(\w+)\]", text)
    if found is None:
        return text
    name = found[1]
    # A log for each: what is written to one is to be counted once.
    log = backend.log if name == "errors" else backend.log.with_name(f"{name}.log")
    if re.search(r'(?m)^kind = "log"$', text):
        log.touch()
        text = re.sub(r"(?m)^path = .*$", lambda _: f'path = "{log}"', text)
    if every and (paced is None or name in paced):
        text = re.sub(r"(?m)^(every|timeout) = .*\n", "", text).rstrip("\n")
        text += f'\nevery = "{every:g}s"\ntimeout = "{every:g}s"\n\n'
    return text


@contextlib.contextmanager
def writer(log: Path, lines_per_second: float) -> Iterator[None]:
    """Append lines to the log at a steady rate."""
    stop = threading.Event()

    def run() -> None:
        number = 0
        while lines_per_second and not stop.wait(1 / lines_per_second):
            number += 1
            with log.open("a") as file:
                file.write(f"2026-01-01 00:00:00,000 INFO     [sync] workspace {number} synced\n")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


@contextlib.contextmanager
def populated(count: int) -> Iterator[None]:
    """Idle processes, so that there are this many."""
    missing = max(0, count - len(psutil.pids()))
    idle = [subprocess.Popen(["sleep", "infinity"]) for _ in range(missing)]
    try:
        yield
    finally:
        for process in idle:
            process.kill()
            process.wait()


def stagewatch_cost(
    place: Path, backend: Backend, every: float, seconds: float, *, only: bool
) -> list[Cost]:
    """Recorder and screen together, and the screen alone; ``only`` as in ``profile_text``."""
    place.mkdir()
    profile = place / "bench.toml"
    profile.write_text(profile_text(backend, every, only=only))
    home = {"XDG_STATE_HOME": str(place / "state"), "XDG_CONFIG_HOME": str(place / "config")}
    environment = {**os.environ, **home, "TERM": "xterm-256color"}
    program = str(Path(sys.executable).with_name("stagewatch"))
    terminal = Terminal([program, "--profile", str(profile)], environment)
    terminal.start()
    recorder = recorder_pid(place)
    try:
        time.sleep(WARM)
        screen, both = {terminal.pid}, {terminal.pid, recorder}
        cpu = {name: cpu_of(pids) for name, pids in (("screen", screen), ("both", both))}
        written, begun = terminal.written, time.monotonic()
        time.sleep(seconds)
        minutes = (time.monotonic() - begun) / 60
        sent = (terminal.written - written) / minutes
        return [
            Cost(OURS[only], (cpu_of(both) - cpu["both"]) / minutes, sent, pss_of(both)),
            Cost("  its screen", (cpu_of(screen) - cpu["screen"]) / minutes, sent, pss_of(screen)),
        ]
    finally:
        terminal.stop()
        psutil.Process(recorder).terminate()


def recorder_pid(place: Path) -> int:
    """Wait for the recorder that the screen started."""
    import json

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for lock in (place / "state").rglob("recorder.lock"):
            with contextlib.suppress(ValueError, KeyError):
                return int(json.loads(lock.read_text())["pid"])
        time.sleep(0.05)
    raise SystemExit("the recorder did not start")


def others(backend: Backend) -> Iterator[tuple[str, list[str]]]:
    """Other monitors as they start by themselves, where they are installed."""
    commands = {
        "htop": ["htop"],
        "btop": ["btop"],
        "lnav": ["lnav", str(backend.log)],
        "glances": ["glances"],
    }
    for name, command in commands.items():
        if shutil.which(command[0]):
            yield name, command
        else:
            print(f"*** {name} is not installed and takes NO part", file=sys.stderr)


def bare() -> Iterator[tuple[str, list[str]]]:
    """The least that a screen and a recorder can cost."""
    script = str(Path(__file__).with_name("bare.py"))
    yield "bare screen", [sys.executable, script, "screen"]
    yield "bare recorder", [sys.executable, script, "recorder"]


def main() -> None:
    """Run the contenders one after the other and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lines", type=float, default=0.0, help="log lines a second")
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--only-ours", action="store_true")
    arguments = parser.parse_args()
    environment = {**os.environ, "TERM": "xterm-256color"}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        backend = start_backend(place)
        try:
            with writer(backend.log, arguments.lines), populated(arguments.processes):
                print(f"{len(psutil.pids())} processes")
                groups = [("four terminals", four_terminals(backend, arguments.every))]
                if not arguments.only_ours:
                    groups += [(n, [c]) for n, c in others(backend)]
                groups += [(n, [c]) for n, c in bare()]
                costs = []
                for name, commands in groups:
                    terminals = [Terminal(command, environment) for command in commands]
                    for terminal in terminals:
                        terminal.start()
                    costs.append(measure(name, terminals, set(), arguments.seconds))
                for only in OURS:
                    own = place / str(only)
                    costs += stagewatch_cost(
                        own, backend, arguments.every, arguments.seconds, only=only
                    )
        finally:
            backend.stop()
    report(costs)
    if arguments.every == 5:
        goal("CPU", costs, 0.5 * costs[0].cpu, lambda cost: cost.cpu)
        if arguments.lines == 5:
            goal("kB", costs, costs[0].bytes / 1000, lambda cost: cost.bytes / 1000)
    elif not arguments.every and not arguments.lines:
        goal("CPU", costs, 0.30, lambda cost: cost.cpu)
        monitors = [cost for cost in costs if cost.name in ("htop", "btop", "lnav", "glances")]
        if monitors:
            goal("CPU", costs, min(cost.cpu for cost in monitors), lambda cost: cost.cpu)


def goal(what: str, costs: list[Cost], most: float, of: Callable[[Cost], float]) -> None:
    """Say whether stagewatch holds its goal."""
    for cost in costs:
        if cost.name in OURS.values():
            verdict = "holds" if of(cost) <= most else "MISSED"
            print(
                f"goal: at most {most:.2f} {what} a minute; {cost.name} {of(cost):.2f}: {verdict}"
            )


def report(costs: list[Cost]) -> None:
    """Print the table with ratios to the first row."""
    base = costs[0]
    print(f"{'':<18}{'CPU s/min':>10}{'kB/min':>10}{'PSS MB':>9}{'CPU ÷':>9}{'bytes ÷':>9}")
    for cost in costs:
        print(
            f"{cost.name:<18}{cost.cpu:>10.2f}{cost.bytes / 1000:>10.1f}{cost.pss:>9.1f}"
            f"{cost.cpu / max(base.cpu, 1e-9):>9.2f}{cost.bytes / max(base.bytes, 1):>9.2f}"
        )


if __name__ == "__main__":
    main()
