"""Which connections of a port are orphaned, from one sample of them to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stagewatch.probes._tcp import Conn, State, Table, from_this_host

BACKOFF = 3
"""Doublings of the retransmission timer from which a peer is probably gone."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """What one sample says."""

    certain: int
    probable: int
    undecided: int
    """Connections that may have been orphaned before the first sample."""
    unconfirmed: int
    """Suspects of the first sample, which the second has to confirm."""


class OrphanWatch:
    """Remembers suspects between samples. A gap between two samples makes nobody an orphan:
    a socket is known by its cookie, and none ever comes back from CLOSE-WAIT."""

    def __init__(self, patience: float, *, pings: bool) -> None:
        self._patience = patience
        self._pings = pings
        self._closed: dict[object, float] = {}
        """Cookie of a connection in CLOSE-WAIT → when it was first seen so."""
        self._alone: set[object] = set()
        self._stuck: dict[object, float] = {}
        """Cookie of a connection with data that is sent again and again → since when."""
        self._suspects: set[object] = set()
        self._began: float | None = None

    def look(self, table: Table, now: float) -> Orphans:
        """Take a sample at ``now`` (seconds that never jump)."""
        first = self._began is None
        began = self._began = now if self._began is None else self._began
        waiting = (conn.cookie for conn in table.served if conn.state == State.CLOSE_WAIT)
        self._closed = {cookie: self._closed.get(cookie, now) for cookie in waiting}
        before_alone, self._alone = self._alone, set(_alone(table))
        stuck = (conn.cookie for conn in table.served if conn.queued and conn.backoff)
        self._stuck = {cookie: self._stuck.get(cookie, now) for cookie in stuck}
        before, self._suspects = (
            self._suspects,
            {conn.cookie for conn in table.served if self._suspect(conn, now)},
        )
        old = {cookie for cookie, since in self._closed.items() if now - since >= self._patience}
        early = sum(since == began for since in self._closed.values())
        certain = old | (before_alone & self._alone)
        return Orphans(
            certain=len(certain),
            probable=len((before & self._suspects) - certain),
            undecided=(early if now - began < self._patience else 0)
            + (len(self._alone) if first else 0),
            unconfirmed=len(self._suspects) if first else 0,
        )

    def _suspect(self, conn: Conn, now: float) -> bool:
        if conn.state not in (State.ESTABLISHED, State.CLOSE_WAIT):
            return False
        stuck_for = now - self._stuck.get(conn.cookie, now)
        silent_for = (conn.silent or 0.0) if self._pings else 0.0
        return conn.backoff >= BACKOFF or max(stuck_for, silent_for) >= self._patience


def _alone(table: Table) -> Iterable[object]:
    """Established connections from this host that have no socket at the client's end."""
    for conn in table.served:
        if (
            conn.state == State.ESTABLISHED
            and from_this_host(conn)
            and (conn.remote, conn.local) not in table.clients
        ):
            yield conn.cookie
