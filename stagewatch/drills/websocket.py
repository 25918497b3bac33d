"""WebSockets: one connects, its heartbeat is answered, connections are limited, and what went
silent is let go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stagewatch.drills.ground import MOST_DISTURBED, Ground, fault
from stagewatch.drills.outcome import PASSED, Outcome
from stagewatch.drills.sockets import CLOSED_WITHIN, Dialler, RefusedError, close
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import WebSocketCheck
from stagewatch.profile.values import format_duration

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

SETTLED = 1.0
"""Seconds after which a connection that was to be refused is one that was taken."""
EACH = 0.5
"""Seconds that each connection up to the limit may take, where they are many."""


def plan(drill: WebSocketCheck) -> Iterator[str]:
    """What will be opened and said."""
    yield f"1 WebSocket to {drill.url}: it has to open, answer a ping of the protocol,"
    yield f"  send a heartbeat within {format_duration(drill.heartbeat)}, and take the answer"
    if drill.limit:
        yield f"{drill.limit + 1} WebSockets at once: number {drill.limit + 1} has to be refused"
    if drill.silent:
        span = format_duration(drill.let_go)
        yield f"{drill.silent} that fall silent: the service has to close them within {span}"


def disturbs(drill: WebSocketCheck) -> float:
    """Seconds in which the measured signals may be disturbed, at the most: a single connection
    disturbs nothing, those that reach the limit may."""
    if not drill.limit:
        return 0.0
    return _within(drill) + CLOSED_WITHIN


def _within(drill: WebSocketCheck) -> float:
    """Seconds within which the limit has to show."""
    wanted = drill.limit * EACH + 2 * drill.timeout + SETTLED
    return min(wanted, MOST_DISTURBED - CLOSED_WITHIN)


def lasts(drill: WebSocketCheck) -> tuple[float, float]:
    """Seconds until it has passed, at the least and at the most."""
    opened = (2 + drill.silent) * drill.timeout  # and the ping of the protocol
    return 0.0, disturbs(drill) + opened + drill.heartbeat + (drill.let_go if drill.silent else 0.0)


@dataclass(slots=True)
class _Seen:
    """What one run has seen so far."""

    drill: WebSocketCheck
    ground: Ground
    dialler: Dialler
    headers: dict[str, str]
    values: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    held: list[ClientConnection] = field(default_factory=list)

    def elapsed(self, since: float) -> float:
        return self.ground.clock.monotonic() - since

    async def open(self) -> ClientConnection:
        connection = await self.dialler.open(self.headers)
        self.held.append(connection)
        if self.drill.hello:
            await connection.send(self.drill.hello)
        return connection


async def run(drill: WebSocketCheck, ground: Ground) -> Outcome:
    """The limit first, which disturbs most; then the heartbeat, while others fall silent."""
    from websockets.exceptions import ConnectionClosed

    what = "the WebSocket"
    seen: _Seen | None = None
    try:
        dialler = Dialler(drill.url, ground.tls(drill.url), drill.timeout)
        seen = _Seen(drill, ground, dialler, ground.headers(drill.headers))
        for part in (_limit, _alive):
            wrong = await part(seen)
            if wrong is not None:
                return Outcome(wrong.word, wrong.text, wrong.remedy, seen.values, wrong.text)
        return Outcome(PASSED, ", ".join(seen.said), values=seen.values, missing="not tried")
    except RefusedError as failure:
        text = f"{what} was refused: {failure}"
        remedy = "check the path, the headers that it wants, and whether the service is full"
        return Outcome("refused", text, remedy, missing=text)
    except FailureError as failure:
        return fault(failure, what, ground.secrets)
    except ConnectionClosed as error:
        text = f"the service closed the connection ({error})"
        values = seen.values if seen else {}
        return Outcome("closed", text, "look at the service's log", values, text)
    finally:
        if seen is not None:
            await close(seen.held)


async def _limit(seen: _Seen) -> Outcome | None:
    """Open one more than are allowed."""
    limit = seen.drill.limit
    if not limit:
        return None
    span = _within(seen.drill)
    try:
        async with asyncio.timeout(span):
            number = await _first_refused(seen)
    except TimeoutError as error:
        text = f"{limit + 1} of them were not tried within {format_duration(span)}"
        raise FailureError("timeout", text) from error
    await close(seen.held)
    seen.held.clear()
    seen.ground.over()
    if not number:
        text = f"{limit + 1} WebSockets were taken, and none was refused"
        return Outcome("not-limited", text, "the limit is off, or higher than the profile says")
    seen.values["refused_at"] = float(number)
    seen.ground.tell(f"WebSocket {number} was refused")
    if number <= limit:
        text = f"WebSocket {number} was refused already, not only {limit + 1}"
        remedy = "others of this client were open, or the limit is lower than the profile says"
        return Outcome("limited-early", text, remedy)
    seen.said.append(f"WebSocket {number} was refused")
    return None


async def _first_refused(seen: _Seen) -> int:
    """The number of the first WebSocket that is refused; 0 for none."""
    for number in range(1, seen.drill.limit + 2):
        if not await _is_taken(seen, settle=number > seen.drill.limit):
            return number
    return 0


async def _is_taken(seen: _Seen, *, settle: bool) -> bool:
    """Whether one more is taken; a service may also refuse by closing it at once."""
    from websockets.exceptions import ConnectionClosed
    from websockets.protocol import State

    try:
        connection = await seen.open()
        if not settle:
            return True
        opened = seen.ground.clock.monotonic()
        async with asyncio.timeout(SETTLED):
            await _closed(connection)
    except TimeoutError:
        return True
    except (RefusedError, ConnectionClosed):
        return False
    # Where none of those before it is open any more, this is a reaper and no limit; one that takes
    # the newest first, or is not done yet, shows by the end of the second.
    await asyncio.sleep(max(0.0, SETTLED - seen.elapsed(opened)))
    return not any(other.state is State.OPEN for other in seen.held)


async def _alive(seen: _Seen) -> Outcome | None:
    """A lively client and silent ones, side by side."""
    began = seen.ground.clock.monotonic()
    lively = await seen.open()
    seen.values["connect"] = seen.elapsed(began) * 1000
    silent = [await seen.open() for _ in range(seen.drill.silent)]
    left = asyncio.ensure_future(_left(seen, silent))
    try:
        wrong = await _heartbeat(seen, lively)
        if wrong is not None:
            return wrong
        if silent:
            seen.ground.tell("the heartbeat was answered; waiting until the silent ones are closed")
        while not left.done():
            await _answer(seen, lively, left)
        return _judged_left(seen, left.result())
    finally:
        left.cancel()
        await asyncio.wait({left})


async def _heartbeat(seen: _Seen, lively: ClientConnection) -> Outcome | None:
    """A ping of the protocol, and the service's own heartbeat."""
    began = seen.ground.clock.monotonic()
    try:
        async with asyncio.timeout(seen.drill.timeout):
            await (await lively.ping())
    except TimeoutError:
        text = f"no answer to a ping of the protocol within {format_duration(seen.drill.timeout)}"
        return Outcome("no-pong", text, "the service hangs, or a proxy swallows pings")
    seen.values["pong"] = seen.elapsed(began) * 1000
    began = seen.ground.clock.monotonic()
    try:
        async with asyncio.timeout(seen.drill.heartbeat):
            while seen.drill.ping not in _text(await lively.recv()):
                pass
    except TimeoutError:
        text = f"no heartbeat within {format_duration(seen.drill.heartbeat)}"
        return Outcome("no-heartbeat", text, "the heartbeat is off, or says something else")
    seen.values["heartbeat"] = seen.elapsed(began)
    await lively.send(seen.drill.pong)
    beat = format_duration(seen.values["heartbeat"])
    seen.said.append(f"a heartbeat came within {beat} and was answered")
    return None


