"""The sockets probe on real connections: counted by state, and orphans found."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.model import Result
from stagewatch.probes import OpenContext, _procnet, _sockdiag, probe_kind
from stagewatch.probes._looking import LookingProbe, aside
from stagewatch.probes._orphans import OrphanWatch
from stagewatch.probes._portwatch import PortWatch
from stagewatch.probes._tcp import Conn, State, Table
from stagewatch.probes.sockets import SocketsConfig
from stagewatch.profile.values import Duration

if TYPE_CHECKING:
    from tests.probes.conftest import OpenKind, SetClock

TCP_REPAIR = 19
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Service:
    """A listener, and both ends of its connections."""

    def __init__(self, address: str = "127.0.0.1", backlog: int = 16) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.bind((address, 0))
        self.listener.listen(backlog)
        self.port: int = self.listener.getsockname()[1]
        self.clients: list[socket.socket] = []
        self.served: list[socket.socket] = []

    def connect(self, count: int = 1, address: str = "127.0.0.1") -> None:
        """Clients connect, and are served."""
        for _ in range(count):
            self.clients.append(socket.create_connection((address, self.port)))
            self.served.append(self.listener.accept()[0])

    def close(self) -> None:
        for each in (self.listener, *self.clients, *self.served):
            each.close()


@pytest.fixture
def service() -> Iterator[Service]:
    """A service without connections."""
    service = Service()
    yield service
    service.close()


def _state(conn: socket.socket) -> int:
    return conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


async def test_connections_are_counted_by_state(
    opened: OpenKind, service: Service, until: Callable[[Callable[[], bool]], None]
) -> None:
    """Each connection once, at the service's end."""
    service.connect(3)
    service.clients[0].shutdown(socket.SHUT_WR)
    service.served[1].shutdown(socket.SHUT_WR)
    until(lambda: _state(service.served[0]) == State.CLOSE_WAIT)
    until(lambda: _state(service.served[1]) == State.FIN_WAIT2)
    reading = await opened("sockets", port=service.port).read()
    assert reading.result is Result.VALUE
    assert (reading.values["established"], reading.values["close_wait"]) == (1, 1)
    assert (reading.values["closing"], reading.values["open"]) == (1, 3)
    assert reading.facts["source"] == "sock_diag"


async def test_other_ports_do_not_count(opened: OpenKind, service: Service) -> None:
    """Neither another service nor this machine's own connections to the port."""
    other = Service()
    try:
        service.connect(2)
        other.connect(5)
        reading = await opened("sockets", port=service.port).read()
    finally:
        other.close()
    assert reading.values["established"] == 2


async def test_ipv6_counts_as_well(
    opened: OpenKind, until: Callable[[Callable[[], bool]], None]
) -> None:
    """A service on both families has clients of both; neither kind looks orphaned."""
    service = Service("::")
    try:
        service.connect(1, "::1")
        service.connect(1, "127.0.0.1")
        probe = opened("sockets", port=service.port)
        await probe.read()
        reading = await probe.read()
    finally:
        service.close()
    assert (reading.values["established"], reading.values["orphans"]) == (2, 0)


async def test_the_accept_queue_shows(opened: OpenKind, service: Service) -> None:
    """Connections that nobody accepts wait, and there is room for so many."""
    service.clients += [socket.create_connection(("127.0.0.1", service.port)) for _ in range(3)]
    reading = await opened("sockets", port=service.port).read()
    assert (reading.values["queue"], reading.values["queue_max"]) == (3, 16)


async def test_nobody_listening_is_no_data(opened: OpenKind, service: Service) -> None:
    """A service that is down has no orphans, but that is no good news."""
    service.close()
    reading = await opened("sockets", port=service.port).read()
    assert reading.result is Result.NO_DATA
    assert reading.values == {}
    assert reading.reason == f"nobody listens on port {service.port}; is the service up?"


async def test_close_wait_is_an_orphan_after_a_minute(
    opened: OpenKind,
    service: Service,
    set_clock: SetClock,
    until: Callable[[Callable[[], bool]], None],
) -> None:
    """A client that has hung up and is still held; not before the patience is over."""
    probe = opened("sockets", port=service.port)
    service.connect(2)
    assert (await probe.read()).values["orphans"] == 0
    service.clients[0].close()
    until(lambda: _state(service.served[0]) == State.CLOSE_WAIT)
    assert (await probe.read()).values["orphans"] == 0
    set_clock.ahead = 59
    assert (await probe.read()).values["orphans"] == 0
    set_clock.ahead = 61
    assert (await probe.read()).values["orphans"] == 1


