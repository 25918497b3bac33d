"""The tables of the http and process kinds: what they promise, and what they refuse."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from stagewatch.probes import kind_names, probe_kind
from stagewatch.probes.http import Expect, HttpConfig
from stagewatch.profile.values import Limit

if TYPE_CHECKING:
    from collections.abc import Sequence


def _http(**given: object) -> HttpConfig:
    table = {"kind": "http", "url": "http://localhost:8000/health", **given}
    return msgspec.convert(table, HttpConfig, dec_hook=lambda kind, value: value)


def test_kinds_are_found_by_their_modules() -> None:
    """Helpers beside them are no kinds."""
    assert {"http", "process"} <= set(kind_names())
    assert not any(name.startswith("_") for name in kind_names())


def test_http_signals_follow_the_table() -> None:
    """A signal for each field that is read, beside ok and latency."""
    signals = probe_kind("http").signals("health", _http(read={"db_used": "database.in_use"}))
    assert [(signal.name, signal.unit) for signal in signals] == [
        ("health.ok", ""),
        ("health.latency", "ms"),
        ("health.db_used", ""),
    ]


def test_process_signals() -> None:
    """The units are what the rules expect."""
    kind = probe_kind("process")
    signals = kind.signals("backend", kind.config(kind="process"))
    assert {signal.name.partition(".")[2]: signal.unit for signal in signals} == {
        "rss": "B",
        "pss": "B",
        "cpu": "%",
        "threads": "",
        "fds": "",
        "count": "",
        "uptime": "s",
    }


@pytest.mark.parametrize(
    ("given", "key", "told"),
    [
        ({"url": "localhost:8000/health"}, "url", 'needs the form "http://host:port/path"'),
        ({"url": "ftp://localhost/"}, "url", 'needs the form "http://host:port/path"'),
        ({"url": "http:///health"}, "url", 'needs the form "http://host:port/path"'),
        ({"url": "http://h:0/"}, "url", 'needs the form "http://host:port/path"'),
        ({"url": "http://h:port/"}, "url", "is no URL: Port could not be cast"),
        ({"url": "http://h:99999/"}, "url", "is no URL: Port out of range"),
        ({"url": "http://[::1/"}, "url", "is no URL: Invalid IPv6 URL"),
        ({"url": "http://h/a b"}, "url", "holds blanks or control characters"),
        ({"url": "http://h/\x00"}, "url", "holds blanks or control characters"),
        ({"url": "http://me@h/"}, "url", "holds a user name, which is not sent"),
        ({"url": "http://h..x/"}, "url", "has an empty part in its host name"),
        ({"headers": {"a b": "x"}}, "headers.a b", "is not a header name"),
        ({"headers": {"A": "x\ny"}}, "headers.A", "a header holds printable Latin-1 characters"),
        ({"headers": {"A": "→"}}, "headers.A", "a header holds printable Latin-1 characters only"),
        ({"read": {"a": "b["}}, "read.a", "is no path: "),
        ({"read": {"a": ""}}, "read.a", "is no path: "),
        ({"show": {"a": "b.."}}, "show.a", "is no path: "),
        ({"read": {"ok": "a"}}, "read.ok", "a signal needs a name of letters, digits, _ and - "),
        ({"read": {"a.b": "a"}}, "read.a.b", "a signal needs a name of letters, digits, _ and -"),
        ({"show": {"phase": "a"}}, "show.phase", "means something else in a reading; choose"),
        ({"max_bytes": Limit(1.0, "ms")}, "max_bytes", 'is a size, as in "1 MiB"'),
        ({"max_bytes": Limit(0.0, "B")}, "max_bytes", 'is a size, as in "1 MiB"'),
    ],
    ids=str,
)
def test_http_problem(given: dict[str, Any], key: str, told: str) -> None:
    """Each mistake is told with its key."""
    found = list(probe_kind("http").problems(_http(**given)))
    assert [found_key for found_key, _ in found] == [key]
    assert found[0][1].startswith(told)


def test_path_in_expect_is_checked() -> None:
    """A path is a path, wherever it stands."""
    expect = Expect(json={"a[": 1})
    found = list(probe_kind("http").problems(_http(expect=expect)))
    assert [key for key, _ in found] == ["expect.json.a["]


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000/health", "https://[::1]/", "http://127.0.0.1", "http://bücher.test/x"],
)
def test_good_url_has_no_problem(url: str) -> None:
    """Names, addresses and ports as people write them."""
    assert list(probe_kind("http").problems(_http(url=url))) == []


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, [("match", "is needed, or pid_file")]),
        ({"match": "("}, [("match", "is no regular expression: ")]),
        ({"match": "(a+)+b"}, [("match", "has a repeat inside a repeat")]),
        ({"match": "main"}, []),
        ({"pid_file": "x"}, []),
    ],
)
def test_process_problem(given: dict[str, str], problems: Sequence[tuple[str, str]]) -> None:
    """A process is meant by a pattern or by a file."""
    kind = probe_kind("process")
    config = msgspec.convert({"kind": "process", **given}, kind.config)
    found = list(kind.problems(config))
    assert [key for key, _ in found] == [key for key, _ in problems]
    assert all(map(str.startswith, [t for _, t in found], [t for _, t in problems]))


@pytest.mark.parametrize("name", ["http", "process"])
def test_table_refuses_unknown_keys(name: str) -> None:
    """A misspelt key is never ignored."""
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"kind": name, "url": "http://h/", "retries": 3}, probe_kind(name).config)


def test_core_loads_no_screen_libraries() -> None:
    """httpx would load rich and click for its command line; a recorder must not pay for them."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from stagewatch.clock import SystemClock\n"
        "from stagewatch.probes import OpenContext, probe_kind\n"
        "kinds = [probe_kind(name) for name in ('http', 'process')]\n"
        "heavy = {'httpx', 'httpcore', 'psutil', 'jmespath', 'asyncio', 'ssl'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "context = OpenContext(SystemClock(), Path(), 0.0)\n"
        "kinds[0].open('a', kinds[0].config(kind='http', url='http://localhost/'), context)\n"
        "kinds[1].open('b', kinds[1].config(kind='process', match='x'), context)\n"
        "print('httpx' in sys.modules)\n"
        "print(sorted({'rich', 'textual', 'click', 'pygments', 'jmespath'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert told.stderr == ""
    before, opened, screen = told.stdout.splitlines()
    assert re.fullmatch(r"\[('asyncio'(, 'ssl')?)?\]", before)
    assert (opened, screen) == ("True", "[]")
