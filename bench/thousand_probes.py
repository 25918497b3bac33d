"""A thousand http probes every 10 s on one core: how late does a run start?

Run by hand: ``.venv/bin/python -m bench.thousand_probes [--probes 1000] [--every 10]
[--seconds 60]``. The recorder's schedule, probes and history run on one core, a small server on
another. The other side is what a shell would do: one curl after the other on one core; the ratio
says how much CPU that would take for as many requests.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from bench.recorder_cpu import cost_of
from bench.terminals import pss_of
from stagewatch.clock import SystemClock
from stagewatch.history import HistoryWriter
from stagewatch.model import Event, Gap, Reading
from stagewatch.probes import OpenContext, Probe, probe_kind
from stagewatch.recorder.schedule import Schedule, slots

GOAL_MS = 250.0
CURLS = 50
BODY = b'{"status": "healthy", "database": {"pool": {"in_use": 12, "size": 80}}}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(BODY), BODY)
)


def serve(pipe: Connection, core: int) -> None:
    """Answer every request at once; in a process of its own."""
    os.sched_setaffinity(0, {core})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Timed:
    """A probe, and how late each of its runs started, in seconds."""

    def __init__(self, probe: Probe, index: int, count: int, start: float) -> None:
        self.name, self.every, self.tick = probe.name, probe.every, probe.tick
        self.deadline, self.signals = probe.deadline, probe.signals
        self.late: list[float] = []
        self._probe = probe
        self._slots = slots(index, count, probe.tick, start)
        self._due = self._slots.first

    async def read(self) -> Reading | None:
        now = time.monotonic()
        self.late.append(now - self._due)
        self._due = self._slots.after(max(now, self._due))
        return await self._probe.read()

    async def aclose(self) -> None:
        await self._probe.aclose()


class Counting:
    """The history as a sink that also counts results."""

    def __init__(self, writer: HistoryWriter) -> None:
        self.results: Counter[str] = Counter()
        self._writer = writer

    def add(self, reading: Reading) -> None:
        self.results[reading.result.value] += 1
        self._writer.add(reading)

    def gap(self, gap: Gap) -> None:
        self.results["gap"] += 1
        self._writer.gap(gap)

    def event(self, event: Event) -> None:
        self._writer.event(event)


def open_probes(count: int, every: float, port: int) -> list[Probe]:
    """As many http probes, each with a field that it reads."""
    import msgspec

    kind = probe_kind("http")
    context = OpenContext(clock=SystemClock(), base=Path.cwd(), watch_start=time.time())
    url = f"http://127.0.0.1:{port}/health"
    table = {"kind": "http", "url": url, "read": {"used": "database.pool.in_use"}}
    config = msgspec.convert(table, kind.config)
    config = msgspec.structs.replace(config, every=every, timeout=min(every, 10.0))
    return [kind.open(f"p{number}", config, context) for number in range(count)]


async def watch(probes: list[Probe], sink: Counting, seconds: float) -> list[Timed]:
    """Run the schedule for ``seconds``."""
    start = time.monotonic()
    timed = [Timed(probe, i, len(probes), start) for i, probe in enumerate(probes)]
    # The schedule takes its own start a moment later; the difference is far below a millisecond.
    schedule = Schedule(timed, SystemClock(), sink)
    task = asyncio.create_task(schedule.serve())
    await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    await schedule.aclose()
    return timed


def report(timed: list[Timed], results: Counter[str], cpu: float, seconds: float) -> None:
    late = sorted(1000 * delay for each in timed for delay in each.late)
    p99 = late[int(len(late) * 0.99)]
    print(f"  runs {len(late)}, results {dict(results)}")
    print(
        f"  start delay: median {statistics.median(late):.1f} ms, p99 {p99:.1f} ms"
        f" (goal {GOAL_MS:g}), worst {late[-1]:.1f} ms"
    )
    print(f"  CPU {cpu / seconds:.2f} of one core, {1000 * cpu / len(late):.2f} ms a run")
    print(f"  PSS {pss_of({os.getpid()}):.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    mine, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, cores[-1]), daemon=True)
    server.start()
    port = mine.recv()
    os.sched_setaffinity(0, {cores[0]})
    with tempfile.TemporaryDirectory() as folder:
        writer = HistoryWriter(Path(folder) / "history.db", SystemClock())
        sink = Counting(writer)
        probes = open_probes(wanted.probes, wanted.every, port)
        for probe in probes:
            writer.declare(probe.name, "http", probe.every, probe.signals)
        print(f"{wanted.probes} probes every {wanted.every:g} s for {wanted.seconds:g} s")
        before = resource.getrusage(resource.RUSAGE_SELF)
        timed = asyncio.run(watch(probes, sink, wanted.seconds))
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        report(timed, sink.results, cpu, wanted.seconds)
        writer.close(30)
    url = f"http://127.0.0.1:{port}/health"
    try:
        curl = sum(cost_of(["curl", "-s", url]) for _ in range(CURLS)) / CURLS
    except FileNotFoundError:
        print("  curl is not installed")
    else:
        runs = sum(len(each.late) for each in timed)
        print(f"  a curl takes {1000 * curl:.1f} ms; ours {cpu / runs / curl:.2f} of it")
    server.terminate()


if __name__ == "__main__":
    main()
