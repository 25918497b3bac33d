"""The tls probe: how long a server's certificate is still valid, and whether it is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import ProbeConfig
from stagewatch.profile.values import Duration


class TlsConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "tls"``."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 443
    server_name: str = ""
    """The name that the certificate must have; ``host`` when empty."""
    ca_file: str = ""
    """Certificates to trust instead of the system's."""
    every: Duration = Duration(3600)
    """How often it runs."""


def signals(name: str, config: TlsConfig) -> tuple[Signal, ...]:
    """``NAME.ok`` and ``NAME.days``."""
    return (
        Signal(f"{name}.ok", "", "1 when the certificate is accepted, 0 when not"),
        Signal(f"{name}.days", "d", "until the certificate expires; negative when it has"),
    )


def problems(config: TlsConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    if not config.host.strip() or "/" in config.host:
        yield "host", "is a name or an address, without https:// and path"


def open_probe(name: str, config: TlsConfig, context: OpenContext) -> Probe:
    """Make the probe."""
    from stagewatch.probes._certificate import CertificateCheck
    from stagewatch.probes._looking import LookingProbe, aside

    return LookingProbe(
        name,
        config,
        context,
        signals(name, config),
        aside(f"tls-{name}", CertificateCheck(config, context).look),
        late="no certificate",
        down={"ok": 0.0},
    )


KIND = ProbeKind(config=TlsConfig, signals=signals, open=open_probe, problems=problems)
