"""What `stagewatch exercise` holds: 500 requests a second on one core, against another process.

    .venv/bin/python bench/exercise.py [--rate 500] [--for 20] [--slow 0.0]

The server is a process of its own on loopback, and this one is bound to one core. Printed are the
rate, how late requests began (goal: p99 at most 20 ms), latencies, and the processor time that a
request cost this process. The server answers as fast as it can, or stalls (`--stall`): then every
request that was due meanwhile has to show it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.drills.exercise import Exercising, Load, summary, told
from stagewatch.drills.ground import Ground
from stagewatch.profile.drills import Call, Exercise
from stagewatch.profile.schema import Deployment, Profile
from stagewatch.profile.values import Duration

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Cache: HIT\r\n"
    b'Content-Length: 15\r\n\r\n{"status":"ok"}'
)


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


async def _measure(port: int, rate: float, lasts: float, workspaces: int) -> None:
    url = f"http://127.0.0.1:{port}/api/quota/status"
    call = Call(url=url, every=Duration(workspaces / rate))
    exercise = Exercise(workspaces=workspaces, lasts=Duration(lasts), call=[call])
    profile = Profile(version=1, deployment=Deployment(name="bench"))
    run = Exercising(Load(exercise, workspaces, lasts), Ground(profile, Path(), SystemClock()))
    began = time.process_time()
    await run.run(lambda now: print(told(now), flush=True))
    spent = time.process_time() - began
    outcome = summary(run)
    print(outcome.word, {name: round(value, 3) for name, value in outcome.values.items()})
    print(f"worst start {run.tally.late.most * 1000:.1f} ms")
    print(f"{1e6 * spent / max(1, run.tally.sent):.0f} µs of this process a request,")
    print(f"{100 * spent / lasts:.0f} % of a core")


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
    command = [sys.executable, __file__, "--serve", "--stall", str(given.stall)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            print(f"load of the machine: {os.getloadavg()[0]:.1f}")
            asyncio.run(_measure(port, given.rate, given.lasts, given.workspaces))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
