"""Made-up days of memory: all that is no leak, and leaks of every speed, open and hidden."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.judge.traces import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Make,
    Sampling,
    Trace,
    Wander,
    some_sampling,
)

MIB = 2.0**20
EVERY = 60.0
Curve = Callable[[float], float]
"""Seconds → share of the usual level."""


@dataclass
class Process:
    """A process between two times of the watch; ``level`` of (time of the watch, age)."""

    start: float
    end: float
    level: Callable[[float, float], float]
    noise: Wander
    base: float
    pid: int


def memory(
    random: Random,
    processes: list[Process],
    sampling: Sampling,
    onset: float | None = None,
    within: float = 0.0,
) -> Trace:
    """A day of these processes; a leak has to be found ``within`` seconds of its ``onset``."""
    rows: list[tuple[float, float | None, dict[str, str]]] = []
    for t in sampling.times(random):
        for process in processes:
            if process.start <= t < process.end:
                rss = process.base * process.level(t, t - process.start)
                rss *= 1 + process.noise.at(t)
                value = None if random.random() < sampling.empty else float(round(rss))
                rows.append((t, value, {"proc": f"{process.pid}@{START + process.start:.0f}"}))
    fail_by = None if onset is None else min(DAY, onset + within)
    return Trace("memory", sampling.interval, rows, {"limit_pct_per_hour": 10.0}, onset, fail_by)


def noise(random: Random, share: float = 1.0) -> Wander:
    """Up to what the labelled traces have, and longer."""
    return Wander(
        random,
        slow=share * random.uniform(0, 0.025),
        tau=random.uniform(2 * MINUTE, 15 * MINUTE),
        white=share * random.uniform(0.003, 0.015),
    )


def fill(random: Random, tau: float | None = None, amount: float | None = None) -> Curve:
    """Age → level: caches fill up to the usual level in the warm-up."""
    tau = tau or random.uniform(3 * MINUTE, 9 * MINUTE)
    amount = random.uniform(0.1, 0.8) if amount is None else amount
    return lambda age: 1 - amount / (1 + amount) * math.exp(-age / tau)


def sawtooth(random: Random, height: float) -> Curve:
    """What garbage comes and goes, with a period of up to 65 minutes that varies."""
    period = random.uniform(5 * MINUTE, 65 * MINUTE)
    vary = random.uniform(0, 0.1)
    edges = [-random.uniform(0, period)]
    while edges[-1] < DAY:
        edges.append(edges[-1] + min(65 * MINUTE, period * random.uniform(1 - vary, 1 + vary)))
    return lambda t: height * (t - edges[bisect_right(edges, t) - 1]) / period


def cycle(random: Random, low: float, high: float) -> Curve:
    """A day's load."""
    height, phase = random.uniform(low, high), random.uniform(0, 2 * math.pi)
    return lambda t: height * math.sin(2 * math.pi * t / DAY + phase)


def ramp(t: float, start: float, length: float) -> float:
    """From 0 to 1."""
    return min(1.0, max(0.0, (t - start) / length))


def born(random: Random) -> float:
    """A start before the watch, with it, or a little later."""
    choices = (0.0, -random.uniform(0, HOUR), -random.uniform(HOUR, 5 * DAY))
    return random.choice((*choices, random.uniform(0, 30 * MINUTE)))


def one(
    random: Random,
    curve: Curve,
    *,
    filling: Curve | None = None,
    start: float | None = None,
    quiet: float = 1.0,
) -> Trace:
    """A healthy day of one process that fills its caches and then follows ``curve``."""
    full = filling or fill(random)
    process = Process(
        born(random) if start is None else start,
        DAY,
        lambda t, age: full(age) + curve(t),
        noise(random, quiet),
        random.uniform(80, 4000) * MIB,
        random.randint(2, 30000),
    )
    return memory(random, [process], some_sampling(random, EVERY))


def flat(random: Random) -> Trace:
    spikes = [
        (at, at + random.uniform(MINUTE, 10 * MINUTE), random.uniform(0.05, 0.6))
        for at in (random.uniform(0, DAY) for _ in range(random.randint(0, 6)))
    ]
    return one(random, lambda t: sum(high for a, b, high in spikes if a <= t < b))