async def test_an_old_suspect_is_no_zero(
    opened: OpenKind,
    service: Service,
    set_clock: SetClock,
    until: Callable[[Callable[[], bool]], None],
) -> None:
    """What was in CLOSE-WAIT before the first reading may be an orphan, or not yet."""
    service.connect()
    service.clients[0].close()
    until(lambda: _state(service.served[0]) == State.CLOSE_WAIT)
    probe = opened("sockets", port=service.port)
    first = await probe.read()
    assert first.missing["orphans"].startswith("1 suspects are older than this probe; known 60 s")
    set_clock.ahead = 61
    assert (await probe.read()).values["orphans"] == 1


async def test_pings_lengthen_the_patience(opened: OpenKind, service: Service) -> None:
    """Three pings are missed before anybody is an orphan, and the definition says so."""
    reading = await opened("sockets", port=service.port, ping=Duration(40)).read()
    assert "in CLOSE-WAIT for 120 s" in str(reading.facts["definition"])
    assert "or silent for 120 s" in str(reading.facts["probable_definition"])


@as_root
async def test_a_client_that_vanished_from_this_host(opened: OpenKind, service: Service) -> None:
    """The service's socket is ESTABLISHED, and nothing is at its other end: two samples tell."""
    service.connect(2)
    vanishing = service.clients[0]
    # A socket under repair is gone without a word to its peer.
    vanishing.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    vanishing.close()
    probe = opened("sockets", port=service.port)
    first, second = await probe.read(), await probe.read()
    assert "orphans" in first.missing
    assert (second.values["orphans"], second.values["established"]) == (1, 2)


def test_a_client_that_is_only_just_connecting_is_no_orphan() -> None:
    """One sample without a socket at the client's end proves nothing: the list takes a while."""
    watch = OrphanWatch(60, pings=False)
    quick = Conn(State.ESTABLISHED, b"\x7f\0\0\1\0\1", b"\x7f\0\0\1\0\2", 1, 0, 0, None)
    watch.look(Table(), 0)
    assert watch.look(Table(served=[quick]), 1).certain == 0
    table = Table(served=[quick], clients={(quick.remote, quick.local)})
    assert watch.look(table, 2).certain == 0


def _remote(cookie: int, **given: object) -> Conn:
    """A connection from elsewhere."""
    conn = Conn(State.ESTABLISHED, b"\x0a\0\0\1\0\1", b"\x0a\0\0\2\0\2", cookie, 0, 0, 0.0)
    return conn._replace(**given)  # type: ignore[arg-type]  # each is of its field's type


@pytest.mark.parametrize(
    ("conn", "pings", "probable"),
    [
        (_remote(1, backoff=3, queued=10), False, 1),
        (_remote(1, backoff=2, queued=10), False, 1),
        (_remote(1, backoff=0, queued=10), False, 0),
        (_remote(1, silent=61.0), True, 1),
        (_remote(1, silent=61.0), False, 0),
        (_remote(1, silent=59.0), True, 0),
        (_remote(1, silent=None), True, 0),
        (_remote(1, backoff=3, state=int(State.LAST_ACK)), False, 0),
    ],
)
def test_probable_orphans(conn: Conn, pings: bool, probable: int) -> None:
    """Sent again and again, unacknowledged or silent for too long; in two samples."""
    watch = OrphanWatch(60, pings=pings)
    watch.look(Table(served=[conn]), 0)
    watch.look(Table(served=[conn]), 61)
    told = watch.look(Table(served=[conn]), 62)
    assert (told.certain, told.probable) == (0, probable)


def test_a_suspect_of_the_first_sample_is_not_yet_known() -> None:
    """Neither counted nor passed over."""
    watch = OrphanWatch(60, pings=False)
    first = watch.look(Table(served=[_remote(1, backoff=4)]), 0)
    assert (first.probable, first.unconfirmed) == (0, 1)
    assert watch.look(Table(served=[_remote(2, backoff=4)]), 1).probable == 0


