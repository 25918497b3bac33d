"""A full disk, a commit in doubt, a file that vanishes: loud, and nothing is lost or doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagewatch.history import History, HistoryWriter
from stagewatch.history.backlog import Backlog
from stagewatch.history.files import open_writer as open_file
from stagewatch.model import Event, LogLine, Reading

if TYPE_CHECKING:
    from tests.history.conftest import HandClock

Make = Callable[..., Reading]
Open = Callable[..., HistoryWriter]
Stored = Callable[..., History]
Until = Callable[..., None]

SOON = 0.02


class SmallDisk:
    """Opens the file with room for a few pages only: SQLite then reports a full disk."""

    def __init__(self) -> None:
        self.pages = 60
        self.opened = 0

    def __call__(self, path: Path) -> tuple[sqlite3.Connection, str]:
        db, mode = open_file(path)
        db.execute(f"PRAGMA max_page_count = {self.pages}")
        self.opened += 1
        return db, mode

    def make_room(self) -> None:
        self.pages = 100_000


@pytest.fixture
def disk() -> SmallDisk:
    return SmallDisk()


def fill(writer: HistoryWriter, disk: SmallDisk, reading: Make, until: Until) -> int:
    """Add readings until the disk is full and was tried again; returns how many."""
    count = 0
    while not writer.problem:
        for _ in range(100):
            writer.add(reading(count, float(count)))
            count += 1
        writer.flush(0.2)
        assert count < 20_000, "the disk never filled"
    tried = disk.opened
    until(lambda: disk.opened > tried + 1)
    return count


def test_a_full_disk_is_loud_and_loses_nothing(
    open_writer: Open, disk: SmallDisk, reading: Make, stored: Stored, until: Until
) -> None:
    """The problem says since when, why and what to do; with room again, every reading is there."""
    writer = open_writer(connect=disk, retry_delay=SOON)
    count = fill(writer, disk, reading, until)
    assert writer.problem.startswith("not recorded since 13:54:00 UTC: the disk is full; make room")
    assert "changes wait in memory" in writer.problem
    before = len(stored().samples("health.latency"))
    assert before < count
    for at in range(count, count + 500):
        writer.add(reading(at, float(at)))
    assert not writer.flush(0.1)
    disk.make_room()
    history = stored(writer)
    assert writer.problem == ""
    values = [value for _, value in history.samples("health.latency")]
    assert values == [float(n) for n in range(count + 500)]
    assert history.counts() == {"health": (count + 500, count + 500)}
    (event,) = history.events(9)
    assert (event.kind, "the disk is full" in event.text) == ("history-recovered", True)
    assert history.gaps() == ()


def test_beyond_the_hour_what_is_dropped_becomes_a_gap(
    open_writer: Open,
    disk: SmallDisk,
    reading: Make,
    stored: Stored,
    until: Until,
    hand_clock: HandClock,
    t0: float,
) -> None:
    """Readings older than an hour go, counted; what is not a reading stays."""
    writer = open_writer(connect=disk, retry_delay=SOON)
    count = fill(writer, disk, reading, until)
    writer.add(reading(100_000, 1.0))
    writer.event(Event(t0 + 100_001, "tick", "kept although it is old"))
    writer.add(reading(100_002, 2.0))
    hand_clock.advance(3601)
    for at in range(3):
        writer.add(reading(200_000 + at, 3.0))
    assert "readings dropped" in writer.problem
    disk.make_room()
    history = stored(writer)
    late = [at - t0 for at, _ in history.samples("health.latency", t0 + 50_000)]
    assert late == [200_000, 200_001, 200_002]
    (gap,) = history.gaps()
    assert (gap.probe, gap.end) == ("health", t0 + 100_002)
    assert "readings dropped: the disk is full" in gap.cause
    kinds = [event.kind for event in history.events(9)]
    assert sorted(kinds) == ["history-recovered", "readings-dropped", "tick"]
    stored_early = len(history.samples("health.latency", until=t0 + 50_000))
    dropped = int(gap.cause.split()[0])
    assert stored_early + dropped == count + 2


def test_an_hour_that_passes_while_all_is_well_drops_nothing(
    open_writer: Open,
    reading: Make,
    stored: Stored,
    hand_clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that wakes from a suspend has an old batch, and no reason to drop it."""
    monkeypatch.setattr("stagewatch.history.writer.BATCH_DELAY", 3600.0)
    writer = open_writer()
    writer.add(reading(0))
    hand_clock.advance(7200)
    writer.add(reading(7200))
    assert len(stored(writer).samples("health.latency")) == 2


