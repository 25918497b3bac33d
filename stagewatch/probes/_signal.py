"""Derived signals as a kind of probe, so that nothing but the recorder's desk tells them apart.

A profile cannot write ``kind = "signal"``; its ``[signal.NAME]`` tables become such probes.
"""

from __future__ import annotations

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.derived import Intervals, Quantile, SignalConfig, sources


def signals(name: str, config: SignalConfig) -> tuple[Signal, ...]:
    """``NAME.value``, and of intervals also the shortest ones and the clients."""
    derived = config.derived
    if isinstance(derived, Intervals):
        return (
            Signal(f"{name}.value", "s", f"median interval of a client's requests: {derived.path}"),
            Signal(f"{name}.fastest", "s", "a tenth of the intervals is shorter"),
            Signal(f"{name}.clients", "", "clients with such an interval"),
        )
    kind = str(derived.__struct_config__.tag)
    text = f"{derived.q:g} quantile" if isinstance(derived, Quantile) else kind
    return (Signal(f"{name}.value", config.unit, f"{text} of {', '.join(sources(derived))}"),)


def open_probe(name: str, config: SignalConfig, context: OpenContext) -> Probe:
    """Nothing is sampled: see ``stagewatch.derived``."""
    raise LookupError(f"{name} is a derived signal, which nobody opens")


KIND = ProbeKind(config=SignalConfig, signals=signals, open=open_probe)
