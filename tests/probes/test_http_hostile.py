"""Endpoints that would hang, flood or mislead a careless client."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpcore
import pytest

from stagewatch.model import Result
from stagewatch.probes._trip import Trip
from stagewatch.probes._wire import MeteredStream

if TYPE_CHECKING:
    from tests.probes.conftest import Host, OpenHttp

OUTER = 30.0
"""Seconds that only a probe without its own deadline would need."""
BUDGET = 12 * 1024 * 1024
"""Bytes that reading one hostile endpoint may take, against the gigabytes it offers."""

Writes = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


async def drip_head(writer: asyncio.StreamWriter) -> None:
    for byte in OK + b"X: " + b"x" * 10_000:
        await send(writer, bytes([byte]), pause=0.02)


async def drip_body(writer: asyncio.StreamWriter) -> None:
    await send(writer, OK + b"Content-Length: 10000\r\n\r\n")
    for _ in range(10_000):
        await send(writer, b" ", pause=0.02)


async def drip_chunks(writer: asyncio.StreamWriter) -> None:
    await send(writer, CHUNKED)
    for _ in range(10_000):
        await send(writer, b"1\r\n \r\n", pause=0.02)


async def endless_body(writer: asyncio.StreamWriter) -> None:
    await send(writer, OK + b"\r\n")
    while True:
        await send(writer, b" " * 65_536)


async def endless_chunks(writer: asyncio.StreamWriter) -> None:
    await send(writer, CHUNKED)
    while True:
        await send(writer, b"10000\r\n" + b" " * 65_536 + b"\r\n")


async def tiny_chunks(writer: asyncio.StreamWriter) -> None:
    await send(writer, CHUNKED)
    while True:
        await send(writer, b"1\r\n \r\n" * 5_000)


async def long_extensions(writer: asyncio.StreamWriter) -> None:
    await send(writer, CHUNKED)
    while True:
        await send(writer, b"1;x=" + b"x" * 4_000 + b"\r\n \r\n")


async def endless_continue(writer: asyncio.StreamWriter) -> None:
    while True:
        await send(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)


async def header_flood(writer: asyncio.StreamWriter) -> None:
    await send(writer, OK)
    while True:
        await send(writer, b"X-Flood: " + b"x" * 1_000 + b"\r\n")


async def one_endless_header(writer: asyncio.StreamWriter) -> None:
    await send(writer, OK + b"X: ")
    while True:
        await send(writer, b"x" * 65_536)


async def trailer_flood(writer: asyncio.StreamWriter) -> None:
    await send(writer, CHUNKED + b"0\r\n")
    while True:
        await send(writer, b"X-Flood: " + b"x" * 1_000 + b"\r\n")


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def half_an_answer(writer: asyncio.StreamWriter) -> None:
    await send(writer, OK + b"Content-Length: 100\r\n\r\n{")
    await asyncio.Event().wait()


def sends(raw: bytes) -> Writes:
    async def writes(writer: asyncio.StreamWriter) -> None:
        await send(writer, raw)

    return writes


def coded(coding: str, body: bytes) -> Writes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return sends(head.encode() + body)


async def send(writer: asyncio.StreamWriter, raw: bytes, pause: float = 0.0) -> None:
    writer.write(raw)
    await writer.drain()
    await asyncio.sleep(pause)


DOCUMENT = json.dumps({"a": 1}).encode()
ZIPPED = gzip.compress(DOCUMENT, mtime=0)
BOMB = gzip.compress(b" " * 200_000_000, 1, mtime=0)
ERROR, NO_DATA = Result.ERROR, Result.NO_DATA

ENDPOINTS: dict[str, tuple[Writes, Result, str]] = {
    "drip head": (drip_head, ERROR, "no answer within 500ms (the answer was still coming"),
    "drip body": (drip_body, ERROR, "no answer within 500ms (the answer was still coming"),
    "drip chunks": (drip_chunks, ERROR, "no answer within 500ms (the answer was still coming"),
    "silent": (silent, ERROR, "no answer within 500ms (waiting for the first byte)"),
    "half": (half_an_answer, ERROR, "no answer within 500ms (the answer was still coming"),
    "endless body": (endless_body, ERROR, "answer too large"),
    "endless chunks": (endless_chunks, ERROR, "answer too large"),
    "tiny chunks": (tiny_chunks, ERROR, "answer in more than 10000 pieces"),
    "long extensions": (long_extensions, ERROR, "answer too large: stopped after "),
    "endless continue": (endless_continue, ERROR, "headers without an end"),
    "header flood": (header_flood, ERROR, ""),
    "one endless header": (one_endless_header, ERROR, ""),
    "trailer flood": (trailer_flood, ERROR, ""),
    "big length": (
        sends(OK + b"Content-Length: 99999999999\r\n\r\n" + b" " * 2_000_000),
        ERROR,
        "answer too large",
    ),
    "closed at once": (sends(b""), ERROR, "connection closed without an answer by 127.0.0.1:"),
    "cut head": (sends(OK + b"Content-Le"), ERROR, "answer cut short after "),
    "cut length": (
        sends(OK + b"Content-Length: 100\r\n\r\n" + DOCUMENT),
        ERROR,
        "answer cut short after ",
    ),
    "cut chunk": (sends(CHUNKED + b"64\r\n" + DOCUMENT), ERROR, "answer cut short after "),
    "no last chunk": (sends(CHUNKED + b"8\r\n" + DOCUMENT + b"\r\n"), ERROR, "answer cut short"),
    "bad chunk": (sends(CHUNKED + b"zz\r\n\r\n"), ERROR, "not an HTTP answer"),
    "two lengths": (
        sends(OK + b"Content-Length: 8\r\nContent-Length: 9\r\n\r\n" + DOCUMENT),
        ERROR,
        "not an HTTP answer",
    ),
    "not HTTP": (sends(b"SSH-2.0-OpenSSH_9.2\r\n\x1b[2J\r\n\r\n"), ERROR, "not an HTTP answer: "),
    "a TLS alert": (sends(b"\x15\x03\x01\x00\x02\x02\x46"), ERROR, ""),
    "switches protocols": (
        sends(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
        ERROR,
        "not an HTTP answer",
    ),
    "bomb": (coded("gzip", BOMB), ERROR, "answer too large: more than 1048576 bytes when decomp"),
    "two layers": (
        coded("gzip, gzip", gzip.compress(gzip.compress(DOCUMENT, mtime=0))),
        NO_DATA,
        "content coding gzip, gzip was not asked for",
    ),
    "brotli": (coded("br", b"\x0b\x03\x80{}\x03"), NO_DATA, "content coding br was not asked for"),
    "not gzip": (coded("gzip", DOCUMENT), NO_DATA, "body is not gzip"),
    "cut gzip": (coded("gzip", ZIPPED[:-6]), NO_DATA, "gzip body does not end where"),
    "more than gzip": (coded("gzip", ZIPPED + b"x"), NO_DATA, "gzip body does not end where"),
    "200 with HTML": (
        sends(OK + b"Content-Type: text/html\r\n\r\n<!doctype html><title>502"),
        NO_DATA,
        'not JSON (text/html, starts "<!doctype html>',
    ),
    "502 with HTML": (
        sends(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>"),
        NO_DATA,
        "status 502, expected 200",
    ),
    "no content": (sends(b"HTTP/1.1 204 No Content\r\n\r\n"), NO_DATA, "status 204, expected 200"),
}


async def start(host: Host, writes: Writes) -> int:
    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writes(writer)

    port: int = await host.serve(handler)
    return port


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_hostile_endpoint_ends_in_a_sentence(host: Host, http: OpenHttp, name: str) -> None:
    """Each ends within the deadline, in bounded memory, with a reason and no field."""
    writes, result, reason = ENDPOINTS[name]
    # Those that would hang end by their deadline, all others by themselves.
    timeout = 0.5 if reason.startswith("no answer") else OUTER
    probe = http(await start(host, writes), timeout=timeout, read={"a": "a"})
    tracemalloc.start()
    try:
        async with asyncio.timeout(OUTER):
            reading = await probe.read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reading.result is result
    assert reading.reason.startswith(reason)
    assert reading.reason.isprintable()
    assert reading.reason
    assert reading.values.keys() <= {"health.ok", "health.latency"}
    assert reading.values["health.ok"] == 0.0
    assert peak < BUDGET


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_limit_is_exact(host: Host, http: OpenHttp, coding: str) -> None:
    """A body of ``max_bytes`` passes, and one byte more does not, as sent and decompressed."""
    results = []
    for size in (1000, 1001):
        body = b'{"a": 1}'.ljust(size)
        sent = gzip.compress(body, mtime=0) if coding == "gzip" else body
        probe = http(await start(host, coded(coding, sent)), max_bytes=1000, read={"a": "a"})
        results.append((await probe.read()).result)
    assert results == [Result.VALUE, Result.ERROR]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(DOCUMENT, mtime=0)),
        ("x-gzip", gzip.compress(DOCUMENT, mtime=0)),
        ("GZIP", gzip.compress(DOCUMENT, mtime=0)),
        ("deflate", zlib.compress(DOCUMENT)),
        ("deflate", zlib.compress(DOCUMENT)[2:-4]),
        ("identity", DOCUMENT),
    ],
)
async def test_asked_for_coding_is_read(
    host: Host, http: OpenHttp, coding: str, body: bytes
) -> None:
    """gzip and both kinds of deflate are understood."""
    reading = await http(await start(host, coded(coding, body)), read={"a": "a"}).read()
    assert (reading.result, reading.reason) == (Result.VALUE, "")
    assert reading.values["health.a"] == 1.0


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 8\r\n\r\n" + DOCUMENT + b"HTTP/1.1 500 Oops\r\n\r\n",
        OK + b"\r\n" + DOCUMENT,
        b"HTTP/1.0 200 OK\r\n\r\n" + DOCUMENT,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + OK + b"\r\n" + DOCUMENT,
        CHUNKED + b'1;a=b\r\n{\r\n7\r\n"a": 1}\r\n0\r\nX: y\r\n\r\n',
        OK + b"Content-Length: 11\r\n\r\n\xef\xbb\xbf" + DOCUMENT,
    ],
)
async def test_odd_but_whole_answer_is_a_value(host: Host, http: OpenHttp, raw: bytes) -> None:
    """What is only unusual is read as curl reads it."""
    reading = await http(await start(host, sends(raw)), read={"a": "a"}).read()
    assert (reading.result, reading.reason) == (Result.VALUE, "")


async def test_flood_of_pieces_leaves_the_loop_to_others(host: Host, http: OpenHttp) -> None:
    """Pieces that have arrived together are not taken all in one turn of the loop."""
    probe = http(await start(host, tiny_chunks), timeout=OUTER, read={"a": "a"})
    run = asyncio.create_task(probe.read())
    turns = 0
    while not run.done():
        await asyncio.sleep(0)
        turns += 1
    assert (await run).reason == "answer in more than 10000 pieces"
    assert turns > 10_000 / 64


async def test_connection_is_read_in_small_parts() -> None:
    """However much has arrived, parsing it holds up the loop for a moment only."""
    asked: list[int] = []

    class Stream(httpcore.AsyncNetworkStream):
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
            asked.append(max_bytes)
            return b"x"

    await MeteredStream(Stream(), Trip(lambda: 0.0), limit=10).read(1 << 20)
    assert asked == [16 * 1024]


async def test_healthy_probe_stays_right_among_hostile_ones(host: Host, http: OpenHttp) -> None:
    """All hostile endpoints at once neither delay nor falsify a healthy one."""
    good = await host.answer(DOCUMENT)
    hostile = [
        http(await start(host, writes), timeout=2.0, read={"a": "a"})
        for writes, _, _ in ENDPOINTS.values()
    ]
    healthy = http(good, read={"a": "a"}, timeout=2.0)
    running = [asyncio.create_task(probe.read()) for probe in hostile]
    results = []
    while not all(task.done() for task in running):
        results.append((await healthy.read()).result)
        await asyncio.sleep(0.01)
    assert len(results) > 2
    assert set(results) == {Result.VALUE}
    assert {task.result().result for task in running} == {ERROR, NO_DATA}


@pytest.mark.parametrize(
    "raw",
    [b"", OK + b"Content-Length: 9\r\n\r\n{", b"SSH-2.0\r\n\r\n", OK + b"\r\n" + b" " * 2_000_000],
    ids=["silent", "half", "not HTTP", "too large"],
)
async def test_failed_run_closes_its_connection(host: Host, http: OpenHttp, raw: bytes) -> None:
    """A connection never outlives its run, however that ended."""
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await send(writer, raw)
            await reader.read()
        finally:
            closed.set()

    reading = await http(await host.serve(handler), timeout=0.3, read={"a": "a"}).read()
    assert reading.result is Result.ERROR
    async with asyncio.timeout(OUTER):
        await closed.wait()


async def test_cancelled_run_closes_its_connection(host: Host, http: OpenHttp) -> None:
    """The recorder may cut a run short at any time."""
    came, closed = asyncio.Event(), asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        closed.set()

    run = asyncio.create_task(http(await host.serve(handler)).read())
    async with asyncio.timeout(OUTER):
        await came.wait()
        run.cancel()
        await closed.wait()
    with pytest.raises(asyncio.CancelledError):
        await run