def slow_fill(random: Random) -> Trace:
    tau, amount = random.uniform(9 * MINUTE, 13 * MINUTE), random.uniform(0.2, 0.6)
    return one(random, lambda t: 0.0, filling=fill(random, tau, amount), start=0.0)


def steps(random: Random) -> Trace:
    found, at = [], random.uniform(0, 4 * HOUR)
    while at < DAY:
        found.append((at, random.uniform(0.02, 0.15), random.uniform(1, 10 * MINUTE)))
        at += random.uniform(1.5, 8) * HOUR
    return one(random, lambda t: sum(high * ramp(t, at, long) for at, high, long in found))


def big_step(random: Random) -> Trace:
    at, high = random.uniform(0, 23 * HOUR), random.uniform(0.2, 1.0)
    long = random.uniform(1, 15 * MINUTE)
    return one(random, lambda t: high * ramp(t, at, long))


def two_steps(random: Random) -> Trace:
    at = random.uniform(0, 20 * HOUR)
    then = at + random.uniform(20 * MINUTE, 90 * MINUTE)
    one_high, two_high = random.uniform(0.05, 0.2), random.uniform(0.05, 0.2)
    return one(random, lambda t: one_high * (t > at) + two_high * (t > then))


def teeth(random: Random) -> Trace:
    return one(random, sawtooth(random, random.uniform(0.03, 0.35)), quiet=0.6)


def day_cycle(random: Random) -> Trace:
    return one(random, cycle(random, 0.05, 0.18))


def teeth_and_cycle(random: Random) -> Trace:
    up, down = sawtooth(random, random.uniform(0.03, 0.2)), cycle(random, 0.03, 0.12)
    return one(random, lambda t: up(t) + down(t))


def regrowth(random: Random) -> Trace:
    """Freed by a full collection, and grown back to the old level."""
    drops, at = [], random.uniform(1, 8) * HOUR
    while at < DAY:
        drops.append((at, random.uniform(0.1, 0.4), random.uniform(0.08, 0.5)))
        at += random.uniform(3, 10) * HOUR

    def below(t: float) -> float:
        left = (depth - rate * (t - at) / HOUR for at, depth, rate in drops if t >= at)
        return -sum(max(0.0, depth) for depth in left)

    return one(random, below)


def slow_growth(random: Random) -> Trace:
    """Up to 7 %/h, which is below the limit."""
    rate = random.uniform(0, 0.07)
    return one(random, lambda t: rate * t / HOUR)


def restarts(random: Random) -> Trace:
    """Healthy lives of 20 minutes to 6 hours; the short ones are a crash loop."""
    base, at = random.uniform(80, 4000) * MIB, -random.uniform(0, HOUR)
    usual = random.uniform(20 * MINUTE, 6 * HOUR)
    tau, amount = random.uniform(3 * MINUTE, 10 * MINUTE), random.uniform(0.1, 0.8)
    processes: list[Process] = []
    while at < DAY:
        end = at + usual * random.uniform(0.8, 1.2)
        full, pid = fill(random, tau, amount), 100 + 37 * len(processes)
        processes.append(Process(at, end, _filled(full), noise(random), base, pid))
        at = end + random.uniform(1, 30)
    return memory(random, processes, some_sampling(random, EVERY))


def _filled(full: Curve) -> Callable[[float, float], float]:
    return lambda t, age: full(age)


def _workers(random: Random, count: int) -> list[Process]:
    found = []
    for pid in range(1000, 1000 + count):
        full, saw = fill(random), sawtooth(random, random.uniform(0, 0.2))
        end = DAY if random.random() < 0.7 else random.uniform(1, 23) * HOUR
        found.append(_worker(random, full, saw, end, pid))
    return found


def _worker(random: Random, full: Curve, saw: Curve, end: float, pid: int) -> Process:
    start, base = -random.uniform(0, 2 * HOUR), random.uniform(80, 900) * MIB
    return Process(start, end, lambda t, age: full(age) + saw(t), noise(random), base, pid)


def several(random: Random) -> Trace:
    return memory(random, _workers(random, random.randint(2, 5)), some_sampling(random, EVERY))


