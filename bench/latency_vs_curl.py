"""Measured latency and CPU of an http probe beside ``curl | jq``, which operators use instead.

    python -m bench.latency_vs_curl [--rounds 100]

Each round asks the same service with both, one directly after the other and in changing order.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import time
from pathlib import Path
from statistics import median, quantiles

from bench._service import service
from stagewatch.clock import SystemClock
from stagewatch.probes import OpenContext, Probe
from stagewatch.probes.http import KIND, Expect, HttpConfig

READ = {"used": "database.pool.in_use", "size": "database.pool.size", "ws": "websocket.open"}
CURL = "curl -s -w '%{{stderr}}%{{time_total}}' {url} | jq '.status, .database.pool.in_use'"


def opened(url: str) -> Probe:
    """A probe as a profile would have it: an expectation and three fields."""
    expect = Expect(json={"status": "healthy"})
    config = HttpConfig(kind="http", url=url, read=READ, expect=expect)
    return KIND.open("health", config, OpenContext(SystemClock(), Path(), 0.0))


async def ours(probe: Probe) -> tuple[float, float]:
    """(latency in ms, CPU in ms) of one reading."""
    began = time.process_time()
    reading = await probe.read()
    cpu = time.process_time() - began
    assert reading is not None
    return reading.values["health.latency"], 1000 * cpu


def theirs(url: str) -> tuple[float, float]:
    """(time_total in ms, CPU in ms of curl, jq and their shell) of one call."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(["sh", "-c", CURL.format(url=url)], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return 1000 * float(told.stderr), 1000 * cpu


async def compare(name: str, url: str, rounds: int) -> None:
    """Print one row."""
    probe = opened(url)
    await ours(probe)
    pairs = []
    for turn in range(rounds):
        if turn % 2:
            mine, other = await ours(probe), theirs(url)
        else:
            other, mine = theirs(url), await ours(probe)
        pairs.append((mine, other))
    latency = [mine[0] for mine, _ in pairs]
    total = [other[0] for _, other in pairs]
    cpu, cpu_curl = (median(pair[i][1] for pair in pairs) for i in (0, 1))
    figures = (median(latency), median(total), median(latency) - median(total))
    tails = (quantiles(latency, n=20)[-1], quantiles(total, n=20)[-1])
    row = "".join(f"{figure:10.2f}" for figure in (*figures, *tails, cpu, cpu_curl, cpu / cpu_curl))
    print(f"{name:>14}{row}")


def main() -> None:
    """Compare at three speeds of the service."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    print("goal: medians differ by at most 2 ms; at most 4 ms of CPU a reading\n")
    print(f"{'':14}{'latency, median ms':>30}{'p95 ms':>20}{'CPU ms a reading':>30}")
    names = ("probe", "curl", "differ", "probe", "curl", "probe", "curl|jq", "ratio")
    print(f"{'service':>14}{''.join(f'{name:>10}' for name in names)}")
    with service() as port:
        for host, delay in (
            ("127.0.0.1", 0),
            ("127.0.0.1", 20),
            ("127.0.0.1", 200),
            ("localhost", 0),
        ):
            url = f"http://{host}:{port}/{delay}"
            turns = rounds if delay < 100 else rounds // 4
            asyncio.run(compare(f"{host} {delay}", url, turns))


if __name__ == "__main__":
    main()
