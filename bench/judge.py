"""What judging costs: a day of the staging profile, and a day of readings every second.

Run by hand: ``.venv/bin/python bench/judge.py [--profile staging] [--hours 24]``. The readings are
fabricated, with noise in memory and latency, and only the judge is timed: all criteria of the
profile, at every reading and at every minute. Judging a day at the profile's own intervals has to
stay below two seconds; at one second, a reading has to cost after a day what it cost after an hour.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from stagewatch.judge.engine import Engine
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import Reading
from stagewatch.probes import InstalledKinds, signals_of
from stagewatch.profile.find import find_profile
from stagewatch.profile.load import load
from stagewatch.profile.schema import Profile
from stagewatch.profile.values import Duration
from stagewatch.trials.fabricate import readings_of
from stagewatch.trials.schema import Expectation, Series, Trial

START = 1_757_080_432.0
GOAL_S, GOAL_RATIO = 2.0, 1.2
NOISE = {"latency": 0.25, "rss": 0.01}
CHUNK = 5000
"""Readings that are fabricated before their judging is timed."""
STRETCH = 20 * 60.0
"""Seconds of data over which the cost of a reading is taken."""


def readings(profile: Profile, hours: float, every: float | None) -> Iterator[Reading]:
    """A healthy day; ``every`` instead of each probe's own interval."""
    random.seed(1)
    paced = [] if every is None else [
        Series(probe=name, every=Duration(every)) for name in profile.probe
    ]  # fmt: skip
    trial = Trial(name="bench", others="healthy", readings=paced, expect=[Expectation()])
    for reading in readings_of(profile, trial, WatchTime(START), hours * 3600):
        yield replace(reading, values={n: noisy(n, v) for n, v in reading.values.items()})


def noisy(signal: str, value: float) -> float:
    noise = NOISE.get(signal.rpartition(".")[2])
    return value if noise is None else value * max(0.1, random.gauss(1.0, noise))


def engine_for(profile: Profile) -> Engine:
    units = {name: signal.unit for name, signal in signals_of(profile.probe).items()}
    return Engine(profile, WatchTime(START), float(profile.deployment.window), units=units)


def whole(profile: Profile, hours: float) -> None:
    """A day at the profile's own intervals."""
    day = list(readings(profile, hours, None))
    took = []
    for _ in range(3):
        engine = engine_for(profile)
        began = time.process_time()
        for reading in day:
            engine.take(reading)
        engine.pass_time(START + hours * 3600)
        took.append(time.process_time() - began)
    best = min(took)
    cost = 1e6 * best / len(day)
    print(f"{hours:g} h at the profile's intervals: {len(day)} readings in {best:.2f} s", end="")
    print(f", {cost:.0f} µs a reading (goal: under {GOAL_S:g} s)")


def dense(profile: Profile, hours: float, every: float) -> None:
    """A day of readings every second: the cost of one early and late, and the memory."""
    engine = engine_for(profile)
    source = readings(profile, hours, every)
    spent: dict[int, list[float]] = {}
    before = early = rss()
    while chunk := list(islice(source, CHUNK)):
        began = time.process_time()
        for reading in chunk:
            engine.take(reading)
        cost = (time.process_time() - began) / len(chunk)
        spent.setdefault(int((chunk[-1].at - START) // STRETCH), []).append(cost)
        if chunk[-1].at - START < 3600:
            early = rss()
    stretches = {number: 1e6 * sum(c) / len(c) for number, c in spent.items()}
    first = stretches[min(int(3600 // STRETCH), max(stretches))]
    last = stretches[max(stretches)]
    print(f"{hours:g} h, every probe each {every:g} s: {first:.0f} µs a reading after 1 h,", end="")
    print(f" {last:.0f} µs after {hours:g} h, ratio {last / first:.2f} (goal: about 1)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"memory: {before:.1f} MB before, {early:.1f} after 1 h, {rss():.1f} after {hours:g} h,",
        end="",
    )
    print(f" peak {peak:.1f}")


def rss() -> float:
    """Resident memory of this process in MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="staging")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--skip-dense", action="store_true", help="only the profile's intervals")
    chosen = parser.parse_args()
    profile = load(find_profile(chosen.profile, environ=os.environ), InstalledKinds())
    # The dense day first, so that the peak is its own.
    if not chosen.skip_dense:
        dense(profile, chosen.hours, chosen.every)
    whole(profile, chosen.hours)


if __name__ == "__main__":
    main()
