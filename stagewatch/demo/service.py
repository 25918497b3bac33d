"""The demo backend's application: endpoints over its parts, and one step a second of its life."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from stagewatch import __version__
from stagewatch.demo.control import States, wanted_states
from stagewatch.demo.faults import FAULTS, DemoError
from stagewatch.demo.hub import Hub, Peer
from stagewatch.demo.logs import ErrorLog
from stagewatch.demo.parts import Cache, Leak, Pool, RateLimit, Sawtooth

WATCH_KEY = "stagewatch"
"""The client key with which the demo profile's own probe asks for the quota."""
LONGEST_BODY = 4096
MOST_KEPT = 1000
"""Summaries in the cache; the oldest makes room."""
SUMMARY_LIVES = 10.0
"""Seconds for which a workspace's summary is kept."""


def client_key(headers: Mapping[str, str], client: str) -> str:
    """Whose requests these are: the ``X-Client-Key`` header where it is sane, else the address."""
    key = headers.get("x-client-key", "")
    return key if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", key) else client


@dataclass(slots=True)
class Life:
    """Everything the backend is made of, and what makes it go wrong."""

    errors: ErrorLog
    random: Random
    started: float = field(default_factory=time.monotonic)
    on: set[str] = field(default_factory=set)
    """The faults that are on."""
    pool: Pool = field(default_factory=Pool)
    cache: Cache = field(default_factory=Cache)
    hub: Hub = field(default_factory=Hub)
    leak: Leak = field(default_factory=Leak)
    sawtooth: Sawtooth = field(default_factory=Sawtooth)
    everybody: RateLimit = field(default_factory=lambda: RateLimit(5))
    watch: RateLimit = field(default_factory=lambda: RateLimit(600))
    openai_calls: int = 0
    kept: dict[str, float] = field(default_factory=dict)
    """Client → when its summary was put into the cache."""

    def is_kept(self, client: str, now: float) -> bool:
        """Whether the cache has a client's summary; it has it from now on. Counts hit and miss."""
        hit = "cache" not in self.on and now - self.kept.get(client, -60.0) < SUMMARY_LIVES
        if hit:
            self.cache.hits += 1
            return True
        self.cache.misses += 1
        if len(self.kept) >= MOST_KEPT:
            self.kept.pop(next(iter(self.kept)))
        self.kept.pop(client, None)
        self.kept[client] = now
        return False

    def states(self) -> States:
        """Every fault, on or off."""
        return {fault: fault in self.on for fault in FAULTS}

    def step(self) -> None:
        """A second passes."""
        self.pool.step(self.random, "pool" in self.on)
        self.cache.step(self.random, "cache" in self.on)
        self.leak.step("leak" in self.on)
        self.sawtooth.step()
        self.errors.step("errors" in self.on)
        self.openai_calls += 5 if "calls" in self.on else self.random.random() < 0.8

    async def answer_after(self, low: float, high: float) -> None:
        """Take a while, as work does; low and high in seconds."""
        await asyncio.sleep(self.random.uniform(low, high))


