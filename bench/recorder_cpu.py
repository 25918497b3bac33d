"""What the recorder alone costs beside the commands of the four terminals, in the same minutes.

Run by hand: ``.venv/bin/python -m bench.recorder_cpu [--seconds 60]``. A demo backend answers.
While a recorder runs, each command of the manifest runs in a loop at the same interval, and both
are counted over the same stretch: the recorder by its scheduler statistics, the commands by what
``wait4`` says of them. The loop around the commands, which stands for ``watch``, is not counted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.terminals import cpu_of, profile_text, pss_of
from stagewatch.clock import SystemClock
from stagewatch.demo.run import Backend, start_backend
from stagewatch.recorder.launch import ensure_recorder, start_session, stop_recorder

SETTLE = 5.0
MANIFEST = (30.0, 60.0, 30.0)


@dataclass
class Command:
    """A shell command that is run again and again, and what it has cost."""

    text: str
    every: float
    spent: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Run it at its interval until stopped, as ``watch`` does."""
        while True:
            self.spent += cost_of(["sh", "-c", self.text])
            if self._stop.wait(self.every):
                return

    def stop(self) -> None:
        self._stop.set()


def cost_of(argv: Sequence[str], ends_after: float | None = None) -> float:
    """CPU seconds of a command and of all that it waits for."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if ends_after is not None:
        time.sleep(ends_after)
        process.terminate()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def commands(backend: Backend, every: Sequence[float]) -> list[Command]:
    """The manifest's polling commands; the fourth terminal is ``tail -f``."""
    texts = (
        f"curl -s {backend.url}/health",
        "ps aux | grep python3 | grep backend",
        rf"curl -s -w '\nTime: %{{time_total}}s\n' {backend.url}/api/quota/status",
    )
    return [Command(text, interval) for text, interval in zip(texts, every, strict=True)]


def side_by_side(
    folder: Path, backend: Backend, every: Sequence[float], seconds: float
) -> tuple[float, float, float]:
    """CPU seconds a minute of (the recorder, the four commands), and the recorder's PSS in MB."""
    recorder = ensure_recorder(folder)
    assert recorder.pid is not None, recorder.problem
    time.sleep(SETTLE)
    loops = commands(backend, every)
    threads = [threading.Thread(target=loop.run) for loop in loops]
    began, before = time.monotonic(), precise_cpu(recorder.pid)
    for thread in threads:
        thread.start()
    tail = cost_of(["tail", "-f", str(backend.log)], ends_after=seconds)
    spent, minutes = precise_cpu(recorder.pid) - before, (time.monotonic() - began) / 60
    memory = pss_of({recorder.pid})
    for loop in loops:
        loop.stop()
    for thread in threads:
        thread.join()
    stop_recorder(folder)
    return spent / minutes, (tail + sum(loop.spent for loop in loops)) / minutes, memory


def precise_cpu(pid: int) -> float:
    """CPU seconds of all threads of a process, in nanoseconds where the kernel tells them."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except FileNotFoundError:
        return cpu_of({pid})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    print(f"{sys.version.split()[0]}, {os.cpu_count()} cores, {seconds:g} s each")
    with tempfile.TemporaryDirectory() as place:
        backend = start_backend(Path(place))
        try:
            for name, every, step in (
                ("every 5 s", (5.0, 5.0, 5.0), 5.0),
                ("manifest", MANIFEST, 0.0),
            ):
                profile = Path(place) / f"{name.replace(' ', '-')}.toml"
                profile.write_text(profile_text(backend, step))
                folder = start_session(
                    profile, home=Path(place) / "state", operator="bench", clock=SystemClock()
                )
                ours, theirs, memory = side_by_side(folder, backend, every, seconds)
                print(
                    f"  {name:10}  recorder {ours:6.3f} CPU s/min  four commands {theirs:6.3f}"
                    f"  ratio {ours / max(theirs, 1e-9):5.2f}  PSS {memory:5.1f} MB"
                )
        finally:
            backend.stop()


if __name__ == "__main__":
    main()
