"""What the writer is told comes back from a reader, whole and once."""

from __future__ import annotations

import math
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stagewatch.clock import Clock
from stagewatch.history import History, HistoryWriter
from stagewatch.history.intake import LINES_A_PROBE
from stagewatch.history.rows import LINES_A_READING, SEVERE_A_READING
from stagewatch.history.writer import BATCH_DELAY
from stagewatch.model import Event, Gap, LogLine, Reading, Result, Signal, State, Verdict

Make = Callable[..., Reading]
Lines = Callable[..., tuple[LogLine, ...]]
Stored = Callable[..., History]


def test_a_reading_comes_back_as_it_was(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """Values, missing reasons, facts of every type and the reason survive."""
    facts = {"pid": "4123@1757080000.12", "status": 200, "tls": True, "phase": 12.5, "n": 3}
    told = reading(
        0.25,
        result=Result.NO_DATA,
        reason="database.pool is absent",
        missing={"health.used": "database.pool is absent", "health.max": "not a number"},
        facts=facts,
    )
    writer.add(told)
    history = stored(writer)
    assert history.latest() == {"health": told}
    assert list(history.readings("health")) == [told]
    (back,) = history.readings("health")
    assert {name: type(fact) for name, fact in back.facts.items()} == {
        name: type(fact) for name, fact in facts.items()
    }


def test_facts_and_reasons_that_repeat_are_stored_once(
    writer: HistoryWriter, stored: Stored, reading: Make, path: Path
) -> None:
    """A thousand readings with changing numbers and one identity need one text."""
    for n in range(1000):
        writer.add(reading(n, facts={"identity": "4123@1757080000", "phase": n / 7}))
    history = stored(writer)
    assert [r.facts["phase"] for r in history.readings("health")] == [n / 7 for n in range(1000)]
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute("SELECT count(*) FROM text").fetchone() == (1,)
    db.close()


def test_what_was_declared_is_told(writer: HistoryWriter, stored: Stored) -> None:
    """Probes and signals keep their order, and a later declaration counts."""
    writer.declare(
        "backend", "process", 60.0, [Signal("backend.rss", "B"), Signal("backend.cpu", "%")]
    )
    writer.declare("health", "http", 30.0, [Signal("health.latency", "s")])
    history = stored(writer)
    probes = history.probes()
    assert list(probes) == ["health", "backend"]
    assert (probes["health"].kind, probes["health"].every) == ("http", 30.0)
    assert probes["backend"].signals == ("backend.rss", "backend.cpu")
    assert history.signals()["health.latency"] == Signal("health.latency", "s")


def test_values_that_are_no_numbers_are_missing_not_stored(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """NaN and infinity never reach the samples, and say why."""
    for at, value in enumerate((math.nan, math.inf, 5.0)):
        writer.add(reading(at, value, facts={"ratio": value}))
    history = stored(writer)
    assert [value for _, value in history.samples("health.latency")] == [5.0]
    assert history.counts()["health"] == (3, 3)
    first = next(history.readings("health"))
    assert first.missing == {"health.latency": "not a finite number"}
    assert [r.facts for r in history.readings("health")] == [
        {"ratio": "nan"},
        {"ratio": "inf"},
        {"ratio": 5.0},
    ]


def test_counts_and_the_newest_run_of_failures(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """SKIPPED readings count for nothing; a run of failures ends with the next good reading."""
    values = [1.0, None, 1.0, None, None, None, 2.0, 3.0]
    for at, value in enumerate(values):
        writer.add(reading(10 * at, value))
    writer.add(reading(45, None, result=Result.SKIPPED))
    history = stored(writer)
    assert history.counts() == {"health": (4, 8)}
    assert history.failures() == {"health": (t0 + 50, 30.0)}


def test_a_run_of_failures_that_goes_on(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """It lasts to its newest failed reading; a SKIPPED one does not end it."""
    for at in (0, 10, 20):
        writer.add(reading(at, None))
    writer.add(reading(15, None, result=Result.SKIPPED))
    assert stored(writer).failures() == {"health": (t0 + 20, 20.0)}


def test_a_run_of_failures_is_never_negative(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """Also when the clock was set back while the probe failed, and when it recovered then."""
    writer.add(reading(100, None))
    writer.add(reading(50, None))
    history = stored(writer)
    assert history.failures() == {"health": (t0 + 50, 0.0)}
    writer.add(reading(60, 1.0))
    assert stored(writer).failures() == {"health": (t0 + 50, 0.0)}


def test_nothing_failed_yet(writer: HistoryWriter, stored: Stored, reading: Make) -> None:
    """No failure is None and 0, not a time."""
    writer.add(reading(0))
    assert stored(writer).failures() == {"health": (None, 0.0)}


def test_a_clock_that_was_set_back_loses_no_reading(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """A moment that occurs twice holds both readings, and the newest is the last one told."""
    for at, value in ((0, 1.0), (1, 2.0), (0, 3.0), (0, 4.0)):
        writer.add(reading(at, value))
    history = stored(writer)
    assert [value for _, value in history.samples("health.latency")] == [1.0, 3.0, 4.0, 2.0]
    assert history.latest()["health"].values == {"health.latency": 4.0}
    assert history.last_values() == {"health.latency": (t0 + 0.002, 4.0)}


def test_last_values_outlive_readings_without(
    writer: HistoryWriter, stored: Stored, reading: Make, t0: float
) -> None:
    """The last value is told while newer readings have none."""
    writer.add(reading(0, 7.0))
    writer.add(reading(1, None))
    history = stored(writer)
    assert history.last_values() == {"health.latency": (t0, 7.0)}
    assert history.latest()["health"].result is Result.ERROR


def test_gaps_open_and_close_once(writer: HistoryWriter, stored: Stored, t0: float) -> None:
    """Opening twice keeps the first start, closing twice the first end, also of another probe."""
    writer.open_gap("health", t0, "paused")
    writer.open_gap("health", t0 + 5, "something else")
    writer.open_gap("", t0 + 6, "suspended")
    writer.close_gap("health", t0 + 10)
    writer.close_gap("health", t0 + 99)
    for _ in range(2):
        writer.gap(Gap("log", t0 + 20, t0 + 30, "not running"))
    history = stored(writer)
    assert history.gaps() == (
        Gap("health", t0, t0 + 10, "paused"),
        Gap("", t0 + 6, None, "suspended"),
        Gap("log", t0 + 20, t0 + 30, "not running"),
    )
    assert history.events(9) == ()


def test_a_gap_never_ends_before_it_began(writer: HistoryWriter, stored: Stored, t0: float) -> None:
    """A clock that was set back inside a gap leaves an empty gap, not a negative one."""
    writer.open_gap("health", t0 + 10, "suspended")
    writer.close_gap("health", t0)
    assert stored(writer).gaps() == (Gap("health", t0 + 10, t0 + 10, "suspended"),)


def test_events_are_told_newest_first(writer: HistoryWriter, stored: Stored, t0: float) -> None:
    """By their time, then by their order; limited, and within a stretch."""
    events = [Event(t0 + n // 2, "tick", f"event {n}", "health") for n in range(6)]
    for event in events:
        writer.event(event)
    history = stored(writer)
    assert history.events(4) == tuple(reversed(events))[:4]
    assert history.events(9, since=t0 + 1, until=t0 + 2) == (events[3], events[2])


def test_small_texts_are_kept_by_key(writer: HistoryWriter, stored: Stored) -> None:
    """The last one counts; an unknown key is None."""
    writer.put("started", "once")
    writer.put("started", "twice")
    history = stored(writer)
    assert (history.get("started"), history.get("other")) == ("twice", None)


def test_states_and_verdicts_are_stored_when_they_change(
    writer: HistoryWriter, stored: Stored, t0: float
) -> None:
    """The same state again is no change, however its value moves."""
    writer.state("memory", t0, State.PASS, 1.5, "below", {"limit": 10.0})
    writer.state("memory", t0 + 1, State.PASS, 1.6, "still below")
    writer.state("slow", t0 + 1, State.FAIL, None, "no average")
    writer.state("memory", t0 + 2, State.WARN, 9.0, "near")
    writer.verdict(t0, Verdict.HOLD, "begun")
    writer.verdict(t0 + 1, Verdict.HOLD, "goes on")
    writer.verdict(t0 + 2, Verdict.NO_GO, "slow fails")
    history = stored(writer)
    assert [(s.criterion, s.at - t0, s.state) for s in history.states()] == [
        ("memory", 0, State.PASS),
        ("slow", 1, State.FAIL),
        ("memory", 2, State.WARN),
    ]
    assert [s.criterion for s in history.states(since=t0 + 1)] == ["slow", "memory"]
    assert history.states()[0].detail == {"limit": 10.0}
    last = history.last_states()
    assert (last["memory"].state, last["slow"].value) == (State.WARN, None)
    assert [v.verdict for v in history.verdicts()] == [Verdict.HOLD, Verdict.NO_GO]


def test_log_lines_are_told_oldest_first(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines
) -> None:
    """The newest ``limit`` of them, each with its source and level."""
    writer.add(reading(0, probe="log", lines=log_lines(5, "ERROR"), checkpoint='{"offset":5}'))
    writer.add(reading(1, probe="log", lines=log_lines(5, "", start=5)))
    history = stored(writer)
    assert history.lines("log", 7) == [*log_lines(5, "ERROR"), *log_lines(5, "", start=5)][3:]
    assert history.lines("health", 7) == []
    assert history.checkpoint("log") == '{"offset":5}'
    assert history.checkpoint("health") is None


def test_a_flood_keeps_what_is_severe_and_counts_the_rest(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines
) -> None:
    """Of 5,000 lines the severe ones stay, in order, with the newest others beside them."""
    flood = [*log_lines(100, "CRITICAL"), *log_lines(4900, "INFO", start=100)]
    writer.add(reading(0, probe="log", lines=tuple(flood)))
    history = stored(writer)
    kept = history.lines("log", 9999)
    assert kept[:100] == flood[:100]
    assert kept[100:] == flood[-(LINES_A_READING - 100) :]
    assert history.lines_left_out("log") == 5000 - LINES_A_READING


def test_a_flood_of_severe_lines_leaves_room_for_the_others(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines
) -> None:
    """Severe lines are capped too, the newest stay."""
    severe = log_lines(3000, "ERROR")
    others = log_lines(500, "", start=3000)
    writer.add(reading(0, probe="log", lines=severe + others))
    kept = stored(writer).lines("log", 9999)
    room = LINES_A_READING - SEVERE_A_READING
    assert kept == [*severe[-SEVERE_A_READING:], *others[-room:]]


def test_a_flood_without_room_for_others_keeps_no_extra_line(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines
) -> None:
    """Only severe lines: the cap for them, and nothing else."""
    writer.add(reading(0, probe="log", lines=log_lines(2000, "FATAL")))
    assert len(stored(writer).lines("log", 9999)) == SEVERE_A_READING


def test_only_the_newest_lines_of_a_probe_are_kept(
    writer: HistoryWriter, stored: Stored, reading: Make, log_lines: Lines
) -> None:
    """The table is bounded, for each probe on its own."""
    writer.add(reading(0, probe="other", lines=log_lines(3)))
    for n in range(22):
        writer.add(reading(n, probe="log", lines=log_lines(1000, start=1000 * n)))
    history = stored(writer)
    kept = history.lines("log", 99_999)
    assert len(kept) == LINES_A_PROBE
    assert (kept[0].text, kept[-1].text) == ("line 2000", "line 21999")
    assert len(history.lines("other", 9)) == 3


def test_text_that_is_no_unicode_is_stored_with_a_replacement(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """Half surrogates neither stop the writer nor come back."""
    bad = "caf\udce9?"
    lines = (LogLine(0.0, bad, bad, bad),)
    writer.add(reading(0, reason=bad, facts={"text": bad}, lines=lines, checkpoint=bad))
    writer.event(Event(0.0, "tick", bad))
    history = stored(writer)
    good = "caf\ufffd?"
    back = history.latest()["health"]
    assert (back.reason, back.facts) == (good, {"text": good})
    assert history.lines("health", 1) == [LogLine(0.0, good, good, good)]
    assert (history.checkpoint("health"), history.events(1)[0].text) == (good, good)


def test_a_reading_that_cannot_be_stored_is_an_event_and_stops_nothing(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """Neither one that is refused at the door nor one that SQLite refuses takes others with it."""
    writer.add(reading(0, 1.0))
    writer.add(reading(math.nan, 2.0))
    writer.add(reading(1e30, 3.0, facts={"only": "of this one"}))
    writer.add(reading(1, 4.0))
    history = stored(writer)
    assert [value for _, value in history.samples("health.latency")] == [1.0, 4.0]
    assert history.counts() == {"health": (2, 2)}
    kinds = [(event.kind, event.probe) for event in history.events(9)]
    assert kinds == [("not-stored", "health")] * 2
    assert writer.problem == ""


def test_of_a_reading_that_cannot_be_stored_nothing_is_stored(
    writer: HistoryWriter, stored: Stored, reading: Make
) -> None:
    """Not its values without its lines; and its neighbours keep their facts and texts."""
    for at in range(3):
        writer.add(reading(at, facts={"identity": "4123@1757080000"}))
    bad = (LogLine(1e30, "error.log", "ERROR", "from the end of time"),)
    writer.add(reading(3, lines=bad, checkpoint="too far", facts={"identity": "new"}))
    writer.add(reading(4, facts={"identity": "new"}))
    history = stored(writer)
    assert [r.facts["identity"] for r in history.readings("health")] == [
        *["4123@1757080000"] * 3,
        "new",
    ]
    assert len(history.samples("health.latency")) == 4
    assert (history.checkpoint("health"), history.lines("health", 9)) == (None, [])
    assert history.counts() == {"health": (4, 4)}


def test_a_reading_with_lines_does_not_wait_for_company(
    path: Path,
    open_writer: Callable[..., HistoryWriter],
    reading: Make,
    log_lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    stored: Stored,
    until: Callable[..., None],
) -> None:
    """A critical line is in the file at once although batches would wait for ever."""
    monkeypatch.setattr("stagewatch.history.writer.BATCH_DELAY", 3600.0)
    writer = open_writer()
    writer.add(reading(0, 1.0))
    history = stored()
    writer.add(reading(1, probe="log", lines=log_lines(1, "CRITICAL")))
    until(lambda: len(history.lines("log", 1)) == 1)
    assert len(history.samples("health.latency")) == 1


def test_readings_are_committed_without_being_asked_for(
    writer: HistoryWriter, reading: Make, stored: Stored, until: Callable[..., None]
) -> None:
    """No flush is needed, and several readings share a commit."""
    history = stored(writer)
    for at in range(50):
        writer.add(reading(at))
    until(lambda: len(history.samples("health.latency")) == 50)
    assert int(history.get("writer.batch") or 0) < 25


def test_no_method_waits_for_the_file(
    path: Path, writer: HistoryWriter, reading: Make, stored: Stored, t0: float
) -> None:
    """While another program locks the file, every call returns; then all is stored."""
    history = stored(writer)
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    told = threading.Event()

    def tell() -> None:
        for at in range(100):
            writer.add(reading(at))
        writer.event(Event(t0, "tick", "told"))
        writer.open_gap("health", t0, "paused")
        assert writer.problem == ""
        assert not writer.flush(0.01)
        told.set()

    caller = threading.Thread(target=tell, daemon=True)
    caller.start()
    returned = told.wait(4.0)
    lock.execute("ROLLBACK")
    lock.close()
    assert returned, "a call waited for the file"
    caller.join()
    assert writer.flush(20)
    assert len(history.samples("health.latency")) == 100


def test_the_files_are_nobody_elses(writer: HistoryWriter, path: Path, reading: Make) -> None:
    """The file and its journals are 0600."""
    writer.add(reading(0))
    assert writer.flush(20)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert modes == {"history.db": 0o600, "history.db-wal": 0o600, "history.db-shm": 0o600}


def test_closing_stores_what_waits(
    path: Path,
    open_writer: Callable[..., HistoryWriter],
    reading: Make,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also what a batch was still waiting for; closing again changes nothing."""
    monkeypatch.setattr("stagewatch.history.writer.BATCH_DELAY", 3600.0)
    writer = open_writer()
    writer.add(reading(0))
    assert writer.close()
    assert writer.close()
    assert writer.problem == ""
    assert len(stored().samples("health.latency")) == 1
    assert [p.name for p in path.parent.iterdir() if p.name.endswith("-journal")] == []


def test_a_writer_that_died_says_so(
    open_writer: Callable[..., HistoryWriter],
    reading: Make,
    monkeypatch: pytest.MonkeyPatch,
    until: Callable[..., None],
) -> None:
    """A defect in the writer's thread is a problem that is shown, not silence."""
    died = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: died.set())
    writer = open_writer()
    assert writer.flush(20)

    def fail(_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("stagewatch.history.store.Store.add", lambda self, row: fail(row))
    writer.add(reading(0))
    assert died.wait(20)
    until(lambda: "writer has stopped" in writer.problem)


def test_the_next_recorder_continues_the_record(
    open_writer: Callable[..., HistoryWriter], reading: Make, stored: Stored, t0: float
) -> None:
    """A second writer finds numbers, counts, open gaps and checkpoints as they were."""
    first = open_writer()
    first.add(reading(0, 1.0, facts={"a": "b"}, checkpoint="{}"))
    first.open_gap("health", t0, "paused")
    assert first.close()
    second = open_writer()
    second.add(reading(1, 2.0, facts={"a": "b"}))
    second.close_gap("health", t0 + 1)
    history = stored(second)
    assert history.counts() == {"health": (2, 2)}
    assert history.gaps() == (Gap("health", t0, t0 + 1, "paused"),)
    assert history.checkpoint("health") == "{}"
    assert [r.facts for r in history.readings("health")] == [{"a": "b"}] * 2
    assert history._query.all("SELECT body FROM text") == [('{"a":"b"}',)]


def test_the_wait_for_company_is_short_beside_the_shortest_interval(
    path: Path, hand_clock: Clock
) -> None:
    """A reading that waited longer would look late."""
    writer = HistoryWriter(path, hand_clock)
    writer.declare("slow", "http", 60, ())
    assert writer._delay == BATCH_DELAY
    writer.declare("quick", "http", 0.5, ())
    writer.declare("slow", "http", 60, ())
    assert writer._delay == pytest.approx(0.15)
    writer.close()


def test_lines_that_nobody_looks_at_wait_for_company(
    path: Path, hand_clock: Clock, reading: Make, log_lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are shown take all that was told before them to the disk."""
    monkeypatch.setattr("stagewatch.history.writer.BATCH_DELAY", 3600.0)
    writer = HistoryWriter(path, hand_clock, shown={"errors"})
    writer.add(reading(0, probe="access", lines=log_lines(1, "")))
    assert not writer._hurry
    writer.add(reading(1, probe="errors", lines=log_lines(1, "")))
    with writer._lock:
        assert writer._lock.wait_for(lambda: writer._settled() == 2, 20)
    writer.close()
