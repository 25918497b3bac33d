"""The judge at the recorder's desk: what it stores, and when it judges the record anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from stagewatch.history import HistoryWriter
from stagewatch.history.reader import History
from stagewatch.judge.standing import KEY, Standing, decoded
from stagewatch.model import TWICE, Gap, Reading, Result, State, Verdict
from stagewatch.probes import InstalledKinds
from stagewatch.profile.load import load
from stagewatch.recorder.judging import Judge
from stagewatch.session import edits
from stagewatch.session.document import Instant, Session

START = 1_700_000_000.0
TEXT = """
version = 1
[deployment]
name = "staging"
window = "2h"
review_every = "1h"
[probe.health]
kind = "http"
url = "http://127.0.0.1:1/health"
every = "30s"
read = { orphans = "orphans" }
[nogo.sockets]
rule = "held"
signal = "health.orphans"
limit = 100
"""


class Bench:
    """A session folder, its history and a judge over both."""

    def __init__(self, folder: Path, text: str = TEXT) -> None:
        self.folder = folder
        (folder / "profile.toml").write_text(text)
        self.session = Session(
            id="staging-1",
            profile="staging",
            deployment="staging",
            started_at=Instant(START),
            ends_at=Instant(START + 7200),
        )
        self.clock = _Set()
        self.writer = HistoryWriter(folder / "history.db", self.clock)
        self.judge = self.new_judge()

    def new_judge(self) -> Judge:
        profile = load(self.folder / "profile.toml", InstalledKinds())
        return Judge(self.folder, profile, self.session, self.writer, self.clock)

    def read(self, at: float, orphans: float | None) -> None:
        values = {} if orphans is None else {"health.orphans": orphans}
        result = Result.NO_DATA if orphans is None else Result.VALUE
        self.clock.pass_to(START + at + 0.01)
        reading = Reading("health", self.clock.now() - 0.01, 0.01, result, values=values)
        self.writer.add(reading)
        self.judge.reading(reading)

    async def look(self, at: float) -> None:
        """Look until the record is judged."""
        self.clock.pass_to(START + at)
        for _ in range(200):
            self.judge.look(self.clock.now(), self.session)
            if self.standing is not None and self.judge.settled:
                return
            await asyncio.sleep(0.01)

    @property
    def standing(self) -> Standing | None:
        self.writer.flush()
        with History.open(self.folder / "history.db") as history:
            text = history.get(KEY)
        return decoded(text) if text else None

    def state(self, name: str = "sockets") -> tuple[State, bool]:
        assert self.standing is not None
        stand = self.standing.criteria[name]
        return stand.state, stand.latched


class _Set:
    """A clock that is set by hand; ``ahead`` is how far the wall clock is wrong."""

    passed = 0.0
    ahead = 0.0

    def pass_to(self, at: float) -> None:
        self.passed = max(self.passed, at - START)

    def now(self) -> float:
        return START + self.passed + self.ahead

    def boot(self) -> float:
        return self.passed

    monotonic = boot

    async def sleep(self, seconds: float) -> None: ...


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.judge.close()
    made.writer.close()


def leak(bench: Bench, start: float, end: float, orphans: float = 150) -> None:
    for at in range(int(start), int(end), 30):
        bench.read(at, orphans)


async def test_a_failure_is_stored_with_the_reading_that_brought_it(bench: Bench) -> None:
    """State, sentence, event and verdict."""
    await bench.look(1)
    leak(bench, 10, 900)
    await bench.look(901)
    assert bench.state() == (State.FAIL, True)
    with History.open(bench.folder / "history.db") as history:
        failed = next(c for c in history.states() if c.state is State.FAIL)
        assert failed.detail["reading"]["probe"] == "health"
        assert failed.at == pytest.approx(failed.detail["reading"]["at"] + 0.01)
        assert history.verdicts()[-1].verdict is Verdict.NO_GO
        assert {"state", "verdict"} <= {event.kind for event in history.events(50)}


async def test_a_new_recorder_comes_to_the_same_states(bench: Bench) -> None:
    """It judges the whole record again, and what failed is failed still."""
    await bench.look(1)
    leak(bench, 10, 900)
    leak(bench, 900, 1800, orphans=3)
    await bench.look(1801)
    before = bench.standing
    bench.judge = bench.new_judge()
    await bench.look(1801)
    assert before is not None
    assert bench.standing is not None
    assert bench.standing.criteria == before.criteria
    assert before.criteria["sockets"].recovered


async def test_readings_that_come_while_the_record_is_read_are_judged_once(bench: Bench) -> None:
    """They wait, and those that the record held already change nothing."""
    leak(bench, 10, 900)
    bench.judge = bench.new_judge()
    bench.judge.look(START + 900, bench.session)
    leak(bench, 900, 960)
    await bench.look(961)
    live = bench.standing
    bench.judge = bench.new_judge()
    await bench.look(961)
    assert live is not None
    assert bench.standing is not None
    assert bench.standing.criteria == live.criteria


async def test_declaring_readings_void_judges_the_record_again(bench: Bench) -> None:
    """The failure that rested on them is gone, and so is what they covered."""
    await bench.look(1)
    leak(bench, 10, 900)
    await bench.look(901)
    bench.session = edits.invalidate(
        bench.session, "health", START, START + 905, "load test", by="ann", at=START + 910
    )
    await bench.look(912)
    state, latched = bench.state()
    assert not latched
    assert state is State.INCONCLUSIVE


async def test_an_edited_profile_forgives_nothing(bench: Bench) -> None:
    """A higher limit, or no rule at all: what failed under the old one stays failed."""
    await bench.look(1)
    leak(bench, 10, 900)
    await bench.look(901)
    (bench.folder / "profile.toml").write_text(TEXT.replace("limit = 100", "limit = 1000"))
    bench.judge = bench.new_judge()
    await bench.look(902)
    assert bench.state()[1]
    renamed = TEXT.replace("nogo.sockets", "nogo.other")
    (bench.folder / "profile.toml").write_text(renamed)
    bench.judge = bench.new_judge()
    await bench.look(903)
    assert bench.standing is not None
    assert set(bench.standing.orphans) == {"sockets"}


async def test_however_often_the_recorder_starts_again_nothing_is_forgiven(bench: Bench) -> None:
    """Under the edited profile, and under one that has the rule again, only looser."""
    await bench.look(1)
    leak(bench, 10, 900)
    await bench.look(901)
    loose = TEXT.replace("limit = 100", "limit = 1000")
    removed = TEXT.replace("nogo.sockets", "nogo.other")
    moved = loose.replace("nogo.sockets", "go.sockets")
    for number, text in enumerate((loose, loose, removed, removed, loose, loose, moved, moved)):
        (bench.folder / "profile.toml").write_text(text)
        bench.judge = bench.new_judge()
        await bench.look(902 + number)
        assert bench.standing is not None
        known = {**bench.standing.criteria, **bench.standing.orphans}
        assert known["sockets"].latched


async def test_a_clock_that_is_ahead_for_a_moment_blinds_nobody(bench: Bench) -> None:
    """Neither the looks nor the readings of that moment carry the judge into the future."""
    await bench.look(1)
    leak(bench, 10, 300, orphans=3)
    bench.clock.ahead = 7200.0
    bench.read(310, 3)
    await bench.look(311)
    bench.clock.ahead = 0.0
    leak(bench, 330, 1500)
    await bench.look(1501)
    assert bench.state() == (State.FAIL, True)


async def test_times_that_occur_twice_are_a_gap(bench: Bench) -> None:
    """A clock that was set back by an hour leaves an hour that nothing vouches for."""
    await bench.look(1)
    leak(bench, 10, 300, orphans=3)
    bench.judge.gap(Gap("", START + 300, START + 3900, f"the clock was set back; {TWICE}"))
    leak(bench, 330, 7200, orphans=3)
    await bench.judge.finish(START + 7200, bench.session)
    assert bench.state("coverage")[0] is State.INCONCLUSIVE


async def test_the_last_word_covers_the_whole_window(bench: Bench) -> None:
    """Also where the record still had to be read when the window ended."""
    leak(bench, 10, 7200, orphans=3)
    bench.judge = bench.new_judge()
    bench.clock.pass_to(START + 7200)
    await bench.judge.finish(START + 7200, bench.session)
    assert bench.standing is not None
    assert bench.standing.final
    assert bench.state() == (State.PASS, False)


async def test_while_the_disk_is_full_the_record_is_not_judged_again(bench: Bench) -> None:
    """What waits in memory would be missing; the orders count as soon as it is stored."""
    await bench.look(1)
    leak(bench, 10, 900)

    class Full(HistoryWriter):
        problem = "disk full"

    bench.writer.__class__ = Full
    bench.session = edits.invalidate(
        bench.session, "", START, START + 905, "load test", by="ann", at=START + 910
    )
    bench.judge.look(START + 912, bench.session)
    assert not bench.judge.settled
    bench.writer.__class__ = HistoryWriter
    await bench.look(913)
    assert not bench.state()[1]


async def test_an_edit_of_the_session_is_judged_at_once(bench: Bench) -> None:
    """Stopping early turns the stored verdict."""
    await bench.look(1)
    bench.session = replace(
        bench.session, state="stopped", stopped_at=Instant(START + 5), stopped_by="ann"
    )
    await bench.look(6)
    bench.writer.flush()
    with History.open(bench.folder / "history.db") as history:
        assert history.verdicts()[-1].verdict is Verdict.INCONCLUSIVE


async def test_what_was_told_is_not_told_again_by_the_next_recorder(bench: Bench) -> None:
    """It judges the record anew, and tells only what comes of it that nobody knows."""
    await bench.look(1)
    leak(bench, 10, 900)
    await bench.look(901)
    told = _told(bench)
    bench.judge = bench.new_judge()
    await bench.look(902)
    assert _told(bench) == told
    leak(bench, 930, 1800, orphans=3)
    await bench.look(1801)
    assert _told(bench)[1] == told[1] + 1, "that it recovered is news"


async def test_what_judging_anew_changes_is_told(bench: Bench) -> None:
    """A criterion that failed on readings that are void now is in another state, from now on."""
    await bench.look(1)
    leak(bench, 10, 900)
    await bench.look(901)
    bench.session = edits.invalidate(
        bench.session, "health", START, START + 905, "load test", by="ann", at=START + 910
    )
    await bench.look(912)
    with History.open(bench.folder / "history.db") as history:
        last = history.last_states()["sockets"]
    assert last.state is State.INCONCLUSIVE
    assert last.at == pytest.approx(START + 912, abs=61)


def _told(bench: Bench) -> tuple[int, int]:
    """(state changes, events about states) that are stored."""
    bench.writer.flush()
    with History.open(bench.folder / "history.db") as history:
        events = [event for event in history.events(500) if event.kind == "state"]
        return len(history.states()), len(events)


CHECKED = (
    TEXT
    + """
[go.score]
rule = "score"
[[optimisation]]
name = "Sockets"
checks = [{ name = "few", signal = "health.orphans", at_most = 50 }]
"""
)


async def test_a_check_that_turns_is_stored_at_once(tmp_path: Path) -> None:
    """With its value in the standing, as a state, and as an event when it fails."""
    (tmp_path / "s").mkdir()
    bench = Bench(tmp_path / "s", CHECKED)
    try:
        bench.read(10, 3)
        await bench.look(20)
        assert bench.standing is not None
        assert bench.standing.checks["Sockets/few"].state is State.PASS
        bench.read(40, 140)
        assert bench.standing.checks["Sockets/few"].value == 140
        with History.open(bench.folder / "history.db") as history:
            states = [s.state for s in history.states() if s.criterion == "Sockets/few"]
            told = [event.text for event in history.events(10)]
        assert states == [State.PASS, State.FAIL]
        assert "Sockets/few failed: health.orphans 140, at most 50" in told
    finally:
        bench.judge.close()
        bench.writer.close()
