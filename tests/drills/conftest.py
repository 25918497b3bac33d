"""Services on loopback that do as a test says, and a clock on which waiting takes no time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.drills.ground import Ground
from stagewatch.probes.http import HttpConfig
from stagewatch.profile.drills import (
    DRILL,
    EXERCISE,
    PREFIX,
    AnyValidation,
    DrillConfig,
    Exercise,
)
from stagewatch.profile.schema import Deployment, Profile
from stagewatch.profile.values import Duration
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionStore

Answer = bytes | None
"""What a request is answered with; None: never, b"": the connection is closed."""


class Hasty(SystemClock):
    """Waits by moving on, and keeps how long it would have waited."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> float:
        return super().now() + self.waited

    def monotonic(self) -> float:
        return super().monotonic() + self.waited

    async def sleep(self, seconds: float) -> None:
        self.waited += max(0.0, seconds)
        await asyncio.sleep(0)


def reply(status: int, body: str = "{}", **headers: str) -> bytes:
    """A whole answer."""
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Whatever\r\n{told}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@asynccontextmanager
async def serving(answers: Callable[[int], Answer]) -> AsyncIterator[int]:
    """A port whose n-th request, from 1, is answered as ``answers`` says."""
    asked = 0
    talks: set[asyncio.Task[None] | None] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        talks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                asked += 1
                answer = answers(asked)
                if answer is None:
                    await reader.read()
                    break
                writer.write(answer)
                await writer.drain()
                if not answer:
                    break
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        if talks:  # each ends with its client
            await asyncio.wait([talk for talk in talks if talk is not None])


def profile_with(
    port: int, drill: AnyValidation | Exercise, *, production: bool = False
) -> Profile:
    """A profile that watches this port, with this drill called ``it``."""
    name = EXERCISE if isinstance(drill, Exercise) else f"{PREFIX}it"
    url = f"http://127.0.0.1:{port}/quota"
    return Profile(
        version=1,
        deployment=Deployment(name="staging", production=production),
        probe={
            "quota": HttpConfig(kind="http", url=url, every=Duration(2)),
            "health": HttpConfig(kind="http", url=f"http://127.0.0.1:{port}/health"),
            name: DrillConfig(kind=DRILL, every=Duration(86400), drill=drill),
        },
        validation={} if isinstance(drill, Exercise) else {"it": drill},
        exercise=drill if isinstance(drill, Exercise) else None,
    )


def ground_of(port: int, drill: AnyValidation | Exercise, clock: SystemClock) -> Ground:
    """What the drill stands on."""
    return Ground(profile_with(port, drill), Path("/"), clock)


@pytest.fixture
def hasty() -> Hasty:
    """A clock on which waiting takes no time."""
    return Hasty()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a session that runs."""
    made = tmp_path / "watch-1"
    now = time.time()
    SessionStore(made).create(
        Session(
            id=made.name,
            profile="watch",
            deployment="staging",
            started_at=Instant(round(now - 60, 3)),
            ends_at=Instant(round(now + 86_400, 3)),
        )
    )
    return made


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
