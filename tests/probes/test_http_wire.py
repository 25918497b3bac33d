"""How an http probe gets to its target: names, addresses, TLS, redirects, secrets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.model import Reading, Result

if TYPE_CHECKING:
    from tests.probes.conftest import Handler, Host, OpenHttp

OUTER = 30.0
"""Seconds that only a probe without its own deadline would need."""


async def test_every_run_has_a_connection_of_its_own(host: Host, http: OpenHttp) -> None:
    """A kept-alive connection would hide that nobody listens any more, or fail a healthy answer."""
    port = await host.answer(headers="Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n")
    probe = http(port)
    assert (await probe.read()).result is Result.VALUE
    host.servers[0].close()
    await host.servers[0].wait_closed()
    reading = await probe.read()
    assert (reading.result, reading.facts["failure"]) == (Result.ERROR, "refused")


async def test_connection_ends_even_where_the_profile_asks_to_keep_it(
    host: Host, http: OpenHttp
) -> None:
    """A header of the profile does not make a connection outlive its run."""
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()
        closed.set()

    probe = http(await host.serve(handler), headers={"Connection": "keep-alive"})
    assert (await probe.read()).result is Result.VALUE
    async with asyncio.timeout(OUTER):
        await closed.wait()


async def test_request_stays_the_same(host: Host, http: OpenHttp) -> None:
    """No cookie that a service sets comes back to it, and nothing else grows."""
    port = await host.answer(headers="Set-Cookie: a=" + "x" * 1000 + "\r\n")
    probe = http(port)
    for _ in range(3):
        await probe.read()
    assert len(set(host.heads)) == 1
    assert b"cookie" not in host.heads[0].lower()
    assert b"Accept-Encoding: gzip, deflate\r\n" in host.heads[0]
    assert b"User-Agent: stagewatch/" in host.heads[0]


async def test_proxies_of_the_environment_are_ignored(
    host: Host, http: OpenHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured is the service, not the way through a proxy."""
    proxy = await host.answer("proxied")
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
    reading = await http(await host.answer('{"a": 1}'), read={"a": "a"}).read()
    assert reading.values["health.a"] == 1.0


async def test_second_address_is_tried_when_the_first_refuses(host: Host, http: OpenHttp) -> None:
    """localhost may be ::1 first, where nobody listens."""
    port = await host.answer()
    probe = http(f"http://name:{port}/", lookup=lambda *_: ("127.0.0.9", "127.0.0.1"))
    reading = await probe.read()
    assert (reading.result, reading.facts["address"]) == (Result.VALUE, f"127.0.0.1:{port}")
    assert f"Host: name:{port}\r\n".encode() in host.heads[0]


async def test_every_refused_address_is_named(host: Host, http: OpenHttp) -> None:
    """Where all addresses refuse, the reason has them all."""
    port = await host.answer()
    await host.stop()
    probe = http(f"http://name:{port}/", lookup=lambda *_: ("127.0.0.9", "127.0.0.1"))
    reason = (await probe.read()).reason
    assert reason == f"connection refused at 127.0.0.9:{port} and 127.0.0.1:{port}"


async def test_black_hole_leaves_time_for_the_next_address(host: Host, http: OpenHttp) -> None:
    """An address that drops packets costs its share of the deadline, not all of it."""
    port = await host.answer()
    found = ("127.0.0.9", "127.0.0.10", "127.0.0.1")
    with _black_hole(found[0], port), _black_hole(found[1], port):
        reading = await http(f"http://name:{port}/", lookup=lambda *_: found, timeout=2).read()
    assert (reading.result, reading.facts["address"]) == (Result.VALUE, f"127.0.0.1:{port}")


async def test_black_hole_alone_is_a_timeout(http: OpenHttp) -> None:
    """A connection that never comes about is told as that."""
    with _black_hole("127.0.0.9", 0) as port:
        reading = await http(f"http://127.0.0.9:{port}/", timeout=0.5).read()
    assert reading.reason == f"no answer within 500ms (connecting to 127.0.0.9:{port})"
    assert reading.facts["timed_out"] is True
    assert reading.facts["phase"] == "connect"


