"""What one look at a session's folder tells."""

from __future__ import annotations

import os
import random
import select
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.charts import BUCKETS, stretch
from stagewatch.following import profile_of
from stagewatch.history import HistoryWriter
from stagewatch.inotify import MODIFY, Inotify
from stagewatch.judge.standing import KEY, Stand, Standing
from stagewatch.judged import LATE
from stagewatch.lock import RecorderLock
from stagewatch.logs.state import Counts, Loss, dumps
from stagewatch.logs.state import State as LogState
from stagewatch.logs.words import MOST
from stagewatch.model import (
    Event,
    Fact,
    Gap,
    LogLine,
    LogPattern,
    Reading,
    Result,
    Signal,
    State,
    Verdict,
)
from stagewatch.observe import Observer, snapshot_of
from stagewatch.probes import InstalledKinds, signals_of
from stagewatch.profile.load import loads
from stagewatch.recorded import Logs, Record
from stagewatch.session import edits
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionStore
from stagewatch.snapshot import Snapshot

START = 1_700_000_000.0
HOUR = 3600.0
PROFILE = """
version = 1
[deployment]
name = "staging"
window = "24h"
review_every = "6h"
[probe.health]
kind = "http"
title = "Backend health"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { used = "pool.used" }
[probe.backend]
kind = "process"
match = "main"
every = "60s"
[probe.errors]
kind = "log"
path = "error.log"
[nogo.slow]
rule = "average"
signal = "health.latency"
limit = "500ms"
[go.checklist]
rule = "checklist"
[[phase]]
name = "First"
hours = [0, 6]
items = ["look", { text = "memory", evidence = ["backend.rss"] }]
[[phase]]
name = "Second"
hours = [6, 24]
items = ["look"]
[[gate]]
name = "Architecture"
reviewer = "architect"
"""


