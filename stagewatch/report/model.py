"""What a report says, gathered once and rendered in each format.

Everything comes from one snapshot and one pass over the history, so that the formats of one
export cannot contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.errors import PersonError
from stagewatch.model import Event, Gap, Spread, probe_of
from stagewatch.session.document import Note, Session
from stagewatch.snapshot import Snapshot

if TYPE_CHECKING:
    from stagewatch.history.reader import History
    from stagewatch.profile.schema import Profile

EVENTS = 100_000
"""More than a day of one a second: a report leaves none out."""


class ReportError(PersonError):
    """A report could not be made or written."""


@dataclass(frozen=True, slots=True)
class SignalSummary:
    """A signal over the reported range."""

    name: str
    unit: str
    spread: Spread
    low: float | None
    high: float | None
    coverage: float | None
    """Share (0..1) of the probe's expected readings that are there."""
    at_least: bool = False
    """The values are lower bounds."""
    reason: str = ""
    """Why they are."""


@dataclass(frozen=True, slots=True)
class Report:
    """A session between two moments, as of ``snapshot.now``."""

    folder: Path
    snapshot: Snapshot
    profile: Profile
    since: float
    until: float
    signals: tuple[SignalSummary, ...]
    gaps: tuple[Gap, ...]
    events: tuple[Event, ...]
    """Oldest first."""
    notes: tuple[Note, ...]

    @property
    def session(self) -> Session:
        """The session as it stood when the report was made."""
        return self.snapshot.session


def build(
    folder: Path,
    snapshot: Snapshot,
    profile: Profile,
    history: History,
    *,
    since: float,
    until: float,
) -> Report:
    """Gather the report of ``since``..``until`` (Unix seconds); raises ReportError."""
    if until <= since:
        raise ReportError(
            f"the report would end ({stamp(until)}) before it starts ({stamp(since)}); "
            "check --since and --until"
        )
    return Report(
        folder=folder,
        snapshot=snapshot,
        profile=profile,
        since=since,
        until=until,
        signals=_summaries(snapshot, history, since, until),
        gaps=tuple(g for g in history.gaps() if _overlaps(g, since, until)),
        events=tuple(reversed(history.events(EVENTS, since=since, until=until))),
        notes=tuple(n for n in snapshot.session.note if since <= n.at <= until),
    )


def _overlaps(gap: Gap, since: float, until: float) -> bool:
    return gap.start < until and (gap.end is None or gap.end > since)


def _summaries(
    snapshot: Snapshot, history: History, since: float, until: float
) -> tuple[SignalSummary, ...]:
    coverage: Mapping[str, float] = {
        probe: history.coverage(probe, since, min(until, snapshot.now)) for probe in snapshot.probes
    }
    spreads = {name: history.spread(name, since, until) for name in snapshot.signals}
    return tuple(
        SignalSummary(
            name=signal.name,
            unit=signal.unit,
            spread=spreads[signal.name],
            low=_extreme(history, signal.name, since, until, low=True),
            high=_extreme(history, signal.name, since, until, low=False),
            # A reading may have no value for this one.
            coverage=coverage.get(probe_of(signal.name)) if spreads[signal.name].count else 0.0,
            at_least=signal.at_least,
            reason=signal.least,
        )
        for signal in snapshot.signals.values()
    )


def _extreme(
    history: History, signal: str, since: float, until: float, *, low: bool
) -> float | None:
    series = history.series(signal, since, until, 1)
    return (series.low if low else series.high)[0]


def stamp(at: float | None, *, seconds: bool = True) -> str:
    """A moment as ``2026-01-01 03:40:12 UTC``; empty for None."""
    if at is None:
        return ""
    pattern = "%Y-%m-%d %H:%M:%S UTC" if seconds else "%Y-%m-%d %H:%M UTC"
    return datetime.fromtimestamp(at, UTC).strftime(pattern)


def iso(at: float | None) -> str | None:
    """A moment as RFC 3339 in UTC with milliseconds; None for None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
