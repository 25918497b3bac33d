"""The postgres probe: connections, transactions and size of a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import ProbeConfig


class PostgresConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "postgres"``."""

    host: str = "localhost"
    """The server, or the folder of its socket when it begins with a stroke."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 5432
    database: str = "postgres"
    user: str = ""
    """The system's user when empty."""
    password: str = ""
    """``env:NAME`` or ``file:PATH``, and nothing else."""
    tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    """What libpq calls ``sslmode``."""
    ca_file: str = ""
    """Certificates to trust instead of the system's."""


def signals(name: str, config: PostgresConfig) -> tuple[Signal, ...]:
    """What a server tells about its connections, without this probe's own."""
    told = (
        ("ok", "", "1 when the server told everything, 0 when not"),
        ("used", "", "connections of clients"),
        ("max", "", "max_connections"),
        ("active", "", "connections that run a statement"),
        ("idle", "", "connections that wait for their client"),
        ("in_transaction", "", "connections whose client is idle inside of a transaction"),
        ("waiting", "", "connections that wait for a lock"),
        ("longest", "s", "age of the oldest transaction that is open"),
        ("size", "B", "size of the database"),
        ("slowest", "ms", "mean time of the slowest statement, of those that ran five times"),
    )
    return tuple(Signal(f"{name}.{key}", unit, text) for key, unit, text in told)


def problems(config: PostgresConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    for key in ("host", "database"):
        if not getattr(config, key).strip():
            yield key, "is empty"
    if config.ca_file and not config.tls.startswith("verify"):
        yield "ca_file", 'checks nothing unless tls is "verify-ca" or "verify-full"'


def open_probe(name: str, config: PostgresConfig, context: OpenContext) -> Probe:
    """Make the probe; it connects when it is read."""
    from stagewatch.probes._pgprobe import open_postgres

    return open_postgres(name, config, context, signals(name, config))


KIND = ProbeKind(config=PostgresConfig, signals=signals, open=open_probe, problems=problems)
