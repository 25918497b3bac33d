"""What `stagewatch check` itself takes, beside the answers that it waits for.

    .venv/bin/python -m bench.check [--runs 20]

The whole command, from its start to its end, with the shipped profiles on a live demo backend, and
with nothing listening. From the wall time the answer of the slowest probe is taken off, as
``--json`` tells it: probes run side by side. (It holds what our own process kept that answer
waiting, so the whole command is given as well.) Goal: at most 1 s. On a machine that has other
things to do the wall time holds those too, the CPU seconds (of the command alone) do not; a Python
that does nothing stands beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.terminals import profile_text
from stagewatch.demo.run import Backend, demo_profile, start_backend

GOAL = 1.0
"""Seconds of the command without the slowest answer."""


@dataclass(frozen=True)
class Run:
    """One command from its start to its end, in seconds."""

    wall: float
    cpu: float
    slowest: float = 0.0
    """The slowest probe's answer."""
    which: str = ""
    """That probe."""
    ready: bool = False
    probes: int = 0

    @property
    def own(self) -> float:
        """What is ours."""
        return self.wall - self.slowest


def timed(command: Sequence[str], place: Path) -> tuple[float, float, str]:
    """Wall and CPU seconds of a command, and what it says on standard output."""
    environment = {**os.environ, "XDG_STATE_HOME": str(place / "state")}
    said = place / "said"
    with said.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, env=environment, cwd=place
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), process.returncode
    return wall, usage.ru_utime + usage.ru_stime, said.read_text()


def checked(profile: Path) -> Run:
    """One check."""
    program = str(Path(sys.executable).with_name("stagewatch"))
    command = [program, "check", "--profile", str(profile), "--json"]
    wall, cpu, said = timed(command, profile.parent)
    told = json.loads(said)
    took = {name: probe["took_ms"] / 1000 for name, probe in told["probes"].items()}
    which = max(took, key=lambda name: took[name])
    return Run(wall, cpu, took[which], which, told["ready"], len(took))


def report(what: str, runs: Sequence[Run]) -> None:
    """A line a figure: best, median, worst."""
    first = runs[0]
    print(f"{what}: {first.probes} probes, {'ready' if first.ready else 'not ready'}")
    for name, values in (
        ("whole command", [run.wall for run in runs]),
        (f"slowest answer ({first.which})", [run.slowest for run in runs]),
        ("without it", [run.own for run in runs]),
        ("CPU", [run.cpu for run in runs]),
    ):
        print(f"  {name:<28} {figures(values)}")
    median = statistics.median(run.own for run in runs)
    print(f"  goal {GOAL:g} s: {'met' if median <= GOAL else 'MISSED'} (median without it)")


def figures(values: Sequence[float]) -> str:
    """Best, median, worst."""
    best, middle, worst = min(values), statistics.median(values), max(values)
    return f"best {best:6.3f}  median {middle:6.3f}  max {worst:6.3f} s"


def profiles(place: Path, backend: Backend) -> dict[str, Path]:
    """The shipped profiles, asking this backend."""
    found = {}
    for name, text in (
        ("staging", profile_text(backend, 0.0)),
        ("demo", demo_profile(backend)),
    ):
        found[name] = place / f"{name}.toml"
        found[name].write_text(text)
    return found


def main() -> None:
    """Start a backend, check; end it, check again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    count = parser.parse_args().runs
    load = os.getloadavg()[0]
    print(f"{sys.version.split()[0]}, {os.cpu_count()} cores, load {load:.1f}, {count} runs each")
    with tempfile.TemporaryDirectory(prefix="bench-check-") as folder:
        place = Path(folder)
        bare = [timed([sys.executable, "-c", "pass"], place) for _ in range(count)]
        print("a Python that does nothing")
        print(f"  {'whole command':<28} {figures([wall for wall, _, _ in bare])}")
        print(f"  {'CPU':<28} {figures([cpu for _, cpu, _ in bare])}")
        backend = start_backend(place / "backend")
        try:
            named = profiles(place, backend)
            for name, profile in named.items():
                report(f"{name}, a live backend", [checked(profile) for _ in range(count)])
        finally:
            backend.stop()
        for name, profile in named.items():
            report(f"{name}, nothing listening", [checked(profile) for _ in range(count)])


if __name__ == "__main__":
    main()
