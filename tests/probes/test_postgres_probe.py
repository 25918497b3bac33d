"""The postgres probe against a real server: healthy, full, locked, closed to us, and gone."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.model import Reading, Result
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import ProfileError, loads
from stagewatch.profile.values import Duration
from tests.services import missing

if TYPE_CHECKING:
    import psycopg

    from tests.probes.conftest import OpenKind
    from tests.services import Service

Connect = Callable[..., "psycopg.Connection[tuple[object, ...]]"]
Until = Callable[[Callable[[], bool]], None]
PASSWORD = "boss's own"


@pytest.fixture
def connect(postgres: Service) -> Iterator[Connect]:
    """Connections as the superuser, closed with the test."""
    try:
        import psycopg
    except ImportError:
        missing("psycopg is not installed; `make setup` does")
    made = []

    def connected(**given: object) -> psycopg.Connection[tuple[object, ...]]:
        settings = {"user": "boss", "password": PASSWORD, "dbname": "postgres", **given}
        connection = psycopg.connect(
            host="127.0.0.1",
            port=postgres.port,
            autocommit=True,
            **settings,  # type: ignore[arg-type]  # texts, all of them
        )
        made.append(connection)
        return connection

    with connected() as first:
        first.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        if not first.execute("SELECT 1 FROM pg_roles WHERE rolname = 'guest'").fetchone():
            first.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    yield connected
    for connection in made:
        connection.close()


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the profile says that it is."""
    monkeypatch.setenv("PG_PASSWORD", PASSWORD)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _table(port: int, **given: object) -> dict[str, object]:
    own = {"host": "127.0.0.1", "port": port, "user": "boss", "password": "env:PG_PASSWORD"}
    return {**own, **given}


async def _read(opened: OpenKind, port: int, **given: object) -> Reading:
    return await opened("postgres", **_table(port, **given)).read()


@pytest.mark.usefixtures("password")
async def test_a_healthy_server_tells_everything(
    opened: OpenKind, postgres: Service, connect: Connect, until: Until
) -> None:
    """Connections by state, without the probe's own; the oldest transaction; the slowest query."""
    idle, open_, locked, lock = (connect() for _ in range(4))
    for _ in range(5):
        idle.execute("SELECT pg_sleep(0.02), 'a secret of the query'")
    open_.execute("BEGIN")
    open_.execute("SELECT 1")
    lock.execute("SELECT pg_advisory_lock(7)")
    waiter = threading.Thread(target=locked.execute, args=("SELECT pg_advisory_lock(7)",))
    waiter.start()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    until(lambda: idle.execute(waiting).fetchone() == (1,))
    try:
        reading = await _read(opened, postgres.port)
    finally:
        lock.execute("SELECT pg_advisory_unlock(7)")
        waiter.join()
    assert (reading.result, reading.reason, reading.missing) == (Result.VALUE, "", {})
    values = reading.values
    assert (values["used"], values["max"], values["waiting"]) == (4, 12, 1)
    assert (values["active"], values["idle"], values["in_transaction"]) == (1, 2, 1)
    assert values["longest"] > 0
    assert values["size"] > 1_000_000
    assert values["slowest"] >= 20
    assert "pg_sleep" in str(reading.facts["slowest_statement"])
    assert "a secret" not in str(reading.facts)


@pytest.mark.usefixtures("password", "connect")
async def test_without_the_extension_the_rest_is_told(opened: OpenKind, postgres: Service) -> None:
    """It is no failure that a database has none."""
    reading = await _read(opened, postgres.port, database="template1")
    assert reading.result is Result.VALUE
    assert reading.missing == {"slowest": "the database has no extension pg_stat_statements"}


