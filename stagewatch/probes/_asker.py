"""Asking one URL within a deadline: what every probe that speaks HTTP does before it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

import stagewatch
from stagewatch.probes._exchange import Exchange
from stagewatch.probes._expect import Answer
from stagewatch.probes._failure import FailureError
from stagewatch.probes._resolve import Resolver
from stagewatch.probes._secrets import Secrets
from stagewatch.probes._tls import tls_context
from stagewatch.probes._trip import Trip
from stagewatch.probes._wire import WireTransport
from stagewatch.probes.http import sendable
from stagewatch.profile.values import format_duration

_LIBRARY = 0.3
"""Seconds before ``timeout`` at which a single hanging operation ends; less of a short one."""
_OUR_HEADERS = {
    "User-Agent": f"stagewatch/{stagewatch.__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked, with references to secrets unresolved."""

    url: str
    timeout: float
    limit: int
    """Bytes that a body may have."""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    redirects: int = 0
    ca_file: str = ""
    verify: bool = True

    @property
    def https(self) -> bool:
        """Whether it speaks TLS."""
        return urlsplit(self.url).scheme == "https"


class Asker:
    """Asks one target, each time anew."""

    def __init__(self, target: Target, base: Path, resolver: Resolver, secrets: Secrets) -> None:
        self._target = target
        self._base = base
        self._resolver = resolver
        self._secrets = secrets
        self._exchange: Exchange | None = None
        # Reported by the first reading, which tries again.
        with suppress(FailureError):
            self._exchange = self._prepared()

    async def ask(self, trip: Trip) -> Answer:
        """A complete answer; raises FailureError, within the target's timeout."""
        if self._exchange is None:
            # What is missing now, a secret or a certificate, may turn up during the watch.
            self._exchange = self._prepared()
        timeout = self._target.timeout
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange.ask(trip)
        except TimeoutError as error:
            reason = f"no answer within {format_duration(timeout)} ({trip.doing()})"
            raise FailureError("timeout", reason) from error

    def _prepared(self) -> Exchange:
        target = self._target
        tls = None
        if target.https:
            ca_file = str(self._base / target.ca_file) if target.ca_file else ""
            tls = tls_context(ca_file, target.verify)
        patience = target.timeout - min(_LIBRARY, target.timeout / 20)
        transport = WireTransport(self._resolver, target.limit, tls, patience)
        return Exchange(transport, self._request(), target.limit, target.redirects)

    def _request(self) -> httpx.Request:
        target, resolve = self._target, self._secrets.resolve
        headers = httpx.Headers(_OUR_HEADERS)
        for name, value in target.headers.items():
            sent = resolve(f"headers.{name}", value)
            if not sendable(sent):
                raise FailureError("secret", f"headers.{name}: holds characters no header may")
            headers[name] = sent
        body = resolve("body", target.body).encode()
        try:
            return httpx.Request(target.method, target.url, headers=headers, content=body or None)
        except httpx.InvalidURL as error:
            raise FailureError("request", f"url: {error}") from error
