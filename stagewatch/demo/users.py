"""The simulated users of the demo backend: they poll, hold WebSockets, and vanish under a fault.

They reach it over real loopback sockets, as a browser would.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

POLL_STORM = 10
"""Under the fault they poll so many times as often."""
HASTY_EVERY = 6.0
"""Seconds between two requests of a script that asks more often than it may."""
WORKSPACES = 5
TABS = 8
"""Simulated browser tabs, each with a WebSocket most of the time."""
GHOSTS = 130
"""Sockets that the fault holds at most."""
GHOSTS_A_SECOND = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the backend answers."""

    host: str
    port: int

    async def connect(self) -> socket.socket:
        """A connected socket; never through a proxy. Raises OSError."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        channel = socket.socket(family, socket.SOCK_STREAM)
        try:
            channel.setblocking(False)
            await asyncio.get_running_loop().sock_connect(channel, (self.host, self.port))
        except BaseException:
            channel.close()
            raise
        return channel

    @property
    def netloc(self) -> str:
        """As it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def poll(place: Place, client: str, every: Callable[[], float], random: Random) -> None:
    """Ask for the quota at an interval that may change, for ever."""
    await asyncio.sleep(random.uniform(0, every()))
    request = (
        f"GET /api/quota/status HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"X-Client-Key: {client}\r\nConnection: close\r\n\r\n"
    )
    clock = asyncio.get_running_loop()
    due = clock.time()
    while True:
        try:
            async with asyncio.timeout(10), _stream(place) as (reader, writer):
                writer.write(request.encode())
                await reader.read()
        except (OSError, TimeoutError):
            pass  # The backend is down; a browser tab tries again at its next poll.
        # The interval may be another one before it is over.
        while (left := due + every() - clock.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, 1.0))
        due = max(due + every(), clock.time() - 1.0)


@asynccontextmanager
async def _stream(place: Place) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(sock=await place.connect())
    try:
        yield reader, writer
    finally:
        writer.close()


async def browse(place: Place, tab: int, random: Random) -> None:
    """Hold a WebSocket for a while, leave, come back, for ever."""
    while True:
        try:
            async with connect(
                f"ws://{place.netloc}/ws",
                sock=await place.connect(),
                compression=None,
                ping_interval=None,
            ) as tab_socket:
                await _talk(tab_socket, tab, random.uniform(20, 120))
        except (OSError, TimeoutError, WebSocketException):
            pass  # The backend is down or threw us out; a browser tab comes back.
        await asyncio.sleep(random.uniform(1, 8))


async def _talk(tab_socket: ClientConnection, tab: int, stay: float) -> None:
    await tab_socket.send(json.dumps({"type": "hello", "tab": tab}))
    try:
        async with asyncio.timeout(stay):
            async for text in tab_socket:
                if json.loads(text).get("type") == "ping":
                    await tab_socket.send('{"type": "pong"}')
    except TimeoutError:
        pass  # The tab is closed.


@dataclass(slots=True)
class Ghosts:
    """Clients that open a WebSocket and are never heard of again."""

    place: Place
    random: Random
    _held: list[asyncio.Transport] = field(default_factory=list)

    async def step(self, on: bool) -> None:
        """A second passes: under the fault some more vanish; only the backend ends the others."""
        self._held = [held for held in self._held if not held.is_closing()]
        if not on:
            return
        for _ in range(min(GHOSTS_A_SECOND, GHOSTS - len(self._held))):
            try:
                await self._vanish()
            except OSError:
                return  # The backend is down, or this process has no descriptors left.

    def let_go(self) -> None:
        """Close everything that is held."""
        for held in self._held:
            held.close()
        self._held.clear()

    async def _vanish(self) -> None:
        channel = await self.place.connect()
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=channel
        )
        self._held.append(transport)
        key = base64.b64encode(self.random.randbytes(16)).decode()
        transport.write(
            (
                f"GET /ws HTTP/1.1\r\nHost: {self.place.netloc}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            ).encode()
        )