async def test_a_user_without_rights_sees_no_zero(
    opened: OpenKind, postgres: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is hidden from it is missing, with the remedy; the rest is there."""
    monkeypatch.setenv("PG_PASSWORD", "guest")
    connect()
    reading = await _read(opened, postgres.port, user="guest")
    assert reading.result is Result.NO_DATA
    assert reading.reason.endswith("are hidden from this user; GRANT pg_monitor TO it")
    assert reading.missing["used"] == reading.missing["waiting"] == reading.reason
    assert (reading.values["max"], reading.values["ok"]) == (12, 0)
    connect().execute("GRANT pg_monitor TO guest")
    try:
        assert (await _read(opened, postgres.port, user="guest")).result is Result.VALUE
    finally:
        connect().execute("REVOKE pg_monitor FROM guest")


@pytest.mark.usefixtures("password")
async def test_a_full_server_is_an_error_that_says_so(
    opened: OpenKind, postgres: Service, connect: Connect
) -> None:
    """The very thing that is watched for."""
    for _ in range(12):
        connect()
    reading = await _read(opened, postgres.port)
    assert (reading.result, reading.facts["failure"]) == (Result.ERROR, "exhausted")
    assert reading.reason.endswith("every connection of the server is taken")
    assert reading.values == {"ok": 0}


@pytest.mark.usefixtures("connect")
@pytest.mark.parametrize(
    ("given", "secret", "kind", "told"),
    [
        ({}, "wrong-one", "password", 'password authentication failed for user "boss"; check'),
        ({"user": "nobody"}, "x", "password", 'password authentication failed for user "nobody"'),
        ({"database": "gone"}, PASSWORD, "database", 'database "gone" does not exist; check'),
        ({"password": ""}, "x", "password", "fe_sendauth: no password supplied; give it as"),
        ({"password": "env:NOT_SET"}, "x", "secret", "password: the environment of the recorder"),
        ({"tls": "require"}, PASSWORD, "tls", "server does not support SSL"),
        ({"host": "/nowhere"}, PASSWORD, "refused", "No such file or directory"),
    ],
    ids=str,
)
async def test_each_refusal_has_its_name_and_remedy(
    opened: OpenKind,
    postgres: Service,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, object],
    secret: str,
    kind: str,
    told: str,
) -> None:
    """And no value; the password is in none of them."""
    monkeypatch.setenv("PG_PASSWORD", secret)
    reading = await _read(opened, postgres.port, **given)
    assert (reading.result, reading.facts.get("failure")) == (Result.ERROR, kind), reading.reason
    assert told in reading.reason
    assert "wrong-one" not in reading.reason
    assert reading.values == {"ok": 0}


@pytest.mark.usefixtures("password")
async def test_nobody_there(opened: OpenKind) -> None:
    """A port where nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        reading = await _read(opened, closed.getsockname()[1])
    assert (reading.result, reading.facts["failure"]) == (Result.ERROR, "refused")
    assert reading.reason.startswith("Connection refused; is it running")


@pytest.mark.usefixtures("password")
async def test_a_server_that_stops_answering_costs_one_reading(
    opened: OpenKind, postgres: Service, connect: Connect
) -> None:
    """The reading ends at its deadline, and the next one does not wait for it."""
    sleeper = connect()
    (pid,) = sleeper.execute("SELECT pg_backend_pid()").fetchone() or (0,)
    assert isinstance(pid, int)
    postmaster = _parent(pid)
    probe = opened("postgres", **_table(postgres.port, timeout=Duration(2)))
    assert (await probe.read()).result is Result.VALUE
    os.kill(postmaster, signal.SIGSTOP)
    try:
        stopped = await probe.read()
    finally:
        os.kill(postmaster, signal.SIGCONT)
    assert (stopped.result, stopped.facts["failure"]) == (Result.ERROR, "timeout")
    assert (await probe.read()).result is Result.VALUE


async def _falling_silent(port: int, servers: list[asyncio.Server]) -> int:
    """The port of a way to the server on which the first connection falls silent after login."""
    turns = itertools.count()

    async def pipe(
        source: asyncio.StreamReader, target: asyncio.StreamWriter, until: bytes | None
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
                if until and until in data:
                    await asyncio.Event().wait()
            target.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = b"Z\x00\x00\x00\x05I" if next(turns) == 0 else None
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                silent = group.create_task(pipe(there, writer, ready))
                await pipe(reader, back, None)
                silent.cancel()
        for each in (writer, back):
            each.close()

    servers.append(await asyncio.start_server(connected, "127.0.0.1", 0))
    found: int = servers[0].sockets[0].getsockname()[1]
    return found


@pytest.mark.usefixtures("password", "connect")
async def test_a_connection_that_falls_silent_costs_one_reading(
    opened: OpenKind, postgres: Service
) -> None:
    """A thread that waits for it would hold up every reading that follows."""
    servers: list[asyncio.Server] = []
    port = await _falling_silent(postgres.port, servers)
    probe = opened("postgres", **_table(port, timeout=Duration(2)))
    silent, next_one = await probe.read(), await probe.read()
    servers[0].close()
    assert (silent.result, silent.facts["failure"]) == (Result.ERROR, "timeout")
    assert silent.reason == "the server did not answer within 2s"
    assert next_one.result is Result.VALUE


@pytest.mark.usefixtures("password")
async def test_what_is_no_postgres(opened: OpenKind) -> None:
    """A listener that says nothing, for instance, or another thing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reading = await _read(opened, listener.getsockname()[1], timeout=Duration(1))
    assert (reading.result, reading.values) == (Result.ERROR, {"ok": 0})
    assert reading.facts["failure"] == "timeout"


async def test_without_psycopg_it_says_what_to_install(
    opened: OpenKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extra, which a watch without a database does not need."""
    monkeypatch.setattr("stagewatch.probes._pgprobe.find_spec", lambda _: None)
    reading = await _read(opened, 5432)
    assert reading.reason == "needs psycopg; pip install 'stagewatch[postgres]'"


def test_a_password_in_the_profile_is_refused() -> None:
    """It may only refer to one."""
    text = (
        'version = 1\n[deployment]\nname = "a"\n'
        '[probe.db]\nkind = "postgres"\npassword = "hunter2"\n'
    )
    with pytest.raises(ProfileError, match="holds a secret"):
        loads(text, Path("a.toml"), InstalledKinds())
    loads(text.replace("hunter2", "env:PG"), Path("a.toml"), InstalledKinds())
