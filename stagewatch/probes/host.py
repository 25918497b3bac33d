"""The host probe: CPU, memory and disk of this machine, and the limits of a control group."""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import ProbeConfig


class HostConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "host"``."""

    disk: str = "/"
    """A path on the file system that is measured; relative to the profile."""
    cgroup: str = ""
    """A control group whose memory is told as well, ``system.slice/backend.service``."""


def signals(name: str, config: HostConfig) -> tuple[Signal, ...]:
    """The machine's, and the control group's where one is named."""
    told = [
        ("cpu", "%", "of all cores, since the previous reading"),
        ("load", "", "processes that run or wait, over a minute"),
        ("memory", "%", "of the machine's memory in use"),
        ("available", "B", "memory that programs may still have"),
        ("swap", "B", "swap in use"),
        ("disk", "%", "of the file system in use"),
        ("disk_free", "B", "of the file system, for ordinary users"),
        ("oom_kills", "", "processes that the kernel ended for lack of memory, since boot"),
    ]
    if config.cgroup:
        told += [
            ("group_memory", "B", "memory that counts to the control group"),
            ("group_limit", "B", "what it may have"),
            ("group_oom_kills", "", "processes of it that were ended at its limit"),
        ]
    return tuple(Signal(f"{name}.{key}", unit, text) for key, unit, text in told)


def problems(config: HostConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    if not config.disk.strip():
        yield "disk", "is empty; name a path on the file system"
    if ".." in config.cgroup.split("/"):
        yield "cgroup", "is a path below /sys/fs/cgroup, without .."


def open_probe(name: str, config: HostConfig, context: OpenContext) -> Probe:
    """Make the probe."""
    from stagewatch.probes._hostmeter import HostMeter
    from stagewatch.probes._looking import LookingProbe, aside

    meter = HostMeter(config, context)
    return LookingProbe(
        name,
        config,
        context,
        signals(name, config),
        aside(f"host-{name}", meter.look),
        late="the kernel did not tell",
    )


KIND = ProbeKind(config=HostConfig, signals=signals, open=open_probe, problems=problems)
