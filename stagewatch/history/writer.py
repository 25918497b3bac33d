"""The recorder's way into the history: a thread of its own, and calls that return at once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from stagewatch.clock import Clock
from stagewatch.history.backlog import Backlog, Change
from stagewatch.history.errors import history_error
from stagewatch.history.files import open_writer
from stagewatch.history.keeper import Attempt, Connect, Keeper
from stagewatch.history.records import URGENT
from stagewatch.history.rows import Row, row_of
from stagewatch.history.store import Store
from stagewatch.model import Event, Gap, Reading, Signal, State, Verdict

BATCH_DELAY = 0.9
"""Seconds that a change waits for company before its commit, unless it brings log lines or what
makes it urgent; less where a probe runs so often that its reading would look late."""
DELAY_SHARE = 0.3
"""Of the shortest interval, at most so much."""
BATCH_LIMIT = 2000
RETRY_DELAY = 3.0
"""Seconds between two tries while the file cannot be written."""


class HistoryWriter:
    """Stores what the recorder tells it; one for a file, never two.

    Every method returns at once; a thread commits in batches, a reading with log lines to show and
    what is urgent without delay. While the file cannot be written, ``problem`` says since when and
    why, and the readings of the last hour wait in memory.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        backlog: Backlog | None = None,
        shown: Container[str] | None = None,
        connect: Connect = open_writer,
        retry_delay: float = RETRY_DELAY,
    ) -> None:
        """Open or create the file; raises HistoryError. ``shown``: the logs that people look at,
        None for all. ``connect`` replaces it in tests."""
        self.path = path
        self._clock = clock
        self._shown = shown
        self._retry_delay = retry_delay
        self._backlog = Backlog() if backlog is None else backlog
        self._lock = threading.Condition()
        self._added = self._in_flight = 0
        self._hurry = self._closing = False
        self._delay = BATCH_DELAY
        try:
            self._keeper = Keeper(path, clock, connect)
        except sqlite3.Error as error:
            raise history_error(path, error) from error
        self._thread = threading.Thread(target=self._run, name="history-writer", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Why nothing is recorded, since when, and what to do; empty while all is well."""
        if not self._thread.is_alive() and not self._closing:
            return "the history's writer has stopped; restart the recorder"
        trouble = self._keeper.trouble
        if trouble is None:
            return ""
        with self._lock:
            waiting = len(self._backlog) + self._in_flight
            lost = sum(loss.count for loss in self._backlog.losses.values())
        since = time.strftime("%H:%M:%S", time.gmtime(trouble.since))
        parts = [f"not recorded since {since} UTC: {trouble.message}", trouble.remedy]
        parts.append(f"{waiting} changes wait in memory")
        parts.append(f"{lost} readings dropped" if lost else "")
        return "; ".join(part for part in parts if part)

    @property
    def notice(self) -> str:
        """What an operator should know of the file though recording works; mostly empty."""
        return self._keeper.notice

    def declare(self, probe: str, kind: str, every: float, signals: Sequence[Signal]) -> None:
        """Enter a probe with its signals; again after the profile was changed."""
        declared = tuple(signals)
        self._delay = min(self._delay, DELAY_SHARE * every)
        self._put(lambda store: store.declare(probe, kind, every, declared), declares=probe)

    def add(self, reading: Reading) -> None:
        """Store a reading, its lines and its checkpoint in one transaction."""
        try:
            row = row_of(reading)
        except (ArithmeticError, TypeError, ValueError) as error:
            text = f"a reading of {reading.probe} could not be stored: {error}"
            self.event(Event(self._clock.now(), "not-stored", text, reading.probe))
            return
        seen = self._shown is None or reading.probe in self._shown
        self._put(lambda store: store.add(row), row=row, hurry=seen and bool(row.lines))

    def open_gap(self, probe: str, start: float, cause: str) -> None:
        """Begin a gap of a probe (``""``: the recorder); nothing happens when one is open."""
        self._put(lambda store: store.open_gap(probe, start, cause))

    def close_gap(self, probe: str, end: float) -> None:
        """End the probe's open gap; nothing happens when there is none."""
        self._put(lambda store: store.close_gap(probe, end))

    def gap(self, gap: Gap) -> None:
        """Enter a whole gap; the same probe, start and end again changes nothing."""
        self._put(lambda store: store.gap(gap))

    def event(self, event: Event) -> None:
        """Enter an event."""
        self._put(lambda store: store.event(event))

    def put(self, key: str, value: str) -> None:
        """Keep a small text about the recording; the last one of a key counts.

        That something is urgent is stored at once, with all that was added before it.
        """
        self._put(lambda store: store.put(key, value), hurry=key == URGENT)

    def state(
        self,
        criterion: str,
        at: float,
        state: State,
        value: float | None = None,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Enter a criterion's state; stored only when it differs from the criterion's last."""
        kept = dict(detail or {})
        self._put(lambda store: store.state(criterion, at, state, value, reason, kept))

    def verdict(self, at: float, verdict: Verdict, reason: str = "") -> None:
        """Enter the watch's verdict; stored only when it differs from the last."""
        self._put(lambda store: store.verdict(at, verdict, reason))

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was added before is stored; False when ``timeout`` comes first."""
        with self._lock:
            target = self._added
            self._hurry = True
            self._lock.notify_all()
            return self._lock.wait_for(lambda: self._settled() >= target, timeout)

    def close(self, timeout: float = 3.0) -> bool:
        """Store what waits and close the file; False when something could not be stored."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        self._thread.join(timeout)
        with self._lock:
            return not self._thread.is_alive() and self._settled() == self._added

    def _put(
        self,
        apply: Callable[[Store], None],
        *,
        row: Row | None = None,
        declares: str = "",
        hurry: bool = False,
    ) -> None:
        change = Change(apply, self._clock.boot(), row, declares)
        with self._lock:
            self._added += 1
            if trouble := self._keeper.trouble:
                self._backlog.cause = trouble.message
                self._backlog.drop_older(change.born)
            waited = bool(self._backlog)
            self._backlog.put(change)
            self._hurry = self._hurry or hurry
            if hurry or not waited:  # else the thread knows, and waits for more
                self._lock.notify_all()

    def _settled(self) -> int:
        """How many of the changes added so far wait no longer."""
        return self._added - len(self._backlog) - self._in_flight

    def _run(self) -> None:
        while attempt := self._next():
            while not self._keeper.keep(attempt):
                if self._closing_within(self._retry_delay):
                    self._keeper.close()
                    return
            with self._lock:
                self._in_flight = 0
                self._lock.notify_all()
        self._keeper.close()

    def _next(self) -> Attempt | None:
        """The next batch, when it is due; None when the writer is closed and all is stored."""
        with self._lock:
            backlog = self._backlog
            self._lock.wait_for(lambda: backlog or backlog.losses or self._closing)
            self._lock.wait_for(lambda: self._hurry or self._closing, self._delay)
            attempt = Attempt(backlog.take(BATCH_LIMIT), *backlog.take_losses())
            if self._closing and not (attempt.changes or attempt.losses):
                return None
            self._hurry = bool(backlog)
            self._in_flight = len(attempt.changes)
            return attempt

    def _closing_within(self, seconds: float) -> bool:
        with self._lock:
            return self._lock.wait_for(lambda: self._closing, seconds)
