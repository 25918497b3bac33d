"""The WebSocket validation, against real WebSocket servers that do one thing wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from stagewatch.clock import SystemClock
from stagewatch.drills import validations
from stagewatch.drills.outcome import Outcome
from stagewatch.profile.drills import WebSocketCheck
from stagewatch.profile.values import Duration
from tests.drills.conftest import ground_of, reply, serving


@dataclass
class Service:
    """A WebSocket service with a heartbeat, a limit and a reaper, each of which can be off."""

    limit: int = 3
    heartbeat: float = 0.05
    silence: float = 0.5
    reaps: bool = True
    refuses_late: bool = False
    """Takes the one too many, and closes it at once."""
    reaps_first: int = 99
    """The peer that is reaped before all others."""
    peers: dict[ServerConnection, float] = field(default_factory=dict)

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if len(self.peers) >= self.limit and not self.refuses_late:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "full\n")
        return None

    async def talk(self, connection: ServerConnection) -> None:
        now = asyncio.get_running_loop().time
        if len(self.peers) >= self.limit:
            return
        self.peers[connection] = now()
        beat = asyncio.ensure_future(self._beat(connection))
        with contextlib.suppress(ConnectionClosed):
            async for text in connection:
                if json.loads(text)["type"] in ("hello", "pong"):
                    self.peers[connection] = now()
        beat.cancel()
        del self.peers[connection]

    async def _beat(self, connection: ServerConnection) -> None:
        now = asyncio.get_running_loop().time
        silence = 0.0 if len(self.peers) == self.reaps_first else self.silence
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self.heartbeat)
                if self.reaps and now() - self.peers[connection] > silence:
                    await connection.close(1001)
                    return
                await connection.send('{"type": "ping"}')


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[int]:
    """Its port."""
    server: Server
    async with serve(
        service.talk, "127.0.0.1", 0, process_request=service.admit, ping_interval=None
    ) as server:
        port: int = next(iter(server.sockets)).getsockname()[1]
        yield port


def drill(port: int, **keys: object) -> WebSocketCheck:
    """The drill with short times."""
    given: dict[str, object] = {
        "timeout": Duration(1),
        "heartbeat": Duration(5),
        "let_go": Duration(9),
        "limit": 3,
        "hello": '{"type": "hello"}',
        **keys,
    }
    return WebSocketCheck(url=f"ws://127.0.0.1:{port}/ws", **given)  # type: ignore[arg-type]


async def ran(port: int, **keys: object) -> Outcome:
    """What a run comes to."""
    one = drill(port, **keys)
    return await validations.run(one, ground_of(port, one, SystemClock()))


async def test_a_good_service_passes_with_all_its_figures() -> None:
    """And nothing of the drill is left open at the service."""
    service = Service()
    async with running(service) as port:
        outcome = await ran(port)
    assert outcome.word == "passed", outcome.text
    assert (outcome.values["refused_at"], outcome.values["left"]) == (4.0, 0.0)
    assert {"connect", "pong", "heartbeat"} <= outcome.values.keys()
    assert not service.peers


async def test_a_connection_that_is_closed_at_once_is_refused_as_well() -> None:
    """Some services can only say no after the handshake."""
    async with running(Service(refuses_late=True, silence=2.0)) as port:
        outcome = await ran(port)
    assert (outcome.word, outcome.values["refused_at"]) == ("passed", 4.0)


async def test_a_limit_that_takes_too_long_to_show_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left out of the rules meanwhile is announced, and bounded."""
    most = drill(1, limit=500, timeout=Duration(600))
    assert validations.disturbs(most) == 120.0
    monkeypatch.setattr("stagewatch.drills.websocket.MOST_DISTURBED", 2.3)
    async with serving(lambda n: None) as port:
        outcome = await ran(port, timeout=Duration(60))
    assert outcome.word == "no-answer"
    assert "4 of them were not tried within 300ms" in outcome.text


FAULTS: dict[str, tuple[Service, dict[str, object], str]] = {
    "no limit": (Service(limit=99), {}, "not-limited"),
    "a reaper that begins with the newest": (Service(limit=99, reaps_first=4), {}, "not-limited"),
    "a lower limit": (Service(limit=2), {}, "limited-early"),
    "no heartbeat": (Service(heartbeat=60), {"heartbeat": Duration(0.1)}, "no-heartbeat"),
    "another heartbeat": (
        Service(silence=9),
        {"ping": "hearts", "heartbeat": Duration(0.2)},
        "no-heartbeat",
    ),
    "no reaper": (Service(reaps=False), {"let_go": Duration(0.3)}, "not-let-go"),
    "it closes at once": (Service(limit=0, refuses_late=True), {"limit": 0}, "closed"),
    "it is full": (Service(limit=0), {"limit": 0}, "refused"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_has_a_name_and_a_remedy(fault: str) -> None:
    """And none is a pass."""
    service, keys, word = FAULTS[fault]
    async with running(service) as port:
        outcome = await ran(port, **keys)
    assert (outcome.word, outcome.passed) == (word, False), outcome.text
    assert outcome.remedy


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (reply(200), "refused"),
        (reply(302, location="ws://192.0.2.1/"), "refused"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "garbage"),
        (b"", "garbage"),
        (None, "no-answer"),
    ],
    ids=["no upgrade", "a redirect", "something else", "it closes", "it hangs"],
)
async def test_what_is_no_websocket_is_named(answer: bytes | None, word: str) -> None:
    """A redirect is not followed."""
    async with serving(lambda n: answer) as port:
        outcome = await ran(port, limit=0, timeout=Duration(0.4))
    assert outcome.word == word
    assert outcome.remedy


async def test_nobody_there_is_unreachable(unused_port: int) -> None:
    """With the address."""
    outcome = await ran(unused_port, limit=0)
    assert outcome.word == "unreachable"
    assert str(unused_port) in outcome.text
