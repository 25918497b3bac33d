"""A log that is written fast: what following it costs, and whether anything is lost or held up.

Run by hand: ``.venv/bin/python -m bench.log_burst [--seconds 60] [--burst 60]``.
The real program runs in a pseudo-terminal of 120×40 with its recorder. First 1,000 lines/s, with
``tail -F | grep -c`` and ``lnav`` on the same file in the same minute; then the burst, while keys
are pressed, with ``tail -F | grep -c`` beside it, and ``lnav -n`` over the same lines after it: it
would take the core that the keys need. CPU seconds are those of whole process trees. The lines are
written by another process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from bench.fault_to_screen import Backend, Watch, watching
from bench.keys import press
from bench.log import cpu_of as cpu_of_command
from bench.ptyrun import Terminal
from bench.terminals import cpu_of, pss_of, tree
from stagewatch.clock import SystemClock
from stagewatch.lock import holder
from stagewatch.observe import snapshot_of

COST, KEYS, MEMORY, CATCH_UP = 1.0, 50.0, 32.0, 2.0
"""CPU s a minute, ms, MB, and times the length of the burst."""
PAUSE = 0.05
TAIL = "tail -F | grep -c"
WRITER = """
import random, sys, time
path, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
line = "%s,000 %s [sync] workspace %d synced\\n"
levels = ["INFO   "] * 99 + ["ERROR  "]
number, began, total = 0, time.monotonic(), int(rate * seconds)
with open(path, "a", buffering=1 << 16) as file:
    while number < total:
        due = min(total, int((time.monotonic() - began) * rate))
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        file.writelines(line % (now, levels[n % 100], n) for n in range(number, due))
        file.flush()
        number = due
        time.sleep(0.01)
"""


def writing(log: Path, rate: int, seconds: float) -> subprocess.Popen[bytes]:
    """Exactly rate × seconds lines, by another process."""
    return subprocess.Popen([sys.executable, "-c", WRITER, str(log), str(rate), str(seconds)])


def tail_and_grep(log: Path) -> list[str]:
    """``tail -F | grep -c`` from now on."""
    return ["/bin/sh", "-c", f"tail -n 0 -F {log} | grep -c ERROR"]


def verdict(value: float, most: float) -> str:
    """Whether a goal holds."""
    return f"goal {most:g}: {'holds' if value <= most else 'MISSED'}"


def ours(watch: Watch) -> tuple[int, int]:
    """The recorder's process and the screen's."""
    recorder = holder(watch.folder)
    assert recorder is not None
    assert recorder.pid is not None
    return recorder.pid, watch.terminal.process.pid


def steady(watch: Watch, log: Path, rate: int, seconds: float) -> int:
    """CPU seconds a minute at a steady rate; how many lines that were."""
    commands = {TAIL: tail_and_grep(log), "lnav": ["lnav", str(log)]}
    with ExitStack() as stack:
        others = {
            name: stack.enter_context(Terminal(command))
            for name, command in commands.items()
            if shutil.which(command[0])
        }
        writer = writing(log, rate, seconds + 6)
        time.sleep(5)
        trees = {"recorder": {ours(watch)[0]}, "screen": {ours(watch)[1]}}
        trees |= {name: {other.process.pid} for name, other in others.items()}
        before = {name: cpu_of(tree(roots)) for name, roots in trees.items()}
        began = time.monotonic()
        time.sleep(seconds)
        minutes = (time.monotonic() - began) / 60
        used = {n: (cpu_of(tree(roots)) - before[n]) / minutes for n, roots in trees.items()}
        writer.wait()
    both = used["recorder"] + used["screen"]
    print(f"{rate:,} lines/s: {both:.2f} CPU s/min, {verdict(both, COST)}")
    for name, cpu in used.items():
        print(f"    {name:<17} {cpu:6.2f} CPU s/min, {cpu / max(both, 1e-9):6.2f} × of both ours")
    return int(rate * (seconds + 6))


class Memory(threading.Thread):
    """The most that recorder and screen took since it began to look."""

    def __init__(self, pids: tuple[int, int]) -> None:
        super().__init__(daemon=True)
        self.before = [pss_of({pid}) for pid in pids]
        self.most = list(self.before)
        self._pids, self._end = pids, threading.Event()

    def run(self) -> None:
        """Look twice a second."""
        while not self._end.wait(0.5):
            self.most = [max(m, pss_of({p})) for m, p in zip(self.most, self._pids, strict=True)]

    def grown(self) -> list[float]:
        """By how much each grew, in MB."""
        self._end.set()
        self.join()
        return [most - before for most, before in zip(self.most, self.before, strict=True)]


def burst(watch: Watch, log: Path, rate: int, seconds: float, before: int) -> None:
    """Nothing may be lost, and no key held up; ``before`` lines are in the log already."""
    times: list[float] = []
    memory = Memory(ours(watch))
    memory.start()
    cpu = [cpu_of({pid}) for pid in ours(watch)]
    tail = Terminal(tail_and_grep(log))
    began = time.monotonic()
    writer = writing(log, rate, seconds)
    while writer.poll() is None:
        times.append(press(watch, "j" if len(times) % 8 < 4 else "k"))
        time.sleep(PAUSE)
    length = time.monotonic() - began
    wanted = before + int(rate * seconds)
    watch.until(f"×{wanted // 100:,} ")  # every hundredth is an error
    late = time.monotonic() - began - length
    used = [cpu_of({pid}) - was for pid, was in zip(ours(watch), cpu, strict=True)]
    beside = {TAIL: cpu_of(tree({tail.process.pid}))}
    tail.close()
    if shutil.which("lnav"):
        beside["lnav -n"] = cpu_of_command(f"lnav -n -c ':filter-in ERROR' {log}")
    p95 = sorted(times)[int(0.95 * len(times))]
    lines = snapshot_of(watch.folder, SystemClock()).signals["errors.lines"]
    assert lines.value == wanted, (lines.value, wanted)
    print(f"burst of {rate:,} lines/s, written in {length:.0f} s: every one of {wanted:,} counted")
    print(
        f"    at_least: {lines.at_least}; shown {late:.1f} s after the last one,",
        end="",
    )
    print(f" {verdict((length + late) / length, CATCH_UP)}")
    print(f"    key to screen p95 {p95:.1f} ms of {len(times)}, {verdict(p95, KEYS)}")
    for name, mb, cpu_s in zip(("recorder", "screen"), memory.grown(), used, strict=True):
        print(f"    {name:<17} memory +{mb:.1f} MB, {verdict(mb, MEMORY)}; {cpu_s:.1f} CPU s")
    for name, cpu_s in beside.items():
        ratio = cpu_s / max(sum(used), 1e-9)
        print(f"    {name:<17} {cpu_s:.1f} CPU s, {ratio:.2f} × of both ours")


def main() -> None:
    """Both, one after the other, in one watch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lines", type=int, default=1000, help="lines a second before the burst")
    parser.add_argument("--burst", type=float, default=60.0, help="seconds of the burst")
    parser.add_argument("--rate", type=int, default=100_000, help="lines a second of the burst")
    options = parser.parse_args()
    print(f"{sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as name:
        backend = Backend(Path(name))
        with watching(Path(name), backend, 5.0) as watch:
            time.sleep(2)
            before = 0
            if options.seconds:
                before = steady(watch, backend.log, options.lines, options.seconds)
            if options.burst:
                burst(watch, backend.log, options.rate, options.burst, before)


if __name__ == "__main__":
    main()
