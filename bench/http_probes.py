"""Many http probes on one core: does each start on time, and does the event loop stay free?

    python -m bench.http_probes [--probes 1000] [--every 10] [--seconds 30] [--host 127.0.0.1]

The starts are spread over the interval, as the recorder spreads them; the probes have one core,
the service another.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import time
from collections import Counter
from pathlib import Path
from statistics import quantiles

from bench._service import service
from stagewatch.clock import SystemClock
from stagewatch.model import Result
from stagewatch.probes import OpenContext, Probe
from stagewatch.probes.http import KIND, Expect, HttpConfig

LAG_TICK = 0.01


def opened(number: int, url: str) -> Probe:
    """A probe with an expectation and two fields."""
    expect = Expect(json={"status": "healthy"})
    read = {"used": "database.pool.in_use", "ws": "websocket.open"}
    config = HttpConfig(kind="http", url=url, read=read, expect=expect)
    return KIND.open(f"p{number}", config, OpenContext(SystemClock(), Path(), 0.0))


class Run:
    """What one run measures."""

    def __init__(self, every: float, until: float) -> None:
        self.every = every
        self.until = until
        self.late: list[float] = []
        self.lag: list[float] = []
        self.latency: list[float] = []
        self.results: Counter[Result] = Counter()

    async def keep(self, probe: Probe, first: float) -> None:
        """Read ``probe`` at its slots."""
        slot = first
        while slot < self.until:
            await asyncio.sleep(slot - time.monotonic())
            self.late.append(max(0.0, time.monotonic() - slot))
            reading = await probe.read()
            assert reading is not None
            self.results[reading.result] += 1
            self.latency.append(1000 * reading.took)
            slot += self.every

    async def watch_loop(self) -> None:
        """Measure how late a short sleep ends."""
        while (before := time.monotonic()) < self.until:
            await asyncio.sleep(LAG_TICK)
            self.lag.append(max(0.0, time.monotonic() - before - LAG_TICK))


async def measure(args: argparse.Namespace, port: int) -> None:
    """Run, and print the figures."""
    probes = [opened(n, f"http://{args.host}:{port}/5") for n in range(args.probes)]
    start = time.monotonic() + 0.5
    run = Run(args.every, start + args.seconds)
    cpu = time.process_time()
    async with asyncio.TaskGroup() as group:
        group.create_task(run.watch_loop())
        for number, probe in enumerate(probes):
            group.create_task(run.keep(probe, start + args.every * number / len(probes)))
    cpu = time.process_time() - cpu
    count = len(run.late)
    print(f"{args.probes} probes every {args.every:g} s for {args.seconds:g} s: {count} readings")
    print(f"results            {dict(run.results)}")
    print(f"start delay ms     {percentiles([1000 * x for x in run.late])}   goal: p99 ≤ 250")
    print(f"loop lag ms        {percentiles([1000 * x for x in run.lag])}")
    print(f"latency ms         {percentiles(run.latency)}   the service takes 5")
    print(f"CPU ms a reading   {1000 * cpu / count:.2f}   goal: ≤ 4")
    print(f"CPU of one core    {100 * cpu / args.seconds:.1f} %")
    print(f"memory (PSS) MB    {pss_mb():.1f}")


def percentiles(values: list[float]) -> str:
    """p50, p99 and the highest."""
    cut = quantiles(values, n=100)
    return f"p50 {cut[49]:.2f}  p99 {cut[98]:.2f}  max {max(values):.2f}"


def pss_mb() -> float:
    """Of this process, now."""
    found = re.search(r"^Pss:\s+(\d+)", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else float("nan")


def main() -> None:
    """Pin the probes to one core, and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--host", default="127.0.0.1")
    args = parser.parse_args()
    with service() as port:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        asyncio.run(measure(args, port))


if __name__ == "__main__":
    main()
