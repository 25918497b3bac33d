"""What the demo backend answers in health."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from stagewatch.demo.run import Backend

Until = Callable[..., None]
WATCH = {"X-Client-Key": "stagewatch"}


def test_health_reports_every_part(healthy: Backend, client: httpx.Client) -> None:
    """/health is healthy, with the pool below its size, nobody waiting, and no orphan."""
    health = client.get(f"{healthy.url}/health").json()

    assert health["status"] == "healthy"
    assert health["uptime_s"] >= 0
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", health["version"])
    pool = health["database"]["pool"]
    assert pool["in_use"] < pool["size"] == 20
    assert (pool["waiting"], pool["timeouts_total"]) == (0, 0)
    sockets = health["websocket"]
    assert sockets["orphans"] == sockets["open"] - sockets["sessions"]
    assert sockets["orphans"] <= 20


def test_load_comes_without_being_asked(
    healthy: Backend, client: httpx.Client, until: Until
) -> None:
    """Sessions, cache look-ups and calls that cost money come by themselves."""

    def number(path: str, *keys: str) -> float:
        found = client.get(f"{healthy.url}{path}").json()
        for key in keys:
            found = found[key]
        return float(found)

    until(lambda: number("/health", "websocket", "sessions") >= 3)
    until(lambda: number("/api/usage", "openai_calls_total") >= 1)
    hits = number("/api/cache/stats", "hits")
    until(lambda: number("/api/cache/stats", "hits") > hits)
    stats = client.get(f"{healthy.url}/api/cache/stats").json()
    assert stats["hit_rate"] == pytest.approx(
        stats["hits"] / (stats["hits"] + stats["misses"]), abs=1e-3
    )


def test_pool_use_varies(healthy: Backend, client: httpx.Client, until: Until) -> None:
    """The number of connections in use is not a constant."""
    seen: set[int] = set()

    def varied() -> bool:
        seen.add(client.get(f"{healthy.url}/health").json()["database"]["pool"]["in_use"])
        return len(seen) > 2

    until(varied)


def test_sixth_request_in_a_minute_is_refused(healthy: Backend, client: httpx.Client) -> None:
    """A client key gets five answers; the sixth is 429 and says when to come back."""
    headers = {"X-Client-Key": "burst"}
    answers = [client.get(f"{healthy.url}/api/quota/status", headers=headers) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert [answer.json()["remaining"] for answer in answers[:5]] == [4, 3, 2, 1, 0]
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 60


def test_limit_is_a_clients_own(healthy: Backend, client: httpx.Client) -> None:
    """Without a key, or with one that is none, the address is the key; others are not touched."""
    bare = [client.get(f"{healthy.url}/api/quota/status") for _ in range(5)]
    spoilt = client.get(f"{healthy.url}/api/quota/status", headers={"X-Client-Key": "a b"})
    other = client.get(f"{healthy.url}/api/quota/status", headers={"X-Client-Key": "somebody"})

    assert [answer.status_code for answer in bare] == [200] * 5
    assert spoilt.status_code == 429
    assert other.status_code == 200


def test_watch_is_not_limited_at_its_pace(healthy: Backend, client: httpx.Client) -> None:
    """The demo profile's own key may ask far more often than five times a minute."""
    answers = [client.get(f"{healthy.url}/api/quota/status", headers=WATCH) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}


def test_websocket_session_lives_by_hello(healthy: Backend, client: httpx.Client) -> None:
    """A socket that says hello is a session and gets the JSON heartbeat."""
    with connect(f"ws://127.0.0.1:{healthy.port}/ws", proxy=None) as socket:
        socket.send('{"type": "hello"}')
        assert json.loads(socket.recv(timeout=20))["type"] == "ping"
        socket.send('{"type": "pong"}')
        socket.send("this is not JSON")
        socket.send(b"nor is this text")
        sockets = client.get(f"{healthy.url}/health").json()["websocket"]
        assert sockets["sessions"] >= 1


def test_silent_websocket_is_closed(healthy: Backend) -> None:
    """In health, a socket without a session is closed by the service."""
    with connect(f"ws://127.0.0.1:{healthy.port}/ws", proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=40)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


def test_access_log_has_a_line_a_request(
    healthy: Backend, client: httpx.Client, until: Until
) -> None:
    """Client key, request and status stand in the access log."""
    client.get(f"{healthy.url}/api/quota/status", headers={"X-Client-Key": "logged-1"})
    log = healthy.log.with_name("access.log")

    until(lambda: "logged-1" in log.read_text())
    line = next(line for line in log.read_text().splitlines() if "logged-1" in line)
    assert re.fullmatch(
        r"127\.0\.0\.1 - logged-1 \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "
        r'"GET /api/quota/status HTTP/1\.1" 200 \d+ \d+\.\d{3}',
        line,
    )


def test_nobody_writes_their_own_log_line(
    healthy: Backend, client: httpx.Client, until: Until
) -> None:
    """What a client sends cannot begin a new line, nor end a field, in the access log."""
    log = healthy.log.with_name("access.log")
    client.get(f"{healthy.url}/%0aforged%20%22line", headers={"X-Client-Key": 'x" 200 forged'})

    until(lambda: "forged" in log.read_text())
    lines = [line for line in log.read_text().splitlines() if "forged" in line]
    assert len(lines) == 1
    assert "- - [" in lines[0]
    assert '"GET /%0Aforged%20%22line HTTP/1.1" 404' in lines[0]


def test_command_line_matches_itself_alone(healthy: Backend) -> None:
    """The expression in the profile finds this backend in the process list, and nothing else."""
    found = [
        process.pid
        for process in psutil.process_iter()
        if re.search(healthy.match, " ".join(_command(process)))
    ]

    assert found == [healthy.pid]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_summary_is_kept_for_its_client(healthy: Backend, client: httpx.Client) -> None:
    """The first answer is a MISS, those after it are HITs; another client has its own."""
    one, other = ({"X-Client-Key": name} for name in ("summary-one", "summary-other"))
    told = [
        client.get(f"{healthy.url}/api/summary", headers=who).headers["X-Cache"]
        for who in (one, one, one, other)
    ]
    assert told == ["MISS", "HIT", "HIT", "MISS"]


def test_a_client_with_a_key_may_hold_ten_websockets(healthy: Backend) -> None:
    """The eleventh is refused; a browser tab has no key and no such limit."""
    with contextlib.ExitStack() as held:
        url = f"ws://127.0.0.1:{healthy.port}/ws"
        for _ in range(10):
            held.enter_context(connect(url, additional_headers={"X-Client-Key": "many"}))
        with pytest.raises(InvalidStatus):
            connect(url, additional_headers={"X-Client-Key": "many"})
        held.enter_context(connect(url))


def test_faults_of_the_limiter_and_the_cache(
    start: Callable[..., Backend], client: httpx.Client
) -> None:
    """Nobody is refused, and nothing is kept."""
    backend = start("limit", "cache")
    key = {"X-Client-Key": "eager"}
    quota = {
        client.get(f"{backend.url}/api/quota/status", headers=key).status_code for _ in range(8)
    }
    assert quota == {200}
    told = [
        client.get(f"{backend.url}/api/summary", headers=key).json()["cached"] for _ in range(3)
    ]
    assert told == [False, False, False]