async def test_the_same_from_proc(
    service: Service, set_clock: SetClock, until: Callable[[Callable[[], bool]], None]
) -> None:
    """Where the kernel's socket list is forbidden, /proc says as much, and what it cannot say."""

    def forbidden(_: int) -> Table:
        raise PermissionError(errno.EPERM, "no")

    service.connect(3)
    service.clients[0].close()
    until(lambda: _state(service.served[0]) == State.CLOSE_WAIT)
    config = SocketsConfig(kind="sockets", port=service.port, ping=Duration(10))
    watch = PortWatch(config, set_clock.boot, (forbidden, _procnet.table))
    watch.look()
    set_clock.ahead = 61
    found = watch.look()
    assert found.facts["source"] == "/proc/net/tcp"
    assert (found.values["established"], found.values["close_wait"]) == (2, 1)
    assert found.values["orphans"] == 1
    assert found.missing == {
        "queue_max": "/proc/net/tcp does not tell it",
        "probable": "/proc/net/tcp does not tell who is silent",
    }


def test_both_sources_tell_the_same(service: Service) -> None:
    """Addresses, ports and states, of both ends."""
    service.connect(4)
    diag, proc = _sockdiag.table(service.port, silence=True), _procnet.table(service.port)
    assert {conn[:3] for conn in diag.served} == {conn[:3] for conn in proc.served}
    assert diag.clients == proc.clients
    assert len(diag.served) == 4
    assert all(conn.silent is not None and conn.silent < 60 for conn in diag.served)


async def test_a_kernel_that_tells_nothing_is_an_error(set_clock: SetClock) -> None:
    """With both reasons, and no number."""

    def forbidden(_: int) -> Table:
        raise PermissionError(errno.EPERM, "no")

    config = SocketsConfig(kind="sockets", port=80)
    kind = probe_kind("sockets")
    probe = LookingProbe(
        "p",
        config,
        OpenContext(set_clock, Path(), 0.0),
        kind.signals("p", config),
        aside("p", PortWatch(config, set_clock.boot, (forbidden, forbidden)).look),
        late="",
    )
    reading = await probe.read()
    assert reading.result is Result.ERROR
    assert reading.facts == {"failure": "kernel"}
    assert reading.values == {}
    assert reading.reason.startswith("the connections cannot be listed: operation not permitted")


@as_root
def test_connections_of_another_user_need_no_right(opened: OpenKind, service: Service) -> None:
    """Whoever runs the recorder sees the same as root."""
    service.connect(3)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        reading = asyncio.run(opened("sockets", port=service.port).read())
        os.write(writer, json.dumps([reading.result, reading.values["established"]]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = json.load(pipe)
    os.waitpid(child, 0)
    assert told == ["VALUE", 3]


@as_root
def test_half_open_connections_over_a_cut_link(tmp_path: Path) -> None:
    """Clients in a network of their own, whose link goes down: probable orphans, never certain."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs unshare and ip")
    script = Path(__file__).with_name("half_open.py")
    told = subprocess.run(
        ["unshare", "--net", sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    before, after = json.loads(told.stdout)
    assert (before["established"], before["orphans"], before["probable"]) == (5, 0, 0)
    assert (after["established"], after["orphans"], after["probable"]) == (5, 0, 5)


@pytest.mark.parametrize(
    ("given", "key"), [({"port": 80, "ping": 30.0, "every": 120.0, "timeout": 1.0}, "every")]
)
def test_a_table_that_cannot_work(given: dict[str, float], key: str) -> None:
    """Samples further apart than an orphan's patience see it too late."""
    config = SocketsConfig(
        kind="sockets",
        port=int(given["port"]),
        ping=Duration(given["ping"]),
        every=Duration(given["every"]),
    )
    assert [found for found, _ in probe_kind("sockets").problems(config)] == [key]


async def test_listing_leaves_the_loop_free(set_clock: SetClock) -> None:
    """The kernel may take its time: the loop goes on meanwhile, and here it must."""
    goes_on = threading.Event()

    def slow(_: int) -> Table:
        assert goes_on.wait(60)
        return Table(listeners=1)

    config = SocketsConfig(kind="sockets", port=80, timeout=Duration(100))
    probe = LookingProbe(
        "p",
        config,
        OpenContext(set_clock, Path(), 0.0),
        probe_kind("sockets").signals("p", config),
        aside("p", PortWatch(config, set_clock.boot, (slow,)).look),
        late="",
    )
    reading = asyncio.ensure_future(probe.read())
    await asyncio.sleep(0)
    goes_on.set()
    assert (await reading).values["p.open"] == 0
