"""``[validation.NAME]`` and ``[exercise]``: what may be sent on purpose. Every field is a key.

Both are *drills*: requests that a person has sent, once, to learn what the service makes of them.
The limits here are the code's own: no profile can ask for more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta
from msgspec import field as given  # a drill has a key of this name
from msgspec.structs import replace

from stagewatch.profile.schema import ProbeConfig, Table, Text
from stagewatch.profile.values import Duration, Limit

DRILL = "drill"
"""The kind of the pseudo-probe whose readings are the results of a drill."""
EXERCISE = "exercise"
"""What the exercise's pseudo-probe is called."""
INTERRUPTED = "interrupted"
"""The outcome of a run that somebody ended: it says nothing about the service."""
PREFIX = "validation-"
"""How the name of a validation's pseudo-probe begins."""

MOST_REQUESTS = 100
"""Requests of one validation."""
MOST_SOCKETS = 500
"""WebSockets held at a time."""
MOST_WORKSPACES = 200
MOST_RATE = 600.0
"""Requests a second of an exercise."""
LONGEST = 3600.0
"""Seconds of an exercise."""

Few = Annotated[int, Meta(ge=1, le=MOST_REQUESTS)]
Sockets = Annotated[int, Meta(ge=0, le=MOST_SOCKETS)]


class Validation(Table, kw_only=True, frozen=True, tag_field="kind"):
    """A validation point; ``kind`` says which of those below it is."""

    title: str = ""
    """What the screen calls it; its name when empty."""


class Polling(Validation, kw_only=True, frozen=True, tag="polling"):
    """Clients poll at the interval that was agreed. Sends nothing: it reads what there is."""

    source: str = ""
    """A signal that counts the pattern in the source; its probe is run once."""
    observed: str = ""
    """A signal of intervals, as the running watch read it last."""
    interval: Duration = Duration(30)
    tolerance: Duration = Duration(3)


class Caching(Validation, kw_only=True, frozen=True, tag="cache"):
    """Asking again is answered from the cache, and fast."""

    url: Text
    headers: dict[str, str] = given(default_factory=dict)
    timeout: Duration = Duration(10)
    requests: Annotated[int, Meta(ge=2, le=MOST_REQUESTS)] = 5
    """The first may fill the cache; those after it count."""
    header: str = "X-Cache"
    """The header of an answer that tells."""
    field: str = ""
    """Or the field of the answer's JSON that tells."""
    hit: Text = "HIT"
    """What it says when the answer came from the cache."""
    share: Limit = Limit(100.0, "%")
    """Of the answers after the first, at least so many are hits."""
    within: Duration = Duration(0.2)
    """The slowest time that half of the hits may take."""


class RateLimited(Validation, kw_only=True, frozen=True, tag="rate-limit"):
    """So many requests are granted, the next is refused, and the window recovers."""

    url: Text
    headers: dict[str, str] = given(default_factory=dict)
    timeout: Duration = Duration(10)
    requests: Few = 10
    allowed: Few = 5
    """The next one after these is refused."""
    per: Duration = Duration(60)
    """After so long, requests are granted again."""
    refusal: Annotated[int, Meta(ge=400, le=599)] = 429
    apart: bool = False
    """The service does not take these requests for the probes' own (another key in headers), so
    that only the burst itself is left out of the rules, and not the time until it recovers."""


class WebSocketCheck(Validation, kw_only=True, frozen=True, tag="websocket"):
    """A WebSocket connects, its heartbeat is answered, connections are limited, and what went
    silent is let go."""

    url: Text
    headers: dict[str, str] = given(default_factory=dict)
    timeout: Duration = Duration(10)
    hello: str = ""
    """What the client says first."""
    heartbeat: Duration = Duration(30)
    """The service's heartbeat comes within this time."""
    ping: str = "ping"
    """What a heartbeat of the service holds."""
    pong: str = '{"type": "pong"}'
    """What the client answers."""
    limit: Sockets = 0
    """Connections that are allowed; the next one is refused. 0: this is not tried."""
    silent: Annotated[int, Meta(ge=0, le=20)] = 1
    """Clients that connect and then fall silent."""
    let_go: Duration = Duration(60)
    """The service closes their connections within this time."""


