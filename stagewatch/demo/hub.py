"""The WebSocket side of the demo backend: sockets, the sessions on them, heartbeat and reaper."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

HEARTBEAT = 5.0
"""Seconds between two heartbeats."""
SILENCE = 3 * HEARTBEAT
"""A socket from which nothing came for so long has no session, and is closed."""
SEND_WITHIN = 1.0
"""Seconds that one client may hold up a heartbeat."""
MOST = 400
"""Sockets at a time."""
MOST_OF_A_KEY = 10
"""Sockets of one client that says which it is; browser tabs do not."""


@dataclass(eq=False, slots=True)
class Peer:
    """An open socket; it has a session once the client said who it is."""

    send: Callable[[str], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    heard: float
    """When something last came from it, or when it was opened."""
    greeted: bool = False
    key: str = ""
    """The client key that it sent."""


class Hub:
    """Counts sockets and sessions. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._peers: set[Peer] = set()

    @property
    def full(self) -> bool:
        """No further socket is taken."""
        return len(self._peers) >= MOST

    def full_of(self, key: str) -> bool:
        """No further socket of this client is taken."""
        return bool(key) and sum(peer.key == key for peer in self._peers) >= MOST_OF_A_KEY

    def add(self, peer: Peer) -> None:
        """A socket was opened."""
        self._peers.add(peer)

    def remove(self, peer: Peer) -> None:
        """A socket is closed."""
        self._peers.discard(peer)

    def hear(self, peer: Peer, text: str, now: float) -> None:
        """A message came; only ``hello`` and ``pong`` count as life."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "hello" or (kind == "pong" and peer.greeted):
            peer.greeted = True
            peer.heard = now

    def counts(self, now: float) -> tuple[int, int]:
        """(open sockets, live sessions)."""
        live = sum(peer.greeted and now - peer.heard <= SILENCE for peer in self._peers)
        return len(self._peers), live

    async def beat(self, now: float, reap: bool) -> None:
        """Send every live session a heartbeat and, where ``reap``, close what is silent."""
        text = json.dumps({"type": "ping", "at": round(now, 3)})
        silent = [peer for peer in self._peers if now - peer.heard > SILENCE]
        live = [peer for peer in self._peers if peer.greeted and peer not in silent]
        jobs = [peer.send(text) for peer in live]
        if reap:
            jobs += [peer.close() for peer in silent]
        await asyncio.gather(*map(_within_reason, jobs))


async def _within_reason(job: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(SEND_WITHIN):
            await job
    except (OSError, RuntimeError, TimeoutError):
        pass  # It closed while we spoke to it; its own handler takes it off the list.
