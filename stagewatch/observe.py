"""From a session's folder to snapshots: what the screen, ``status`` and the reports look at.

Reads only. Used by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stagewatch.charts import Charts, probe_of
from stagewatch.clock import Clock
from stagewatch.following import SessionFile, pause_text, profile_of
from stagewatch.happenings import newest, session_events
from stagewatch.history.errors import HistoryMissingError
from stagewatch.history.files import allows_wal
from stagewatch.history.reader import History
from stagewatch.history.records import URGENT
from stagewatch.inotify import MODIFY, NAMES, Inotify
from stagewatch.judged import judged
from stagewatch.lock import Holder, holder
from stagewatch.model import Event, Gap, LogLine, Reading, Result, Signal
from stagewatch.paths import HISTORY
from stagewatch.probes import signals_of
from stagewatch.profile.schema import ProbeConfig, Profile
from stagewatch.progress import gates, next_review, next_turn, phases
from stagewatch.session.derive import current_pause
from stagewatch.session.document import Session
from stagewatch.snapshot import (
    GateNow,
    LogNow,
    PhaseNow,
    ProbeNow,
    RecorderStatus,
    SignalNow,
    Snapshot,
)

JOURNAL = f"{HISTORY}-wal"
EVENTS = 100
LINES = 200
"""The newest of each log."""


def snapshot_of(folder: Path, clock: Clock, *, events: int = EVENTS) -> Snapshot:
    """One snapshot; raises PersonError or HistoryError."""
    observer = Observer(folder, clock, events=events)
    try:
        snapshot = observer.look()
    finally:
        observer.close()
    assert snapshot is not None  # the first look always has one
    return snapshot


@dataclass(frozen=True, slots=True)
class _Record:
    """What the history holds, read as of one moment; all empty without a history."""

    latest: Mapping[str, Reading] = field(default_factory=dict)
    last_values: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    failures: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def news(self) -> dict[str, tuple[float, object]]:
        """Probe → when it reported last, and what differs with every report."""
        return {name: (r.at, self.counts.get(name)) for name, r in self.latest.items()}


@dataclass(frozen=True, slots=True)
class _Lines:
    """A log's newest lines as of one of its readings."""

    at: float | None = None
    number: int = 0
    """Of the newest one."""
    lines: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far the session had come when it was read, or when time last changed that."""

    session: Session
    phases: tuple[PhaseNow, ...]
    gates: tuple[GateNow, ...]
    review: float | None
    turn: float
    """When time alone changes something of it."""


def _progress(profile: Profile, session: Session, now: float) -> _Progress:
    shown = phases(profile, session, now)
    review = next_review(profile, session, now)
    turn = min(next_turn(shown, session, now), review or float("inf"))
    return _Progress(session, shown, gates(profile, session), review, turn)


class Observer:
    """Makes a new snapshot whenever the record, the session or the recorder changed."""

    def __init__(
        self, folder: Path, clock: Clock, *, events: int = EVENTS, pace: float = 0.0
    ) -> None:
        """Raises ProfileError and SessionError; a history that is not there yet is none.

        ``pace`` is how many seconds lie between two snapshots unless something urgent happened:
        a probe that fails or is back, a critical line, an edit, another recorder.
        """
        self._folder = folder
        self._path = str(folder.absolute())
        self._clock = clock
        self._events = events
        self._session = SessionFile(folder)
        self._told = session_events(self._session.session)
        self._profile = profile_of(folder)
        self._signals = signals_of(self._profile.probe)
        self._charts = Charts(self._profile, self._signals)
        self._history: History | None = None
        self._file: tuple[int, int] | None = None
        self._holder: Holder | None = None
        self._pace = pace
        self._news = False
        """Whether something changed since the last snapshot."""
        self._urgent = ""
        """What the recorder last called urgent."""
        self._shown = -float("inf")
        """When the last snapshot was made."""
        self._turn = -float("inf")
        """When time alone makes the last snapshot out of date."""
        self._progress: _Progress | None = None
        self._lines: dict[str, _Lines] = {}
        self._asked = False
        self._inotify: Inotify | None = None

    def fileno(self) -> int:
        """Readable when something was written; -1 where the kernel does not tell. ``look`` reads
        it empty."""
        if not self._asked:
            self._asked, self._inotify = True, _watching(self._folder)
        return self._inotify.fileno() if self._inotify is not None else -1

    def look(self) -> Snapshot | None:
        """The present state; None when nothing changed since the last snapshot, or not urgently.

        Raises HistoryError when the history cannot be read.
        """
        now = self._clock.now()
        if self._only_recorded():
            recorded, ordered = self._history is not None and self._history.changed(), False
        else:
            recorded, ordered = self._recording_changed(), self._session_changed()
            ordered = self._holder_changed() or ordered
        urgent = ordered or (recorded and self._called_urgent())
        self._news = self._news or recorded or urgent
        if not self._news and now < self._turn:
            return None
        if not urgent and 0 <= now - self._shown < self._pace:
            return None
        first = self._shown == -float("inf")
        self._news, self._shown = False, now
        return replace(self._snapshot(now), urgent=urgent or first)

    def _only_recorded(self) -> bool:
        """Whether the kernel tells of nothing but the history's journal since the last look, which
        happens most of the time; when it tells of nothing at all, everything is looked at."""
        if self._inotify is None:
            return False
        names = {name for _, _, name in self._inotify.events()}
        return names == {JOURNAL}

    def _called_urgent(self) -> bool:
        before = self._urgent
        self._urgent = (self._history.get(URGENT) if self._history else None) or ""
        return self._urgent != before

    def close(self) -> None:
        """Release the files; idempotent."""
        self._close_history()
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def _close_history(self) -> None:
        if self._history is not None:
            self._history.close()
            self._history = None

    def _recording_changed(self) -> bool:
        """Whether readings came; opens the history when it is new or was replaced."""
        file = _identity(self._folder / HISTORY)
        if file == self._file:
            return self._history is not None and self._history.changed()
        self._close_history()
        self._lines.clear()
        self._charts.forget()
        if file is not None:
            try:
                self._history = History.open(self._folder / HISTORY)
            except HistoryMissingError:
                return False  # its recorder has only just created it
            self._history.changed()
        self._file = file
        return True

    def _session_changed(self) -> bool:
        if not self._session.changed():
            return False
        self._session.reload()
        self._told = session_events(self._session.session)
        return True

    def _holder_changed(self) -> bool:
        before, self._holder = self._holder, holder(self._folder)
        return before != self._holder

    def _snapshot(self, now: float) -> Snapshot:
        session, profile = self._session.session, self._profile
        record = self._record()
        judgement = judged(profile, session, self._history, now)
        if self._progress is None or self._progress.session is not session or now >= self._turn:
            self._progress = _progress(profile, session, now)
            self._turn = self._progress.turn
        progress = self._progress
        until = _until(session, record, now)
        return Snapshot(
            now=now,
            session=session,
            verdict=judgement.verdict,
            reason=judgement.reason,
            recorder=self._recorder(session, record, now),
            paused=pause_text(current_pause(session)),
            probes={name: _probe(name, c, record) for name, c in profile.probe.items()},
            signals={name: _signal(s, record) for name, s in self._signals.items()},
            series=self._charts.series(self._history, record.news, session.started_at, until),
            spreads=self._charts.spreads(self._history, record.news, until),
            criteria=judgement.criteria,
            phases=progress.phases,
            gates=progress.gates,
            logs=tuple(self._logs(record)),
            gaps=record.gaps,
            events=newest(record.events, self._told, self._events),
            not_saved=self._session.problem,
            next_review=progress.review,
            folder=self._path,
        )

    def _record(self) -> _Record:
        history = self._history
        if history is None:
            return _Record()
        with history.moment():
            return _Record(
                latest=history.latest(),
                last_values=history.last_values(),
                counts=history.counts(),
                failures=history.failures(),
                gaps=history.gaps(),
                events=history.events(self._events),
            )

    def _recorder(self, session: Session, record: _Record, now: float) -> RecorderStatus:
        by = self._holder
        last = max((reading.at for reading in record.latest.values()), default=None)
        if by is not None:
            return RecorderStatus(True, by.pid, by.since, last, by.problem)
        due = session.state == "open" and now < session.ends_at
        problem = "no recorder runs, so nothing is recorded" if due else ""
        return RecorderStatus(False, None, None, last, problem)

    def _logs(self, record: _Record) -> Iterable[LogNow]:
        for name, config in self._profile.probe.items():
            if config.kind != "log":
                continue
            reading = record.latest.get(name)
            known = self._lines.get(name, _Lines())
            if reading is not None and known.at != reading.at:
                assert self._history is not None
                number, new = self._history.newer_lines(name, known.number, LINES)
                lines = (*known.lines, *new)[-LINES:] if new else known.lines
                known = self._lines[name] = _Lines(reading.at, number, lines)
            bad = reading is not None and reading.result is not Result.VALUE
            yield LogNow(
                probe=name,
                path=getattr(config, "path", ""),
                lines=known.lines,
                problem=reading.reason if reading is not None and bad else "",
            )


def _until(session: Session, record: _Record, now: float) -> float:
    """Where the charts end: now, and the last reading once the watch is over."""
    if session.state == "open" and now < session.ends_at:
        return now
    readings = record.latest.values()
    return max((reading.at for reading in readings), default=float(session.started_at)) + 1e-3


def _probe(name: str, config: ProbeConfig, record: _Record) -> ProbeNow:
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
    )


def _signal(signal: Signal, record: _Record) -> SignalNow:
    reading = record.latest.get(probe_of(signal.name))
    value = reading.values.get(signal.name) if reading else None
    last_at, last = record.last_values.get(signal.name, (None, None))
    return SignalNow(
        name=signal.name,
        unit=signal.unit,
        value=value,
        at=reading.at if reading else None,
        last_value=last,
        last_value_at=last_at,
        reason="" if value is not None else _why_missing(signal.name, reading),
    )


def _why_missing(signal: str, reading: Reading | None) -> str:
    if reading is None:
        return "no reading yet"
    return reading.missing.get(signal) or reading.reason or "the reading has no value for it"


def _watching(folder: Path) -> Inotify | None:
    """Tells of every change in the session's folder; None where others could write unheard."""
    if not allows_wal(folder):
        return None  # a network file system
    try:
        told = Inotify()
    except OSError:
        return None
    try:
        told.watch(folder, MODIFY | NAMES)
    except OSError:
        told.close()
        return None
    return told


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
