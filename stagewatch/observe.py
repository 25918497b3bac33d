"""From a session's folder to snapshots: what the screen, ``status`` and the reports look at.

Reads only. Used by one thread at a time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stagewatch.charts import Charts
from stagewatch.clock import Clock
from stagewatch.following import SessionFile, pause_text, profile_of
from stagewatch.happenings import newest, session_events
from stagewatch.history.errors import HistoryMissingError
from stagewatch.history.files import allows_wal
from stagewatch.history.reader import History
from stagewatch.history.records import URGENT
from stagewatch.inotify import MODIFY, NAMES, Inotify
from stagewatch.judged import When, utc
from stagewatch.judgements import Ground, Judgements
from stagewatch.judging import Standings
from stagewatch.lock import Holder, holder
from stagewatch.paths import HISTORY
from stagewatch.probes import signals_of
from stagewatch.progress import Progress, progress_of
from stagewatch.recorded import Logs, Present, Record, losses, read_record
from stagewatch.session.derive import current_pause
from stagewatch.session.document import Session
from stagewatch.snapshot import RecorderStatus, Snapshot

JOURNAL = f"{HISTORY}-wal"
WHOLE = 2.0
"""Seconds after which everything is looked at, whatever the kernel tells."""
EVENTS = 100


def snapshot_of(folder: Path, clock: Clock, *, events: int = EVENTS) -> Snapshot:
    """One snapshot; raises PersonError or HistoryError."""
    observer = Observer(folder, clock, events=events)
    try:
        snapshot = observer.look()
    finally:
        observer.close()
    assert snapshot is not None  # the first look always has one
    return snapshot


class Observer:
    """Makes a new snapshot whenever the record, the session or the recorder changed."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        events: int = EVENTS,
        pace: float = 0.0,
        when: When = utc,
    ) -> None:
        """Raises ProfileError and SessionError; a history that is not there yet is none.

        ``pace`` is how many seconds lie between two snapshots unless something urgent happened:
        a probe that fails or is back, a critical line, an edit, another recorder. ``when`` words
        the times of day in the verdict.
        """
        self._folder = folder
        self._path = str(folder.absolute())
        self._clock = clock
        self._events = events
        self._session = SessionFile(folder)
        self._told = session_events(self._session.session)
        self._profile = profile_of(folder)
        signals = signals_of(self._profile.probe)
        self._present = Present(self._profile, signals)
        self._charts = Charts(self._profile, signals)
        units = {name: signal.unit for name, signal in signals.items()}
        self._standings = Standings(folder, self._profile, units)
        self._judgements = Judgements(self._profile, when)
        self._history: History | None = None
        self._file: tuple[int, int] | None = None
        self._holder: Holder | None = None
        # A probe that runs more often is to be seen as often, or it would look late.
        self._pace = min([pace, *(config.every for config in self._profile.probe.values())])
        self._news = False
        """Whether something changed since the last snapshot."""
        self._urgent = ""
        """What the recorder last called urgent."""
        self._shown = -float("inf")
        """When the last snapshot was made."""
        self._turn = -float("inf")
        """When time alone makes the last snapshot out of date."""
        self._progress: Progress | None = None
        self._logs = Logs(self._profile)
        self._asked = False
        self._inotify: Inotify | None = None
        self._whole = -float("inf")
        """When everything was looked at."""

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
        history, only_recorded = self._history, self._only_recorded()
        if history is not None and only_recorded and 0 <= now - self._whole < WHOLE:
            recorded, ordered = history.changed(), False
        else:
            self._whole = now
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
        self._logs.forget()
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
        record = read_record(self._history, self._events)
        alive = self._holder is not None
        standing = self._standings.at(self._history, session, now, alive=alive)
        ground = Ground(session, standing, alive, self._standings.sha256)
        judgement = self._judgements.at(ground, now)
        progress = self._progress
        if progress is None or progress.session is not session or now >= progress.turn:
            progress = self._progress = progress_of(profile, session, now)
        self._turn = min(progress.turn, self._judgements.turn)
        ends = min(session.ends_at, session.stopped_at or session.ends_at)
        probes, signals = self._present.at(record, ends)
        until = _until(session, record, now)
        return Snapshot(
            now=now,
            session=session,
            verdict=judgement.verdict,
            reason=judgement.reason,
            recorder=self._recorder(session, record, now),
            paused=pause_text(current_pause(session)),
            probes=probes,
            signals=signals,
            series=self._charts.series(self._history, record.news, session.started_at, until),
            spreads=self._charts.spreads(self._history, record.news, until),
            criteria=judgement.criteria,
            phases=progress.phases,
            gates=progress.gates,
            logs=tuple(self._logs.now(self._history, record, session)),
            gaps=record.gaps,
            events=newest(record.events, self._told, self._events),
            not_saved=self._session.problem,
            next_review=progress.review,
            folder=self._path,
            score=judgement.score,
            savings=judgement.savings,
            confirmation=session.confirmation[-1] if session.confirmation else None,
            losses=tuple(losses(record, session)),
        )

    def _recorder(self, session: Session, record: Record, now: float) -> RecorderStatus:
        by = self._holder
        last = max((reading.at for reading in record.latest.values()), default=None)
        if by is not None:
            return RecorderStatus(True, by.pid, by.since, last, by.problem)
        due = session.state == "open" and now < session.ends_at
        problem = "no recorder runs, so nothing is recorded" if due else ""
        return RecorderStatus(False, None, None, last, problem)


def _until(session: Session, record: Record, now: float) -> float:
    """Where the charts end: now, and the last reading once the watch is over."""
    if session.state == "open" and now < session.ends_at:
        return now
    readings = record.latest.values()
    return max((reading.at for reading in readings), default=float(session.started_at)) + 1e-3


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
