"""The metrics probe on real pages and on broken ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from stagewatch.model import Result
from stagewatch.probes import probe_kind
from stagewatch.probes._selector import SelectorError, selector

if TYPE_CHECKING:
    from tests.probes.conftest import Host, OpenKind
    from tests.services import Service

PAGE = """\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="get",code="200"} 1027
http_requests_total{method="get",code="429"} 3
http_requests_total{method="post",code="200",} 20 # {trace_id="x"} 0.67
cache_hits 90.5
path{file="C:\\\\DIR\\\\",says="a \\"}\\" {b}\\n"} 1.5e3
gone_bad NaN
hot +Inf
{"quoted.name"} 5
"""


async def test_series_by_name_and_labels(opened: OpenKind, host: Host) -> None:
    """Labels that are not named may be anything; several series need sum, min or max."""
    read = {
        "limited": 'http_requests_total{code="429"}',
        "hits": "cache_hits",
        "all": "sum(http_requests_total)",
        "most": 'max(http_requests_total{method="get"})',
        "odd": 'path{says="a \\"}\\" {b}\\n", file="C:\\\\DIR\\\\"}',
    }
    port = await host.answer(PAGE, headers="Content-Type: text/plain; version=0.0.4\r\n")
    reading = await opened("metrics", url=f"http://127.0.0.1:{port}/metrics", read=read).read()
    assert (reading.result, reading.reason) == (Result.VALUE, "")
    assert reading.values == {
        "limited": 3,
        "hits": 90.5,
        "all": 1050,
        "most": 1027,
        "odd": 1500,
        "ok": 1,
    }


async def test_a_real_page(opened: OpenKind, prometheus: Service) -> None:
    """As the exporters of Prometheus's own library write it."""
    read = {"max_fds": "process_max_fds", "version": "sum(prometheus_build_info)"}
    url = f"http://127.0.0.1:{prometheus.port}/metrics"
    reading = await opened("metrics", url=url, read=read).read()
    assert reading.result is Result.VALUE
    assert (reading.values["version"], reading.values["max_fds"] > 1) == (1, True)


@pytest.mark.parametrize(
    ("series", "told"),
    [
        ("cache_hit", "the page holds no cache_hit; did you mean cache_hits?"),
        ("zzz", "the page holds no zzz; the page holds 5 others"),
        (
            'http_requests_total{code="500"}',
            'no series is http_requests_total{code="500"};'
            ' there is http_requests_total{method="get",code="200"}',
        ),
        (
            "http_requests_total",
            '3 series are http_requests_total; add a label such as code="200", or write sum(…)',
        ),
        ("gone_bad", "gone_bad is nan, not a finite number"),
        ("hot", "hot is inf, not a finite number"),
    ],
)
async def test_what_is_not_one_number_is_no_data(
    opened: OpenKind, host: Host, series: str, told: str
) -> None:
    """A renamed metric never reads as 0."""
    port = await host.answer(PAGE)
    read = {"a": series, "hits": "cache_hits"}
    reading = await opened("metrics", url=f"http://127.0.0.1:{port}/", read=read).read()
    assert reading.result is Result.NO_DATA
    assert reading.missing == {"a": told}
    assert reading.values == {"hits": 90.5, "ok": 0}


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        ("a 1\nb 2", "", "the page is cut short: its last line does not end"),
        ("", "", "the page holds no a; the page holds 0 others"),
        ("<html></html>\n", "Content-Type: text/html\r\n", 'line 1 is no sample: "<html></html>"'),
        ("a\n", "", 'line 1 is no sample: "a"'),
        ("a 1_0\n", "", 'line 1 is no sample: "a 1_0"'),
        ('a{b="c} 1\n', "", "line 1 is no sample"),
        ('a{b="c",b="d"} 1\n', "", "line 1 is no sample"),
        ("a 1\na 2\n", "", "the page holds a series of a twice; which is right?"),
        (
            "a 1\n",
            "Content-Type: application/openmetrics-text\r\n",
            "the page is cut short: it does not end in # EOF",
        ),
    ],
)
async def test_a_broken_page_is_no_data(
    opened: OpenKind, host: Host, body: str, headers: str, told: str
) -> None:
    """Cut short, something else, or with two answers to one question."""
    port = await host.answer(body, headers=headers)
    reading = await opened("metrics", url=f"http://127.0.0.1:{port}/", read={"a": "a"}).read()
    assert reading.result is Result.NO_DATA
    assert told in reading.reason
    assert reading.values == {"ok": 0}


async def test_a_sample_with_an_old_time_does_not_count(opened: OpenKind, host: Host) -> None:
    """Milliseconds in the one format, seconds in the other."""
    now = time.time()
    for at, headers, end, good in (
        (f"{now * 1000:.0f}", "", "", True),
        (f"{(now - 600) * 1000:.0f}", "", "", False),
        (f"{now:.3f}", "Content-Type: application/openmetrics-text\r\n", "# EOF\n", True),
        (f"{now - 600:.3f}", "Content-Type: application/openmetrics-text\r\n", "# EOF\n", False),
    ):
        port = await host.answer(f"a 1 {at}\n{end}", headers=headers)
        reading = await opened("metrics", url=f"http://127.0.0.1:{port}/", read={"a": "a"}).read()
        assert (reading.result is Result.VALUE) is good
        assert good or reading.reason == "a is 10m old"


async def test_a_failed_answer_and_none(opened: OpenKind, host: Host) -> None:
    """A status, or an ERROR."""
    port = await host.answer("a 1\n", "503 Service Unavailable")
    probe = opened("metrics", url=f"http://127.0.0.1:{port}/", read={"a": "a"})
    assert (await probe.read()).reason == "status 503, expected 200"
    await host.stop()
    reading = await probe.read()
    assert (reading.result, reading.values) == (Result.ERROR, {"ok": 0})


@pytest.mark.parametrize("text", ["", "9a", "a{b}", 'a{b="c"', "avg(a)", 'a{b="c"} 1', "a b"])
def test_what_is_no_series(text: str) -> None:
    """Is told when the profile is loaded."""
    with pytest.raises(SelectorError, match="is no series; write name"):
        selector(text)
    kind = probe_kind("metrics")
    table = {"kind": "metrics", "url": "http://h/metrics", "read": {"a": text}}
    config = msgspec.convert(table, kind.config, dec_hook=lambda _, value: value)
    assert [key for key, _ in kind.problems(config)] == ["read.a"]
