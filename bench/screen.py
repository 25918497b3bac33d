"""What the screen costs, against a bare Textual app in the same run. By hand, on a quiet machine:

python -m bench.screen [--rounds 10] [--seconds 60]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.ptyrun import Terminal

ROOT = Path(__file__).resolve().parents[1]
SKELETON = [sys.executable, str(ROOT / "bench" / "skeleton.py")]


def screen() -> list[str]:
    """The program: the screen over a made-up record."""
    saved = Path(tempfile.mkdtemp(prefix="stagewatch-bench-")) / "saved"
    return [sys.executable, str(ROOT / "tests" / "tui" / "program.py"), str(saved)]


def painted(argv: list[str], text: str) -> float:
    """Seconds from the start to the first frame that shows ``text``."""
    with Terminal(argv) as terminal:
        terminal.until(text)
        return time.monotonic() - terminal.started


def first_paint(rounds: int) -> None:
    """The first whole frame, and the first true values, in turns with the skeleton."""
    bare, ours, true = [], [], []
    for _ in range(rounds):
        bare.append(painted(SKELETON, "q quit"))
        ours.append(painted(screen(), "q quit"))
        true.append(painted(screen(), "512 MiB"))
    for name, times in (("bare", bare), ("ours", ours), ("true values", true)):
        middle, least = 1000 * statistics.median(times), 1000 * min(times)
        print(f"first paint     {name:11} median {middle:4.0f} ms, least {least:4.0f}")
    ratio = statistics.median(ours) / statistics.median(bare)
    print(f"                ratio {ratio:.2f}, of the least {min(ours) / min(bare):.2f}; goal 1.15")


def idle(seconds: float) -> None:
    """Nothing changes but the clock."""
    for name, argv, text in (("bare", SKELETON, "q quit"), ("ours", screen(), "512 MiB")):
        with Terminal(argv) as terminal:
            terminal.until(text)
            time.sleep(2)
            cpu, sent = terminal.cpu_exact(), terminal.bytes
            time.sleep(seconds)
            cpu, sent = terminal.cpu_exact() - cpu, terminal.bytes - sent
            rss, pss = terminal.memory()
        print(
            f"idle {name}       {60 * cpu / seconds:.3f} CPU s/min, {sent / seconds:.0f} B/s, "
            f"RSS {rss:.1f} MiB, PSS {pss:.1f} MiB"
        )
    print("                goals 0.2 CPU s/min, 250 B/s, PSS 50 MiB")


def keys(presses: int) -> None:
    """From a key to the first byte that it caused."""
    took = []
    with Terminal(screen()) as terminal:
        terminal.until("512 MiB")
        time.sleep(1)
        for index in range(presses):
            before = terminal.bytes
            begun = time.perf_counter()
            terminal.press("k" if index % 8 < 4 else "j")
            while terminal.bytes == before and time.perf_counter() - begun < 1:
                time.sleep(0.0002)
            took.append(1000 * (time.perf_counter() - begun))
            time.sleep(0.05)
    took.sort()
    print(
        f"key to screen   median {statistics.median(took):.1f} ms, "
        f"p95 {took[int(0.95 * len(took))]:.1f} ms; goal p95 25"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--keys", type=int, default=200)
    options = parser.parse_args()
    first_paint(options.rounds)
    idle(options.seconds)
    keys(options.keys)


if __name__ == "__main__":
    main()
