"""Raw servers on loopback, and probes opened against them."""

from __future__ import annotations

import asyncio
import ssl
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from stagewatch.clock import SystemClock
from stagewatch.model import Reading
from stagewatch.probes import OpenContext, Probe, probe_kind
from stagewatch.probes._httpprobe import HttpProbe
from stagewatch.probes._resolve import Lookup
from stagewatch.probes.http import HttpConfig, signals
from stagewatch.profile.convert import hook
from stagewatch.profile.values import Duration
from tests.probes.opened import Opened
from tests.probes.puppet import Puppet

OpenHttp = Callable[..., HttpProbe]
OpenProcess = Callable[..., Probe]
OpenKind = Callable[..., "Subject"]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Host:
    """A server for each handler; ``heads`` holds the head of every request that came."""

    heads: list[bytes] = field(default_factory=list)
    servers: list[asyncio.Server] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, handler: Handler, tls: ssl.SSLContext | None = None) -> int:
        """Start a server that reads a request's head and leaves the rest to ``handler``."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.tasks.add(task)
            self.writers.append(writer)
            try:
                # A cancelled handler is how a test ends; asyncio would report it as a failure.
                with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                    await handler(reader, writer)
            finally:
                writer.close()
                self.tasks.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", ssl=tls)
        self.servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def answer(
        self,
        body: bytes | str = b"{}",
        status: str = "200 OK",
        headers: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> int:
        """Start a server that always gives this answer."""
        sent = body.encode() if isinstance(body, str) else body

        async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(sent)}\r\n{headers}\r\n"
            writer.write(head.encode() + sent)
            await writer.drain()

        return await self.serve(handler, tls)

    async def raw(self, sent: bytes) -> int:
        """Start a server that sends these bytes and closes."""

        async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(sent)
            await writer.drain()

        return await self.serve(handler)

    async def stop(self) -> None:
        for server in self.servers:
            server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for writer in self.writers:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """Servers that end with the test."""
    host = Host()
    yield host
    await host.stop()


def http_config(**given: object) -> HttpConfig:
    """A table of an http probe, checked as the loader checks it."""
    given = {"kind": "http", "timeout": Duration(10), **given}
    return msgspec.convert(given, HttpConfig, dec_hook=_as_written)


def _as_written(kind: type, value: object) -> object:
    if isinstance(value, str):
        return hook(kind, value)
    return value if isinstance(value, kind) else kind(value)


@pytest.fixture
def http(tmp_path: Path) -> OpenHttp:
    """Open an http probe called ``health``."""

    def opened(url: str | int, lookup: Lookup | None = None, **given: object) -> HttpProbe:
        address = f"http://127.0.0.1:{url}/health" if isinstance(url, int) else url
        config = http_config(url=address, **given)
        context = OpenContext(SystemClock(), tmp_path, 0.0)
        return HttpProbe("health", config, context, signals("health", config), lookup)

    return opened


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[OpenProcess]:
    """Open a process probe called ``backend``; it is closed with the test."""
    probes: list[Probe] = []

    def opened(checkpoint: str | None = None, **given: object) -> Probe:
        kind = probe_kind("process")
        config = msgspec.convert({"kind": "process", **given}, kind.config, dec_hook=_as_written)
        context = OpenContext(SystemClock(), tmp_path, 0.0, checkpoint)
        probes.append(kind.open("backend", config, context))
        return probes[-1]

    yield opened
    for probe in probes:
        await probe.aclose()


@pytest.fixture
def marker() -> str:
    """A word that only this test's processes have in their command lines."""
    return f"marker-{uuid.uuid4().hex}"


@pytest.fixture
def puppet(marker: str) -> Iterator[Callable[..., Puppet]]:
    """Start puppets that carry the marker; they end with the test."""
    with ExitStack() as started:

        def start(argv0: str = sys.executable) -> Puppet:
            puppet = Puppet(marker, argv0)
            started.callback(puppet.kill)
            return puppet

        yield start


class Subject:
    """An opened probe whose every run is a reading, without its name before each key."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    async def read(self) -> Reading:
        """Run it once."""
        reading = await self.probe.read()
        assert reading is not None
        promised = {signal.name for signal in self.probe.signals}
        assert reading.values.keys() | reading.missing.keys() == promised
        assert not reading.values.keys() & reading.missing.keys()
        cut = len(self.probe.name) + 1
        return replace(
            reading,
            values={name[cut:]: value for name, value in reading.values.items()},
            missing={name[cut:]: why for name, why in reading.missing.items()},
        )


class SetClock(SystemClock):
    """The machine's clocks, moved on by a test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead

    def boot(self) -> float:
        return super().boot() + self.ahead


@pytest.fixture
def set_clock() -> SetClock:
    """A clock that a test may move on."""
    return SetClock()


@pytest.fixture
def opened(tmp_path: Path, set_clock: SetClock) -> OpenKind:
    """Open a probe of any kind, called ``p``; relative paths start in the test's folder."""

    def open_kind(kind_name: str, **given: object) -> Subject:
        kind = probe_kind(kind_name)
        given = {"kind": kind_name, "timeout": Duration(10), **given}
        config = msgspec.convert(given, kind.config, dec_hook=_as_written)
        assert list(kind.problems(config)) == []
        return Subject(kind.open("p", config, OpenContext(set_clock, tmp_path, 0.0)))

    return open_kind


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Opened]:
    """An empty log; every probe over it is closed at the end."""
    opened = Opened(tmp_path)
    opened.path.touch()
    yield opened
    for probe in opened.probes:
        await probe.aclose()