@dataclass(frozen=True, slots=True)
class Endpoints:
    """One method an endpoint."""

    life: Life
    wish: Callable[[States], None]
    """Take note of which faults somebody wants on or off, and return at once."""
    token: str
    """What POST /demo/faults must bring as X-Demo-Token; empty: nothing."""

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/api/quota/status", self.quota),
                Route("/api/cache/stats", self.cache),
                Route("/api/summary", self.summary),
                Route("/api/usage", self.usage),
                Route("/build.json", self.build),
                Route("/demo/faults", self.faults, methods=["GET", "POST"]),
                WebSocketRoute("/ws", self.websocket),
            ]
        )

    async def health(self, request: Request) -> JSONResponse:
        """How the service says it is."""
        life = self.life
        await life.answer_after(0.004, 0.015)
        now = time.monotonic()
        pool, (opened, sessions) = life.pool, life.hub.counts(now)
        return JSONResponse(
            {
                "status": "healthy",
                "version": __version__,
                "uptime_s": round(now - life.started, 1),
                "database": {
                    "status": "saturated" if pool.waiting else "ok",
                    "query_ms": round(pool.query_ms, 1),
                    "pool": {
                        "in_use": pool.in_use,
                        "size": pool.size,
                        "waiting": pool.waiting,
                        "timeouts_total": pool.timeouts_total,
                    },
                },
                "websocket": {
                    "status": "ok" if opened - sessions <= 20 else "leaking",
                    "open": opened,
                    "sessions": sessions,
                    "orphans": opened - sessions,
                },
                "openai": {"calls_total": life.openai_calls},
            }
        )

    async def quota(self, request: Request) -> JSONResponse:
        """The rate-limited endpoint."""
        life, now = self.life, time.monotonic()
        client = client_key(request.headers, request.client.host if request.client else "-")
        limit = life.watch if client == WATCH_KEY else life.everybody
        wait = 0 if "limit" in life.on else limit.ask(client, now)
        if wait:
            return JSONResponse(
                {"error": "rate limited", "limit_per_minute": limit.limit, "retry_after_s": wait},
                status_code=429,
                headers={"Retry-After": str(wait)},
            )
        await life.answer_after(*((1.1, 1.3) if "slow" in life.on else (0.020, 0.060)))
        left = limit.left(client, now)
        return JSONResponse(
            {"status": "normal", "limit_per_minute": limit.limit, "remaining": left},
            headers={"X-RateLimit-Limit": str(limit.limit), "X-RateLimit-Remaining": str(left)},
        )

    async def cache(self, request: Request) -> JSONResponse:
        """Hits and misses since the start."""
        cache = self.life.cache
        answer = {"hits": cache.hits, "misses": cache.misses, "hit_rate": round(cache.hit_rate, 4)}
        return JSONResponse(answer)

    async def summary(self, request: Request) -> JSONResponse:
        """A workspace's summary: costly, and kept for ten seconds."""
        life = self.life
        client = client_key(request.headers, request.client.host if request.client else "-")
        hit = life.is_kept(client, time.monotonic())
        await life.answer_after(*((0.001, 0.003) if hit else (0.060, 0.120)))
        return JSONResponse(
            {"workspace": client, "goals": 12, "cached": hit},
            headers={"X-Cache": "HIT" if hit else "MISS"},
        )

    async def usage(self, request: Request) -> JSONResponse:
        """What costs money, since the start."""
        return JSONResponse({"openai_calls_total": self.life.openai_calls})

    async def build(self, request: Request) -> JSONResponse:
        """What the frontend's last build came to, as its server would tell."""
        errors = 3 if "build" in self.life.on else 0
        return JSONResponse({"status": "failed" if errors else "ok", "errors": errors})

    async def faults(self, request: Request) -> JSONResponse:
        """Show the faults, or switch some; answers before the switch is in force."""
        if request.method == "GET":
            return JSONResponse({"faults": self.life.states()})
        refusal = _refusal(request, self.token)
        if refusal:
            return JSONResponse({"error": refusal}, status_code=403)
        try:
            wanted = wanted_states(json.loads(await _body(request)))
        except (DemoError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        self.wish(wanted)
        return JSONResponse({"faults": {**self.life.states(), **wanted}}, status_code=202)

    async def websocket(self, websocket: WebSocket) -> None:
        """JSON both ways: ``hello`` opens a session, every ``ping`` wants a ``pong``."""
        hub = self.life.hub
        key = websocket.headers.get("x-client-key", "")
        if hub.full or hub.full_of(key):
            await websocket.close(1013)
            return
        await websocket.accept()
        peer = _peer(websocket, key)
        hub.add(peer)
        try:
            while (message := await websocket.receive())["type"] != "websocket.disconnect":
                hub.hear(peer, message.get("text") or "", time.monotonic())
        finally:
            hub.remove(peer)


def _peer(websocket: WebSocket, key: str) -> Peer:
    async def send(text: str) -> None:
        try:
            await websocket.send_text(text)
        except WebSocketDisconnect as error:
            raise ConnectionError("the client is gone") from error

    async def close() -> None:
        await websocket.close(1001)

    return Peer(send, close, time.monotonic(), key=key)


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise DemoError(f"the body is larger than {LONGEST_BODY} bytes")
    return body


def _refusal(request: Request, token: str) -> str:
    """Why this request may not switch faults; empty when it may.

    A web page in the operator's browser reaches loopback too: it cannot send JSON to us without
    being asked first, and a name that it resolves to loopback is not a loopback address.
    """
    if not _is_loopback(request.client.host if request.client else ""):
        return "only this machine may switch faults"
    if request.url.hostname != "localhost" and not _is_loopback(request.url.hostname or ""):
        return "the Host header must name a loopback address"
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return "send the header Content-Type: application/json"
    if not hmac.compare_digest(request.headers.get("x-demo-token", "").encode(), token.encode()):
        return "send the control token in the header X-Demo-Token"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
