"""The sockets probe: the TCP connections of a port, and which of them are orphaned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import Duration

PATIENCE = 60.0
"""The least number of seconds after which a connection may count as orphaned."""


class SocketsConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "sockets"``."""

    port: Annotated[int, Meta(ge=1, le=65535)]
    """The local port whose connections are counted."""
    ping: Duration = Duration(0)
    """How often the service pings its clients; 0s: it does not, and silence means nothing."""

    @property
    def patience(self) -> float:
        """Seconds after which a connection that shows no life may count as orphaned."""
        return max(3 * self.ping, PATIENCE)


def signals(name: str, config: SocketsConfig) -> tuple[Signal, ...]:
    """Connections by state, orphans and the accept queue."""
    told = (
        ("open", "connections that take up a socket: all states but TIME-WAIT and SYN-RECV"),
        ("established", "connections in ESTABLISHED"),
        ("close_wait", "connections that the client has closed and the service has not"),
        ("closing", "connections in FIN-WAIT, CLOSING or LAST-ACK"),
        ("time_wait", "connections in TIME-WAIT"),
        ("syn_recv", "connections whose handshake is not complete"),
        ("orphans", definition(config.patience)),
        ("probable", suspicion(config)),
        ("queue", "connections that wait to be accepted"),
        ("queue_max", "how many may wait"),
    )
    return tuple(Signal(f"{name}.{key}", "", text) for key, text in told)


def definition(patience: float) -> str:
    """What makes an orphan certain; shown beside the number."""
    return (
        f"certain orphans: in CLOSE-WAIT for {patience:g} s or longer, or ESTABLISHED from this"
        " host without a client's socket in two samples"
    )


def suspicion(config: SocketsConfig) -> str:
    """What makes an orphan probable."""
    patience = config.patience
    silent = f", or silent for {patience:g} s" if config.ping else ""
    return (
        f"probable orphans, in two samples: backoff of 3 or more, or data unacknowledged for"
        f" {patience:g} s{silent}"
    )


def problems(config: SocketsConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    if config.ping and config.patience < config.every:
        yield "every", f"is longer than the {config.patience:g} s that make an orphan"


def open_probe(name: str, config: SocketsConfig, context: OpenContext) -> Probe:
    """Make the probe; it asks the kernel when it is read."""
    from stagewatch.probes._looking import LookingProbe, aside
    from stagewatch.probes._portwatch import PortWatch

    watch = PortWatch(config, context.clock.boot)
    return LookingProbe(
        name,
        config,
        context,
        signals(name, config),
        aside(f"sockets-{name}", watch.look),
        late="the kernel did not list the connections",
    )


KIND = ProbeKind(config=SocketsConfig, signals=signals, open=open_probe, problems=problems)
