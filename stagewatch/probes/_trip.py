"""How far one request has got: its phase, how long each phase took, the address it went to."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """The stretches of a request, in order."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    FIRST_BYTE = "first_byte"
    BODY = "body"
    """From the first byte, headers included, to the last."""


class Trip:
    """The log of one run; redirects add to the same phases."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since = self._began = monotonic()
        self._took: dict[Phase, float] = {}
        self.phase = Phase.RESOLVE
        self.took = 0.0
        """Seconds until the last byte of the latest whole answer."""
        self.address = ""
        """``127.0.0.1:8000``: the address tried last."""
        self.wire = 0
        """Bytes received on this connection."""
        self.answered = False
        """Whether this connection has delivered the whole head of an answer."""

    def enter(self, phase: Phase) -> None:
        """The present phase is over; this one begins."""
        now = self._monotonic()
        self._took[self.phase] = self._took.get(self.phase, 0.0) + now - self._since
        self._since = now
        self.phase = phase

    def arrived(self) -> None:
        """The last byte of an answer is here."""
        self.enter(Phase.BODY)
        self.took = self._since - self._began

    def again(self) -> None:
        """A redirect: a new connection begins."""
        self.enter(Phase.RESOLVE)
        self.wire = 0
        self.answered = False

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._monotonic() - self._began

    def doing(self) -> str:
        """What the request is in the middle of, for a sentence."""
        return {
            Phase.RESOLVE: "resolving the name",
            Phase.CONNECT: f"connecting to {self.address}",
            Phase.TLS: f"TLS handshake with {self.address}",
            Phase.FIRST_BYTE: "waiting for the first byte",
            Phase.BODY: f"the answer was still coming, {self.wire} bytes so far",
        }[self.phase]

    def facts(self) -> dict[str, float]:
        """``phase_connect`` and so on in milliseconds, of the phases that are over."""
        return {f"phase_{phase}": round(1000 * took, 2) for phase, took in self._took.items()}
