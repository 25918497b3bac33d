"""The metrics probe: reads numbers off a page in the Prometheus or OpenMetrics text format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, field

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.probes._httpx import prepare_httpx
from stagewatch.probes._selector import SelectorError, selector
from stagewatch.probes.http import header_problems, url_problems
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import Limit

_NAME = re.compile(r"[A-Za-z0-9_-]+")


class MetricsConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "metrics"``."""

    url: str
    """The page, ``http://localhost:8000/metrics``."""
    read: Annotated[dict[str, str], Meta(min_length=1)]
    """Signal → series: a metric, with labels where it has several."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with each request; values may be ``env:`` and ``file:``."""
    ca_file: str = ""
    """Certificates to trust instead of the system's."""
    verify: bool = True
    """False accepts any certificate."""
    max_bytes: Limit = Limit(8 * 1024 * 1024, "B")
    """The page may be no longer, neither as sent nor decompressed."""


def signals(name: str, config: MetricsConfig) -> tuple[Signal, ...]:
    """``NAME.ok`` and one for each entry of ``read``."""
    return (
        Signal(f"{name}.ok", "", "1 when the page holds every series, 0 when not"),
        *(Signal(f"{name}.{key}", "", series) for key, series in config.read.items()),
    )


def problems(config: MetricsConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    yield from url_problems(config.url)
    yield from header_problems(config.headers)
    for key, text in config.read.items():
        if not _NAME.fullmatch(key) or key == "ok":
            yield f"read.{key}", "a signal needs a name of letters, digits, _ and - of its own"
        try:
            selector(text)
        except SelectorError as error:
            yield f"read.{key}", str(error)
    if config.max_bytes.unit not in {"", "B"} or config.max_bytes < 1:
        yield "max_bytes", 'is a size, as in "8 MiB"'


def open_probe(name: str, config: MetricsConfig, context: OpenContext) -> Probe:
    """Make the probe."""
    prepare_httpx()
    from stagewatch.probes._metricsprobe import open_metrics

    return open_metrics(name, config, context, signals(name, config))


KIND = ProbeKind(config=MetricsConfig, signals=signals, open=open_probe, problems=problems)
