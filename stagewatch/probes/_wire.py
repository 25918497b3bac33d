"""HTTP/1.1 for probes: one bounded connection for each request, as a transport for httpx.

Only ``http`` imports this module, and only to open a probe, since it pulls in httpx.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from importlib import import_module
from time import monotonic

import httpcore
import httpx

from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._plain import connect
from stagewatch.probes._resolve import Resolver
from stagewatch.probes._trip import Phase, Trip

# Loaded by anyio at the first request otherwise, which would add 20 ms to the first latency.
with suppress(ImportError):
    import_module("anyio._backends._asyncio")

MAX_HEAD = 128 * 1024
"""Bytes before the answer's head is complete; a server may send «100 Continue» for ever."""
FRAMING = 256 * 1024
"""Bytes that the head and the framing of chunks may add to a body."""
_PIECE = 16 * 1024
"""Bytes taken from a connection at once, so that parsing them holds up nobody else."""

SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class WireTransport(httpx.AsyncBaseTransport):
    """Opens a connection of its own for every request and closes it with the answer.

    A kept-alive connection hides a listener that accepts no more, and fails healthy services that
    close it at the wrong moment. The request's extension ``trip`` follows it.
    """

    def __init__(
        self, resolver: Resolver, limit: int, tls: ssl.SSLContext | None, timeout: float
    ) -> None:
        self._resolver = resolver
        self._limit = limit + FRAMING
        self._tls = tls
        # Of single operations; the deadline of the whole is the caller's.
        self._timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises FailureError, or what httpcore raises."""
        trip: Trip = request.extensions["trip"]
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        connection = httpcore.AsyncHTTPConnection(
            origin=url.origin,
            ssl_context=self._tls,
            network_backend=_Network(self._resolver, trip, self._limit, self._tls is not None),
        )
        sent = httpcore.Request(
            method=request.method.encode(),
            url=url,
            headers=request.headers.raw,
            content=request.content,
            extensions={"timeout": self._timeouts},
        )
        response = await connection.handle_async_request(sent)
        trip.answered = True
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response, connection)
        )


class _Body(httpx.AsyncByteStream):
    """An answer's body; closing it closes the connection, whatever the server would like."""

    def __init__(
        self, response: httpcore.Response, connection: httpcore.AsyncHTTPConnection
    ) -> None:
        self._response = response
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        await self._response.aclose()
        await self._connection.aclose()


class _Network(httpcore.AsyncNetworkBackend):
    """Connects to the addresses of a name in the resolver's order."""

    def __init__(self, resolver: Resolver, trip: Trip, limit: int, tls: bool) -> None:
        self._resolver = resolver
        self._trip = trip
        self._limit = limit
        self._tls = tls

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._trip.enter(Phase.RESOLVE)
        addresses = await self._resolver.addresses(host, port)
        self._trip.enter(Phase.CONNECT)
        until = monotonic() + (timeout or 0.0)
        failed: dict[str, list[str]] = {}
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            self._trip.address = _shown(address, port)
            # A black hole behind the first address must leave time for the others.
            share = max(0.0, until - monotonic()) / left
            try:
                stream = await self._connect(address, port, share)
            except httpcore.ConnectTimeout:
                if left == 1:
                    raise
                failed.setdefault("no answer", []).append(self._trip.address)
            except httpcore.ConnectError as error:
                failed.setdefault(os_words(error), []).append(self._trip.address)
            else:
                self._trip.enter(Phase.FIRST_BYTE)
                return MeteredStream(stream, self._trip, self._limit)
        told = ", ".join(f"{words} at {' and '.join(where)}" for words, where in failed.items())
        kind = "refused" if failed.keys() == {"connection refused"} else "connect"
        raise FailureError(kind, told)

    async def _connect(self, address: str, port: int, share: float) -> httpcore.AsyncNetworkStream:
        if self._tls:
            return await httpcore.AnyIOBackend().connect_tcp(address, port, timeout=share)
        return await connect(address, port, share)


class MeteredStream(httpcore.AsyncNetworkStream):
    """A connection that counts what it delivers and stops at the limit."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, trip: Trip, limit: int) -> None:
        self._stream = stream
        self._trip = trip
        self._limit = limit

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> bytes:
        data = await self._stream.read(min(max_bytes, _PIECE), timeout)
        trip = self._trip
        if data and trip.phase is Phase.FIRST_BYTE:
            trip.enter(Phase.BODY)
        trip.wire += len(data)
        if not trip.answered and trip.wire > MAX_HEAD:
            raise FailureError("too-large", f"headers without an end after {trip.wire} bytes")
        if trip.wire > self._limit:
            raise FailureError("too-large", f"answer too large: stopped after {trip.wire} bytes")
        return data

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        self._trip.enter(Phase.TLS)
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        self._trip.enter(Phase.FIRST_BYTE)
        return MeteredStream(stream, self._trip, self._limit)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _shown(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
