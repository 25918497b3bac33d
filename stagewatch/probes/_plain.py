"""A plain TCP connection for httpcore, straight on the event loop's sockets.

The library's own goes through task groups and transports, which took as long as all the rest of a
request. TLS needs those, and keeps them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore

LET_OTHERS = 4
"""Reads after which others get their turn: what has arrived already is read without a pause."""


async def connect(address: str, port: int, patience: float) -> PlainStream:
    """Connect to an IP address. Raises httpcore.ConnectTimeout and ConnectError."""
    version = ipaddress.ip_address(address.partition("%")[0]).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    loop = asyncio.get_running_loop()
    opened: socket.socket | None = None
    try:
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError):
            opened = socket.socket(family, socket.SOCK_STREAM)
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(patience):
                await loop.sock_connect(opened, (address, port))
    except BaseException:
        if opened is not None:
            opened.close()
        raise
    return PlainStream(opened)


class PlainStream(httpcore.AsyncNetworkStream):
    """One connection; used by one request."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._reads = 0

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> bytes:
        loop = asyncio.get_running_loop()
        self._reads += 1
        if self._reads % LET_OTHERS == 0:
            await asyncio.sleep(0)
        with _named(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await loop.sock_recv(self._socket, max_bytes)

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> None:
        if not buffer:
            return
        loop = asyncio.get_running_loop()
        with _named(httpcore.WriteTimeout, httpcore.WriteError):
            async with asyncio.timeout(timeout):
                await loop.sock_sendall(self._socket, buffer)

    async def aclose(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> object:
        return self._socket if info == "socket" else None


@contextmanager
def _named(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """The library's own exceptions for what goes wrong, with what it was as the cause."""
    try:
        yield
    except TimeoutError as error:
        raise late from error
    except OSError as error:
        raise broken from error