AnyValidation = Polling | Caching | RateLimited | WebSocketCheck


class Call(Table, kw_only=True, frozen=True):
    """``[[exercise.call]]``: what every workspace asks for, again and again."""

    url: Text
    every: Duration
    method: str = "GET"
    headers: dict[str, str] = given(default_factory=dict)
    status: list[int] = given(default_factory=lambda: [200])
    """What counts as an answer; 429 is counted by itself and is no error."""


class Hold(Table, kw_only=True, frozen=True):
    """``[exercise.socket]``: the WebSockets that every workspace holds."""

    url: Text
    each: Annotated[int, Meta(ge=1, le=20)] = 1
    """How many each workspace holds."""
    headers: dict[str, str] = given(default_factory=dict)
    hello: str = ""
    ping: str = "ping"
    pong: str = '{"type": "pong"}'


class Exercise(Table, kw_only=True, frozen=True):
    """``[exercise]``: simulated workspaces. ``{workspace}`` in a header is the workspace's number,
    from 1."""

    title: str = ""
    workspaces: Annotated[int, Meta(ge=1, le=MOST_WORKSPACES)] = 5
    lasts: Duration = Duration(600)
    timeout: Duration = Duration(10)
    headers: dict[str, str] = given(default_factory=dict)
    """Of every call and socket."""
    header: str = "X-Cache"
    """The header of an answer that tells whether it came from the cache."""
    field: str = ""
    """Or the field of the answer's JSON that tells."""
    hit: Text = "HIT"
    call: list[Call] = given(default_factory=list)
    socket: Hold | None = None


class DrillConfig(ProbeConfig, kw_only=True, frozen=True):
    """A drill as a pseudo-probe: it has a reading whenever somebody ran it."""

    drill: Any
    """An AnyValidation or the Exercise."""


def lingering(probes: Mapping[str, object]) -> frozenset[str]:
    """The drills, by their pseudo-probes, that disturb when nothing is sent any more: a limit that
    was used up refuses the probes as well, until its window is over."""
    return frozenset(
        name
        for name, config in probes.items()
        if isinstance(config, DrillConfig)
        if isinstance(config.drill, RateLimited) and not config.drill.apart
    )


def target_of(url: str) -> tuple[str, int] | None:
    """(host, port) that a URL leads to; None where it is no URL of ours."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "ws": 80, "https": 443, "wss": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname.casefold(), port) if parts.hostname else None


def targets(probes: Mapping[str, ProbeConfig]) -> dict[tuple[str, int], list[str]]:
    """(host, port) → the probes that ask there: the deployment, as the profile names it."""
    found: dict[tuple[str, int], list[str]] = {}
    for name, config in probes.items():
        if config.kind in ("http", "metrics"):
            target = target_of(getattr(config, "url", ""))
            if target is not None:
                found.setdefault(target, []).append(name)
    return found


def urls(drill: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(key below the drill's table, URL) for everything that it sends to."""
    if isinstance(drill, Exercise):
        yield from ((("call", n, "url"), call.url) for n, call in enumerate(drill.call))
        if drill.socket is not None:
            yield ("socket", "url"), drill.socket.url
    elif isinstance(drill, Caching | RateLimited | WebSocketCheck):
        yield ("url",), drill.url


def rate_of(exercise: Exercise, workspaces: int) -> float:
    """Requests a second that so many workspaces send."""
    return sum(workspaces / float(call.every) for call in exercise.call if call.every > 0)


def fingerprint(drill: object) -> str:
    """Of everything that a drill does: a result counts for what was run, and for nothing else."""
    told = replace(drill, title="") if isinstance(drill, Validation | Exercise) else drill
    return sha256(repr(told).encode()).hexdigest()[:16]


def drills(probes: Mapping[str, Any]) -> dict[str, DrillConfig]:
    """The pseudo-probes of drills among these probes."""
    return {name: config for name, config in probes.items() if isinstance(config, DrillConfig)}
