"""An opened postgres probe: a connection of its own for each reading, closed with it."""

from __future__ import annotations

import asyncio
import math
import socket
from contextlib import closing, suppress
from importlib.util import find_spec
from os import dup
from typing import TYPE_CHECKING

from stagewatch.model import Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._aside import Aside
from stagewatch.probes._failure import FailureError
from stagewatch.probes._looking import Found, LookingProbe
from stagewatch.probes._secrets import Secrets
from stagewatch.probes.postgres import PostgresConfig

if TYPE_CHECKING:
    from psycopg import Connection

    Row = tuple[object, ...]

_ACTIVITY = """
SELECT count(*) FILTER (WHERE backend_type = 'client backend'),
       count(*) FILTER (WHERE state = 'active'),
       count(*) FILTER (WHERE state = 'idle'),
       count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
       count(*) FILTER (WHERE wait_event_type = 'Lock'),
       coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)
                FILTER (WHERE backend_type = 'client backend')), 0),
       count(*) FILTER (WHERE query = '<insufficient privilege>')
FROM pg_stat_activity WHERE pid <> pg_backend_pid()
"""
_STATES = ("used", "active", "idle", "in_transaction", "waiting", "longest")
_FACTS = "SELECT current_setting('max_connections')::int, pg_database_size(current_database())"
_EXTENSION = "SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'"
_SLOWEST = """
SELECT mean_exec_time, left(query, 200) FROM pg_stat_statements
WHERE calls >= 5 AND query <> '<insufficient privilege>' ORDER BY mean_exec_time DESC LIMIT 1
"""
_KINDS = (
    ("connection refused", "refused", "is it running, and does it listen on this address?"),
    ("no such file", "refused", "is it running, and is this the folder of its socket?"),
    ("password authentication failed", "password", "check user and password"),
    ("no password supplied", "password", 'give it as password = "env:NAME"'),
    ("pg_hba.conf", "password", "the server's pg_hba.conf must let this user in from here"),
    ("too many clients", "exhausted", "every connection of the server is taken"),
    ("connection slots", "exhausted", "every connection of the server is taken"),
    ("too many connections", "exhausted", "every connection of this user or database is taken"),
    ("does not exist", "database", "check database and user"),
    ("permission denied", "permission", "the user needs the right to connect"),
    ("timeout expired", "timeout", "is it overloaded, or is there a firewall between?"),
    ("starting up", "starting", "it will be ready soon"),
    ("shutting down", "starting", "somebody stops it"),
    ("could not translate", "resolve", "check host"),
    ("ssl", "tls", "check tls and ca_file"),
    ("certificate", "tls", "check tls and ca_file"),
)


def open_postgres(
    name: str, config: PostgresConfig, context: OpenContext, signals: tuple[Signal, ...]
) -> LookingProbe:
    """The probe; without psycopg its readings say what to install."""
    secrets = Secrets(context.base)
    server = Server(config, context, secrets)
    thread = Aside(f"postgres-{name}")

    async def look() -> Found:
        if find_spec("psycopg") is None:
            raise FailureError("extra", "needs psycopg; pip install 'stagewatch[postgres]'")
        try:
            return await thread.run(server.look)
        except asyncio.CancelledError:
            # Nothing else wakes up a thread that waits for a server without a word.
            server.hang_up()
            raise

    return LookingProbe(
        name,
        config,
        context,
        signals,
        look,
        late="the server did not answer",
        secrets=secrets.values,
        down={"ok": 0.0},
    )


class Server:
    """Asks one server, each time over a new connection."""

    def __init__(self, config: PostgresConfig, context: OpenContext, secrets: Secrets) -> None:
        self._config = config
        self._base = context.base
        self._secrets = secrets
        self._wire: socket.socket | None = None

    def look(self) -> Found:
        """Ask for everything; raises FailureError."""
        import psycopg

        try:
            with closing(self._connected()) as connection:
                self._wire = socket.socket(fileno=dup(connection.fileno()))
                try:
                    connection.execute(f"SET statement_timeout = {self._patience_ms()}")
                    return _ask(connection)
                finally:
                    self._wire.close()
                    self._wire = None
        except psycopg.errors.QueryCanceled as error:
            reason = "a statement took too long and was cancelled; is the server overloaded?"
            raise FailureError("timeout", reason) from error
        except psycopg.Error as error:
            raise _failure(error) from error

    def hang_up(self) -> None:
        """Cut the connection of a look that hangs."""
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> Connection[Row]:
        import psycopg

        config = self._config
        password = self._secrets.resolve("password", config.password)
        connection: Connection[Row] = psycopg.connect(
            host=config.host,
            port=config.port,
            dbname=config.database,
            user=config.user or None,
            password=password or None,
            sslmode=config.tls,
            sslrootcert=str(self._base / config.ca_file) if config.ca_file else None,
            application_name="stagewatch",
            connect_timeout=max(2, math.ceil(config.timeout / 2)),
            autocommit=True,
            prepare_threshold=None,
        )
        return connection

    def _patience_ms(self) -> int:
        # A reading has one connection and few short statements: half of its time for each part.
        return max(1, round(500 * self._config.timeout))


def _ask(connection: Connection[Row]) -> Found:
    found = Found()
    *counts, hidden = _row(connection, _ACTIVITY)
    if hidden:
        why = f"{hidden} connections are hidden from this user; GRANT pg_monitor TO it"
        found.missing |= dict.fromkeys(_STATES, why)
        found.amiss(why)
    else:
        found.values |= dict(zip(_STATES, map(_number, counts), strict=True))
    most, size = map(_number, _row(connection, _FACTS))
    found.values |= {"max": most, "size": size}
    _add_slowest(connection, found)
    found.values["ok"] = float(found.result is Result.VALUE)
    return found


def _add_slowest(connection: Connection[Row], found: Found) -> None:
    """Statements are told of where the extension is there; where not, that is no failure."""
    import psycopg

    if not connection.execute(_EXTENSION).fetchone():
        found.missing["slowest"] = "the database has no extension pg_stat_statements"
        return
    try:
        row = connection.execute(_SLOWEST).fetchone()
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.UndefinedColumn) as error:
        found.missing["slowest"] = _words(error)
        return
    if row is None:
        found.missing["slowest"] = "no statement ran five times, or none may be seen"
        return
    found.values["slowest"] = _number(row[0])
    found.facts["slowest_statement"] = str(row[1])


def _row(connection: Connection[Row], query: str) -> Row:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None  # an aggregate always has one
    return row


def _number(value: object) -> float:
    return float(str(value))


def _words(error: Exception) -> str:
    """The first line of what the server or libpq said, without the address in front of it."""
    line = str(error).strip().partition("\n")[0]
    for prefix in ("connection failed: ", "FATAL: ", "ERROR: "):
        line = line.removeprefix(prefix).strip()
    if line.startswith("connection to server"):
        line = line.partition(" failed: ")[2] or line
    return line.removeprefix("FATAL: ").strip()


def _failure(error: Exception) -> FailureError:
    words = _words(error)
    for part, kind, remedy in _KINDS:
        if part in words.casefold():
            return FailureError(kind, f"{words}; {remedy}")
    return FailureError("server", words or type(error).__name__)
