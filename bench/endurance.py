"""Memory after a day: the recorder and the screen over 24 h of 1 s readings, in minutes.

Run by hand: ``.venv/bin/python -m bench.endurance [--hours 24] [--minutes 4] [--soak 60]``.

Both are the real programs with another clock. The recorder is ``stagewatch.recorder.main.record``
on an event loop that jumps to its next timer instead of waiting for it; every probe of the staging
profile is opened and read once for real, so that all is loaded that a recorder loads, and then
replaced by one that answers at once with such a reading, with jitter, a failure in 500, and log
lines. Whenever a simulated second is over, all of it is committed. The screen is ``stagewatch
--session`` in a pseudo-terminal of 120×40; its clock is the recorder's, read from shared memory.
It looks as often as it can, to make up for a day's looks in minutes; ``--soak`` goes on with that
after the day, at a fiftieth of the speed, to tell growth by snapshots from growth by readings.

PSS divides what is shared with other Python processes; RSS beside it does not.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench._day import Shared, SharedClock
from bench.ptyrun import Terminal
from bench.terminals import profile_text
from stagewatch.demo.hooks import write_hooks
from stagewatch.demo.run import start_backend
from stagewatch.recorder.launch import start_session

GOALS = {"recorder": 35.0, "screen": 50.0}
"""MB of PSS."""
FLAT = 0.5
"""MB that may come on top in the last half of the day."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory in MB."""

    hour: float
    snapshots: int
    pss: dict[str, float]
    rss: dict[str, float]


def memory(pid: int) -> tuple[float, float]:
    """(PSS, RSS) of a process in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
    return sizes["Pss:"] / 1024, sizes["Rss:"] / 1024


def take(hour: float, shared: Shared, pids: dict[str, int]) -> Sample:
    """Both processes at one moment, printed."""
    sizes = {name: memory(pid) for name, pid in pids.items()}
    told = "".join(
        f"{f'{name} PSS':>17}{pss:7.2f}  RSS{rss:7.2f}" for name, (pss, rss) in sizes.items()
    )
    print(f"{hour:6.1f} h {shared.snapshots:8} snapshots{told}", flush=True)
    return Sample(
        hour,
        shared.snapshots,
        {name: pss for name, (pss, _) in sizes.items()},
        {name: rss for name, (_, rss) in sizes.items()},
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line that fits best."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    below = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / below if below else 0.0


def watch_day(shared: Shared, start: float, hours: float, pids: dict[str, int]) -> list[Sample]:
    """A sample a simulated hour."""
    samples = []
    for hour in range(1, int(hours) + 1):
        while shared.now < start + 3600 * hour:
            time.sleep(0.02)
        samples.append(take(hour, shared, pids))
    return samples


def watch_soak(shared: Shared, start: float, seconds: float, pids: dict[str, int]) -> list[Sample]:
    """Samples while only snapshots are added."""
    samples = []
    for _ in range(int(seconds / 10)):
        time.sleep(10)
        samples.append(take((shared.now - start) / 3600, shared, pids))
    return samples


def verdict(day: Sequence[Sample], soak: Sequence[Sample]) -> None:
    """The figures against the goals."""
    half = [sample for sample in day if sample.hour >= day[-1].hour / 2]
    span = half[-1].hour - half[0].hour
    for name, goal in GOALS.items():
        pss, rss = day[-1].pss[name], day[-1].rss[name]
        more = span * slope([(sample.hour, sample.rss[name]) for sample in half])
        highest = max(sample.pss[name] for sample in day)
        steady = "flat" if more <= FLAT else "GROWS"
        print(
            f"{name:9} PSS {pss:5.1f} MB (highest {highest:.1f}, RSS {rss:.1f}), goal {goal:g}:"
            f" {'holds' if highest <= goal else 'MISSED'};"
            f" RSS slope {more:+.2f} MB over the last {span:g} h: {steady}"
        )
    if len(soak) > 1:
        points = [(sample.snapshots / 1000, sample.rss["screen"]) for sample in soak]
        print(f"screen    RSS {slope(points):+.3f} MB per 1,000 snapshots in the soak")


def new_session(place: Path, hours: float, start: float) -> tuple[Path, Callable[[], None]]:
    """A session of the staging profile with readings every second, and how to end its backend."""
    shared = Shared(place / "clock")
    shared.now = start
    backend = start_backend(place)
    profile = place / "endurance.toml"
    text, over = profile_text(backend, 1.0, None), f"{max(24, hours) + 2:g}"
    text = text.replace('"24h"', f'"{over}h"').replace("[18, 24]", f"[18, {over}]")
    profile.write_text(text)
    write_hooks(profile.parent)
    home = place / "state" / "stagewatch" / "sessions"
    folder = start_session(profile, home=home, operator="bench", clock=SharedClock(shared))
    return folder, backend.stop


def ours(role: str, folder: Path, shared: Path, options: argparse.Namespace) -> list[str]:
    """The command of one of the two processes."""
    amounts = [str(options.hours), str(options.minutes)]
    return [sys.executable, "-m", "bench._day", role, str(folder), str(shared), *amounts]


def run(place: Path, options: argparse.Namespace) -> None:
    """Both processes through the day."""
    start = float(int(time.time() - 3600 * options.hours))
    folder, stop_backend = new_session(place, options.hours, start)
    shared = Shared(place / "clock")
    homes = {"XDG_STATE_HOME": str(place / "state"), "XDG_CONFIG_HOME": str(place / "config")}
    recorder = subprocess.Popen(
        ours("recorder", folder, place / "clock", options), stdout=subprocess.PIPE, text=True
    )
    screen: Terminal | None = None
    try:
        assert recorder.stdout is not None
        ready = recorder.stdout.readline().strip()
        if not ready:
            raise SystemExit("the recorder did not start")
        print(ready)
        stop_backend()
        while shared.now < start + 5:
            time.sleep(0.01)
        screen = Terminal(ours("screen", folder, place / "clock", options), env=homes)
        screen.until("q quit")
        pids = {"recorder": recorder.pid, "screen": screen.process.pid}
        began = time.monotonic()
        day = watch_day(shared, start, options.hours, pids)
        print(f"the day took {time.monotonic() - began:.0f} s; now a soak of {options.soak:g} s")
        soak = watch_soak(shared, start, options.soak, pids)
        screen.close()
        pss, rss = memory(recorder.pid)
        verdict(day, soak)
        print(f"recorder  PSS {pss:.1f} MB once the screen is gone (RSS {rss:.1f})")
    except ProcessLookupError:
        raise SystemExit(f"a process has ended:\n{screen.text() if screen else ''}") from None
    finally:
        if screen is not None:
            screen.close()
        recorder.send_signal(signal.SIGTERM)
        recorder.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--minutes", type=float, default=4, help="that the day takes at least")
    parser.add_argument("--soak", type=float, default=60, help="seconds")
    options = parser.parse_args()
    print(f"{sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as place:
        run(Path(place), options)


if __name__ == "__main__":
    main()