async def _answer(seen: _Seen, lively: ClientConnection, left: asyncio.Task[int]) -> None:
    """Go on answering until the silent ones are let go."""
    said = asyncio.ensure_future(lively.recv())
    await asyncio.wait({said, left}, return_when=asyncio.FIRST_COMPLETED)
    if not said.done():
        said.cancel()
        await asyncio.wait({said})
    elif seen.drill.ping in _text(said.result()):
        await lively.send(seen.drill.pong)


async def _left(seen: _Seen, silent: list[ClientConnection]) -> int:
    """How many of the silent ones the service still holds when it should not."""
    if not silent:
        return 0
    waits = [asyncio.ensure_future(_closed(connection)) for connection in silent]
    done, pending = await asyncio.wait(waits, timeout=float(seen.drill.let_go))
    for wait in pending:
        wait.cancel()
    return len(silent) - len(done)


async def _closed(connection: ClientConnection) -> None:
    """Wait until the service closes it. What it says is read, and dropped: behind what is unread no
    close would be seen."""
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.recv()


def _judged_left(seen: _Seen, left: int) -> Outcome | None:
    if not seen.drill.silent:
        return None
    seen.values["left"] = float(left)
    span = format_duration(seen.drill.let_go)
    if left:
        text = f"{left} of {seen.drill.silent} silent WebSockets are still held after {span}"
        return Outcome("not-let-go", text, "the service does not reap them: a leak of sockets")
    which = "the silent one was" if seen.drill.silent == 1 else "the silent ones were"
    seen.said.append(f"{which} let go within {span}")
    return None


def _text(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode("utf-8", "replace")
