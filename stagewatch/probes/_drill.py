"""Drills as a kind of probe: whoever ran one left a result, and the result is its reading.

A profile cannot write ``kind = "drill"``; its ``[validation.NAME]`` and ``[exercise]`` tables
become such probes.
"""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.probes._fields import PathError, compile_path
from stagewatch.probes.http import header_problems
from stagewatch.profile.drills import (
    Caching,
    DrillConfig,
    Exercise,
    Polling,
    RateLimited,
    WebSocketCheck,
)

_PASSED = ("passed", "", "1 when the newest run passed, 0 when it did not")
_FIELDS: dict[type, tuple[tuple[str, str, str], ...]] = {
    Polling: (
        _PASSED,
        ("found", "", "how often the pattern is in the source"),
        ("interval", "s", "the interval that the watch observed"),
    ),
    Caching: (
        _PASSED,
        ("hit_rate", "%", "hits among the answers after the first"),
        ("hit_latency", "ms", "median time of a hit"),
    ),
    RateLimited: (
        _PASSED,
        ("refused_at", "", "number of the first request that was refused"),
        ("recovered", "", "1 when a request was granted after the window, 0 when not"),
    ),
    WebSocketCheck: (
        _PASSED,
        ("connect", "ms", "time until the WebSocket was open"),
        ("heartbeat", "s", "time until the service's first heartbeat"),
        ("pong", "ms", "answer to a ping of the protocol"),
        ("refused_at", "", "number of the first connection that was refused"),
        ("left", "", "silent connections that the service still held"),
    ),
    Exercise: (
        ("held", "", "1 when the whole load was held, 0 when it was not"),
        ("late", "ms", "99th percentile of how late requests began"),
        ("requests", "", "requests sent"),
        ("rate", "/s", "requests a second"),
        ("p50", "ms", "median latency from the intended start"),
        ("p95", "ms", "95th percentile"),
        ("p99", "ms", "99th percentile"),
        ("errors", "%", "requests without a usable answer"),
        ("limited", "%", "requests answered with 429"),
        ("cache_hits", "%", "of the answers that tell, those from the cache"),
        ("sockets", "", "WebSockets held to the end"),
        ("sockets_lost", "", "WebSockets that were refused, broke or never opened"),
    ),
}


def signals(name: str, config: DrillConfig) -> tuple[Signal, ...]:
    """What a run of this drill leaves."""
    return tuple(Signal(f"{name}.{field}", *rest) for field, *rest in _FIELDS[type(config.drill)])


def problems(config: DrillConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    drill = config.drill
    yield from header_problems(getattr(drill, "headers", {}))
    field = getattr(drill, "field", "")
    if field:
        try:
            compile_path(field)
        except PathError as error:
            yield "field", f"is no path: {error}"
    if isinstance(drill, Exercise):
        for number, call in enumerate(drill.call):
            for below, what in header_problems(call.headers):
                yield f"call.{number}.{below}", what


def open_probe(name: str, config: DrillConfig, context: OpenContext) -> Probe:
    """Nothing is sampled: a person runs it, with ``stagewatch validate`` or ``exercise``."""
    raise LookupError(f"{name} is a drill, which nobody opens")


KIND = ProbeKind(config=DrillConfig, signals=signals, open=open_probe, problems=problems)
