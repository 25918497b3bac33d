"""CPU of readings beside the commands that they replace, in one run.

    python -m bench.probes [--rounds 15]

Sockets of one port are listed at ten thousand of them; files are searched in this environment's
own packages.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

from stagewatch.clock import SystemClock
from stagewatch.probes import OpenContext, Probe, probe_kind

SOCKETS = 10_000
TREE = Path(sys.prefix) / "lib"
CLIENTS = """
import socket, sys
port, first, count = map(int, sys.argv[1:])
kept = []
for n in range(count):
    client = socket.socket()
    client.bind((f"127.0.{first}.{n // 10000 + 1}", 0))
    client.connect(("127.0.0.1", port))
    kept.append(client)
print("connected", flush=True)
sys.stdin.read()
"""


def opened(kind_name: str, **given: object) -> Probe:
    """A probe of this kind."""
    kind = probe_kind(kind_name)
    config = kind.config(kind=kind_name, **given)  # type: ignore[arg-type]  # keys of the kind
    return kind.open("p", config, OpenContext(SystemClock(), Path(), 0.0))


def used() -> float:
    """CPU of this process so far, and of the commands that it ran, in ms."""
    own = time.process_time()
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (own + theirs.ru_utime + theirs.ru_stime)


async def ours(probe: Probe) -> tuple[float, float]:
    """(CPU in ms, wall in ms) of a reading, a process that it runs included."""
    cpu, began = used(), time.perf_counter()
    reading = await probe.read()
    assert reading is not None
    assert reading.values, reading.reason
    return used() - cpu, 1000 * (time.perf_counter() - began)


def theirs(command: str) -> tuple[float, float]:
    """(CPU in ms, wall in ms) of a command in a shell."""
    null = subprocess.DEVNULL
    cpu, began = used(), time.perf_counter()
    subprocess.run(["sh", "-c", command], stdout=null, stderr=null, check=False)
    return used() - cpu, 1000 * (time.perf_counter() - began)


async def compare(title: str, probe: Probe, command: str, rounds: int, goal: str) -> None:
    """Print one row: both in turn, each as often."""
    await probe.read()
    pairs = []
    for turn in range(rounds):
        if turn % 2:
            mine, other = await ours(probe), theirs(command)
        else:
            other, mine = theirs(command), await ours(probe)
        pairs.append((mine, other))
    cpu, cpu_other = (median(pair[i][0] for pair in pairs) for i in (0, 1))
    wall, wall_other = (median(pair[i][1] for pair in pairs) for i in (0, 1))
    figures = f"{cpu:10.2f}{cpu_other:10.2f}{cpu_other / cpu:8.2f}"
    print(f"{title:34}{figures}{wall:12.1f}{wall_other:10.1f}{wall_other / wall:8.2f}   {goal}")


@contextmanager
def connections(count: int) -> Iterator[int]:
    """A port with so many connections, their clients in other processes."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    port = listener.getsockname()[1]
    kept: list[socket.socket] = []
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENTS, str(port), "3", str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        kept.extend(listener.accept()[0] for _ in range(count))
        assert client.stdout is not None
        client.stdout.readline()
        yield port
    finally:
        client.communicate()
        for each in (listener, *kept):
            each.close()


@contextmanager
def pid_file() -> Iterator[str]:
    """A file with the number of this process's parent."""
    with NamedTemporaryFile("w", suffix=".pid") as file:
        file.write(f"{os.getppid()}\n")
        file.flush()
        yield file.name


async def measure(rounds: int) -> None:
    """Every row."""
    print(f"{'':34}{'CPU ms':>20}{'':8}{'wall ms':>22}")
    print(
        f"{'':34}{'probe':>10}{'command':>10}{'ratio':>8}{'probe':>12}{'command':>10}{'ratio':>8}"
    )
    with pid_file() as path:
        own = opened("process", pid_file=path, tree=False)
        await compare("process (ps aux | grep)", own, "ps aux | grep main.py", rounds, "≤ 0.5 ms")
    tree = str(TREE)
    files = opened("files", paths=[tree], patterns=["30000", "(?i)poll"], exclude=[])
    grep = f"grep -r 30000 {tree} | grep -i poll"
    await compare("files (grep -r | grep -i)", files, grep, rounds, "ratio ≥ 0.5")
    # Each of these is two sockets of this machine: one at each end.
    for count in (SOCKETS // 2, SOCKETS - 50):
        with connections(count) as port:
            title = f"sockets, {count} served, {2 * count} listed"
            probe = opened("sockets", port=port)
            await compare(title, probe, f"ss -tan | grep -c :{port}", rounds, "≤ 100 ms")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=15)
    asyncio.run(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
