"""The port of the demo backend: it can stop accepting and start again while the process lives."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stagewatch.demo.faults import DemoError
from stagewatch.demo.logs import AccessLog, Request
from stagewatch.demo.service import client_key


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the backend, which has more to end than one server."""
        yield


class Listener:
    """A port that answers while it is open and refuses, but stays ours, while it is closed."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Take the port; raises DemoError when it is taken."""
        self._app = app
        self._socket = bind(host, port)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    @property
    def is_open(self) -> bool:
        """Requests are answered."""
        return self._serving is not None

    async def open(self) -> None:
        """Answer from now on; raises DemoError when another program took the port meanwhile."""
        if self.is_open:
            return
        if self._socket.fileno() < 0:
            self._socket = bind(self.host, self.port)
        self._server = _Server(_config(self._app))
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        # uvicorn says that it has started with a flag alone.
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if self._serving.done():
            await self._drop()

    async def close(self) -> None:
        """Refuse from now on; open connections end within about a second."""
        if self._server is None:
            return
        self._server.should_exit = True
        await self._drop()
        with suppress(DemoError):  # Another program was faster: ``open`` says so when it matters.
            self._socket = bind(self.host, self.port)

    async def _drop(self) -> None:
        serving, self._serving, self._server = self._serving, None, None
        try:
            if serving is not None:
                await serving
        except OSError as error:
            raise DemoError(taken(self.host, self.port)) from error
        finally:
            self._socket.close()


def bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet: it holds the port, and connections are refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only on sockets that say they are TCP; with it, an answer in two
    # parts takes 40 ms on a kept connection.
    holder = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((host, port))
    except OSError as error:
        holder.close()
        if error.errno == errno.EADDRINUSE:
            raise DemoError(taken(host, port)) from error
        raise DemoError(f"port {port} on {host} cannot be used: {error.strerror}") from error
    return holder


def taken(host: str, port: int) -> str:
    """What to say about a port that another program has."""
    return f"port {port} on {host} is taken by another program; end it or choose another port"


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        ws_max_size=4096,
        timeout_graceful_shutdown=1,
    )


class Accessed:
    """Wraps an application and writes its access log."""

    def __init__(self, app: ASGIApp, log: AccessLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and log it; a WebSocket is logged when it opens."""
        began = time.monotonic()
        status, size = 0, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            kind = message["type"]
            if kind == "http.response.start":
                status = message["status"]
            elif kind == "http.response.body":
                size += len(message.get("body", b""))
            elif kind == "websocket.accept":
                self._write(scope, 101, 0, began)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            if status:
                self._write(scope, status, size, began)

    def _write(self, scope: Scope, status: int, size: int, began: float) -> None:
        client = scope["client"][0] if scope.get("client") else "-"
        key = client_key(Headers(scope=scope), "-")
        line = f"{scope.get('method', 'GET')} {quote(scope['path'])} HTTP/{scope['http_version']}"
        self._log.write(Request(client, key, line, status, size, time.monotonic() - began))
