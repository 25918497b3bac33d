"""The prometheus probe: asks a Prometheus, in its own language, for one number a signal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, field

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.probes._httpx import prepare_httpx
from stagewatch.probes.http import header_problems, url_problems
from stagewatch.profile.schema import ProbeConfig, Table, Text
from stagewatch.profile.values import Duration, Limit, format_duration

_NAME = re.compile(r"[A-Za-z0-9_-]+")
MOST_POINTS = 11_000
"""Points that a Prometheus answers with at most."""


class RangeQuery(Table, kw_only=True, frozen=True):
    """An entry of ``query`` that is asked over a stretch of time."""

    expr: Text
    """PromQL that comes to one number at every step."""
    range: Duration
    """How far back, from the moment of the reading."""
    step: Duration = Duration(15)
    """Between two points."""
    take: Literal["mean", "max", "min", "last"]
    """What is made of the points."""


class PrometheusConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "prometheus"``."""

    url: str
    """Where the Prometheus is: what comes before ``/api/v1``."""
    query: Annotated[dict[str, str | RangeQuery], Meta(min_length=1)]
    """Signal → PromQL that comes to one number; or a table, for a stretch of time."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with each request; values may be ``env:`` and ``file:``."""
    ca_file: str = ""
    """Certificates to trust instead of the system's."""
    verify: bool = True
    """False accepts any certificate."""
    max_bytes: Limit = Limit(1024 * 1024, "B")
    """An answer may be no longer."""


def signals(name: str, config: PrometheusConfig) -> tuple[Signal, ...]:
    """``NAME.ok`` and one for each entry of ``query``."""
    return (
        Signal(f"{name}.ok", "", "1 when every query came to a number, 0 when not"),
        *(Signal(f"{name}.{key}", "", _told(query)) for key, query in config.query.items()),
    )


def _told(query: str | RangeQuery) -> str:
    if isinstance(query, str):
        return query
    return f"{query.take} over {format_duration(query.range)} of {query.expr}"


def problems(config: PrometheusConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    yield from url_problems(config.url)
    yield from header_problems(config.headers)
    for key, query in config.query.items():
        if not _NAME.fullmatch(key) or key == "ok":
            yield f"query.{key}", "a signal needs a name of letters, digits, _ and - of its own"
        if isinstance(query, RangeQuery):
            yield from ((f"query.{key}.{name}", what) for name, what in _range_problems(query))
        elif not query.strip():
            yield f"query.{key}", "is empty; write PromQL"
    if config.max_bytes.unit not in {"", "B"} or config.max_bytes < 1:
        yield "max_bytes", 'is a size, as in "1 MiB"'


def _range_problems(query: RangeQuery) -> Iterator[tuple[str, str]]:
    if query.step < 1e-3:
        yield "step", "must be at least 1ms"
    elif query.range < 2 * query.step:
        yield "range", f"is shorter than two steps of {format_duration(query.step)}"
    elif query.range / query.step >= MOST_POINTS:
        yield "step", f"makes {query.range / query.step:.0f} points; {MOST_POINTS} is the most"


def open_probe(name: str, config: PrometheusConfig, context: OpenContext) -> Probe:
    """Make the probe."""
    prepare_httpx()
    from stagewatch.probes._promprobe import open_prometheus

    return open_prometheus(name, config, context, signals(name, config))


KIND = ProbeKind(config=PrometheusConfig, signals=signals, open=open_probe, problems=problems)
