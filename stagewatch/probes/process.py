"""The process probe: memory, CPU, threads and descriptors of a process and its children."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stagewatch.expressions import why_exponential
from stagewatch.model import Signal
from stagewatch.probes import OpenContext, Probe, ProbeKind
from stagewatch.profile.schema import ProbeConfig


class ProcessConfig(ProbeConfig, kw_only=True, frozen=True):
    """``[probe.NAME]`` with ``kind = "process"``; it needs ``match`` or ``pid_file``."""

    match: str = ""
    """A regular expression, searched for in the command line (its arguments joined by blanks)."""
    pid_file: str = ""
    """A file that holds the process's number; with ``match`` as well, both must fit."""
    tree: bool = True
    """Whether to add up the processes that the matched ones have started."""


def signals(name: str, config: ProcessConfig) -> tuple[Signal, ...]:
    """What the probe provides; pss, cpu and fds may be missing from a good reading."""
    told = (
        ("rss", "B", "resident memory, shared pages counted in every process"),
        ("pss", "B", "resident memory, shared pages divided among those that share them"),
        ("cpu", "%", "of one core, since the previous reading"),
        ("threads", "", "threads"),
        ("fds", "", "open descriptors"),
        ("count", "", "processes"),
        ("uptime", "s", "age of the oldest matched process"),
    )
    return tuple(Signal(f"{name}.{key}", unit, text) for key, unit, text in told)


def problems(config: ProcessConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with this table beside its types."""
    if not config.match and not config.pid_file:
        yield "match", "is needed, or pid_file"
    try:
        re.compile(config.match)
        why = why_exponential(config.match)
    except re.error as error:
        why = f"is no regular expression: {error}"
    if why:
        yield "match", why


def open_probe(name: str, config: ProcessConfig, context: OpenContext) -> Probe:
    """Make the probe; it looks for its process when it is read."""
    from stagewatch.probes._processprobe import ProcessProbe

    return ProcessProbe(name, config, context, signals(name, config))


KIND = ProbeKind(config=ProcessConfig, signals=signals, open=open_probe, problems=problems)
