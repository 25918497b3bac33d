"""HTTP/1.1 for drills: a connection as a protocol of the event loop, and a pool of them.

httpx takes milliseconds of this machine's time a request; a simulated load has two. h11, which
httpcore rests on, parses as strictly, and the rest is a connection that is kept for the next.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import h11

from stagewatch import __version__
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._resolve import Resolver
from stagewatch.profile.drills import target_of

MOST_BODY = 1 << 20
"""Bytes of a body that are read."""
_BEGINNING = b"HTTP/"
MOST_IDLE = 64
"""Kept connections of a pool."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A complete answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """A header's value; empty when the answer has none."""
        wanted = name.lower().encode("latin-1", "replace")
        return next((v.decode("latin-1") for n, v in self.headers if n == wanted), "")


def request(method: str, url: str, headers: dict[str, str]) -> h11.Request:
    """A request without a body; raises FailureError."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {"host": parts.netloc.rpartition("@")[2], "user-agent": f"stagewatch/{__version__}"}
    sent = own | {"accept": "*/*"} | {name.lower(): value for name, value in headers.items()}
    try:
        return h11.Request(
            method=method,
            target=path.encode("ascii"),
            headers=[(n.encode("ascii"), v.encode("latin-1")) for n, v in sent.items()],
        )
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise FailureError("request", f"cannot be sent: {error}") from error


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, between: Callable[[], None] = lambda: None) -> None:
        """``between`` is called before anything that was received is looked at: many answers at
        once take longer to read than other work may wait."""
        self._between = between
        self._parser = h11.Connection(h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Heard] | None = None
        self._response: h11.Response | None = None
        self._body: list[bytes] = []
        self._size = 0
        self.spoke = False
        """Whether anything of the present answer has come."""

    @property
    def usable(self) -> bool:
        """Whether it can take a request."""
        idle = self._transport is not None and not self._transport.is_closing()
        return idle and self._parser.our_state is h11.IDLE

    def ask(self, wanted: h11.Request) -> asyncio.Future[Heard]:
        """Send it; the future has the answer, or a FailureError."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._response, self._body, self._size, self.spoke = None, [], 0, False
        out = (self._parser.send(wanted) or b"") + (self._parser.send(h11.EndOfMessage()) or b"")
        self._transport.write(out)
        return self._answer

    def close(self) -> None:
        """Drop it, and whatever was still to come; idempotent."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        first, self.spoke = not self.spoke, True
        self._between()
        if first and not data.startswith(_BEGINNING[: len(data)]):
            # Whole heads only are parsed, and of what speaks first there may be no more to come.
            self._fail(FailureError("garbage", _why("garbage", ascii(data[:40])[2:-1])))
            self.close()
            return
        self._take(data)

    def eof_received(self) -> bool:
        self._take(b"")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        why = os_words(exc) if exc else "the service closed the connection"
        self._fail(FailureError("closed", f"{why} before the answer was complete"))

    def _take(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        try:
            self._parser.receive_data(data)
            self._read()
        except h11.RemoteProtocolError as error:
            kind = "garbage" if data else "closed"
            self._fail(FailureError(kind, _why(kind, str(error))))
            self.close()

    def _read(self) -> None:
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.Response):
                self._response = event
            elif isinstance(event, h11.Data):
                self._keep(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._complete()
                return
            elif isinstance(event, h11.ConnectionClosed):
                return

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MOST_BODY:
            self._fail(FailureError("too-large", f"the answer has more than {MOST_BODY} bytes"))
            self.close()
            return
        self._body.append(data)

    def _complete(self) -> None:
        response, answer = self._response, self._answer
        if response is None or answer is None or answer.done():
            return
        done = self._parser.our_state is h11.DONE and self._parser.their_state is h11.DONE
        # What came beyond the answer would be taken for the next one's.
        if done and not self._parser.trailing_data[0]:
            self._parser.start_next_cycle()
        else:
            self.close()
        answer.set_result(
            Heard(response.status_code, tuple(response.headers), b"".join(self._body))
        )

    def _fail(self, failure: FailureError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(failure)


def _why(kind: str, said: str) -> str:
    if kind == "closed":
        return "the service closed the connection before the answer was complete"
    return f"the answer is not HTTP ({said[:80]})"


Begun = tuple[Connection, "asyncio.Future[Heard]"]
"""A request that was sent on a kept connection, and its answer to come."""


class Pool:
    """Connections to one target, each used again when it can be."""

    def __init__(
        self,
        url: str,
        resolver: Resolver,
        tls: ssl.SSLContext | None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        target = target_of(url)
        assert target is not None  # the profile was checked
        self._host, self._port = target
        self._resolver = resolver
        self._tls = tls
        self._between = between
        self._addresses: tuple[str, ...] = ()
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()

    async def prepare(self) -> None:
        """Resolve the name, once; raises FailureError."""
        self._addresses = await self._resolver.addresses(self._host, self._port)

    def begin(self, wanted: h11.Request) -> Begun | None:
        """Send it at once on a kept connection; None where there is none."""
        while self._idle:
            kept = self._idle.pop()
            if kept.usable:
                return kept, kept.ask(wanted)
            self._drop(kept)
        return None

    async def ask(
        self,
        wanted: h11.Request,
        timeout: float,  # noqa: ASYNC109  # of the answer, whatever it takes to get it
        begun: Begun | None = None,
    ) -> Heard:
        """A complete answer within ``timeout``; raises FailureError. ``begun`` is what ``begin``
        gave, where it was sent already."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(timeout):
                begun = begun or self.begin(wanted)
                if begun is not None:
                    connection, answer = begun
                    try:
                        return await answer
                    except FailureError as failure:
                        # A kept connection that the service closed meanwhile says nothing of it.
                        if connection.spoke or failure.kind != "closed":
                            raise
                        self._drop(connection)
                        connection = None
                connection = await self._connect()
                return await connection.ask(wanted)
        except TimeoutError as error:
            text = f"no answer within {timeout:g} s"
            raise FailureError("timeout", text) from error
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._idle.clear()

    async def _connect(self) -> Connection:
        if not self._addresses:
            await self.prepare()
        loop = asyncio.get_running_loop()
        failure: FailureError | None = None
        for address in self._addresses:
            try:
                _, made = await loop.create_connection(
                    partial(Connection, self._between),
                    address,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
            except OSError as error:
                failure = _not_connected(error, address, self._port)
                continue
            self._open.add(made)
            return made
        raise failure or FailureError("resolve", f"{self._host} has no address")

    def _give_back(self, connection: Connection | None) -> None:
        if connection is None:
            return
        if connection.usable and len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._open.discard(connection)


def _not_connected(error: OSError, address: str, port: int) -> FailureError:
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if isinstance(error, ssl.SSLError):
        return FailureError("tls", f"no TLS with {where}: {error.reason or error}")
    kind = "refused" if isinstance(error, ConnectionRefusedError) else "connect"
    return FailureError(kind, f"{where}: {os_words(error)}")
