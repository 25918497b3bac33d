"""Which probe is shown in which pane, and the criterion that judges a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stagewatch.snapshot import CriterionNow, ProbeNow, Snapshot


def main_probe(snapshot: Snapshot) -> ProbeNow | None:
    """The probe whose answer is the deployment's health: ``health``, else the first http one."""
    named = snapshot.probes.get("health")
    if named is not None:
        return named
    return next((p for p in snapshot.probes.values() if p.kind == "http"), None)


def processes(snapshot: Snapshot) -> tuple[ProbeNow, ...]:
    """The processes whose memory is watched."""
    return tuple(p for p in snapshot.probes.values() if p.kind == "process")


def latencies(snapshot: Snapshot) -> tuple[ProbeNow, ...]:
    """The http probes whose latency is judged; where none is, the first that is not health."""
    main = main_probe(snapshot)
    timed = [p for p in snapshot.probes.values() if f"{p.name}.latency" in snapshot.signals]
    judged = {s for c in snapshot.criteria if c.rule == "average" for s in c.signals}
    chosen = [p for p in timed if f"{p.name}.latency" in judged]
    return tuple(chosen or sorted(timed, key=lambda p: p is main)[:1])


def memory_signal(snapshot: Snapshot, probe: ProbeNow) -> str:
    """The signal of a process's memory: the judged one, else RSS, else PSS."""
    prefix = f"{probe.name}."
    for criterion in snapshot.criteria:
        judged = next((s for s in criterion.signals if s.startswith(prefix)), "")
        if criterion.rule == "growth" and judged:
            return judged
    return next((n for n in (f"{prefix}rss", f"{prefix}pss") if n in snapshot.signals), "")


def judging(snapshot: Snapshot, rule: str, signal: str) -> CriterionNow | None:
    """The criterion of this rule that judges ``signal``."""
    matches = (c for c in snapshot.criteria if c.rule == rule and signal in c.signals)
    return next(matches, None)


def title_of(probe: ProbeNow) -> str:
    """What the screen calls a probe."""
    return probe.title or probe.name
