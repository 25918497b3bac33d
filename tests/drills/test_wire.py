"""The connection that drills use: kept, opened anew, bounded, and never a wrong answer."""

from __future__ import annotations

import pytest

from stagewatch.drills.wire import MOST_BODY, Pool, request
from stagewatch.probes._failure import FailureError
from stagewatch.probes._resolve import Resolver
from tests.drills.conftest import reply, serving


def pool_of(port: int) -> Pool:
    """Connections to a port."""
    return Pool(f"http://127.0.0.1:{port}/", Resolver("test"), None)


WANTED = request("GET", "http://127.0.0.1/x?y=1", {"X-Key": "k"})


async def test_a_connection_is_kept_for_the_next_request() -> None:
    """One connection serves three, as its own count shows."""
    seen: list[int] = []
    async with serving(lambda n: seen.append(n) or reply(200, str(n))) as port:  # type: ignore[func-returns-value]
        pool = pool_of(port)
        bodies = [(await pool.ask(WANTED, 1.0)).body for _ in range(3)]
        assert len(pool._open) == 1
        pool.close()
    assert bodies == [b"1", b"2", b"3"]


async def test_a_kept_connection_that_was_closed_is_no_failure() -> None:
    """The request is sent again on a new one."""
    async with serving(lambda n: b"" if n == 2 else reply(200, str(n))) as port:
        pool = pool_of(port)
        first, second = [(await pool.ask(WANTED, 1.0)).body for _ in range(2)]
        pool.close()
    assert (first, second) == (b"1", b"3")


async def test_a_new_connection_that_is_closed_is_one() -> None:
    """It is not tried again for ever."""
    async with serving(lambda n: b"") as port:
        pool = pool_of(port)
        with pytest.raises(FailureError) as failed:
            await pool.ask(WANTED, 1.0)
        pool.close()
    assert failed.value.kind == "closed"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


async def test_an_answer_in_chunks_is_put_together() -> None:
    """And its headers are found in any case."""
    async with serving(lambda n: CHUNKED) as port:
        pool = pool_of(port)
        heard = await pool.ask(WANTED, 1.0)
        pool.close()
    assert (heard.body, heard.header("TRANSFER-encoding")) == (b"abcde", "chunked")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "garbage"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "garbage"),
        (b"\x16\x03\x01\x02", "garbage"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, "garbage"),
        (reply(200, "z" * (MOST_BODY + 1)), "too-large"),
        (reply(200, "whole")[:-2], "timeout"),
        (None, "timeout"),
    ],
    ids=["length", "status", "TLS", "endless head", "endless body", "half", "nothing"],
)
async def test_what_is_no_whole_answer_is_named(answer: bytes | None, kind: str) -> None:
    """And nothing hangs for longer than it was given."""
    async with serving(lambda n: answer) as port:
        pool = pool_of(port)
        with pytest.raises(FailureError) as failed:
            await pool.ask(WANTED, 0.4)
        pool.close()
    assert failed.value.kind == kind


async def test_what_nobody_asked_for_is_no_answer_to_the_next() -> None:
    """Two answers to one request: the connection is dropped."""
    async with serving(lambda n: reply(200, f"{n}") + reply(200, "more")) as port:
        pool = pool_of(port)
        bodies = [(await pool.ask(WANTED, 1.0)).body for _ in range(2)]
        pool.close()
    assert bodies == [b"1", b"2"]
