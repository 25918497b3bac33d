"""The prometheus probe against a real Prometheus, and against what is none."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import pytest

from stagewatch.model import Reading, Result
from stagewatch.probes import probe_kind
from stagewatch.probes._expect import Answer
from stagewatch.probes._promprobe import UnfitError, taken, value_of
from stagewatch.probes.prometheus import RangeQuery
from stagewatch.profile.convert import hook
from stagewatch.profile.values import Duration

if TYPE_CHECKING:
    from tests.probes.conftest import Host, OpenKind, SetClock
    from tests.services import Service


async def _asked(opened: OpenKind, port: int, query: Mapping[str, object]) -> Reading:
    return await opened("prometheus", url=f"http://127.0.0.1:{port}/", query=query).read()


async def _until_scraped(opened: OpenKind, prometheus: Service) -> None:
    """It looks for its targets anew every five seconds; its first scrape may come after that."""
    probe = opened(
        "prometheus", url=f"http://127.0.0.1:{prometheus.port}", query={"up": "count(up == 1)"}
    )
    last = time.monotonic() + 60
    while time.monotonic() < last:
        if (await probe.read()).result is Result.VALUE:
            return
    pytest.fail("the Prometheus scrapes nothing")


async def test_queries_come_to_numbers(opened: OpenKind, prometheus: Service) -> None:
    """Vectors of one series, aggregates and scalars."""
    await _until_scraped(opened, prometheus)
    query = {
        "up": 'up{job="self"}',
        "build": "prometheus_build_info",
        "answer": "21 * 2",
    }
    reading = await _asked(opened, prometheus.port, query)
    assert (reading.result, reading.reason) == (Result.VALUE, "")
    assert (reading.values["up"], reading.values["answer"]) == (1, 42)
    assert reading.values["build"] == 1
    assert reading.values["ok"] == 1


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("htttp_requests_total", "no series; is the metric renamed, or its target not scraped?"),
        ("count({__name__=~'prometheus_tsdb.+'}) by (__name__)", " series; make one number of"),
        ("up[1m]", "is a range of values; ask for a function of it, such as max_over_time(…)"),
        ('"text"', "is text, not a number"),
        ("vector(0) / 0", "is NaN: a division by 0, or no data in the range"),
        ("vector(1) / 0", "is +Inf: a division by 0?"),
        ("rate(up)", "bad_data: "),
        ("sum(", "bad_data: "),
        ("nonsense(1)", "bad_data: "),
    ],
)
async def test_what_is_not_one_number_is_no_data(
    opened: OpenKind, prometheus: Service, query: str, told: str
) -> None:
    """With the remedy; the other queries are not harmed."""
    await _until_scraped(opened, prometheus)
    reading = await _asked(opened, prometheus.port, {"bad": query, "good": "1"})
    assert reading.result is Result.NO_DATA
    assert told in reading.missing["bad"]
    assert reading.reason == f"bad: {reading.missing['bad']}"
    assert reading.values == {"good": 1, "ok": 0}


def over(expr: str, take: str = "mean", range: str = "1m", step: str = "1s") -> dict[str, str]:
    """An entry of ``query`` over a stretch of time."""
    return {"expr": expr, "take": take, "range": range, "step": step}


async def test_a_range_comes_to_one_number(
    opened: OpenKind, prometheus: Service, set_clock: SetClock
) -> None:
    """As its points do; beside instant queries."""
    before = set_clock.now()
    query = {take: over("vector(time())", take) for take in ("mean", "max", "min", "last")}
    reading = await _asked(opened, prometheus.port, {**query, "one": "1"})
    assert (reading.result, reading.reason) == (Result.VALUE, "")
    end = reading.values["last"]
    assert before - 0.01 <= end <= set_clock.now()
    assert reading.values["max"] == pytest.approx(end, abs=0.1)  # each has a range of its own
    assert reading.values["min"] == pytest.approx(end - 60, abs=0.1)
    assert reading.values["mean"] == pytest.approx(end - 30, abs=0.1)
    assert reading.values["one"] == 1


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (over("htttp_requests_total"), "no series; is the metric renamed, or its target not"),
        (over('{__name__=~"prometheus_tsdb.+"}', range="2s"), " series; make one number of them"),
        (over("vector(0) / 0"), "0 of 61 points in 1m, 70% are needed"),
        (over("vector(1) / (time() > bool 0) / 0"), "holds +Inf: a division by 0?"),
        (over("up", range="1h", step="15s"), " of 241 points in 1h, 70% are needed"),
        (over("up[1m]"), 'bad_data: invalid expression type "range vector"'),
        (over("sum("), "bad_data: "),
    ],
    ids=lambda given: str(given)[:40],
)
async def test_a_range_that_comes_to_no_number_is_no_data(
    opened: OpenKind, prometheus: Service, query: dict[str, str], told: str
) -> None:
    """Too few points are none, and nothing is made of the rest."""
    await _until_scraped(opened, prometheus)
    reading = await _asked(opened, prometheus.port, {"bad": query, "good": "1"})
    assert reading.result is Result.NO_DATA
    assert told in reading.missing["bad"]
    assert reading.values == {"good": 1, "ok": 0}


RANGE = RangeQuery(expr="x", range=Duration(10), step=Duration(1), take="mean")


def matrix(*points: tuple[object, str], **more: object) -> Answer:
    series = {"metric": {}, "values": [list(point) for point in points], **more}
    data = {"resultType": "matrix", "result": [series]}
    body = json.dumps({"status": "success", "data": data}).encode()
    return Answer(200, "application/json", "", body)


def test_points_that_are_nan_are_missing() -> None:
    """Seven of ten suffice, fewer do not."""
    points = [(float(at), "2") for at in range(11)]
    few = [(at, "NaN") if at < 3 else (at, value) for at, value in points]
    assert taken(matrix(*few), 10_000, RANGE, 10.0) == 2
    fewer = [(at, "NaN") if at < 4 else (at, value) for at, value in points]
    with pytest.raises(UnfitError, match="7 of 11 points in 10s, 70% are needed"):
        taken(matrix(*fewer), 10_000, RANGE, 10.0)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (matrix(*((float(at), "2") for at in range(8))), "newest point is 3s old"),
        (matrix((1.0, "2"), histograms=[]), "is a histogram; ask for"),
        (matrix(("now", "2")), "a point without a time"),
        (matrix((1.0, "many")), '"many" is not a number'),
    ],
)
def test_odd_ranges(answer: Answer, told: str) -> None:
    """Whatever claims to be a Prometheus."""
    with pytest.raises(UnfitError, match=told):
        taken(answer, 10_000, RANGE, 10.0)


async def test_an_answer_to_an_instant_query_is_no_range(opened: OpenKind, host: Host) -> None:
    """As of a proxy that lost the end of the path."""
    body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}})
    reading = await _asked(opened, await host.answer(body), {"a": over("x")})
    assert "not an answer of a Prometheus (resultType vector)" in reading.missing["a"]
    request = host.heads[0].decode()
    assert request.startswith("GET /api/v1/query_range?query=x&step=1&start=")


async def test_nobody_there_is_an_error(opened: OpenKind, host: Host) -> None:
    """And nothing has a value."""
    port = await host.answer()
    await host.stop()
    reading = await _asked(opened, port, {"a": "1", "b": "2"})
    assert (reading.result, reading.values) == (Result.ERROR, {"ok": 0})
    assert reading.reason == f"connection refused at 127.0.0.1:{port}"
    assert reading.facts == {"failure": "refused"}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ("<html>", "200 OK", "status 200, and not an answer of a Prometheus (Expecting"),
        ("", "404 Not Found", "status 404, and not an answer of a Prometheus ("),
        ("{}", "200 OK", "status 200, and not an answer of a Prometheus (no status)"),
        ("[]", "401 Unauthorized", "status 401, and not an answer of a Prometheus (no status)"),
        ('{"status": "success"}', "200 OK", "status 200, and not an answer of a Prometheus (resul"),
    ],
)
async def test_another_service_is_no_prometheus(
    opened: OpenKind, host: Host, body: str, status: str, told: str
) -> None:
    """A proxy's page, a wrong path, a missing token."""
    reading = await _asked(opened, await host.answer(body, status), {"a": "1"})
    assert reading.result is Result.NO_DATA
    assert reading.missing["a"].casefold().startswith(told.casefold())
    assert reading.reason.endswith("url is what comes before /api/v1")


