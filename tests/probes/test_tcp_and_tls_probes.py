"""The tcp and tls probes against listeners and certificates of every kind."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagewatch.model import Result
from stagewatch.probes import probe_kind
from stagewatch.probes._certificate import not_after
from stagewatch.profile.values import Duration

if TYPE_CHECKING:
    from tests.probes.conftest import Host, OpenKind

MakeCertificate = Callable[..., ssl.SSLContext]


@pytest.fixture
def certificate(tmp_path: Path) -> MakeCertificate:
    """A server's context with a certificate for 127.0.0.1 of so many days, its own authority."""

    def make(days: int = 30, name: str = "IP:127.0.0.1", file: str = "own.pem") -> ssl.SSLContext:
        key, cert = tmp_path / "key.pem", tmp_path / file
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a"
        options = ["-days", str(days), "-addext", f"subjectAltName={name}"]
        files = ["-keyout", str(key), "-out", str(cert)]
        subprocess.run([*words.split(), *options, *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context

    return make


async def test_a_port_that_accepts(opened: OpenKind, host: Host) -> None:
    """And how long it took."""
    reading = await opened("tcp", host="127.0.0.1", port=await host.answer()).read()
    assert (reading.result, reading.values["ok"]) == (Result.VALUE, 1)
    assert 0 < reading.values["connect"] < 10_000


async def test_a_port_that_refuses(opened: OpenKind) -> None:
    """Is an ERROR, and has no time."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        reading = await opened("tcp", host="127.0.0.1", port=port).read()
    assert (reading.result, reading.values) == (Result.ERROR, {"ok": 0})
    assert reading.reason == f"connection refused at 127.0.0.1:{port}"
    assert reading.facts == {"failure": "refused"}


async def test_a_port_whose_queue_is_full(opened: OpenKind) -> None:
    """Nobody answers: the packets are dropped."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        probe = opened("tcp", host="127.0.0.1", port=port, timeout=Duration(1))
        reading = await probe.read()
    assert (reading.result, reading.values) == (Result.ERROR, {"ok": 0})
    assert reading.reason in {f"no answer at 127.0.0.1:{port}", "no answer within 1s"}


async def test_a_name_that_does_not_resolve(opened: OpenKind) -> None:
    """Is named."""
    reading = await opened("tcp", host="no-such-host.invalid", port=80).read()
    assert (reading.result, reading.facts["failure"]) == (Result.ERROR, "resolve")
    assert reading.reason.startswith("no-such-host.invalid does not resolve")


async def test_days_until_a_certificate_expires(
    opened: OpenKind, host: Host, certificate: MakeCertificate
) -> None:
    """Of one that is accepted."""
    port = await host.answer(tls=certificate(days=30))
    reading = await opened("tls", host="127.0.0.1", port=port, ca_file="own.pem").read()
    assert (reading.result, reading.values["ok"]) == (Result.VALUE, 1)
    assert 29 < reading.values["days"] <= 30
    assert str(reading.facts["expires"]).endswith("+00:00")


async def test_an_expired_certificate_still_tells_since_when(
    opened: OpenKind,
    host: Host,
    certificate: MakeCertificate,
    set_clock: object,
) -> None:
    """A certificate that is not accepted is NO_DATA, with its days."""
    port = await host.answer(tls=certificate(days=30, name="DNS:other.test"))
    reading = await opened("tls", host="127.0.0.1", port=port, ca_file="own.pem").read()
    assert (reading.result, reading.values["ok"]) == (Result.NO_DATA, 0)
    assert reading.reason.startswith("certificate not accepted (IP address mismatch")
    assert 29 < reading.values["days"] <= 30
    set_clock.ahead = 40 * 86400  # type: ignore[attr-defined]
    late = await opened("tls", host="127.0.0.1", port=port, ca_file="own.pem").read()
    assert -11 < late.values["days"] < -9


async def test_an_unknown_authority_is_not_accepted(
    opened: OpenKind, host: Host, certificate: MakeCertificate
) -> None:
    """Without ``ca_file`` only the system's are."""
    port = await host.answer(tls=certificate())
    reading = await opened("tls", host="127.0.0.1", port=port).read()
    assert reading.reason.startswith("certificate not accepted (self-signed certificate")


async def test_what_speaks_no_tls_is_an_error(opened: OpenKind, host: Host) -> None:
    """And one that says nothing ends in time."""

    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    host.servers.append(server)
    port = server.sockets[0].getsockname()[1]
    reading = await opened("tls", host="127.0.0.1", port=port).read()
    assert (reading.result, reading.values) == (Result.ERROR, {"ok": 0})
    assert reading.facts == {"failure": "tls"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        mute = await opened("tls", host="127.0.0.1", port=port, timeout=Duration(1)).read()
    assert (mute.result, mute.facts) == (Result.ERROR, {"failure": "timeout"})


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"\x30\x82\xff\xff", b"\x31\x00", b"\x30\x02\x05\x00"]
)
def test_what_is_no_certificate(der: bytes) -> None:
    """Is refused, wherever it ends."""
    with pytest.raises(ValueError, match=r"certificate|ends early"):
        not_after(der)


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_a_host_is_no_url(kind: str) -> None:
    """As people paste it."""
    found = probe_kind(kind)
    config = found.config(kind=kind, host="https://a/", port=443)  # type: ignore[call-arg]
    assert [key for key, _ in found.problems(config)] == ["host"]