async def test_hanging_resolver_hurts_nobody_else(host: Host, http: OpenHttp) -> None:
    """It costs its own probe the deadline and one thread, and asyncio's threads stay free."""
    release = threading.Event()

    def hangs(*_: object) -> tuple[str, ...]:
        release.wait()
        return ("127.0.0.1",)

    port = await host.answer()
    probe = http(f"http://name:{port}/", lookup=hangs, timeout=0.2)
    try:
        async with asyncio.timeout(OUTER):
            for _ in range(3):
                reading = await probe.read()
                assert reading.reason == "no answer within 200ms (resolving the name)"
                assert reading.facts["timed_out"] is True
            assert [t.name for t in threading.enumerate()].count("resolve-health") == 1
            await asyncio.to_thread(lambda: None)
            assert (await http(port).read()).result is Result.VALUE
    finally:
        release.set()
    assert (await probe.read()).result is Result.VALUE


async def test_each_run_resolves_anew(host: Host, http: OpenHttp) -> None:
    """A name that moves to another address is followed at once."""
    port = await host.answer()
    found = iter([("127.0.0.9",), ("127.0.0.1",)])
    probe = http(f"http://name:{port}/", lookup=lambda *_: next(found))
    assert (await probe.read()).result is Result.ERROR
    assert (await probe.read()).result is Result.VALUE


async def test_addresses_need_no_resolver(host: Host, http: OpenHttp) -> None:
    """An IP address is never looked up."""

    def never(*_: object) -> tuple[str, ...]:
        raise AssertionError("looked up")

    port = await host.answer()
    assert (await http(port, lookup=never).read()).result is Result.VALUE


@pytest.mark.parametrize("url", ["http://h..x/", "http://" + "x" * 70 + ".test/", "http://\u2028/"])
async def test_host_that_is_no_name_is_an_error(http: OpenHttp, url: str) -> None:
    """Names that pass as a URL and that no resolver takes are told, not raised."""
    reading = await http(url).read()
    assert reading.result is Result.ERROR
    assert reading.reason.isprintable()


async def test_redirect_is_not_followed_by_default(host: Host, http: OpenHttp) -> None:
    """A login page that answers instead of the service is no health."""
    port = await host.answer("", "302 Found", "Location: /login\r\n")
    reading = await http(port).read()
    assert reading.result is Result.NO_DATA
    told = f"status 302, expected 200 (redirect to http://127.0.0.1:{port}/login not followed)"
    assert reading.reason == told
    assert len(host.heads) == 1


async def test_redirect_within_the_origin_is_followed(host: Host, http: OpenHttp) -> None:
    """With ``redirects`` the last answer counts, and the time of all of them."""
    port = await host.serve(_redirects("/new", "new?x=1"))
    reading = await http(port, redirects=2, read={"a": "a"}, headers={"X-Token": "t"}).read()
    assert (reading.result, reading.values["health.a"]) == (Result.VALUE, 1.0)
    assert [head.split()[1] for head in host.heads] == [b"/health", b"/new", b"/new?x=1"]
    assert all(b"X-Token: t\r\n" in head for head in host.heads)


async def test_each_answer_of_a_redirect_has_the_whole_limit(host: Host, http: OpenHttp) -> None:
    """Bounds are for an answer, and the way to it does not use them up."""
    targets = iter(["/2", "/3"])

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = next(targets, "")
        status = f"307 Go\r\nLocation: {target}" if target else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 900000\r\n\r\n".encode())
        writer.write(b" " * 900_000)
        await writer.drain()

    reading = await http(await host.serve(handler), redirects=2).read()
    assert (reading.result, reading.reason) == (Result.VALUE, "")


async def test_redirects_are_counted(host: Host, http: OpenHttp) -> None:
    """A loop ends at the limit."""
    port = await host.answer("", "301 Moved", "Location: /health\r\n")
    reading = await http(port, redirects=3).read()
    assert reading.result is Result.NO_DATA
    assert "not followed" in reading.reason
    assert len(host.heads) == 4