async def test_the_token_is_sent_and_masked(
    opened: OpenKind, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the service sends it back."""
    monkeypatch.setenv("PROM_TOKEN", "hunter2")
    body = json.dumps({"status": "error", "errorType": "auth", "error": "no hunter2 here"})
    probe = opened(
        "prometheus",
        url=f"http://127.0.0.1:{await host.answer(body)}/prefix/",
        query={"a": 'up{a="ö&b"}'},
        headers={"Authorization": "Bearer env:PROM_TOKEN"},
    )
    assert (await probe.read()).reason == "a: auth: no *** here"
    request = host.heads[0].decode()
    assert request.startswith("GET /prefix/api/v1/query?query=up%7Ba%3D%22%C3%B6%26b%22%7D HTTP")
    assert "authorization: bearer hunter2" in request.casefold()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"resultType": "vector", "result": [{"histogram": []}]}, "is a histogram; ask for"),
        ({"resultType": "vector", "result": [{}]}, "the answer holds no value"),
        ({"resultType": "scalar", "result": [1]}, "the answer holds no value"),
        ({"resultType": "scalar", "result": [1, 2]}, "the answer holds no value"),
        ({"resultType": "scalar", "result": [1, "many"]}, '"many" is not a number'),
    ],
)
def test_odd_answers(data: object, told: str) -> None:
    """Whatever claims to be a Prometheus."""
    body = json.dumps({"status": "success", "data": data}).encode()
    with pytest.raises(UnfitError, match=told):
        value_of(Answer(200, "application/json", "", body), 1000)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"url": "localhost:9090"}, "url"),
        ({"query": {"ok": "1"}}, "query.ok"),
        ({"query": {"a": " "}}, "query.a"),
        ({"query": {"a": over("1", range="15s", step="10s")}}, "query.a.range"),
        ({"query": {"a": over("1", range="24h", step="1s")}}, "query.a.step"),
        ({"query": {"a": over("1", step="0s")}}, "query.a.step"),
        ({"headers": {"a b": "c"}}, "headers.a b"),
    ],
    ids=str,
)
def test_a_table_that_cannot_work(given: dict[str, object], key: str) -> None:
    """Each mistake is told with its key."""
    kind = probe_kind("prometheus")
    table = {"kind": "prometheus", "url": "http://h:9090", "query": {"a": "1"}, **given}
    config = msgspec.convert(table, kind.config, dec_hook=hook)
    assert [found for found, _ in kind.problems(config)] == [key]
