"""What the history tells of a watch at one moment, in the words of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from stagewatch.history.reader import History
from stagewatch.judging import rulings_of
from stagewatch.logs.state import Loss, loads
from stagewatch.logs.told import why_least
from stagewatch.logs.words import MOST_PATTERNS
from stagewatch.model import Event, Gap, LogLine, LogPattern, Reading, Result, Signal, probe_of
from stagewatch.profile.schema import ProbeConfig, Profile
from stagewatch.profile.shown import shown_logs
from stagewatch.session.document import Session
from stagewatch.snapshot import LogNow, LossNow, ProbeNow, SignalNow
from stagewatch.text import clean

LINES = 200
"""The newest of each log."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the history holds, read as of one moment; all empty without a history."""

    latest: Mapping[str, Reading] = field(default_factory=dict)
    last_values: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    failures: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    events: tuple[Event, ...] = ()
    windows: Mapping[str, tuple[Loss, ...]] = field(default_factory=dict)
    """Log probe → the windows in which lines may have been lost, oldest first."""

    @property
    def news(self) -> dict[str, tuple[float, object]]:
        """Probe → when it reported last, and what differs with every report."""
        return {name: (r.at, self.counts.get(name)) for name, r in self.latest.items()}


def read_record(history: History | None, events: int) -> Record:
    """The record with the newest ``events`` events; raises HistoryError."""
    if history is None:
        return Record()
    with history.moment():
        latest = history.latest()
        return Record(
            latest=latest,
            last_values=history.last_values(),
            counts=history.counts(),
            failures=history.failures(),
            gaps=history.gaps(),
            events=history.events(events),
            windows={name: tuple(_windows(history, each)) for name, each in latest.items()},
        )


def _windows(history: History, reading: Reading) -> Iterator[Loss]:
    """Those that the newest reading of a log tells of; a reading lists no more than the newest."""
    told = reading.facts.get("losses")
    listed = msgspec.json.decode(told, type=list[Loss]) if isinstance(told, str) else []
    state = None
    if reading.facts.get("losses_before"):
        state = loads(history.checkpoint(reading.probe) or "")
    kept = state.losses if state else [loss for loss in listed if loss.until is not None]
    lasting = [loss for loss in listed if loss.until is None]
    yield from sorted([*kept, *lasting], key=lambda loss: loss.since)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the history holds of one log as of its reading at ``at``."""

    at: float | None = None
    number: int = 0
    """Of the newest line."""
    lines: tuple[LogLine, ...] = ()
    patterns: tuple[LogPattern, ...] = ()


class Logs:
    """The followed logs that are shown; of each, only what is new since the last look is read."""

    def __init__(self, profile: Profile) -> None:
        shown = shown_logs(profile)
        self._logs = {name: each for name, each in profile.probe.items() if name in shown}
        self._read: dict[str, _Read] = {}

    def forget(self) -> None:
        """The history is another file than before."""
        self._read.clear()

    def now(self, history: History | None, record: Record, session: Session) -> Iterable[LogNow]:
        """Every log as of the record; raises HistoryError."""
        base = Path(session.base or Path(session.profile_path).parent)
        for name, config in self._logs.items():
            reading = record.latest.get(name)
            read = self._read.get(name, _Read())
            if reading is not None and read.at != reading.at:
                assert history is not None
                read = self._read[name] = _newer(history, name, read, reading.at)
            bad = reading is not None and reading.result is not Result.VALUE
            yield LogNow(
                probe=name,
                path=getattr(config, "path", ""),
                lines=read.lines,
                problem=reading.reason if reading is not None and bad else "",
                patterns=read.patterns,
                file=str(base / getattr(config, "path", "")),
                encoding=getattr(config, "encoding", "utf-8"),
                zone=getattr(config, "zone", "UTC"),
            )


def _newer(history: History, name: str, before: _Read, at: float) -> _Read:
    number, new = history.newer_lines(name, before.number, LINES)
    lines = (*before.lines, *new)[-LINES:] if new else before.lines
    return _Read(at, number, lines, tuple(history.patterns(name, MOST_PATTERNS)))


def losses(record: Record, session: Session) -> Iterator[LossNow]:
    """The windows in which lines of a log may have been lost, and who accepted them."""
    rulings = rulings_of(session)
    for probe, windows in record.windows.items():
        for loss in windows:
            yield LossNow(
                probe=probe,
                path=clean(loss.path),
                since=loss.since,
                until=loss.until,
                cause=loss.cause,
                accepted_by=rulings.accepted_by(probe, loss.since, loss.until),
            )


class Present:
    """The probes and signals as they stand; what has not reported since is not worked out again."""

    def __init__(self, profile: Profile, signals: Mapping[str, Signal]) -> None:
        self._configs = profile.probe
        self._signals: dict[str, list[Signal]] = {name: [] for name in profile.probe}
        for signal in signals.values():
            self._signals[probe_of(signal.name)].append(signal)
        self._known: dict[str, tuple[Reading | None, ProbeNow, dict[str, SignalNow]]] = {}

    def at(self, record: Record, ends: float) -> tuple[dict[str, ProbeNow], dict[str, SignalNow]]:
        """Every probe and every signal of the profile, in its order, as of the record; the watch
        is over at ``ends``."""
        probes, signals = dict[str, ProbeNow](), dict[str, SignalNow]()
        for name, config in self._configs.items():
            reading = record.latest.get(name)
            known = self._known.get(name)
            if known is None or known[0] is not reading or known[1].ends != ends:
                told = {each.name: signal_now(each, record) for each in self._signals[name]}
                known = self._known[name] = reading, probe_now(name, config, record, ends), told
            probes[name] = known[1]
            signals.update(known[2])
        return probes, signals


def probe_now(name: str, config: ProbeConfig, record: Record, ends: float) -> ProbeNow:
    reading = record.latest.get(name)
    good, total = record.counts.get(name, (0, 0))
    last_failure, failed_for = record.failures.get(name, (None, 0.0))
    return ProbeNow(
        name=name,
        title=config.title or name,
        kind=config.kind,
        every=config.every,
        result=reading.result if reading else None,
        reason=reading.reason if reading else "no reading yet",
        at=reading.at if reading else None,
        took=reading.took if reading else None,
        facts=reading.facts if reading else {},
        good=good,
        total=total,
        last_failure=last_failure,
        failed_for=failed_for,
        timeout=config.timeout,
        ends=ends,
    )


def signal_now(signal: Signal, record: Record) -> SignalNow:
    reading = record.latest.get(probe_of(signal.name))
    value = reading.values.get(signal.name) if reading else None
    why = why_least(signal.name, reading.facts) if reading else ""
    last_at, last = record.last_values.get(signal.name, (None, None))
    return SignalNow(
        name=signal.name,
        unit=signal.unit,
        value=value,
        at=reading.at if reading else None,
        last_value=last,
        last_value_at=last_at,
        reason=why if value is not None else _why_missing(signal.name, reading),
        at_least=bool(why),
        least=why,
    )


def _why_missing(signal: str, reading: Reading | None) -> str:
    if reading is None:
        return "no reading yet"
    return reading.missing.get(signal) or reading.reason or "the reading has no value for it"