async def test_redirect_elsewhere_never_carries_the_token(
    host: Host, http: OpenHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another origin, be it another port only, gets nothing."""
    monkeypatch.setenv("STAGING_TOKEN", "s3cret-token")
    thief = await host.answer('{"a": 1}')
    port = await host.answer("", "307 Go", f"Location: http://127.0.0.1:{thief}/\r\n")
    probe = http(port, redirects=5, headers={"X-Token": "env:STAGING_TOKEN"})
    assert (await probe.read()).result is Result.NO_DATA
    assert len(host.heads) == 1


@pytest.mark.parametrize("location", ["http://[", "\x1b[2J", "", "javascript:alert(1)"])
async def test_senseless_redirect_is_only_a_status(
    host: Host, http: OpenHttp, location: str
) -> None:
    """A broken Location neither crashes nor leads anywhere."""
    port = await host.answer("", "302 Found", f"Location: {location}\r\n")
    reading = await http(port, redirects=1).read()
    assert reading.result in {Result.NO_DATA, Result.ERROR}
    assert reading.reason.isprintable()
    assert len(host.heads) == 1


@pytest.mark.parametrize("given", ["env:STAGING_TOKEN", "Bearer env:STAGING_TOKEN", "file:token"])
async def test_secret_is_sent_and_never_shown(
    host: Host, http: OpenHttp, given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A service that echoes its token gets it into no reading, in no encoding."""
    secret = "s3cret/to ken+x"
    monkeypatch.setenv("STAGING_TOKEN", secret)
    (tmp_path / "token").write_text(secret + "\n")
    encoded = base64.b64encode(f"user:{secret}".encode()).decode()
    body = json.dumps({"echo": f"{secret} {encoded}", "long": "x" * 195 + secret})
    port = await host.answer(body)
    probe = http(
        port,
        headers={"Authorization": given},
        expect={"json": {"echo": "x"}},
        show={"echo": "echo", "long": "long"},
    )
    reading = await probe.read()
    assert (
        f"{given.partition(' ')[0] + ' ' if ' ' in given else ''}{secret}\r\n".encode()
        in (host.heads[0])
    )
    assert "s3cret" not in str(reading)
    assert encoded not in str(reading)
    assert reading.facts["echo"] == "*** dXNlcj***"


async def test_secret_in_a_body_that_is_not_json_is_masked(
    host: Host, http: OpenHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of a page that is shown in the reason passes the mask first."""
    monkeypatch.setenv("STAGING_TOKEN", "s3cret-" + "y" * 60)
    probe = http(
        await host.answer("your token s3cret-" + "y" * 60),
        headers={"Authorization": "env:STAGING_TOKEN"},
        read={"a": "a"},
    )
    assert (await probe.read()).reason == 'not JSON (no content type, starts "your token ***")'


@pytest.mark.parametrize("start", range(0, 320, 13))
async def test_secret_is_masked_wherever_the_reason_is_cut(
    host: Host, http: OpenHttp, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut never leaves half a secret, whichever reason it falls into."""
    secret = "abcdefghijklmnopqrstuvwxyz"
    monkeypatch.setenv("STAGING_TOKEN", secret)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n%s"
    filled = ("-" * start + secret).encode()
    echoes = [
        b"HTTP/1.1 %s\r\n\r\n" % filled,
        answer % (filled, filled),
        answer % (b"application/json", b'{"%s": 1, "%s": 2}' % (filled, filled)),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\nx" % filled,
        b"HTTP/1.1 302 Go\r\nLocation: /%s\r\n\r\n" % filled,
    ]
    for echo in echoes:
        probe = http(await host.raw(echo), headers={"X": "env:STAGING_TOKEN"}, read={"a": "a"})
        reading = await probe.read()
        told = str(reading)
        assert len(reading.reason) <= 300
        assert secret[:8] not in told
        assert secret[-8:] not in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("env:NOT_SET", "the environment of the recorder has no variable NOT_SET"),
        ("file:gone", "cannot read {base}/gone: no such file or directory"),
        ("file:.", "cannot read {base}: is a directory"),
        ("env:EMPTY", "env:EMPTY is empty"),
        ("env:CONTROL", "holds characters no header may"),
    ],
)
async def test_missing_secret_is_an_error_reading(
    http: OpenHttp, given: str, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The probe opens all the same, and says what is missing."""
    monkeypatch.setenv("EMPTY", " ")
    monkeypatch.setenv("CONTROL", "a\r\nX-Injected: b")
    monkeypatch.delenv("NOT_SET", raising=False)
    reading = await http(1, headers={"Authorization": given}).read()
    assert reading.result is Result.ERROR
    assert reading.reason == f"headers.Authorization: {told.format(base=tmp_path)}"
    assert reading.facts["failure"] == "secret"


async def test_secret_that_turns_up_is_used(host: Host, http: OpenHttp, tmp_path: Path) -> None:
    """A token file written after the start needs no restart."""
    probe = http(await host.answer(), headers={"X-Token": "file:token"})
    assert (await probe.read()).result is Result.ERROR
    (tmp_path / "token").write_text("abc")
    assert (await probe.read()).result is Result.VALUE
    assert b"X-Token: abc\r\n" in host.heads[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for localhost, made for this run."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(path)),
            *("-addext", "subjectAltName=DNS:localhost", "-out", str(path.with_suffix(".crt"))),
        ],
        check=True,
        capture_output=True,
    )
    return path


async def _https(host: Host, certificate: Path) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    port: int = await host.answer('{"a": 1}', tls=context)
    return port


async def test_trusted_certificate(host: Host, http: OpenHttp, certificate: Path) -> None:
    """With its CA a private service is read, and the handshake is a phase of its own."""
    port = await _https(host, certificate)
    ca = str(certificate.with_suffix(".crt"))
    reading = await http(f"https://localhost:{port}/", ca_file=ca, read={"a": "a"}).read()
    assert (reading.result, reading.reason) == (Result.VALUE, "")
    assert float(reading.facts["phase_tls"]) > 0


async def test_unknown_certificate_is_an_error(
    host: Host, http: OpenHttp, certificate: Path
) -> None:
    """A certificate that nobody vouches for is not accepted in silence."""
    port = await _https(host, certificate)
    reading = await http(f"https://localhost:{port}/").read()
    assert reading.result is Result.ERROR
    told = f"certificate not accepted (self-signed certificate) at 127.0.0.1:{port}"
    assert reading.reason == told
    assert (reading.facts["failure"], reading.facts["phase"]) == ("tls", "tls")


async def test_certificate_of_another_name(host: Host, http: OpenHttp, certificate: Path) -> None:
    """A certificate counts for its own name only."""
    port = await _https(host, certificate)
    ca = str(certificate.with_suffix(".crt"))
    probe = http(f"https://other:{port}/", ca_file=ca, lookup=lambda *_: ("127.0.0.1",))
    reading = await probe.read()
    assert reading.reason.startswith("certificate not accepted (Hostname mismatch")


async def test_unverified_certificate_is_visible(
    host: Host, http: OpenHttp, certificate: Path
) -> None:
    """``verify = false`` works, and every reading says so."""
    port = await _https(host, certificate)
    reading = await http(f"https://localhost:{port}/", verify=False).read()
    assert reading.result is Result.VALUE
    assert reading.reason == "certificate not verified (verify = false)"


async def test_no_tls_where_it_is_expected(host: Host, http: OpenHttp) -> None:
    """A plain service behind an https URL is told as such."""
    port = await host.answer()
    reading = await http(f"https://127.0.0.1:{port}/", timeout=2).read()
    assert reading.result is Result.ERROR
    assert reading.reason.startswith(("TLS handshake failed", "no answer within 2s (TLS"))


async def test_nonsense_instead_of_a_handshake(http: OpenHttp) -> None:
    """What is not TLS at all ends the handshake with a reason."""

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n" * 10)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reading = await http(f"https://127.0.0.1:{port}/").read()
    assert reading.result is Result.ERROR
    assert reading.reason.startswith("TLS handshake failed (")
    assert reading.reason.endswith(f" at 127.0.0.1:{port}")


async def test_connection_that_is_reset(host: Host, http: OpenHttp) -> None:
    """A service that is killed while it answers leaves the number of bytes that came."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        await writer.drain()
        # Without lingering, closing throws away the connection instead of ending it.
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    reading = await http(await host.serve(handler), read={"a": "a"}).read()
    assert reading.result is Result.ERROR
    assert reading.reason.startswith(("connection reset ", "answer cut short after "))


async def test_ca_file_that_is_not_there(http: OpenHttp, tmp_path: Path) -> None:
    """A missing or senseless CA file names the file."""
    (tmp_path / "empty.pem").write_text("x")
    readings: list[Reading] = [
        await http("https://127.0.0.1:1/", ca_file=name).read() for name in ("gone", "empty.pem")
    ]
    assert readings[0].reason == f"ca_file: cannot read {tmp_path}/gone: no such file or directory"
    assert readings[1].reason == f"ca_file: {tmp_path}/empty.pem holds no certificates"


def _redirects(*targets: str) -> Handler:
    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = '{"a": 1}'
        target = next(left, "")
        status = f"307 Go\r\nLocation: {target}" if target else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()

    left = iter(targets)
    return handler


@contextlib.contextmanager
def _black_hole(address: str, port: int) -> Iterator[int]:
    """A listener whose backlog is full, so that further connections get no reply."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        where = listener.getsockname()
        for _ in range(16):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(where)
        yield where[1]