@dataclass
class SetClock:
    """A clock that is set by hand."""

    at: float = START + 60

    def now(self) -> float:
        return self.at

    def boot(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None: ...


@dataclass
class Watch:
    """A session with everything that writes to it."""

    folder: Path
    clock: SetClock = field(default_factory=SetClock)
    _writer: HistoryWriter | None = None

    @property
    def writer(self) -> HistoryWriter:
        if self._writer is None:
            self._writer = HistoryWriter(self.folder / "history.db", self.clock)
            self._writer.declare("health", "http", 30, (Signal("health.latency", "ms"),))
        return self._writer

    @property
    def store(self) -> SessionStore:
        return SessionStore(self.folder)

    def add(
        self, probe: str, at: float, result: Result = Result.VALUE, **values: float | None
    ) -> None:
        """Store a reading; a value of None is a missing one."""
        known = {f"{probe}.{name}": v for name, v in values.items() if v is not None}
        missing = {f"{probe}.{name}": "absent" for name, v in values.items() if v is None}
        reason = "" if result is Result.VALUE else "refused"
        self.writer.add(Reading(probe, at, 0.012, result, reason, known, missing))

    def stored(self) -> None:
        assert self.writer.flush()

    def look(self) -> Snapshot:
        return snapshot_of(self.folder, self.clock)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A watch of a day that began a minute ago."""
    made = make(tmp_path / "watch-1", PROFILE)
    yield made
    made.close()


def make(folder: Path, profile: str, hours: float = 24) -> Watch:
    SessionStore(folder).create(
        Session(
            id=folder.name,
            profile="staging",
            deployment="staging",
            started_at=Instant(START),
            ends_at=Instant(START + hours * HOUR),
        )
    )
    (folder / "profile.toml").write_text(profile)
    return Watch(folder)


@pytest.fixture
def observer(watch: Watch) -> Iterator[Observer]:
    """An observer that has looked once."""
    made = Observer(watch.folder, watch.clock)
    assert made.look() is not None
    yield made
    made.close()


def test_before_the_first_reading_nothing_is_known_and_nothing_is_zero(watch: Watch) -> None:
    seen = watch.look()
    assert seen.verdict is Verdict.HOLD
    assert {probe.result for probe in seen.probes.values()} == {None}
    assert {signal.value for signal in seen.signals.values()} == {None}
    assert {signal.reason for signal in seen.signals.values()} == {"no reading yet"}
    assert (seen.series, seen.spreads) == ({}, {})
    assert (seen.recorder.alive, seen.recorder.last_reading_at) == (False, None)
    assert "no recorder" in seen.recorder.problem


def test_probes_end_with_the_watch_also_when_it_is_stopped_early(
    watch: Watch, observer: Observer
) -> None:
    """Though none of them reports again."""
    watch.add("health", START + 1, latency=141.0, used=12.0)
    watch.stored()
    before = observer.look()
    assert before is not None
    assert {probe.ends for probe in before.probes.values()} == {START + 24 * HOUR}
    watch.store.edit(lambda s: edits.stop(s, by="ben", at=START + 90))
    after = observer.look()
    assert after is not None
    assert {probe.ends for probe in after.probes.values()} == {START + 90}


def test_a_reading_shows_as_it_was_stored(watch: Watch) -> None:
    watch.add("health", START + 1, latency=141.0, used=12.0)
    watch.add("health", START + 31, Result.ERROR)
    watch.add("health", START + 59, latency=151.0, used=None)
    watch.stored()
    seen = watch.look()
    probe = seen.probes["health"]
    assert (probe.title, probe.kind, probe.every, probe.timeout) == (
        "Backend health",
        "http",
        30,
        10,
    )
    assert (probe.result, probe.at, probe.took) == (Result.VALUE, START + 59, 0.012)
    assert (probe.good, probe.total, probe.last_failure) == (2, 3, START + 31)
    assert seen.signals["health.latency"].value == 151.0
    assert seen.signals["health.latency"].unit == "ms"
    used = seen.signals["health.used"]
    assert (used.value, used.reason) == (None, "absent")
    assert (used.last_value, used.last_value_at) == (12.0, START + 1)
    assert seen.spreads["health.latency"].mean == 146.0
    assert [v for v in seen.series["health.latency"].mean if v is not None] == [141.0, 151.0]
    assert seen.recorder.last_reading_at == START + 59


def test_a_second_look_without_a_change_has_nothing_to_say(
    watch: Watch, observer: Observer
) -> None:
    assert observer.look() is None
    watch.clock.at += 1
    assert observer.look() is None


def test_whatever_changes_is_seen_at_the_next_look(watch: Watch, observer: Observer) -> None:
    watch.add("health", START + 1, latency=141.0)
    watch.stored()
    seen = observer.look()
    assert seen is not None, "a reading"
    assert seen.signals["health.latency"].value == 141.0
    assert observer.look() is None
    watch.add("health", START + 31, latency=142.0)
    watch.stored()
    assert observer.look() is not None, "another reading"

    watch.store.edit(lambda s: edits.tick(s, "First", "look", by="ben", at=START + 40))
    seen = observer.look()
    assert seen is not None, "another operator's tick"
    assert seen.phases[0].items[0].done

    lock = RecorderLock(watch.folder)
    lock.acquire(START + 2)
    seen = observer.look()
    assert seen is not None, "a recorder"
    assert (seen.recorder.alive, seen.recorder.since, seen.recorder.problem) == (
        True,
        START + 2,
        "",
    )
    lock.tell("disk full")
    seen = observer.look()
    assert seen is not None, "what is wrong with it"
    assert seen.recorder.problem == "disk full"
    lock.release()
    seen = observer.look()
    assert seen is not None, "its end"
    assert not seen.recorder.alive
    assert observer.look() is None


def test_who_looked_on_sees_what_somebody_sees_who_looks_first(
    watch: Watch, observer: Observer
) -> None:
    """Whatever is kept from look to look: also while the clock is set back and forth."""
    chance = random.Random(5)
    for number in range(60):
        watch.clock.at += chance.choice([-20, 1, 7, 40])
        probe, field = chance.choice(
            [("health", "latency"), ("health", "used"), ("backend", "rss")]
        )
        result = chance.choice([Result.VALUE, Result.VALUE, Result.ERROR, Result.SKIPPED])
        value = chance.choice([None, float(number)]) if result is Result.VALUE else None
        watch.add(probe, watch.clock.at, result, **{field: value})
        watch.stored()
        seen, fresh = observer.look(), watch.look()
        assert seen is not None
        assert (seen.probes, seen.signals) == (fresh.probes, fresh.signals)
        assert (seen.criteria, seen.verdict) == (fresh.criteria, fresh.verdict)


def test_time_alone_turns_phases_and_ends_the_watch(watch: Watch, observer: Observer) -> None:
    watch.clock.at = START + 6 * HOUR
    seen = observer.look()
    assert seen is not None
    assert [phase.current for phase in seen.phases] == [False, True]
    assert [item.overdue for item in seen.phases[0].items] == [True, True]
    assert seen.next_review == START + 12 * HOUR
    watch.clock.at = START + 24 * HOUR
    seen = observer.look()
    assert seen is not None
    assert seen.verdict is Verdict.INCONCLUSIVE
    assert (seen.recorder.problem, seen.next_review) == ("", None)
    assert observer.look() is None


def test_the_checklist_tells_who_when_and_on_what_evidence(watch: Watch) -> None:
    store = watch.store
    store.edit(lambda s: edits.tick(s, "First", "look", by="ann", at=START + 10, note="fine"))
    store.edit(lambda s: edits.untick(s, "First", "look", by="ben", at=START + 20))
    store.edit(lambda s: edits.tick(s, "Second", "look", by="ann", at=START + 30))
    store.edit(
        lambda s: edits.add_note(s, "hm", by="ben", at=START + 40, phase="First", item="look")
    )
    first, second = watch.look().phases
    assert (first.items[0].done, first.items[0].by, first.items[0].at) == (False, "", None)
    assert [tick.done for tick in first.items[0].history] == [True, False]
    assert [note.text for note in first.items[0].notes] == ["hm"]
    assert (second.items[0].done, second.items[0].by, second.items[0].at) == (
        True,
        "ann",
        START + 30,
    )
    assert first.items[1].signals == ("backend.rss",)


def test_speed_shortens_phases_and_reviews(tmp_path: Path) -> None:
    text = PROFILE.replace('window = "24h"', 'window = "24h"\nspeed = 60')
    watch = make(tmp_path / "fast-1", text, hours=24 / 60)
    seen = watch.look()
    assert [(p.start, p.end) for p in seen.phases] == [
        (START, START + 360),
        (START + 360, START + 1440),
    ]
    assert seen.next_review == START + 360


def test_a_gate_shows_the_last_decision(watch: Watch) -> None:
    assert watch.look().gates[0].state is State.PENDING
    watch.store.edit(
        lambda s: edits.decide(s, "Architecture", False, "no plan", by="ann", at=START + 5)
    )
    gate = watch.look().gates[0]
    assert (gate.state, gate.by, gate.reason) == (State.FAIL, "ann", "no plan")
    watch.store.edit(
        lambda s: edits.decide(s, "Architecture", True, "seen", by="ann", at=START + 9)
    )
    assert watch.look().gates[0].state is State.PASS


def test_events_of_the_machine_and_of_people_are_one_story_newest_first(watch: Watch) -> None:
    watch.writer.event(Event(START + 10, "down", "health: refused", "health"))
    watch.writer.event(Event(START + 30, "up", "health is back", "health"))
    watch.stored()
    watch.store.edit(lambda s: edits.tick(s, "First", "look", by="ann", at=START + 20))
    watch.store.edit(lambda s: edits.pause(s, "lunch", by="ben", at=START + 40))
    seen = watch.look()
    assert [event.kind for event in seen.events] == ["pause", "up", "tick", "down"]
    assert seen.paused == "paused by ben: lunch"
    two = snapshot_of(watch.folder, watch.clock, events=2)
    assert [event.kind for event in two.events] == ["pause", "up"]


def test_a_log_shows_its_newest_lines_and_why_it_cannot_be_read(watch: Watch) -> None:
    lines = tuple(LogLine(START + n, "error.log", "ERROR", f"line {n}") for n in range(300))
    watch.writer.add(Reading("errors", START, 0.0, Result.VALUE, lines=lines))
    watch.stored()
    (log,) = watch.look().logs
    assert (log.probe, log.path, log.problem) == ("errors", "error.log", "")
    assert [line.text for line in log.lines] == [f"line {n}" for n in range(100, 300)]
    watch.writer.add(Reading("errors", START + 5, 0.0, Result.NO_DATA, "it is gone"))
    watch.stored()
    (log,) = watch.look().logs
    assert (log.problem, len(log.lines)) == ("it is gone", 200)


def test_every_pattern_that_occurred_is_there(watch: Watch) -> None:
    """As many as are told apart, those that stand for the rest among them."""
    count = sum(MOST.values()) + len(MOST)
    patterns = tuple(
        LogPattern(n, "ERROR", f"text {n}", 1, START, START, "x", "error.log", n % 2 > 0, n < 4)
        for n in range(1, count + 1)
    )
    watch.writer.add(Reading("errors", START, 0.0, Result.VALUE, patterns=patterns))
    watch.stored()
    (log,) = watch.look().logs
    assert len(log.patterns) == count
    assert sum(pattern.other for pattern in log.patterns) == 3


@pytest.mark.parametrize(("rule", "shown"), [("", []), ("records", ["access"])])
def test_an_access_log_is_not_shown_unless_it_is_judged(
    tmp_path: Path, rule: str, shown: list[str]
) -> None:
    """What may be critical stands on the screen, whatever the profile says."""
    text = PROFILE.replace('"error.log"', '"access.log"\nshown = false').replace("errors", "access")
    if rule:
        text += '[nogo.critical]\nrule = "records"\nprobes = ["access"]\n'
    made = make(tmp_path / "watch-2", text)
    logs = Logs(profile_of(made.folder)).now(None, Record(), made.store.load())
    assert [log.probe for log in logs] == shown


def test_a_log_that_is_read_for_its_requests_is_none_of_the_logs() -> None:
    """As lines they would crowd out every error; its counts are signals all the same."""
    text = PROFILE.replace(
        "[nogo.slow]",
        '[probe.access]\nkind = "log"\npath = "access.log"\n'
        '[signal.polling]\nkind = "intervals"\nlog = "access"\npath = "/"\n[nogo.slow]',
    )
    profile = loads(text, Path("staging.toml"), InstalledKinds())
    session = Session(
        id="x",
        profile="staging",
        profile_path="/staging.toml",
        deployment="staging",
        started_at=Instant(START),
        ends_at=Instant(START + HOUR),
    )
    assert "access.lines" in signals_of(profile.probe)
    assert [log.probe for log in Logs(profile).now(None, Record(), session)] == ["errors"]


def test_the_windows_that_a_reading_lists_no_more_are_there(watch: Watch) -> None:
    """In its checkpoint: each one can be accepted, and is in every report."""
    closed = [
        Loss(path="error.log", since=START + n, until=START + n + 0.5, cause="truncated")
        for n in range(30)
    ]
    lasting = Loss(path="b.log", since=START + 3.2, until=None, cause="missing")
    facts: dict[str, Fact] = {
        "at_least": True,
        "losses": msgspec.json.encode([lasting, *closed[10:]]).decode(),
        "losses_before": 10,
    }
    state = dumps(LogState(at=START, counts=Counts(), places={}, losses=closed))
    watch.writer.add(Reading("errors", START, 0.0, Result.VALUE, facts=facts, checkpoint=state))
    watch.stored()
    told = watch.look().losses
    assert [loss.since for loss in told] == sorted([each.since for each in [lasting, *closed]])
    assert [loss.until is None for loss in told].count(True) == 1


def test_a_log_tells_where_its_counts_are_only_at_least(watch: Watch) -> None:
    """Losses make all of its counts lower bounds; an expression that came late only its own."""
    loss = Loss(path="error.log", since=START, until=None, cause="the file was missing")
    facts: dict[str, Fact] = {
        "at_least": True,
        "losses": msgspec.json.encode([loss]).decode(),
    }
    values = {"errors.lines": 3.0, "errors.new": 1.0}
    pattern = LogPattern(1, "ERROR", "gone #", 1, START, START, "gone 1", "error.log", True)
    watch.writer.add(
        Reading(
            "errors",
            START,
            0.0,
            Result.VALUE,
            values=values,
            facts=facts,
            patterns=(pattern,),
        )
    )
    watch.stored()
    seen = watch.look()
    (log,) = seen.logs
    assert [told.cause for told in seen.losses] == ["the file was missing"]
    assert log.patterns == (pattern,)
    assert seen.signals["errors.lines"].at_least
    assert not seen.signals["health.latency"].at_least
    partial: dict[str, Fact] = {"at_least": False, "partial": '{"new":"too many"}'}
    watch.writer.add(Reading("errors", START + 5, 0.0, Result.VALUE, values=values, facts=partial))
    watch.stored()
    seen = watch.look()
    assert seen.signals["errors.new"].at_least
    assert not seen.signals["errors.lines"].at_least


def test_gaps_are_shown_open_ones_too(watch: Watch) -> None:
    watch.writer.gap(Gap("health", START, START + 30, "stall"))
    watch.writer.open_gap("", START + 40, "paused by ann: lunch")
    watch.stored()
    assert watch.look().gaps == (
        Gap("health", START, START + 30, "stall"),
        Gap("", START + 40, None, "paused by ann: lunch"),
    )


def test_a_session_that_is_damaged_leaves_the_last_whole_one_in_view(
    watch: Watch, observer: Observer
) -> None:
    watch.store.edit(lambda s: edits.tick(s, "First", "look", by="ann", at=START + 10))
    assert observer.look() is not None
    (watch.folder / "session.toml").write_text("cut")
    seen = observer.look()
    assert seen is not None
    assert seen.phases[0].items[0].done
    assert "session.toml" in seen.not_saved
    assert "session.toml" in watch.look().not_saved, "also for who comes later"


def test_a_history_that_is_replaced_is_read_anew(watch: Watch, observer: Observer) -> None:
    watch.add("health", START + 1, latency=141.0)
    watch.stored()
    assert observer.look() is not None
    watch.close()
    for path in watch.folder.glob("history.db*"):
        path.rename(path.with_name(f"aside-{path.name}"))
    watch.add("health", START + 31, latency=7.0)
    watch.stored()
    seen = observer.look()
    assert seen is not None
    assert seen.probes["health"].total == 1
    assert seen.signals["health.latency"].value == 7.0


def test_what_is_not_judged_is_inconclusive_and_says_so(watch: Watch) -> None:
    seen = watch.look()
    assert [(c.name, c.kind, c.rule, c.state, c.reason) for c in seen.criteria] == [
        ("slow", "no-go", "average", State.INCONCLUSIVE, "not judged yet"),
        ("checklist", "go", "checklist", State.PENDING, "3 of 3 open, «look» first"),
        ("coverage", "go", "coverage", State.INCONCLUSIVE, "not judged yet"),
        ("gates", "go", "gates", State.PENDING, "1 of 1 unanswered: Architecture (architect)"),
    ]
    assert (seen.criteria[0].limit, seen.criteria[0].unit) == (500.0, "ms")
    assert seen.criteria[0].signals == ("health.latency",)
    assert seen.verdict is Verdict.HOLD


def test_what_the_recorder_judged_is_shown_while_it_is_fresh(watch: Watch) -> None:
    warned = Stand(State.WARN, "", "mean 420 ms", 420.0, START + 30, coverage=0.98)
    told = Standing(START + 60, False, "basis", "sha", {"slow": warned})
    watch.writer.put(KEY, told.encoded())
    watch.stored()
    lock = RecorderLock(watch.folder)
    lock.acquire(START)
    slow = watch.look().criteria[0]
    assert (slow.state, slow.value, slow.since, slow.coverage) == (
        State.WARN,
        420.0,
        START + 30,
        0.98,
    )
    watch.clock.at = START + 60 + LATE + 1
    assert watch.look().criteria[0].state is State.INCONCLUSIVE
    lock.release()


def test_a_standing_gets_old_without_anything_happening(watch: Watch) -> None:
    good = Stand(State.PASS, "", "mean 20 ms", 20.0, START)
    told = Standing(START + 60, False, "basis", "sha", {"slow": good})
    watch.writer.put(KEY, told.encoded())
    watch.stored()
    lock = RecorderLock(watch.folder)
    lock.acquire(START)
    observer = Observer(watch.folder, watch.clock)
    first = observer.look()
    watch.clock.at = START + 60 + LATE + 1
    later = observer.look()
    observer.close()
    lock.release()
    assert first is not None
    assert first.criteria[0].state is State.PASS
    assert later is not None, "nobody wrote anything, and yet it is another picture"
    assert later.criteria[0].state is State.INCONCLUSIVE


@pytest.mark.parametrize("stored", [Verdict.GO, Verdict.HOLD, Verdict.INCONCLUSIVE])
def test_a_watch_that_was_ended_early_is_never_a_go(watch: Watch, stored: Verdict) -> None:
    watch.writer.verdict(START + 30, stored, "so far")
    watch.stored()
    watch.store.edit(lambda s: edits.stop(s, by="ann", at=START + 50))
    watch.clock.at = START + 25 * HOUR
    seen = watch.look()
    assert seen.verdict is Verdict.INCONCLUSIVE
    assert "ann ended the watch" in seen.reason


def test_the_end_is_judged_though_no_recorder_was_there(watch: Watch) -> None:
    """Readings for an hour, then silence over the end of the window: no GO can come of it."""
    for step in range(120):
        watch.add("health", START + 30 * step, latency=10.0)
    watch.stored()
    watch.clock.at = START + 24 * HOUR + 1
    seen = watch.look()
    states = {c.name: c.state for c in seen.criteria}
    assert states["slow"] is states["coverage"] is State.INCONCLUSIVE
    assert seen.verdict is Verdict.INCONCLUSIVE


def test_what_people_order_counts_also_after_the_recorder_ended(watch: Watch) -> None:
    """Readings that are declared void are judged no more, and cover nothing."""
    for step in range(2 * 60 * 24):
        watch.add("health", START + 30 * step, latency=10.0)
    watch.stored()
    watch.clock.at = START + 24 * HOUR + 1
    before = {c.name: c for c in watch.look().criteria}
    watch.store.edit(
        lambda s: edits.invalidate(
            s, "health", START + HOUR, START + 2 * HOUR, "load test", by="ann", at=START + HOUR
        )
    )
    after = {c.name: c for c in watch.look().criteria}
    assert (before["coverage"].state, after["coverage"].state) == (State.PASS, State.INCONCLUSIVE)
    assert "declared void by ann" in watch.look().reason


@given(elapsed=st.floats(0, 1e7), every=st.floats(0.05, 3600))
def test_a_series_is_as_fine_as_its_buckets_allow(elapsed: float, every: float) -> None:
    """Never more than BUCKETS, at least half of them once there are readings for so many."""
    width, count = stretch(elapsed, every)
    assert 1 <= count <= BUCKETS
    assert (count - 1) * width <= elapsed
    assert count * width > elapsed * (1 - 1e-9)
    assert width == every or count >= BUCKETS // 2


def test_a_series_that_grows_equals_one_that_is_read_at_once(
    watch: Watch, observer: Observer
) -> None:
    for step in range(1200):
        watch.add("health", START + 30 * step, latency=float(step % 37))
        if step % 100 == 99:
            watch.stored()
            watch.clock.at = START + 30 * step + 1
            grown = observer.look()
            assert grown is not None
            assert grown.series == watch.look().series
            assert grown.spreads == watch.look().spreads
    series = watch.look().series["health.latency"]
    assert len(series.mean) <= BUCKETS
    assert None not in series.mean
    assert max(v for v in series.high if v is not None) == 36


def test_a_hole_in_the_readings_is_a_hole_in_the_series(watch: Watch) -> None:
    for step in (0, 1, 2, 7, 8):
        watch.add("health", START + 30 * step, latency=1.0)
    watch.stored()
    watch.clock.at = START + 30 * 8 + 1
    mean = watch.look().series["health.latency"].mean
    assert [value is None for value in mean] == [False] * 3 + [True] * 4 + [False] * 2


def test_the_profile_in_force_is_the_sessions_copy(watch: Watch) -> None:
    assert profile_of(watch.folder).deployment.name == "staging"


def test_many_looks_leave_no_file_open(watch: Watch) -> None:
    watch.add("health", START + 1, latency=1.0)
    watch.stored()
    watch.look()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        watch.look()
    assert len(os.listdir("/proc/self/fd")) == before


def test_after_the_end_the_charts_end_with_the_last_reading(watch: Watch) -> None:
    watch.add("health", START + 30, latency=10.0)
    watch.add("health", START + 60, latency=20.0)
    watch.stored()
    watch.clock.at = START + 40 * HOUR
    seen = watch.look()
    assert len(seen.series["health.latency"].mean) == 3
    assert seen.spreads["health.latency"].mean == 15.0


def test_the_kernel_tells_of_an_edit_and_of_a_reading(watch: Watch) -> None:
    """A screen need not ask five times a second whether anything was written."""
    watch.stored()
    observer = Observer(watch.folder, watch.clock)
    told = select.poll()
    told.register(observer.fileno(), select.POLLIN)
    observer.look()
    assert not told.poll(0)
    SessionStore(watch.folder).edit(lambda s: edits.add_note(s, "x", by="bob", at=START))
    assert told.poll(10_000)
    observer.look()
    watch.add("health", START + 1, latency=12)
    watch.stored()
    assert told.poll(10_000)
    observer.close()


def test_on_a_network_file_system_nothing_is_told(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's edits would be missed."""
    monkeypatch.setattr("stagewatch.observe.allows_wal", lambda path: False)
    observer = Observer(watch.folder, watch.clock)
    assert observer.fileno() == -1
    observer.close()


def test_a_history_is_found_though_only_its_journal_is_told_of(
    watch: Watch, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder that writes all the time does not hide what else there is to be seen."""
    assert observer.fileno() >= 0
    observer.look()
    monkeypatch.setattr(Inotify, "events", lambda self: iter([(1, MODIFY, "history.db-wal")]))
    watch.add("health", START + 1, latency=12)
    watch.stored()
    snapshot = observer.look()
    assert snapshot is not None
    assert snapshot.signals["health.latency"].value == 12
    watch.store.edit(lambda s: edits.add_note(s, "x", by="bob", at=START))
    watch.clock.at += 2
    edited = observer.look()
    assert edited is not None
    assert edited.session.note[-1].text == "x"
