"""What an http probe makes of the answers that services give."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from stagewatch.model import Result

if TYPE_CHECKING:
    from tests.probes.conftest import Host, OpenHttp

HEALTH = {
    "status": "healthy",
    "database": {"pool": {"in_use": 12, "size": 80}},
    "websocket": [{"name": "a", "active": 3}, {"name": "b", "active": 4.5}],
}


async def test_good_answer_is_a_value_with_every_field(host: Host, http: OpenHttp) -> None:
    """An expected answer gives ok, latency and the fields that are read."""
    port = await host.answer(json.dumps(HEALTH))
    probe = http(
        port,
        expect={"json": {"status": "healthy"}},
        read={"used": "database.pool.in_use", "open": "sum(websocket[].active)"},
        show={"status": "status"},
    )
    reading = await probe.read()
    assert (reading.result, reading.reason, reading.missing) == (Result.VALUE, "", {})
    assert reading.values == {
        "health.ok": 1.0,
        "health.used": 12.0,
        "health.open": 7.5,
        "health.latency": pytest.approx(reading.took * 1000),
    }
    assert reading.facts["status"] == "healthy"
    assert reading.facts["http_status"] == 200
    assert reading.facts["address"] == f"127.0.0.1:{port}"


async def test_reading_names_every_promised_signal(host: Host, http: OpenHttp) -> None:
    """Whatever happens, each signal of the probe is a value or missing with a reason."""
    ports = [await host.answer(json.dumps(HEALTH)), await host.answer("no"), _closed_port()]
    for port in ports:
        probe = http(port, read={"used": "database.pool.in_use", "gone": "nowhere"})
        reading = await probe.read()
        told = reading.values.keys() | reading.missing.keys()
        assert told == {signal.name for signal in probe.signals}
        assert not reading.values.keys() & reading.missing.keys()
        assert all(reading.missing.values())


async def test_phases_add_up_to_the_latency(host: Host, http: OpenHttp) -> None:
    """The phases of an answer are told in milliseconds, and nothing is counted twice."""
    reading = await http(await host.answer()).read()
    phases = {k: float(v) for k, v in reading.facts.items() if k.startswith("phase_")}
    assert set(phases) == {"phase_resolve", "phase_connect", "phase_first_byte", "phase_body"}
    assert sum(phases.values()) == pytest.approx(reading.values["health.latency"], abs=0.5)


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        ("{}", "a.b", "field a.b is missing"),
        ('{"a": null}', "a", "field a is null"),
        ('{"a": "12"}', "a", "field a is text, not a number"),
        ('{"a": true}', "a", "field a is true, not a number"),
        ('{"a": [1]}', "a", "field a is a list, not a number"),
        ('{"a": {}}', "a", "field a is an object, not a number"),
        ('{"a": 1' + 308 * "9" + "}", "a", "field a is too big"),
        ('{"a": [1]}', "a.7", "field a.7 is missing"),
        ('{"a": 1}', "a[*].b", "field a[*].b is missing"),
        ('{"a": 1}', "length(a)", "field length(a) is missing"),
    ],
)
async def test_unusable_field_is_no_data(
    host: Host, http: OpenHttp, body: str, path: str, reason: str
) -> None:
    """A field that is no number is missing with its reason, never 0."""
    reading = await http(await host.answer(body), read={"a": path}).read()
    assert (reading.result, reading.reason) == (Result.NO_DATA, reason)
    assert reading.missing == {"health.a": reason}
    assert reading.values["health.ok"] == 0.0
    assert "health.latency" in reading.values


async def test_valid_fields_stay_when_another_is_missing(host: Host, http: OpenHttp) -> None:
    """One missing field does not take the others with it."""
    reading = await http(
        await host.answer(json.dumps(HEALTH)),
        read={"used": "database.pool.in_use", "a": "x", "b": "y"},
    ).read()
    assert reading.values["health.used"] == 12.0
    assert reading.reason == "field x is missing, and 1 more"


async def test_text_is_a_number_only_where_the_profile_says_so(host: Host, http: OpenHttp) -> None:
    """``convert`` takes decimal numbers in quotes, and nothing that only Python calls a number."""
    body = {"a": " 12.5 ", "b": "nan", "c": "1_000", "d": "0x10", "e": "", "f": "1e999"}
    probe = http(await host.answer(json.dumps(body)), convert=True, read={k: k for k in body})
    reading = await probe.read()
    assert reading.values["health.a"] == 12.5
    assert set(reading.missing) == {f"health.{key}" for key in "bcdef"}


@pytest.mark.parametrize(
    ("body", "wanted", "reason"),
    [
        ('{"s": "degraded"}', {"s": "healthy"}, "s is degraded, expected healthy"),
        ('{"s": 1}', {"s": True}, "s is 1, expected true"),
        ('{"s": "1"}', {"s": 1}, "s is 1, expected 1"),
        ("{}", {"s": 1}, "s is nothing, expected 1"),
        ("[]", {"s": 1}, "s is nothing, expected 1"),
        ('{"s": [1, 2]}', {"s": [2, 1]}, "s is [1, 2], expected [2, 1]"),
    ],
)
async def test_unexpected_json_is_no_data(
    host: Host, http: OpenHttp, body: str, wanted: dict[str, Any], reason: str
) -> None:
    """A field that differs from the expected value is told with both."""
    reading = await http(await host.answer(body), expect={"json": wanted}).read()
    assert (reading.result, reading.reason) == (Result.NO_DATA, reason)


async def test_equal_json_is_expected(host: Host, http: OpenHttp) -> None:
    """Numbers, lists and objects compare as JSON does: 1 is 1.0."""
    body = '{"a": 1, "b": [true, null], "c": {"d": "e"}}'
    wanted = {"a": 1.0, "b": [True, None], "c": {"d": "e"}}
    reading = await http(await host.answer(body), expect={"json": wanted}).read()
    assert reading.result is Result.VALUE


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("<html>502</html>", 'not JSON (text/html, starts "<html>502</html>")'),
        ("", "not JSON (empty body)"),
        ("\x1b[31m{", 'not JSON (text/html, starts "␛[31m{")'),
    ],
)
async def test_body_that_is_not_json(host: Host, http: OpenHttp, sent: str, reason: str) -> None:
    """What is not JSON is named by its type and its beginning, made inert."""
    port = await host.answer(sent, headers="Content-Type: text/html; charset=utf-8\r\n")
    reading = await http(port, read={"a": "a"}).read()
    assert (reading.result, reading.reason) == (Result.NO_DATA, reason)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "number 1e999 is too big"),
        ('{"a": 1, "a": 2}', "key 'a' is given twice"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 50_000, "nested too deep"),
        ("[" + "0," * 100_001 + "0]", "more than 100000 values"),
        ('{"a": ' + "9" * 5000 + "}", "number 99999999999999999999… is too big"),
        ('{"a": 1} x', "extra data at byte 9"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_untrustworthy_json_is_no_data(
    host: Host, http: OpenHttp, body: bytes | str, told: str
) -> None:
    """JSON that is ambiguous or out of bounds gives a sentence, and no number."""
    port = await host.answer(body, headers="Content-Type: application/json\r\n")
    reading = await http(port, read={"a": "a"}).read()
    assert reading.result is Result.NO_DATA
    assert reading.reason == f"not JSON (application/json, {told})"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_server_error_has_no_latency(host: Host, http: OpenHttp, status: int) -> None:
    """How fast a service fails says nothing about how fast it works."""
    port = await host.answer("<html>", f"{status} Bad")
    reading = await http(port, read={"a": "a"}).read()
    assert reading.result is Result.NO_DATA
    assert reading.reason == f"status {status}, expected 200"
    assert reading.missing["health.latency"] == reading.reason
    assert reading.facts["http_status"] == status


async def test_expected_status_counts_as_good(host: Host, http: OpenHttp) -> None:
    """A rate limiter that answers 429 works, when the profile says so."""
    port = await host.answer("slow down", "429 Too Many Requests")
    good = await http(port, expect={"status": [200, 429]}).read()
    bad = await http(port, expect={"status": [200, 204]}).read()
    assert good.result is Result.VALUE
    assert "health.latency" in good.values
    assert bad.reason == "status 429, expected 200 or 204"
    assert "health.latency" in bad.values


async def test_fields_of_a_failed_status_are_still_read(host: Host, http: OpenHttp) -> None:
    """A 503 that says why is worth reading."""
    port = await host.answer(json.dumps(HEALTH), "503 Service Unavailable")
    reading = await http(port, read={"used": "database.pool.in_use"}).read()
    assert reading.result is Result.NO_DATA
    assert reading.values == {"health.ok": 0.0, "health.used": 12.0}


async def test_refused_connection_is_an_error(http: OpenHttp) -> None:
    """A service that is down has neither latency nor fields, and the reason says where."""
    port = _closed_port()
    reading = await http(port, read={"a": "a"}).read()
    assert reading.result is Result.ERROR
    assert reading.reason == f"connection refused at 127.0.0.1:{port}"
    assert reading.values == {"health.ok": 0.0}
    assert reading.facts["failure"] == "refused"
    assert reading.facts["phase"] == "connect"


async def test_silence_is_a_timeout_with_its_deadline(host: Host, http: OpenHttp) -> None:
    """A hanging service is told apart from a dead one, with the deadline for the average."""

    async def silent(*_: object) -> None:
        await asyncio.Event().wait()

    reading = await http(await host.serve(silent), timeout=0.2).read()
    assert reading.result is Result.ERROR
    assert reading.reason == "no answer within 200ms (waiting for the first byte)"
    assert reading.facts["timed_out"] is True
    assert reading.facts["deadline"] == 0.2
    assert reading.facts["phase"] == "first_byte"
    assert "health.latency" in reading.missing


async def test_unknown_name_is_an_error(http: OpenHttp) -> None:
    """A name that does not resolve is told as such."""
    reading = await http("http://nowhere.invalid/").read()
    assert reading.result is Result.ERROR
    assert reading.reason.startswith("nowhere.invalid does not resolve: ")
    assert reading.facts == {"failure": "resolve", "phase": "resolve"}


async def test_long_text_is_cut_and_inert(host: Host, http: OpenHttp) -> None:
    """Shown text is at most 200 characters, without control characters or markup of ours."""
    body = json.dumps({"a": "\x1b]52;c;x\x07" + "x" * 500, "b": {"k": [1]}, "c": None})
    probe = http(await host.answer(body), show={"a": "a", "b": "b", "c": "c", "d": "absent"})
    facts = (await probe.read()).facts
    assert len(str(facts["a"])) == 200
    assert "\x1b" not in str(facts["a"])
    assert facts["b"] == '{"k": [1]}'
    assert facts["c"] == "null"
    assert "d" not in facts


async def test_post_sends_its_body(host: Host, http: OpenHttp) -> None:
    """Method, headers and body reach the service as the profile gives them."""
    got: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readexactly(7))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    port = await host.serve(handler)
    probe = http(port, method="POST", body='{"a":1}', headers={"X-Key": "k", "Accept": "a/b"})
    assert (await probe.read()).result is Result.VALUE
    head = host.heads[0].decode()
    assert head.startswith("POST /health HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n" in head
    assert "X-Key: k\r\n" in head
    assert "Accept: a/b\r\n" in head
    assert "Content-Length: 7\r\n" in head
    assert got == [b'{"a":1}']


async def test_head_needs_no_body(host: Host, http: OpenHttp) -> None:
    """A HEAD answer announces a length and sends nothing."""
    port = await host.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    assert (await http(port, method="HEAD").read()).result is Result.VALUE


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
