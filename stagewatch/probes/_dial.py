"""A plain TCP connection, made with blocking calls on a probe's own thread."""

from __future__ import annotations

import socket
from time import monotonic

from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._resolve import is_address, system_lookup


def dial(host: str, port: int, patience: float) -> tuple[socket.socket, float]:
    """(a connection, seconds that connecting took), to the first address that answers.

    Each address may take its share of ``patience``. Raises FailureError.
    """
    addresses = (host,) if is_address(host) else system_lookup(host, port)
    until = monotonic() + patience
    refused, told = True, []
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        began = monotonic()
        share = max(0.001, (until - began) / left)
        try:
            connection = socket.create_connection((address, port), share)
        except OSError as error:
            refused = refused and isinstance(error, ConnectionRefusedError)
            words = "no answer" if isinstance(error, TimeoutError) else os_words(error)
            told.append(f"{words} at {shown(address, port)}")
        else:
            return connection, monotonic() - began
    raise FailureError("refused" if refused else "connect", ", ".join(told))


def shown(host: str, port: int) -> str:
    """``127.0.0.1:8000`` or ``[::1]:8000``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
