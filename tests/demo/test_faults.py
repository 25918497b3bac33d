"""Each fault of the demo backend, switched on and off while it runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from stagewatch.demo.control import faults, running
from stagewatch.demo.faults import FAULTS, DemoError
from stagewatch.demo.run import Backend, switch

pytestmark = pytest.mark.waits

Start = Callable[..., Backend]
Until = Callable[..., None]
WATCH = {"X-Client-Key": "stagewatch"}


def part(client: httpx.Client, backend: Backend, name: str) -> dict[str, Any]:
    """A part of the health report."""
    found: dict[str, Any] = client.get(f"{backend.url}/health").json()[name]
    return found


def test_everything_is_off_at_first(healthy: Backend) -> None:
    """A backend without faults says so for each of them."""
    assert faults(healthy.port) == dict.fromkeys(FAULTS, False)
    assert healthy.port in running()


def test_leak_grows_and_is_given_back(start: Start, until: Until) -> None:
    """Resident memory grows second by second, by about 1 % of its size, until the fault is off."""
    backend = start("leak")
    process = psutil.Process(backend.pid)
    sizes: list[int] = []

    def grown() -> bool:
        size = process.memory_info().rss
        if not sizes or size > sizes[-1] + 200_000:
            sizes.append(size)
        # What a start-up still takes is not given back, so more than that must have been lost.
        return len(sizes) > 5 and size > sizes[0] + 3_000_000

    until(grown)
    steps = [after - before for before, after in pairwise(sizes[1:])]
    assert all(step < 0.05 * sizes[0] for step in steps)
    switch(backend.port, "leak", False)
    until(lambda: process.memory_info().rss < sizes[-1] - 1_000_000)


def test_slow_answers_take_a_second(start: Start, client: httpx.Client) -> None:
    """The quota takes over a second under the fault, far less without; health is not touched."""
    backend = start("slow")
    url = f"{backend.url}/api/quota/status"

    slow = client.get(url, headers=WATCH)
    health = client.get(f"{backend.url}/health")
    switch(backend.port, "slow", False)
    quick = client.get(url, headers=WATCH)

    assert (slow.status_code, quick.status_code) == (200, 200)
    assert slow.elapsed.total_seconds() > 1.0
    assert health.elapsed.total_seconds() < slow.elapsed.total_seconds()
    assert quick.elapsed.total_seconds() < slow.elapsed.total_seconds()


def test_errors_fill_the_log(start: Start, until: Until) -> None:
    """ERROR lines and exactly one CRITICAL line appear each time the fault is switched on."""
    backend = start()
    log = backend.log
    assert "ERROR" not in log.read_text()
    assert "CRITICAL" not in log.read_text()

    switch(backend.port, "errors", True)
    until(lambda: log.read_text().count(" ERROR ") >= 2)
    assert log.read_text().count(" CRITICAL ") == 1
    switch(backend.port, "errors", False)


def test_errors_stop_when_off(start: Start, client: httpx.Client, until: Until) -> None:
    """After the fault no further ERROR comes while the service lives on."""
    backend = start("errors")
    until(lambda: " CRITICAL " in backend.log.read_text())
    switch(backend.port, "errors", False)
    text = backend.log.read_text()

    lived = client.get(f"{backend.url}/api/cache/stats").json()["hits"]
    until(lambda: client.get(f"{backend.url}/api/cache/stats").json()["hits"] > lived + 12)
    assert " ERROR " not in backend.log.read_text()[len(text) :]


def test_sockets_are_really_held(start: Start, client: httpx.Client, until: Until) -> None:
    """Orphans pass 100 and stay bounded, each a real connection; off, the reaper takes them all."""
    backend = start("sockets")

    until(lambda: part(client, backend, "websocket")["orphans"] > 100, seconds=60)
    sockets = part(client, backend, "websocket")
    held = [
        each
        for each in psutil.Process(backend.pid).net_connections("tcp")
        if each.status == psutil.CONN_ESTABLISHED and each.laddr[1] == backend.port
    ]
    assert len(held) > 100
    assert sockets["open"] - sockets["sessions"] == sockets["orphans"] <= 200
    switch(backend.port, "sockets", False)
    until(lambda: part(client, backend, "websocket")["orphans"] < 10)


def test_pool_runs_dry(start: Start, client: httpx.Client, until: Until) -> None:
    """All connections in use, somebody waits, time-outs count up; off, the pool is usable again."""
    backend = start("pool")

    until(lambda: part(client, backend, "database")["pool"]["timeouts_total"] > 5)
    pool = part(client, backend, "database")["pool"]
    assert pool["in_use"] == pool["size"]
    assert pool["waiting"] > 0
    switch(backend.port, "pool", False)
    until(lambda: part(client, backend, "database")["pool"]["waiting"] == 0)
    until(lambda: part(client, backend, "database")["pool"]["in_use"] < 17)


def test_without_a_limit_nobody_is_refused(start: Start, client: httpx.Client) -> None:
    """Seven requests of one client are all answered; switched off, the next one is refused."""
    backend = start("limit")
    url, mine = f"{backend.url}/api/quota/status", {"X-Client-Key": "me"}

    assert {client.get(url, headers=mine).status_code for _ in range(7)} == {200}
    switch(backend.port, "limit", False)
    codes = [client.get(url, headers=mine).status_code for _ in range(6)]
    assert codes == [200, 200, 200, 200, 200, 429]


def test_a_failed_build_is_told(start: Start, client: httpx.Client) -> None:
    """The frontend's server says ok in health and failed under the fault."""
    backend = start("build")

    assert client.get(f"{backend.url}/build.json").json() == {"status": "failed", "errors": 3}
    switch(backend.port, "build", False)
    assert client.get(f"{backend.url}/build.json").json() == {"status": "ok", "errors": 0}


