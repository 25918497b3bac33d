"""Names to addresses, in the order of the system's own resolver."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address

from stagewatch.probes._aside import Aside
from stagewatch.probes._failure import FailureError

Lookup = Callable[[str, int], tuple[str, ...]]


class Resolver:
    """Resolves on the probe's own thread, because ``getaddrinfo`` cannot be cancelled."""

    def __init__(self, name: str, lookup: Lookup | None = None) -> None:
        self._aside = Aside(f"resolve-{name}")
        self._lookup = lookup or system_lookup

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Where ``host`` may be reached, best first; raises FailureError for none."""
        if is_address(host):
            return (host,)
        return await self._aside.run(lambda: self._lookup(host, port))


def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address already."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def system_lookup(host: str, port: int) -> tuple[str, ...]:
    """What ``getaddrinfo`` says, without repetitions.

    It gets bytes, because for text Python loads a megabyte of tables to encode it.
    """
    try:
        found = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FailureError("resolve", f"{host} does not resolve: {words.lower()}") from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