def test_the_backlog_is_bounded_by_its_weight(
    open_writer: Open, disk: SmallDisk, reading: Make, stored: Stored, until: Until
) -> None:
    """Within the hour, memory is the bound; the oldest readings go, and are counted."""
    writer = open_writer(connect=disk, retry_delay=SOON, backlog=Backlog(max_weight=400_000))
    count = fill(writer, disk, reading, until)
    for at in range(1000):
        lines = (LogLine(0.0, "error.log", "", "x" * 1000),)
        writer.add(reading(100_000 + at, 1.0, lines=lines))
    disk.make_room()
    history = stored(writer)
    kept = len(history.samples("health.latency"))
    dropped = sum(int(gap.cause.split()[0]) for gap in history.gaps())
    assert 0 < dropped < count + 1000
    assert kept + dropped == count + 1000
    assert history.latest()["health"].at == reading(100_999).at


def test_closing_on_a_full_disk_ends_in_time_and_says_that_something_is_lost(
    open_writer: Open, disk: SmallDisk, reading: Make, until: Until
) -> None:
    """The answer is False, and the thread is gone."""
    writer = open_writer(connect=disk, retry_delay=3600.0)
    count = 0
    while not writer.problem:
        writer.add(reading(count))
        count += 1
        writer.flush(0.005)
    assert writer.close(20) is False
    assert not writer._thread.is_alive()


class Doubtful:
    """A connection whose COMMIT works and then reports an error, as many times as it is told."""

    lies = 0
    truths = 0

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    def execute(self, sql: str, *args: Sequence[object]) -> sqlite3.Cursor:
        if sql == "COMMIT" and Doubtful.truths:
            Doubtful.truths -= 1
            raise sqlite3.OperationalError("disk I/O error before the commit")
        cursor = self._db.execute(sql, *args)
        if sql == "COMMIT" and Doubtful.lies:
            Doubtful.lies -= 1
            raise sqlite3.OperationalError("disk I/O error after the commit")
        return cursor


@pytest.mark.parametrize("kind", ["lies", "truths"])
def test_a_commit_that_fails_is_stored_exactly_once(
    open_writer: Open,
    reading: Make,
    stored: Stored,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: Callable[..., Any],
) -> None:
    """Whether or not the commit had reached the file when SQLite reported an error."""
    monkeypatch.setattr(Doubtful, kind, 0)

    def connect(path: Path) -> tuple[Any, str]:
        db, mode = open_file(path)
        return Doubtful(db), mode

    writer = open_writer(connect=connect, retry_delay=SOON)
    assert writer.flush(20)
    setattr(Doubtful, kind, 3)
    for at in range(5):
        lines = log_lines(2, "ERROR", start=2 * at)
        writer.add(reading(at, float(at), lines=lines, checkpoint=str(at)))
        assert writer.flush(20)
    history = stored(writer)
    assert [value for _, value in history.samples("health.latency")] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert history.counts() == {"health": (5, 5)}
    assert [line.text for line in history.lines("health", 99)] == [f"line {n}" for n in range(10)]
    assert sum(minute.count for minute in history.minutes("health.latency")) == 5


def test_a_file_that_is_deleted_under_the_recorder_is_begun_anew(
    path: Path, open_writer: Open, reading: Make, stored: Stored
) -> None:
    """Not a reading goes into a file that has no name; the new file knows its probes."""
    writer = open_writer(retry_delay=SOON)
    writer.add(reading(0))
    assert writer.flush(20)
    for name in ("history.db", "history.db-wal", "history.db-shm"):
        (path.parent / name).unlink()
    writer.add(reading(1, 2.0))
    history = stored(writer)
    assert [value for _, value in history.samples("health.latency")] == [2.0]
    assert history.probes()["health"].kind == "http"
    assert [event.kind for event in history.events(9)] == ["history-replaced"]


def test_a_lock_that_outlasts_the_patience_is_a_problem_and_then_none(
    path: Path,
    open_writer: Open,
    reading: Make,
    stored: Stored,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It names the cause, and recording goes on when the other program lets go."""
    monkeypatch.setattr("stagewatch.history.files.BUSY_MS", 20)
    writer = open_writer(retry_delay=SOON)
    assert writer.flush(20)
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    writer.add(reading(0))
    until(lambda: "another program holds it locked" in writer.problem)
    lock.execute("ROLLBACK")
    lock.close()
    assert len(stored(writer).samples("health.latency")) == 1
    assert writer.problem == ""
