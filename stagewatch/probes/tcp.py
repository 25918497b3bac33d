"""The tcp probe: whether a port accepts connections, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import ProbeConfig


class TcpConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "tcp"``."""

    host: str = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)]


def signals(name: str, config: TcpConfig) -> tuple[Signal, ...]:
    """``NAME.ok`` and ``NAME.connect``."""
    return (
        Signal(f"{name}.ok", "", "1 when it accepted a connection, 0 when not"),
        Signal(f"{name}.connect", "ms", "time to connect, without resolving the name"),
    )


def problems(config: TcpConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    if not config.host.strip() or "/" in config.host:
        yield "host", "is a name or an address, without http:// and path"


def open_probe(name: str, config: TcpConfig, context: OpenContext) -> Probe:
    """Make the probe."""
    from stagewatch.probes._dial import dial
    from stagewatch.probes._looking import Found, LookingProbe, aside

    def look() -> Found:
        connection, took = dial(config.host, config.port, 0.95 * config.timeout)
        connection.close()
        return Found(values={"ok": 1.0, "connect": 1000 * took})

    return LookingProbe(
        name,
        config,
        context,
        signals(name, config),
        aside(f"tcp-{name}", look),
        late="no answer",
        down={"ok": 0.0},
    )


KIND = ProbeKind(config=TcpConfig, signals=signals, open=open_probe, problems=problems)
