"""What no criterion passes on: real answers of a broken service, read by the real probe."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.judge.engine import Engine
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import Reading, State
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import load

if TYPE_CHECKING:
    from tests.probes.conftest import Host, OpenHttp

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

PROFILE = """
version = 1
[deployment]
name = "staging"
window = "6h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { used = "pool.used", most = "pool.max", waits = "pool.waits", orphans = "orphans" }
[nogo.memory]
rule = "growth"
signal = "health.used"
[nogo.slow]
rule = "average"
signal = "health.latency"
[nogo.sockets]
rule = "held"
signal = "health.orphans"
[nogo.pool]
rule = "exhausted"
used = "health.used"
max = "health.most"
waiting = "health.waits"
[nogo.bound]
rule = "compare"
signal = "health.used"
above = 50
[go.up]
rule = "available"
probe = "health"
"""
READ = {"used": "pool.used", "most": "pool.max", "waits": "pool.waits", "orphans": "orphans"}


def body(value: str) -> str:
    pool = f'{{"used": {value}, "max": {value}, "waits": {value}}}'
    return f'{{"pool": {pool}, "orphans": {value}}}'


HOURS = 6
"""Of the window: enough for every rule to be content with good data, as the last tests show."""

GARBAGE = {
    "missing key": "{}",
    "null": body("null"),
    "text": body('"many"'),
    "numeric text": body('"12"'),
    "true": body("true"),
    "NaN": body("NaN"),
    "Infinity": body("Infinity"),
    "too large a number": body("1e999"),
    "empty body": "",
    "HTML": "<html>It works!</html>",
}


def after_a_window(tmp_path: Path, reading: Reading) -> dict[str, State]:
    """The states of every criterion when each run of a window came to this."""
    path = tmp_path / "staging.toml"
    path.write_text(PROFILE)
    engine = Engine(load(path, InstalledKinds()), WatchTime(reading.at), HOURS * 3600.0)
    for run in range(HOURS * 120):
        engine.take(replace(reading, at=reading.at + 30 * run + 0.001))
    engine.pass_time(reading.at + HOURS * 3600)
    return {name: computed.state for name, computed in engine.computed().items()}


async def read(http: OpenHttp, port: int, **given: object) -> Reading:
    return await http(port, read=READ, **given).read()


@pytest.mark.parametrize("name", GARBAGE)
async def test_an_answer_without_the_numbers(
    host: Host, http: OpenHttp, tmp_path: Path, name: str
) -> None:
    """Each is an answer in time; not one criterion is content with it."""
    reading = await read(http, await host.answer(GARBAGE[name]))
    assert State.PASS not in after_a_window(tmp_path, reading).values()


@pytest.mark.parametrize(
    ("status", "state"), [("500 Internal Server Error", "healthy"), ("200 OK", "degraded")]
)
async def test_a_wrong_answer_with_good_numbers(
    host: Host, http: OpenHttp, tmp_path: Path, status: str, state: str
) -> None:
    """An error in JSON, and a service that says itself that it is not well."""
    pool = '"pool": {"used": 12, "max": 80, "waits": 0}, "orphans": 3'
    numbers = f'{{"status": "{state}", {pool}}}'
    port = await host.answer(numbers, status=status)
    reading = await read(http, port, expect={"json": {"status": "healthy"}})
    assert reading.values["health.used"] == 12
    assert State.PASS not in after_a_window(tmp_path, reading).values()


async def test_a_wrong_answer_with_bad_numbers(host: Host, http: OpenHttp, tmp_path: Path) -> None:
    """What it says against the deployment counts."""
    port = await host.answer(body("180"), status="503 Service Unavailable")
    states = after_a_window(tmp_path, await read(http, port))
    failed = {name for name, state in states.items() if state is State.FAIL}
    assert failed == {"bound", "sockets", "pool", "up"}
    assert State.PASS not in states.values()


async def test_an_error_page(host: Host, http: OpenHttp, tmp_path: Path) -> None:
    """A proxy's 502 with a page of HTML."""
    port = await host.answer("<html>Bad gateway</html>", status="502 Bad Gateway")
    assert State.PASS not in after_a_window(tmp_path, await read(http, port)).values()


async def test_a_refused_connection(http: OpenHttp, tmp_path: Path) -> None:
    """Nobody listens: only the coverage of the availability itself has its data."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert State.PASS not in after_a_window(tmp_path, await read(http, port)).values()


async def test_an_answer_that_never_comes(host: Host, http: OpenHttp, tmp_path: Path) -> None:
    """A timeout counts against the average, and for nothing."""

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    reading = await read(http, await host.serve(hang), timeout=0.5)
    states = after_a_window(tmp_path, replace(reading, took=10.0))
    assert State.PASS not in states.values()
    assert states["up"] is State.FAIL


async def test_the_same_answer_with_numbers_passes(
    host: Host, http: OpenHttp, tmp_path: Path
) -> None:
    """So that the tests above cannot pass for another reason."""
    port = await host.answer('{"pool": {"used": 12, "max": 80, "waits": 0}, "orphans": 3}')
    states = after_a_window(tmp_path, await read(http, port))
    assert set(states.values()) == {State.PASS}


async def test_numeric_text_counts_where_the_profile_asks_for_it(
    host: Host, http: OpenHttp, tmp_path: Path
) -> None:
    """``convert = true`` makes a number of it."""
    port = await host.answer('{"pool": {"used": "12", "max": "80", "waits": "0"}, "orphans": "3"}')
    states = after_a_window(tmp_path, await read(http, port, convert=True))
    assert set(states.values()) == {State.PASS}