HEALTHY: dict[str, Make] = {
    "flat with spikes": flat,
    "slow fill": slow_fill,
    "steps": steps,
    "one big step": big_step,
    "two steps": two_steps,
    "sawtooth": teeth,
    "day cycle": day_cycle,
    "sawtooth and cycle": teeth_and_cycle,
    "regrowth": regrowth,
    "growth to 7 %/h": slow_growth,
    "restarts": restarts,
    "several processes": several,
}

GOALS = {12: 8.0, 17: 4.0, 20: 3.0, 30: 2.5, 50: 2.0}
"""%/h → hours within which such a leak has to be found."""


def leak(random: Random, rate: int, *, late: bool = False, saw: float = 0.0) -> Trace:
    """A leak of ``rate`` % of the baseline per hour, from the start or from later on.

    The baseline is taken when the leak has gone on for half an hour, and perhaps at the top of a
    tooth: the leak is that of the highest baseline there can be.
    """
    share, full = rate / 100, fill(random)
    teeth = sawtooth(random, saw)
    if late:
        start, onset = -random.uniform(0, DAY), random.uniform(HOUR, DAY - GOALS[rate] * HOUR)
    else:
        start = onset = 0.0
        share /= 1 - 0.625 * share
    share *= 1 + saw
    process = Process(
        start,
        DAY,
        lambda t, age: full(age) + teeth(t) + share * max(0.0, t - onset) / HOUR,
        noise(random, 0.6 if saw else 1.0),
        random.uniform(80, 4000) * MIB,
        random.randint(2, 30000),
    )
    return memory(random, [process], Sampling(EVERY), onset, GOALS[rate] * HOUR)


def hidden(random: Random) -> Trace:
    """A leak whose process is restarted every 65 to 150 minutes."""
    base, rate, full = random.uniform(80, 4000) * MIB, random.uniform(0.18, 0.6), fill(random)
    usual, at = random.uniform(65 * MINUTE, 150 * MINUTE), 0.0
    processes: list[Process] = []
    while at < DAY:
        end = at + usual * random.uniform(0.9, 1.1)
        level, pid = _leaking(full, rate), 100 + 37 * len(processes)
        processes.append(Process(at, end, level, noise(random), base, pid))
        at = end + random.uniform(1, 30)
    return memory(random, processes, Sampling(EVERY), 0.0, 9 * HOUR)


def _leaking(full: Curve, rate: float) -> Callable[[float, float], float]:
    return lambda t, age: full(age) + rate * age / HOUR


def one_of_several(random: Random) -> Trace:
    level = _leaking(fill(random), random.uniform(0.24, 0.4))
    leaking = Process(0.0, DAY, level, noise(random), 300 * MIB, 77)
    return memory(random, [leaking, *_workers(random, 3)], Sampling(EVERY), 0.0, 3 * HOUR)


def with_gap(random: Random) -> Trace:
    """20 %/h from the start, with hours absent; three hours without a gap, later, are enough."""
    trace = leak(random, 20)
    at, long = random.uniform(0, 3 * HOUR), random.uniform(5 * MINUTE, 3 * HOUR)
    rows = [row for row in trace.rows if not at <= row[0] < at + long]
    return Trace("memory", EVERY, rows, trace.limits, 0.0, at + long + 3 * HOUR)


def irregular(random: Random) -> Trace:
    process = Process(0.0, DAY, _leaking(fill(random), 0.24), noise(random), 900 * MIB, 5)
    sampling = Sampling(EVERY, irregular=True, empty=0.05)
    return memory(random, [process], sampling, 0.0, 3.5 * HOUR)


def leak_and_teeth(random: Random, rate: int) -> Trace:
    return leak(random, rate, saw=random.uniform(0.03, 0.2))


BAD: dict[str, Make] = {
    **{f"{rate} %/h": partial(leak, rate=rate) for rate in GOALS},
    **{f"{rate} %/h, late": partial(leak, rate=rate, late=True) for rate in GOALS},
    **{f"{rate} %/h, sawtooth": partial(leak_and_teeth, rate=rate) for rate in GOALS},
    "hidden by restarts": hidden,
    "one of several": one_of_several,
    "20 %/h, gap": with_gap,
    "irregular": irregular,
}
