"""One request and its whole answer, or the reason why there is none."""

from __future__ import annotations

import asyncio
import ssl

import httpcore
import httpx

from stagewatch.probes._expect import Answer
from stagewatch.probes._failure import FailureError, first_of, os_words
from stagewatch.probes._trip import Phase, Trip
from stagewatch.probes._wire import WireTransport

MAX_PIECES = 10_000
"""Pieces in which a body may come; a byte in each chunk would cost seconds of parsing."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Exchange:
    """Asks one URL, again and again, each time over a connection of its own."""

    def __init__(
        self, transport: WireTransport, request: httpx.Request, limit: int, redirects: int
    ) -> None:
        self._transport = transport
        self._request = request
        self._limit = limit
        self._redirects = redirects if request.method in {"GET", "HEAD"} else 0

    async def ask(self, trip: Trip) -> Answer:
        """The final answer. Raises FailureError, or TimeoutError when a single operation hangs."""
        request = self._request
        for left in range(self._redirects, -1, -1):
            try:
                answer, target = await self._once(request, trip)
            except httpcore.TimeoutException as error:
                raise TimeoutError from error
            except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                raise _failure(error, trip) from error
            if not (left and target and _origin(target) == _origin(request.url)):
                break
            trip.again()
            request = httpx.Request(request.method, target, headers=request.headers)
        return answer

    async def _once(self, request: httpx.Request, trip: Trip) -> tuple[Answer, httpx.URL | None]:
        request.extensions = {"trip": trip}
        response = await self._transport.handle_async_request(request)
        try:
            body = await self._collect(response)
            trip.arrived()
        finally:
            await response.aclose()
        headers = response.headers
        target = _target(request.url, response)
        answer = Answer(
            status=response.status_code,
            media=headers.get("content-type", "").partition(";")[0].strip().lower(),
            coding=headers.get("content-encoding", "").strip().lower(),
            body=body,
            note=f"redirect to {target} not followed" if target else "",
        )
        return answer, target

    async def _collect(self, response: httpx.Response) -> bytes:
        body = bytearray()
        pieces = 0
        async for piece in response.aiter_raw():
            body += piece
            pieces += 1
            if len(body) > self._limit:
                raise FailureError("too-large", f"answer too large: more than {self._limit} bytes")
            if pieces > MAX_PIECES:
                raise FailureError("too-large", f"answer in more than {MAX_PIECES} pieces")
            if pieces % 64 == 0:
                # Pieces that have arrived already never suspend.
                await asyncio.sleep(0)
        return bytes(body)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _target(url: httpx.URL, response: httpx.Response) -> httpx.URL | None:
    location = response.headers.get("location", "")
    if response.status_code not in _REDIRECTS or not location:
        return None
    try:
        return url.join(location)
    except httpx.InvalidURL:
        return None


def _failure(error: Exception, trip: Trip) -> FailureError:
    if trip.phase is Phase.TLS:
        return FailureError("tls", f"{_tls_words(error)} at {trip.address}")
    if isinstance(error, httpcore.LocalProtocolError):
        return FailureError("request", f"the request cannot be sent: {error}")
    if isinstance(error, httpcore.RemoteProtocolError):
        return _protocol_failure(str(error), trip)
    where = f"after {trip.wire} bytes" if trip.wire else f"by {trip.address}"
    return FailureError("reset", f"{os_words(error)} {where}")


def _protocol_failure(words: str, trip: Trip) -> FailureError:
    if not trip.wire:
        return FailureError("cut", f"connection closed without an answer by {trip.address}")
    if "peer closed" in words or "disconnected" in words:
        return FailureError("cut", f"answer cut short after {trip.wire} bytes")
    return FailureError("protocol", f"not an HTTP answer: {words}")


def _tls_words(error: Exception) -> str:
    untrusted = first_of(error, ssl.SSLCertVerificationError)
    if isinstance(untrusted, ssl.SSLCertVerificationError):
        return f"certificate not accepted ({untrusted.verify_message})"
    broken = first_of(error, ssl.SSLError)
    if isinstance(broken, ssl.SSLError) and broken.reason:
        return f"TLS handshake failed ({broken.reason.lower().replace('_', ' ')})"
    return f"TLS handshake failed ({os_words(error)})"
