"""What a drill stands on: the profile's probes, its secrets, the clock, and where to tell."""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stagewatch.clock import Clock
from stagewatch.drills.outcome import Outcome
from stagewatch.drills.wire import Heard, Pool
from stagewatch.probes._expect import Answer, UnusableError, decoded
from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import MISSING, compile_path, shown
from stagewatch.probes._json import JsonError, parse
from stagewatch.probes._resolve import Resolver
from stagewatch.probes._secrets import Secrets
from stagewatch.probes._tls import tls_context
from stagewatch.probes.http import sendable
from stagewatch.profile.drills import target_of, targets
from stagewatch.profile.schema import Profile
from stagewatch.text import clean, masked

MOST_DISTURBED = 120.0
"""Seconds within which what disturbs the measured signals is over, whatever a profile says."""
_REMEDIES = {
    "resolve": ("unreachable", "check the host in the profile's url"),
    "refused": ("unreachable", "start the service, or correct the port in the profile's url"),
    "connect": ("unreachable", "check the network between here and the service"),
    "tls": ("unreachable", "check the certificate, or ca_file of the probe that asks there"),
    "timeout": ("no-answer", "the service hangs; look at its log and its load"),
    "closed": ("closed", "the service, or a proxy before it, drops connections; look at its log"),
    "garbage": ("garbage", "something that speaks no HTTP answers there; check the port"),
    "too-large": ("garbage", "the url answers with a download; name another"),
    "secret": ("no-secret", "set what the profile's header refers to, and run it again"),
    "request": ("no-request", "correct the url or the headers in the profile"),
}


def fault(failure: FailureError, what: str, secrets: Secrets) -> Outcome:
    """A failure as a named outcome with its remedy; ``what`` is what could not be done."""
    word, remedy = _REMEDIES.get(failure.kind, ("failed", "look at the service's log"))
    reason = clean(masked(str(failure), secrets.values), 200)
    return Outcome(word, f"{what}: {reason}", remedy, missing=reason)


def wrong_status(heard: Heard, what: str) -> Outcome:
    """An answer that is none of those that a drill is about."""
    text = f"{what} was answered with {heard.status}"
    if heard.status >= 500:
        return Outcome("server-error", text, "the service fails; look at its log", missing=text)
    remedy = "correct the url, or the headers that it wants, in the profile"
    return Outcome("refused-request", text, remedy, missing=text)


@dataclass(slots=True)
class Ground:
    """One drill's surroundings."""

    profile: Profile
    base: Path
    """Relative paths of the profile start here."""
    clock: Clock
    tell: Callable[[str], None] = lambda line: None
    """Takes a line about what goes on."""
    observed: Callable[[str], tuple[float | None, str]] = lambda signal: (
        None,
        "no watch is running, so nobody observes it; start one: stagewatch",
    )
    """(value, why there is none) of a signal, as the running watch read it last."""
    watched: bool = False
    """Whether the profile's probes are being run meanwhile."""
    refusal: Callable[[], str] = lambda: "nobody was asked whether commands may run"
    disturbed_until: float = math.inf
    """Unix time at which the requests were over that disturb the measured signals."""
    on_over: Callable[[float], None] = lambda at: None
    secrets: Secrets = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = Secrets(self.base)

    def over(self) -> None:
        """What disturbs the measured signals is over, from now on."""
        self.disturbed_until = self.clock.now()
        self.on_over(self.disturbed_until)

    def headers(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Headers with their secrets; raises FailureError."""
        found = {}
        for name, value in wanted.items():
            found[name] = self.secrets.resolve(f"headers.{name}", value)
            if not sendable(found[name]):
                raise FailureError("secret", f"headers.{name}: holds characters no header may")
        return found

    def tls(self, url: str) -> ssl.SSLContext | None:
        """As the probe that asks there checks certificates; None for plain text."""
        if not url.startswith(("https:", "wss:")):
            return None
        target = target_of(url)
        asking = targets(self.profile.probe).get(target, []) if target else []
        probe = self.profile.probe[asking[0]] if asking else None
        ca_file = getattr(probe, "ca_file", "")
        path = str(self.base / ca_file) if ca_file else ""
        return tls_context(path, getattr(probe, "verify", True))

    def pool(self, url: str, between: Callable[[], None] = lambda: None) -> Pool:
        """Connections to where ``url`` leads; raises FailureError."""
        return Pool(url, Resolver("drill"), self.tls(url), between)


def named(headers: dict[str, str], workspace: int) -> dict[str, str]:
    """Headers with the number of the workspace."""
    return {name: text.replace("{workspace}", str(workspace)) for name, text in headers.items()}


class HitTeller:
    """Says whether an answer came from a cache, by a header or a field of its JSON."""

    def __init__(self, header: str, field: str, hit: str) -> None:
        self._header = header
        self._find = compile_path(field) if field else None
        self._hit = hit.casefold()

    def hit(self, heard: Heard) -> bool | None:
        """None where the answer does not tell."""
        if self._find is None:
            told = heard.header(self._header)
            return told.strip().casefold().startswith(self._hit) if told else None
        answer = Answer(heard.status, "json", heard.header("content-encoding").lower(), heard.body)
        try:
            value = self._find(parse(decoded(answer, 1 << 20)))
        except (UnusableError, JsonError, FailureError):
            return None
        return None if value is MISSING else shown(value).casefold() == self._hit
