"""What `stagewatch exercise` holds: 500 requests a second on one core, beside wrk and ab.

    .venv/bin/python -m bench.exercise [--rate 500] [--for 20] [--workspaces 5] [--stall 0.0]

The server is a process of its own on loopback, and this one is bound to one core. Printed are the
rate, how late requests began (goal: p99 at most 20 ms), latencies, and the processor time that a
request cost this process. The server answers as fast as it can, or stalls (`--stall`): then every
request that was due meanwhile has to show it.

wrk and ab, where they are installed, ask the same server anew, on the same core, over as many
connections. Both are closed loops: each connection asks again when it has its answer, so they have
a greatest rate and no schedule, and what their rate is compared with is what one core would bear
at our processor time a request. That time is what compares honestly. Their latencies are those of
a server under all the load that they can make, and ours those at the rate that was asked for. With
a stall, ours hold all requests that were due meanwhile, as they were measured; ab's hold one a
connection, and wrk's are filled up with those that it reckons to be missing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.drills.exercise import Exercising, Load, summary, told
from stagewatch.drills.ground import Ground
from stagewatch.profile.drills import Call, Exercise
from stagewatch.profile.schema import Deployment, Profile
from stagewatch.profile.values import Duration

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Cache: HIT\r\n"
    b'Connection: keep-alive\r\nContent-Length: 15\r\n\r\n{"status":"ok"}'
)
PATH = "/api/quota/status"
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Cost:
    """What a tool did."""

    name: str
    requests: int
    rate: float
    cpu: float
    """Seconds of its process."""
    p50: float
    p99: float
    """ms."""

    @property
    def each(self) -> float:
        """Seconds of the processor for a request."""
        return self.cpu / max(1, self.requests)


class _Server(asyncio.Protocol):
    """Answers every request at once; stands still for a while when it is told to."""

    stall = (0.0, 0.0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._transport.write(ANSWER)


async def _serve(stall: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Server, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    if stall:
        loop.call_later(5.0, time.sleep, stall)
    await server.serve_forever()


async def _measure(port: int, rate: float, lasts: float, workspaces: int) -> Cost:
    call = Call(url=f"http://127.0.0.1:{port}{PATH}", every=Duration(workspaces / rate))
    exercise = Exercise(workspaces=workspaces, lasts=Duration(lasts), call=[call])
    profile = Profile(version=1, deployment=Deployment(name="bench"))
    run = Exercising(Load(exercise, workspaces, lasts), Ground(profile, Path(), SystemClock()))
    began = time.process_time()
    await run.run(lambda now: print(told(now), flush=True))
    spent = time.process_time() - began
    outcome = summary(run)
    print(outcome.word, {name: round(value, 3) for name, value in outcome.values.items()})
    sent = run.tally.sent
    print(f"{sent} of {run.tally.due} requests sent: {sent / lasts:.1f}/s of {rate:g}/s asked for")
    print(f"worst start {run.tally.late.most * 1000:.1f} ms; {100 * spent / lasts:.0f} % of a core")
    p50, p99 = ((run.tally.latency.quantile(q) or 0.0) * 1000 for q in (0.5, 0.99))
    return Cost("stagewatch exercise", sent, sent / lasts, spent, p50, p99)


def _wrk(port: int, lasts: float, connections: int) -> Cost:
    given = ["-t1", f"-c{connections}", f"-d{lasts:.0f}s", "--latency"]
    said, cpu = _said(["wrk", *given, f"http://127.0.0.1:{port}{PATH}"])
    p50, p99 = (
        float(value) * UNITS[unit]
        for value, unit in re.findall(r"^ +(?:50|99)% +([\d.]+)(us|ms|s)$", said, re.MULTILINE)
    )
    rate = float(_found(r"Requests/sec: +([\d.]+)", said))
    return Cost("wrk", int(_found(r"(\d+) requests in", said)), rate, cpu, p50, p99)


def _ab(port: int, lasts: float, connections: int) -> Cost:
    given = ["-q", "-k", "-c", str(connections), "-t", f"{lasts:.0f}", "-n", "100000000"]
    said, cpu = _said(["ab", *given, f"http://127.0.0.1:{port}{PATH}"])
    p50, p99 = (float(_found(rf"^ +{q}% +(\d+)$", said)) for q in (50, 99))
    rate = float(_found(r"Requests per second: +([\d.]+)", said))
    return Cost("ab", int(_found(r"Complete requests: +(\d+)", said)), rate, cpu, p50, p99)


TOOLS = {"wrk": _wrk, "ab": _ab}


def _said(command: list[str]) -> tuple[str, float]:
    """What a tool prints, and its processor time; the server is waited for by nobody yet."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _found(pattern: str, said: str) -> str:
    found = re.search(pattern, said, re.MULTILINE)
    assert found, said
    return found[1]


def _report(ours: Cost, theirs: Cost | None = None) -> None:
    """One line; of another tool with what we cost beside it."""
    cost = theirs or ours
    line = f"  {cost.name:<20} {cost.rate:8.0f}/s  {1e6 * cost.each:6.1f} µs CPU a request"
    line += f"  p50 {cost.p50:.3g} ms  p99 {cost.p99:.3g} ms"
    if theirs is not None:
        most = 1 / ours.each
        line += f"   ours: {ours.each / cost.each:.1f} × the CPU, {most / cost.rate:.2f} × the rate"
    print(line)


@contextmanager
def _served(stall: float) -> Iterator[int]:
    """A server of its own, on any core."""
    command = [sys.executable, "-m", "bench.exercise", "--serve", "--stall", str(stall)]
    everywhere = os.sched_getaffinity(os.getppid())
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            os.sched_setaffinity(server.pid, everywhere)
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def main() -> None:
    """Start the server, bind this process to one core, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--for", dest="lasts", type=float, default=20.0)
    parser.add_argument("--workspaces", type=int, default=5)
    parser.add_argument("--stall", type=float, default=0.0, help="seconds, after 5 s")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(_serve(given.stall))
        return
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with _served(given.stall) as port:
        ours = asyncio.run(_measure(port, given.rate, given.lasts, given.workspaces))
    print(f"over {given.workspaces} connections, one core for the client:")
    _report(ours)
    for name, tool in TOOLS.items():
        if not shutil.which(name):
            print(f"  {name:<20} not installed")
            continue
        with _served(given.stall) as port:
            _report(ours, tool(port, given.lasts, given.workspaces))
    most = 1 / ours.each
    print(f"their rate is the most that they can; one core would bear {most:.0f}/s of ours")


if __name__ == "__main__":
    main()
