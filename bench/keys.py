"""How long it takes from a key to the screen: while nothing happens, and while a log is flooded.

Run by hand: ``.venv/bin/python -m bench.keys [--presses 200] [--lines 10000]``. The real program
runs in a pseudo-terminal of 120×40 with its recorder on the staging profile. A time ends with the
first bytes that draw in the checklist, in which the keys move the cursor; what the clock and the
log draw does not count. The flood is written by a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.fault_to_screen import Backend, Watch, watching

CHECKLIST = (3, 79)
"""The first row and column of the checklist at 120×40."""
_MOVE = re.compile(rb"\x1b\[(\d+);(\d+)H")
FLOOD = """
import sys, time
path, rate = sys.argv[1], int(sys.argv[2])
line = "2026-01-01 00:00:00,000 INFO     [sync] workspace %d synced\\n"
number, began = 0, time.monotonic()
with open(path, "a", buffering=1 << 16) as file:
    while True:
        due = int((time.monotonic() - began) * rate)
        file.writelines(line % n for n in range(number, due))
        file.flush()
        number = due
        time.sleep(0.01)
"""


def drawn_in_checklist(data: bytes) -> bool:
    """Whether these bytes draw there."""
    row, column = CHECKLIST
    return any(int(m[1]) >= row and int(m[2]) >= column for m in _MOVE.finditer(data))


def press(watch: Watch, key: str) -> float:
    """Milliseconds from this key to the bytes that it caused."""
    terminal = watch.terminal
    before = terminal.bytes
    began = time.perf_counter()
    terminal.press(key)
    while True:
        new = terminal.bytes - before
        if new and drawn_in_checklist(terminal.tail[-new:]):
            return 1000 * (time.perf_counter() - began)
        if time.perf_counter() - began > 5:
            raise SystemExit(f"the key {key} had no effect:\n{terminal.text()}")
        time.sleep(0.0002)


def presses(watch: Watch, count: int) -> list[float]:
    """The times of so many keys, up and down in turns."""
    times = []
    for index in range(count):
        times.append(press(watch, "j" if index % 8 < 4 else "k"))
        time.sleep(0.05)
    return times


@contextlib.contextmanager
def flood(log: Path, rate: int) -> Iterator[None]:
    """Lines appended at this rate by another process."""
    process = subprocess.Popen([sys.executable, "-c", FLOOD, str(log), str(rate)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def report(name: str, times: list[float], goal: float) -> None:
    """Median and p95 against the goal."""
    ordered = sorted(times)
    p95 = ordered[int(0.95 * len(ordered))]
    print(
        f"key to screen, {name:24} median {statistics.median(ordered):5.1f} ms, p95 {p95:5.1f},"
        f" max {ordered[-1]:5.1f}  of {len(ordered)}; goal p95 {goal:.0f}:"
        f" {'holds' if p95 <= goal else 'MISSED'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--lines", type=int, default=10_000, help="lines a second of the flood")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as name:
        backend = Backend(Path(name))
        with watching(Path(name), backend, 5.0) as watch:
            time.sleep(2)
            report("idle", presses(watch, options.presses), 25)
            with flood(backend.log, options.lines):
                time.sleep(2)
                size, began = backend.log.stat().st_size, time.monotonic()
                report(f"{options.lines:,} lines/s", presses(watch, options.presses), 50)
                written = backend.log.stat().st_size - size
            seconds = time.monotonic() - began
            print(f"written meanwhile: {written / 62 / seconds:,.0f} lines/s")


if __name__ == "__main__":
    main()
