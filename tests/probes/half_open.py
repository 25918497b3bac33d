"""Run in a network namespace of its own: five clients in another one, and the link between cut.

Prints the values of the sockets probe before and after as JSON.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.probes import OpenContext, Probe, probe_kind

HERE, THERE, PORT = "192.0.2.1", "192.0.2.2", 8000
CLIENTS = """
import socket, sys
clients = [socket.create_connection(("192.0.2.1", 8000), 10) for _ in range(5)]
print("connected", flush=True)
sys.stdin.read()
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def main() -> None:
    """Connect, cut, and wait until the kernel has given up on nobody but doubts all."""
    ip("link", "set", "lo", "up")
    listener = socket.socket()
    there = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", f"input()\n{CLIENTS}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert there.stdin is not None
    assert there.stdout is not None
    try:
        _link(there.pid)
        listener.bind((HERE, PORT))
        listener.listen()
        there.stdin.write("go\n")
        there.stdin.flush()
        served = [listener.accept()[0] for _ in range(5)]
        assert there.stdout.readline() == "connected\n"
        kind = probe_kind("sockets")
        config = kind.config(kind="sockets", port=PORT)  # type: ignore[call-arg]
        probe = kind.open("p", config, OpenContext(SystemClock(), Path(), 0.0))
        before = _values(probe)
        ip("link", "set", "here", "down")
        for conn in served:
            conn.send(b"are you there?")
        until = time.monotonic() + 40
        while (after := _values(probe))["p.probable"] < 5 and time.monotonic() < until:
            time.sleep(0.2)
        told = [{key[2:]: value for key, value in each.items()} for each in (before, after)]
        print(json.dumps(told))  # noqa: T201 - the answer to the test
        for conn in served:
            conn.close()
    finally:
        listener.close()
        there.stdin.close()
        there.stdout.close()
        there.kill()
        there.wait()


def _values(probe: Probe) -> Mapping[str, float]:
    reading = asyncio.run(probe.read())
    assert reading is not None
    return reading.values


def _link(other: int) -> None:
    # The other process has its own network once its namespace is another one than ours.
    own = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{other}/ns/net").readlink() == own:
        time.sleep(0.01)
    ip("link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(other))
    ip("addr", "add", f"{HERE}/24", "dev", "here")
    ip("link", "set", "here", "up")
    inside = ("nsenter", "--net", "--target", str(other), "ip")
    subprocess.run([*inside, "addr", "add", f"{THERE}/24", "dev", "there"], check=True)
    subprocess.run([*inside, "link", "set", "there", "up"], check=True)


main()
