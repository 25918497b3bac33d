"""The http probe: asks a URL, checks the answer, reads numbers out of it; see docs/probes.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, field

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.probes._fields import PathError, compile_path
from stagewatch.probes._httpx import prepare_httpx
from stagewatch.profile.schema import ProbeConfig, Table
from stagewatch.profile.values import Limit

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_FACTS = frozenset(
    {"http_status", "address", "failure", "phase", "timed_out", "deadline", "unexpected"}
    | {f"phase_{name}" for name in ("resolve", "connect", "tls", "first_byte", "body")}
)


class Expect(Table, kw_only=True, frozen=True):
    """``expect``: what an answer must be to count as good."""

    status: list[Annotated[int, Meta(ge=100, le=599)]] = field(default_factory=lambda: [200])
    json: dict[str, Any] = field(default_factory=dict)
    """Path → the value that the field must have."""


class HttpConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "http"``."""

    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    """Values may be ``env:NAME`` or ``file:PATH``, after one word such as ``Bearer`` if need be."""
    body: str = ""
    expect: Expect = Expect()
    read: dict[str, str] = field(default_factory=dict)
    """Signal → path of a number in the JSON body."""
    show: dict[str, str] = field(default_factory=dict)
    """Name → path of a text to show beside the state."""
    convert: bool = False
    """Whether text such as ``"12"`` counts as the number it spells."""
    max_bytes: Limit = Limit(1024 * 1024, "B")
    """The body may be no longer, neither as sent nor decompressed."""
    redirects: Annotated[int, Meta(ge=0, le=10)] = 0
    """How many redirects within the same origin to follow."""
    ca_file: str = ""
    """Certificates to trust instead of the system's."""
    verify: bool = True
    """False accepts any certificate, which every reading then says."""


def signals(name: str, config: HttpConfig) -> tuple[Signal, ...]:
    """``NAME.ok``, ``NAME.latency`` and one for each entry of ``read``."""
    return (
        Signal(f"{name}.ok", "", "1 when the answer was as expected, 0 when not"),
        Signal(f"{name}.latency", "ms", "from before resolving the name to the last byte"),
        *(Signal(f"{name}.{key}", "", f"field {path}") for key, path in config.read.items()),
    )


def problems(config: HttpConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    yield from url_problems(config.url)
    yield from header_problems(config.headers)
    yield from _path_problems("expect.json", ((path, path) for path in config.expect.json))
    yield from _path_problems("read", config.read.items())
    yield from _path_problems("show", config.show.items())
    for key in config.read:
        if not _NAME.fullmatch(key) or key in {"ok", "latency"}:
            yield f"read.{key}", "a signal needs a name of letters, digits, _ and - of its own"
    for key in config.show:
        if key in _OWN_FACTS:
            yield f"show.{key}", "means something else in a reading; choose another name"
    if config.max_bytes.unit not in {"", "B"} or config.max_bytes < 1:
        yield "max_bytes", 'is a size, as in "1 MiB"'


def _path_problems(table: str, paths: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for key, path in paths:
        try:
            compile_path(path)
        except PathError as error:
            yield f"{table}.{key}", f"is no path: {error}"


def header_problems(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a table of headers."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            yield f"headers.{name}", "is not a header name"
        elif not sendable(value):
            yield f"headers.{name}", "a header holds printable Latin-1 characters only"


def url_problems(url: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a URL."""
    yield from (("url", problem) for problem in _url_problems(url))


def _url_problems(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        yield f"is no URL: {error}"
        return
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        yield 'needs the form "http://host:port/path"'
    elif ".." in parts.hostname or parts.hostname.startswith("."):
        yield "has an empty part in its host name"
    if parts.username is not None and parts.password is None:
        yield "holds a user name, which is not sent"
    if any(character.isspace() or ord(character) < 32 for character in url):
        yield "holds blanks or control characters"


def sendable(value: str) -> bool:
    """Whether a header may hold ``value``."""
    return value.isprintable() and all(ord(character) < 256 for character in value)


def open_probe(name: str, config: HttpConfig, context: OpenContext) -> Probe:
    """Make the probe; missing secrets and certificates show in its readings."""
    prepare_httpx()
    from stagewatch.probes._httpprobe import HttpProbe

    return HttpProbe(name, config, context, signals(name, config))


KIND = ProbeKind(config=HttpConfig, signals=signals, open=open_probe, problems=problems)
