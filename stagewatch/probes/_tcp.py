"""What one TCP socket of this machine looks like, whoever told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

_MAPPED = b"\0" * 10 + b"\xff\xff"


class State(IntEnum):
    """The kernel's numbers for the states of a connection."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    CLOSE = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11
    NEW_SYN_RECV = 12


class Conn(NamedTuple):
    """A connection as the kernel describes it at one moment."""

    state: int
    local: bytes
    """Address (IPv4 in four bytes, also when mapped into IPv6) and port."""
    remote: bytes
    cookie: object
    """Tells this socket from every other one of this run of the kernel."""
    backoff: int
    """How often in a row data or a probe was sent again, each time after a longer pause."""
    queued: int
    """Bytes that were sent or wait to be, and are not acknowledged."""
    silent: float | None
    """Seconds since data came; None where it is not told."""


@dataclass(slots=True)
class Table:
    """The sockets of one port."""

    served: list[Conn] = field(default_factory=list)
    """Whose local port it is, listeners left out."""
    clients: set[tuple[bytes, bytes]] = field(default_factory=set)
    """(local, remote) of the sockets of this machine that lead to the port."""
    queue: int = 0
    """Connections that wait to be accepted, of all listeners."""
    queue_max: int = 0
    listeners: int = 0
    source: str = ""

    def listen(self, waiting: int, most: int) -> None:
        """Add a listener."""
        self.listeners += 1
        self.queue += waiting
        self.queue_max += most


def plain(address: bytes) -> bytes:
    """An IPv6 address that is an IPv4 one in disguise, as that; every other as it is."""
    return address[12:] if len(address) == 16 and address.startswith(_MAPPED) else address


def from_this_host(conn: Conn) -> bool:
    """Whether its client must have a socket on this machine too, in the same network."""
    local, remote = conn.local[:-2], conn.remote[:-2]
    loopback = remote[0] == 127 if len(remote) == 4 else remote == b"\0" * 15 + b"\1"
    return loopback or local == remote
