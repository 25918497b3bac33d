"""An opened http probe: runs the exchange, and makes a reading of whatever comes of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

import stagewatch
from stagewatch.model import Fact, Reading, Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._exchange import Exchange
from stagewatch.probes._expect import Answer, Expected, Named, examine
from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import compile_path
from stagewatch.probes._resolve import Lookup, Resolver
from stagewatch.probes._secrets import Secrets
from stagewatch.probes._tls import tls_context
from stagewatch.probes._trip import Trip
from stagewatch.probes._wire import WireTransport
from stagewatch.probes.http import HttpConfig, sendable
from stagewatch.profile.values import format_duration
from stagewatch.text import clean, masked

GRACE = 0.5
"""Seconds beyond ``timeout`` before the recorder gives up on a probe that should have ended."""
MAX_REASON = 300
"""Characters of a reason."""
_LIBRARY = 0.3
"""Seconds before ``timeout`` at which a single hanging operation ends; less of a short one."""
_OUR_HEADERS = {
    "User-Agent": f"stagewatch/{stagewatch.__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "close",
}
_UNVERIFIED = "certificate not verified (verify = false)"


class HttpProbe:
    """One URL, asked at an interval."""

    def __init__(
        self,
        name: str,
        config: HttpConfig,
        context: OpenContext,
        signals: tuple[Signal, ...],
        lookup: Lookup | None = None,
    ) -> None:
        self.name = name
        self.every = self.tick = float(config.every)
        self.deadline = config.timeout + GRACE
        self.signals = signals
        self._config = config
        self._context = context
        self._resolver = Resolver(name, lookup)
        self._secrets = Secrets(context.base)
        self._expected = _expected(name, config)
        self._https = urlsplit(config.url).scheme == "https"
        self._exchange: Exchange | None = None
        # Reported by the first reading, which tries again.
        with suppress(FailureError):
            self._exchange = self._prepared()

    async def read(self) -> Reading:
        """Ask once."""
        clock = self._context.clock
        at = clock.now()
        trip = Trip(clock.monotonic)
        try:
            answer = await self._ask(trip)
            return self._judged(answer, at, trip)
        except FailureError as failure:
            return self._failed(failure, at, trip)

    async def aclose(self) -> None:
        """Every run closes its own connection, so that nothing is left to release."""

    async def _ask(self, trip: Trip) -> Answer:
        if self._exchange is None:
            # What is missing now, a secret or a certificate, may turn up during the watch.
            self._exchange = self._prepared()
        timeout = self._config.timeout
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange.ask(trip)
        except TimeoutError as error:
            reason = f"no answer within {format_duration(timeout)} ({trip.doing()})"
            raise FailureError("timeout", reason) from error

    def _prepared(self) -> Exchange:
        config = self._config
        limit = int(config.max_bytes)
        tls = None
        if self._https:
            ca_file = str(self._context.base / config.ca_file) if config.ca_file else ""
            tls = tls_context(ca_file, config.verify)
        patience = config.timeout - min(_LIBRARY, config.timeout / 20)
        transport = WireTransport(self._resolver, limit, tls, patience)
        return Exchange(transport, self._request(), limit, config.redirects)

    def _request(self) -> httpx.Request:
        config, resolve = self._config, self._secrets.resolve
        headers = httpx.Headers(_OUR_HEADERS)
        for name, value in config.headers.items():
            sent = resolve(f"headers.{name}", value)
            if not sendable(sent):
                raise FailureError("secret", f"headers.{name}: holds characters no header may")
            headers[name] = sent
        body = resolve("body", config.body).encode()
        try:
            return httpx.Request(config.method, config.url, headers=headers, content=body or None)
        except httpx.InvalidURL as error:
            raise FailureError("request", f"url: {error}") from error

    def _judged(self, answer: Answer, at: float, trip: Trip) -> Reading:
        found = examine(self._expected, answer, self._secrets.values)
        values, missing = found.values, found.missing
        good = not found.problems
        values[f"{self.name}.ok"] = float(good)
        latency = f"{self.name}.latency"
        if answer.status < 500 or answer.status in self._expected.status:
            values[latency] = trip.took * 1000
        else:
            missing[latency] = found.reason
        unverified = self._https and not self._config.verify
        return Reading(
            probe=self.name,
            at=at,
            took=trip.took,
            result=Result.VALUE if good else Result.NO_DATA,
            reason=found.reason or (_UNVERIFIED if unverified else ""),
            values=values,
            missing=missing,
            facts={**found.facts, "http_status": answer.status, **self._way(trip)},
        )

    def _failed(self, failure: FailureError, at: float, trip: Trip) -> Reading:
        # Only here, since a text that is cut first may keep half a secret.
        reason = clean(masked(str(failure), self._secrets.values), MAX_REASON)
        facts: dict[str, Fact] = {
            "failure": failure.kind,
            "phase": str(trip.phase),
            **self._way(trip),
        }
        if failure.kind == "timeout":
            facts |= {"timed_out": True, "deadline": float(self._config.timeout)}
        ok = f"{self.name}.ok"
        return Reading(
            probe=self.name,
            at=at,
            took=trip.elapsed(),
            result=Result.ERROR,
            reason=reason,
            values={ok: 0.0},
            missing={signal.name: reason for signal in self.signals if signal.name != ok},
            facts=facts,
        )

    def _way(self, trip: Trip) -> dict[str, Fact]:
        return {"address": trip.address, **trip.facts()} if trip.address else {}


def _expected(name: str, config: HttpConfig) -> Expected:
    def named(path: str) -> Named:
        return Named(path, compile_path(path))

    return Expected(
        status=frozenset(config.expect.status),
        json=[(named(path), wanted) for path, wanted in config.expect.json.items()],
        read={f"{name}.{key}": named(path) for key, path in config.read.items()},
        show={key: named(path) for key, path in config.show.items()},
        convert=config.convert,
        limit=int(config.max_bytes),
    )
