"""WebSockets for drills: opened without redirects and proxies, and every failure has a name.

They need the package websockets, the extra ``exercise``; nothing else here does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stagewatch.errors import PersonError
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._resolve import Resolver
from stagewatch.profile.drills import target_of

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

REMEDY = (
    "WebSockets need the package websockets; run: pip install 'stagewatch[exercise]'"
    "   (or: pipx install 'stagewatch[exercise]')"
)


class RefusedError(FailureError):
    """The service answered, and would not have the WebSocket."""


def require_websockets() -> None:
    """Raises PersonError with the remedy where the extra is missing."""
    try:
        # All that is used later: importing it then would hold up what is timed.
        import websockets.asyncio.client
        import websockets.exceptions
        import websockets.uri  # noqa: F401
    except ModuleNotFoundError as error:
        raise PersonError(REMEDY) from error


class Dialler:
    """Opens WebSockets to one URL."""

    def __init__(self, url: str, tls: ssl.SSLContext | None, timeout: float) -> None:
        require_websockets()
        target = target_of(url)
        assert target is not None  # the profile was checked
        self._url, self._tls, self._timeout = url, tls, timeout
        self._host, self._port = target
        self._resolver = Resolver("drill-sockets")

    async def open(self, headers: Mapping[str, str]) -> ClientConnection:
        """An open WebSocket; raises FailureError, and RefusedError where it was refused."""
        from websockets.exceptions import InvalidHandshake, InvalidStatus

        try:
            async with asyncio.timeout(self._timeout):
                return await self._opened(headers)
        except TimeoutError as error:
            text = f"no WebSocket within {self._timeout:g} s"
            raise FailureError("timeout", text) from error
        except InvalidStatus as error:
            status = error.response.status_code
            raise RefusedError("status", f"the service answered with {status}") from error
        except EOFError as error:
            raise FailureError("closed", "the connection was closed in the handshake") from error
        except InvalidHandshake as error:
            raise FailureError("garbage", f"no WebSocket answers there ({error})") from error
        except ssl.SSLError as error:
            raise FailureError("tls", str(error.reason or error)) from error
        except ConnectionRefusedError as error:
            raise FailureError(
                "refused", f"{self._host}:{self._port}: {os_words(error)}"
            ) from error
        except OSError as error:
            raise FailureError(
                "connect", f"{self._host}:{self._port}: {os_words(error)}"
            ) from error

    async def _opened(self, headers: Mapping[str, str]) -> ClientConnection:
        from websockets.asyncio.client import ClientConnection
        from websockets.client import ClientProtocol
        from websockets.uri import parse_uri

        addresses = await self._resolver.addresses(self._host, self._port)
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            lambda: ClientConnection(
                ClientProtocol(parse_uri(self._url), max_size=1 << 20),
                ping_interval=None,
                close_timeout=1.0,
            ),
            addresses[0],
            self._port,
            ssl=self._tls,
            server_hostname=self._host if self._tls else None,
        )
        try:
            await made.handshake(dict(headers))
        except BaseException:
            drop(made)
            raise
        return made


def drop(connection: ClientConnection) -> None:
    """Let go of it at once, as a client does that dies."""
    connection.transport.abort()


CLOSED_WITHIN = 2.0
"""Seconds after which a connection that does not answer its closing is dropped."""


async def close(connections: list[ClientConnection]) -> None:
    """Close them in good order, or drop what does not answer."""

    async def one(connection: ClientConnection) -> None:
        try:
            async with asyncio.timeout(CLOSED_WITHIN):
                await connection.close()
        except (OSError, TimeoutError):
            drop(connection)

    await asyncio.gather(*map(one, connections))
