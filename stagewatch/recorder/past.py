"""What an earlier recorder of the same session left behind, and the gap since then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stagewatch.history.reader import History
from stagewatch.judge.coverage import LATE
from stagewatch.model import TWICE, Gap, LogPattern, Reading
from stagewatch.probes import Probe

NOT_RUNNING = "the recorder was not running"


@dataclass(frozen=True, slots=True)
class Past:
    """The record as the recorder finds it when it starts."""

    latest: Mapping[str, Reading] = field(default_factory=dict)
    failures: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    patterns: Mapping[str, tuple[LogPattern, ...]] = field(default_factory=dict)
    """Probe → every pattern of its logs."""
    open_gaps: tuple[Gap, ...] = ()


def recall(path: Path, probes: Sequence[str]) -> Past:
    """Read it from the history; raises HistoryError."""
    history = History.open(path)
    try:
        kept = {name: history.checkpoint(name) for name in probes}
        return Past(
            latest=dict(history.latest()),
            failures=dict(history.failures()),
            checkpoints={name: text for name, text in kept.items() if text is not None},
            patterns={name: tuple(history.patterns(name)) for name in kept},
            open_gaps=tuple(gap for gap in history.gaps() if gap.end is None),
        )
    finally:
        history.close()


def absence(past: Past, probes: Sequence[Probe], watch_start: float, now: float) -> list[Gap]:
    """For each probe the stretch since its last reading, where one is missing.

    A clock that was set back while nobody recorded leaves readings in the future: then the
    stretch up to the last of them occurs twice.
    """
    gaps = []
    for probe in probes:
        reading = past.latest.get(probe.name)
        last = reading.at if reading else watch_start
        if now < last:
            cause = f"{NOT_RUNNING}, and the clock was set back; {TWICE}"
            gaps.append(Gap(probe.name, now, last, cause))
        elif now - last > LATE * probe.every:
            gaps.append(Gap(probe.name, last, now, NOT_RUNNING))
    return gaps
