"""Made-up days of latency, WebSockets, the database's pool and logs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

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

Spells = list[tuple[float, float, float]]
"""(start, end, how bad)."""


def spells(random: Random, apart: float, longest: float, low: float, high: float) -> Spells:
    """Short disturbances, at least ``apart`` seconds from one another."""
    found, at = [], random.uniform(0, 6 * HOUR)
    while at < DAY:
        found.append((at, at + random.uniform(0, longest), random.uniform(low, high)))
        at += apart + random.expovariate(1 / (4 * HOUR))
    return found


def within(found: Spells, t: float) -> tuple[float, float, float] | None:
    """The disturbance at ``t``."""
    return next((spell for spell in found if spell[0] <= t < spell[1]), None)


# --- latency ------------------------------------------------------------------------------------

TIMEOUT = 10_000.0
LATENCY = 30.0


def latency(
    random: Random,
    mean: Callable[[float], float],
    sampling: Sampling,
    *,
    timeouts: Callable[[float], float] = lambda t: 0.0,
    spread: float | None = None,
) -> Trace:
    """A day of log-normal milliseconds with these means and shares of timeouts."""
    sigma = random.uniform(0.2, 0.6) if spread is None else spread
    wander = Wander(random, slow=0.08, tau=5 * MINUTE, white=0.0)
    errors = random.choice((0.0, 0.0, 0.03))
    rows: list[tuple[float, float | None, dict[str, Any]]] = []
    for t in sampling.times(random):
        ms = mean(t) * (1 + wander.at(t)) * random.lognormvariate(-sigma * sigma / 2, sigma)
        if random.random() < errors:
            rows.append((t, random.uniform(1, 30), {"status": "error"}))
        elif random.random() < timeouts(t) or ms >= TIMEOUT:
            rows.append((t, None, {"status": "timeout"}))
        else:
            rows.append((t, round(ms, 2), {"status": "ok"}))
    limits = {"limit_ms": 500.0, "timeout_ms": TIMEOUT}
    return Trace("latency", sampling.interval, rows, limits)


def quick(random: Random) -> Trace:
    """Fast, with disturbances of up to five minutes and any size, and a few timeouts."""
    usual, lost = random.uniform(80, 300), random.uniform(0, 0.004)
    bad = spells(random, HOUR, 5 * MINUTE, 2, 80)

    def mean(t: float) -> float:
        spell = within(bad, t)
        return usual * (spell[2] if spell else 1 + 0.2 * math.sin(2 * math.pi * t / DAY))

    return latency(random, mean, some_sampling(random, LATENCY), timeouts=lambda t: lost)


def nearly_slow(random: Random) -> Trace:
    """430 ms on average is not slow."""
    usual = random.uniform(300, 430)
    return latency(random, lambda t: usual, some_sampling(random, LATENCY))


SLOW = {1200: 20.0, 750: 30.0, 600: 120.0}
"""ms on average → minutes within which it has to be found."""


def slow(random: Random, ms: int) -> Trace:
    usual, onset = random.uniform(80, 300), random.uniform(10 * MINUTE, 21 * HOUR)
    sampling = replace(some_sampling(random, LATENCY), absent=[])
    if sampling.interval > 30 or sampling.irregular:
        sampling = Sampling(LATENCY)
    trace = latency(
        random, lambda t: ms if t >= onset else usual, sampling, spread=random.uniform(0.2, 0.6)
    )
    return replace(trace, onset=onset, fail_by=onset + SLOW[ms] * MINUTE)


def timing_out(random: Random) -> Trace:
    """One probe in eight, or more, times out; the others are as fast as ever."""
    usual, onset = random.uniform(80, 250), random.uniform(10 * MINUTE, 20 * HOUR)
    share = random.uniform(0.12, 0.5)
    trace = latency(
        random,
        lambda t: usual,
        Sampling(LATENCY),
        timeouts=lambda t: share if t >= onset else 0.0,
    )
    return replace(trace, onset=onset, fail_by=onset + 2 * HOUR)


# --- sockets ------------------------------------------------------------------------------------

SOCKETS = 30.0


def sockets(random: Random, orphans: Callable[[float], float], sampling: Sampling) -> Trace:
    """A day of counts with the noise of two counters that are not read at once."""
    skew = random.uniform(1, 4)
    rows: list[tuple[float, float | None, dict[str, Any]]] = []
    for t in sampling.times(random):
        count = round(orphans(t) + random.gauss(0, skew))
        value = None if random.random() < sampling.empty else float(count)
        rows.append((t, value, {"open": 300 + max(0, count)}))
    return Trace("websocket", sampling.interval, rows, {"limit_orphans": 100.0})


def storms(random: Random) -> Trace:
    """Mass reconnects, up to five minutes above the limit."""
    usual = random.uniform(0, 80)
    bad = spells(random, 15 * MINUTE, 5 * MINUTE, 150, 900)

    def orphans(t: float) -> float:
        spell = within(bad, t)
        if spell is None:
            return usual
        left = (spell[1] - t) / max(1.0, spell[1] - spell[0])
        return 110 + (spell[2] - 110) * left

    return sockets(random, orphans, some_sampling(random, SOCKETS))


def socket_leak(random: Random) -> Trace:
    """Slow or all at once; found ten minutes after even the noise stays above the limit."""
    usual, start = random.uniform(0, 30), random.uniform(0, 12 * HOUR)
    rate = math.exp(random.uniform(math.log(12), math.log(2000)))
    trace = sockets(random, lambda t: usual + rate * max(0.0, t - start) / HOUR, Sampling(SOCKETS))
    crossing = start + (100 - usual) / rate * HOUR
    noise = 8 / rate * HOUR
    return replace(
        trace, onset=crossing - 2 * noise, fail_by=crossing + noise + 10 * MINUTE + 2 * SOCKETS
    )


# --- the pool -----------------------------------------------------------------------------------

POOL = 15.0


def pool(
    random: Random,
    busy: Callable[[float], tuple[bool, bool, float]],
    sampling: Sampling,
    *,
    tells_waiting: bool,
    most: int | None = None,
) -> Trace:
    """A day of a pool; ``busy`` says: full, somebody waits, failed acquires per minute. Of these
    there are at most ``most`` within any stretch of nine minutes: five minutes with the samples
    on either side, so that no rule may count more within five."""
    late: deque[tuple[float, int]] = deque()
    size, share = random.choice((5, 20, 80)), random.uniform(0.1, 0.6)
    failed, at = random.randint(0, 3000), 0.0
    starts_anew = random.uniform(0, DAY)
    rows: list[tuple[float, float | None, dict[str, Any]]] = []
    for t in sampling.times(random):
        full, waits, rate = busy(t)
        if at < starts_anew <= t:
            failed = 0
        more = sum(random.random() < rate * (t - at) / MINUTE / 20 for _ in range(20))
        if most is not None:
            while late and late[0][0] <= t - 9 * MINUTE:
                late.popleft()
            more = min(more, most - sum(count for _, count in late))
            late.append((t, more))
        failed += more
        used = size if full else min(size - 1, max(0, round(random.gauss(share, 0.08) * size)))
        waiting = (random.randint(1, 12) if waits else 0) if tells_waiting else None
        value = None if random.random() < sampling.empty else float(used)
        columns = {"max": size, "waiting": waiting, "timeouts_total": failed}
        rows.append((t, value, columns))
        at = t
    return Trace("database", sampling.interval, rows)


def saturations(random: Random) -> Trace:
    """Full for up to 90 s with a queue, or for many minutes without one."""
    queued = spells(random, 10 * MINUTE, 90.0, 0, 1)
    full = spells(random, 30 * MINUTE, 20 * MINUTE, 0, 1)

    def busy(t: float) -> tuple[bool, bool, float]:
        waits = within(queued, t) is not None
        return waits or within(full, t) is not None, waits, 0.7 if waits else 0.0

    return pool(random, busy, some_sampling(random, POOL), tells_waiting=True, most=4)


def exhausted(random: Random, *, tells_waiting: bool) -> Trace:
    """For ten minutes to hours; some acquires fail, many where nothing tells of a queue."""
    onset = random.uniform(0, 23 * HOUR)
    end = onset + random.uniform(10 * MINUTE, 3 * HOUR)
    rate = random.uniform(0.5, 5) if tells_waiting else random.uniform(2, 6)

    def busy(t: float) -> tuple[bool, bool, float]:
        bad = onset <= t < end
        return bad, bad, rate if bad else 0.0

    trace = pool(random, busy, Sampling(POOL), tells_waiting=tells_waiting)
    return replace(trace, onset=onset, fail_by=onset + 6 * MINUTE)


# --- logs ---------------------------------------------------------------------------------------

LOGS = 5.0
HARMLESS = (
    "{iso} INFO     [ci] critical path of build {n} is 41s",
    '{{"ts": "{iso}", "level": "info", "msg": "search", "q": "fatal error recovery guide"}}',
    'time={iso} level=warn msg="panic-rate is {n}" component=rules',
    "{iso} ERROR    [hooks] webhook delivery failed with 500, attempt {n}",
    '{iso} INFO     "GET /docs/CRITICAL/{n} HTTP/1.1" 200',
    "[{iso}] [error] FATAL is only a word here, {n}",
)
CRITICAL = (
    "{iso} CRITICAL [db] gave up after {n} attempts",
    "[{iso}] [emerg] cannot go on, {n}",
    '{{"ts": "{iso}", "level": "fatal", "msg": "event loop blocked", "pid": {n}}}',
    '{{"time": "{iso}", "level": 60, "msg": "out of disk {n}"}}',
    'time={iso} level=panic msg="no more {n}"',
    "panic: runtime error: index out of range [{n}]",
    "\x1b[31m{iso} FATAL\x1b[0m [main] {n}",
    "kernel: [ {n}.000001] Out of memory: Killed process {n} (python3)",
    "Traceback (most recent call last):",
)


def lines(random: Random, critical: float | None) -> Trace:
    """A day of lines; one of them is critical where a time for it is given."""
    rows: list[tuple[float, str, dict[str, Any]]] = []
    t = 0.0
    while (t := t + 2 + random.expovariate(1 / 200)) < DAY:
        rows.append((round(t, 3), _line(random, HARMLESS, t), {"source": "app.log"}))
        if random.random() < 0.02:
            after = {"source": "app.log"}
            rows.append((round(t + 0.5, 3), "Traceback (most recent call last):", after))
    if random.random() < 0.5:
        old = _line(random, CRITICAL[:5], -HOUR * random.uniform(1, 100))
        rows.append((1.5, old, {"source": "app.log"}))
    if critical is not None:
        critical = round(critical, 3)
        rows.append((critical, _line(random, CRITICAL, critical), {"source": "worker.log"}))
    fail_by = None if critical is None else critical + 1
    return Trace("logs", LOGS, sorted(rows, key=lambda row: row[0]), {}, critical, fail_by)


def _line(random: Random, forms: tuple[str, ...], t: float) -> str:
    iso = datetime.fromtimestamp(START + t, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return random.choice(forms).format(iso=iso, n=random.randint(1, 99999))


def harmless(random: Random) -> Trace:
    return lines(random, None)


def critical(random: Random) -> Trace:
    return lines(random, random.uniform(10, DAY - 10))


HEALTHY: dict[str, Make] = {
    "latency: quick": quick,
    "latency: nearly slow": nearly_slow,
    "websocket: storms": storms,
    "database: saturations": saturations,
    "logs: harmless": harmless,
}
BAD: dict[str, Make] = {
    **{f"latency: {ms} ms": partial(slow, ms=ms) for ms in SLOW},
    "latency: timeouts": timing_out,
    "websocket: leak": socket_leak,
    "database: exhausted": partial(exhausted, tells_waiting=True),
    "database: exhausted, unsaid": partial(exhausted, tells_waiting=False),
    "logs: critical": critical,
}