def test_calls_come_five_a_second(start: Start, client: httpx.Client, until: Until) -> None:
    """As many as before the optimisations: a step adds five, where it adds one at most else."""
    backend = start("calls")
    until(lambda: client.get(f"{backend.url}/api/usage").json()["openai_calls_total"] >= 10)
    assert client.get(f"{backend.url}/api/usage").json()["openai_calls_total"] % 5 == 0


def test_workspaces_poll_ten_times_as_often(start: Start, until: Until) -> None:
    """Each of the five is seen twice within seconds, where thirty lie between two polls else."""
    backend = start("polling")

    def polls() -> list[str]:
        text = backend.access_log.read_text(encoding="utf-8")
        return [line.split()[2] for line in text.splitlines() if " - workspace-" in line]

    until(lambda: all(polls().count(f"workspace-{n}") >= 2 for n in range(1, 6)))


def test_down_refuses_and_comes_back(start: Start, client: httpx.Client) -> None:
    """When ``switch`` returns, connections are refused; after the way back they are answered."""
    backend = start()

    assert switch(backend.port, "down", True)["down"]
    with pytest.raises(httpx.ConnectError):
        client.get(f"{backend.url}/health")
    assert faults(backend.port)["down"]
    assert not switch(backend.port, "down", False)["down"]
    assert client.get(f"{backend.url}/health").status_code == 200


def test_port_stays_ours_while_down(start: Start) -> None:
    """While it refuses, no other program gets the port by chance."""
    backend = start()
    switch(backend.port, "down", True)

    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", backend.port))
    assert backend.alive()


def test_port_lost_while_down_is_said(start: Start, client: httpx.Client) -> None:
    """A program that took the port by force keeps it; the backend says so and can come back."""
    backend = start("down")

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", backend.port))
        other.listen()
        with pytest.raises(DemoError, match=f"port {backend.port} .* taken"):
            switch(backend.port, "down", False)
    switch(backend.port, "down", False)
    assert client.get(f"{backend.url}/health").status_code == 200


def test_flap_goes_and_comes(start: Start, client: httpx.Client, until: Until) -> None:
    """The port refuses for a while and answers again, by itself."""
    backend = start("flap")

    def refuses() -> bool:
        try:
            return not client.get(f"{backend.url}/health")
        except httpx.TransportError:
            return True

    until(refuses, seconds=40)
    until(lambda: not refuses(), seconds=40)
    switch(backend.port, "flap", False)
    assert not refuses()


def test_faults_over_http(start: Start, client: httpx.Client, until: Until) -> None:
    """POST /demo/faults switches several faults at once, GET shows them."""
    backend = start()
    url = f"{backend.url}/demo/faults"

    answer = client.post(url, json={"pool": True, "slow": True})

    assert answer.status_code == 202
    until(
        lambda: {k for k, on in client.get(url).json()["faults"].items() if on} == {"pool", "slow"}
    )


def test_down_over_http_answers_first(start: Start, client: httpx.Client, until: Until) -> None:
    """The request that closes the port is itself answered."""
    backend = start()

    assert client.post(f"{backend.url}/demo/faults", json={"down": True}).json()["faults"]["down"]

    def refused() -> bool:
        with socket.socket() as channel:
            return channel.connect_ex(("127.0.0.1", backend.port)) != 0

    until(refused)


@pytest.mark.parametrize(
    ("content", "headers", "status", "says"),
    [
        ('{"leak": true}', {"Content-Type": "text/plain"}, 403, "Content-Type"),
        ('{"leak": true}', {"Host": "evil.example"}, 403, "Host"),
        ('{"leek": true}', {}, 400, "did you mean leak?"),
        ('{"leak": 1}', {}, 400, "true or false"),
        ('["leak"]', {}, 400, "object"),
        ("{", {}, 400, ""),
        (" " * 5000, {}, 400, "larger"),
    ],
)
def test_wrong_requests_switch_nothing(
    healthy: Backend,
    client: httpx.Client,
    content: str,
    headers: dict[str, str],
    status: int,
    says: str,
) -> None:
    """A page from elsewhere in the operator's browser, or a slip, changes no fault."""
    merged = {"Content-Type": "application/json", **headers}
    answer = client.post(f"{healthy.url}/demo/faults", content=content, headers=merged)

    assert answer.status_code == status
    assert says in answer.json()["error"]
    assert not any(faults(healthy.port).values())


def test_unknown_fault_is_named(healthy: Backend) -> None:
    """A slip in a fault's name is told with the nearest right one."""
    with pytest.raises(DemoError, match="did you mean sockets"):
        switch(healthy.port, "socket", True)


def test_nobody_there_is_said(start: Start) -> None:
    """Switching where no backend runs says so, and where one does."""
    gone, there = start(), start()
    gone.stop()

    with pytest.raises(
        DemoError, match=rf"no demo backend runs on port {gone.port}; .*{there.port}"
    ):
        switch(gone.port, "leak", True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_is_not_obeyed(healthy: Backend) -> None:
    """A process of another user cannot switch faults through the control socket."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            switch(healthy.port, "leak", True)
        except DemoError as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as said:
        assert b"belongs to another user" in said.read()
    assert not faults(healthy.port)["leak"]


def test_logs_are_below_the_folder(healthy: Backend) -> None:
    """Everything that a backend writes lies in its logs folder."""
    folder: Path = healthy.log.parent
    assert folder.name == "logs"
    logs = {"error.log", "access.log", "backend.log"}
    assert {each.name for each in folder.iterdir()} == {*logs, "frontend"}
