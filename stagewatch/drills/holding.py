"""The WebSockets of an exercise: each workspace holds some, answers heartbeats, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from stagewatch.drills.ground import Ground, named
from stagewatch.drills.sockets import Dialler, drop
from stagewatch.drills.tally import Tally
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import Hold

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from stagewatch.drills.exercise import Load

BACK_AFTER = 5.0
"""Seconds after which a WebSocket that was lost is opened again."""
APART = 0.02
"""Seconds between two handshakes: opening them all at once would be another test."""


class Holder:
    """Holds the WebSockets of all workspaces."""

    def __init__(self, load: Load, ground: Ground, tally: Tally) -> None:
        """Raises PersonError without the extra, FailureError for a secret that is not there."""
        self._tally = tally
        self._hold: Hold | None = load.exercise.socket
        self._each: list[dict[str, str]] = []
        self._coming = 0
        """WebSockets that are wanted, and have neither opened nor failed yet."""
        if self._hold is None:
            return
        tls = ground.tls(self._hold.url)
        self._dialler = Dialler(self._hold.url, tls, float(load.exercise.timeout))
        given = {**load.exercise.headers, **self._hold.headers}
        for number in range(1, load.workspaces + 1):
            self._each += [ground.headers(named(given, number))] * self._hold.each
        self._coming = len(self._each)

    def jobs(self) -> Iterator[Coroutine[Any, Any, None]]:
        """One for each WebSocket; they end when they are cancelled."""
        if self._hold is not None:
            for number, headers in enumerate(self._each):
                yield self._keep(self._hold, headers, number * APART)

    def over(self) -> None:
        """The exercise has come to its end: what was wanted and has not come by now is lost."""
        for _ in range(self._coming):
            self._lost("not open by the end")
        self._coming = 0

    async def _keep(self, hold: Hold, headers: dict[str, str], after: float) -> None:
        """Hold one, for ever."""
        await asyncio.sleep(after)
        while True:
            try:
                connection = await self._dialler.open(headers)
            except FailureError as failure:
                self._coming -= 1
                self._lost(failure.kind)
            else:
                self._coming -= 1
                await self._talk(hold, connection)
            await asyncio.sleep(BACK_AFTER)
            self._coming += 1

    async def _talk(self, hold: Hold, connection: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        self._tally.sockets += 1
        try:
            if hold.hello:
                await connection.send(hold.hello)
            while True:
                said = await connection.recv()
                text = said if isinstance(said, str) else said.decode("utf-8", "replace")
                if hold.ping in text:
                    await connection.send(hold.pong)
        except ConnectionClosed:
            self._tally.sockets -= 1
            self._lost("closed")
        finally:
            drop(connection)

    def _lost(self, kind: str) -> None:
        self._tally.sockets_lost += 1
        self._tally.fail(f"WebSocket {kind}")
