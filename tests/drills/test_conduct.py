"""A drill within a watch: announced before anything is sent, cut, recorded; or refused."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from stagewatch.clock import Clock, SystemClock
from stagewatch.drills import conduct
from stagewatch.drills.conduct import Ran
from stagewatch.drills.exercise import checked_load
from stagewatch.drills.station import DrillError, Station, disturbed, station_of_watch
from stagewatch.drills.turn import Turn
from stagewatch.drills.window import LEAD, left_out
from stagewatch.errors import PersonError
from stagewatch.history.writer import HistoryWriter
from stagewatch.model import Reading, Result, Signal
from stagewatch.paths import HISTORY
from stagewatch.profile.derived import DERIVED, Rate, SignalConfig
from stagewatch.profile.drills import Exercise, Polling, RateLimited, WebSocketCheck
from stagewatch.profile.values import Duration
from stagewatch.session.errors import SessionError
from stagewatch.session.store import SessionStore
from tests.drills.conftest import Hasty, profile_with, reply, serving
from tests.drills.test_exercise import exercise as exercise_of
from tests.drills.test_ratelimit import drill, limiter


def station(port: int, folder: Path | None, **keys: object) -> Station:
    """The station of a watch of this port with a rate limit to validate."""
    profile = profile_with(port, drill(port, **keys))
    why = "" if folder else "no watch is running"
    return Station(profile, Path("/"), Path("watch.toml"), "", folder, why)


async def validate(place: Station, name: str, *, by: str, clock: Clock) -> Ran:
    """Run it in a turn of its own."""
    with Turn(place, by=by, clock=clock) as turn:
        return await conduct.validate(turn, name)


async def test_the_stretch_is_announced_before_the_first_request_and_cut_after_the_last(
    folder: Path, hasty: Hasty
) -> None:
    """The session has it while the burst runs; then it ends where the burst ended."""
    store, seen = SessionStore(folder), []

    def answers(n: int) -> bytes | None:
        seen.append(store.load().invalidation)
        return limiter(5)(n)

    async with serving(answers) as port:
        place = station(port, folder, apart=True, timeout=Duration(9))
        ran = await validate(place, "it", by="ann", clock=hasty)
    assert ran.outcome.passed
    assert ran.session == folder.name
    (announced,) = seen[0]
    assert (announced.probe, announced.drill) == ("quota", "validation-it")
    assert announced.reason == "validation it by ann"
    assert announced.end - announced.start == pytest.approx(30, abs=0.01)
    session = store.load()
    (kept,) = session.invalidation
    assert kept.start == announced.start >= announced.at + LEAD - 0.002
    assert kept.end < announced.end - 15
    (run,) = session.drill
    assert (run.drill, run.by, run.outcome) == ("validation-it", "ann", "passed")
    assert run.at >= kept.start - 0.1
    values = {piece.signal: piece.value for piece in run.evidence}
    assert values["validation-it.passed"] == 1.0
    assert values["validation-it.refused_at"] == 6.0


async def test_a_failure_is_recorded_with_the_reason_for_every_missing_value(
    folder: Path, hasty: Hasty, unused_port: int
) -> None:
    """``passed`` is 0, and nothing else is made up."""
    await validate(station(unused_port, folder), "it", by="ann", clock=hasty)
    (run,) = SessionStore(folder).load().drill
    evidence = {piece.signal.partition(".")[2]: piece for piece in run.evidence}
    assert evidence["passed"].value == 0.0
    assert evidence["recovered"].value is None
    assert "connection refused" in evidence["recovered"].reason
    assert "start the service" in run.text


@pytest.mark.parametrize("apart", [True, False])
async def test_ctrl_c_is_recorded_and_says_nothing_about_the_service(
    folder: Path, *, apart: bool
) -> None:
    """``passed`` has no value, and the stretch ends with it; but not while the limit that was used
    up refuses the probes too."""
    asked = asyncio.Event()

    def answers(n: int) -> bytes | None:
        asked.set()
        return None

    async with serving(answers) as port:
        place = station(port, folder, timeout=Duration(9), apart=apart)
        going = asyncio.ensure_future(validate(place, "it", by="ann", clock=Hasty()))
        await asked.wait()
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
    session = SessionStore(folder).load()
    (run,) = session.drill
    assert run.outcome == "interrupted"
    assert all(piece.value is None for piece in run.evidence)
    assert session.invalidation[0].end == pytest.approx(run.end + (0 if apart else 62), abs=0.1)


async def test_nothing_is_sent_where_the_stretch_cannot_be_saved(
    folder: Path, hasty: Hasty
) -> None:
    """A session that is damaged keeps its rules."""
    (folder / "session.toml").write_text("no session")
    asked = []
    async with serving(lambda n: asked.append(n) or reply(200)) as port:  # type: ignore[func-returns-value]
        with pytest.raises(SessionError):
            await validate(station(port, folder), "it", by="ann", clock=hasty)
    assert not asked


async def test_without_a_watch_nothing_is_recorded(hasty: Hasty) -> None:
    """The result is there all the same."""
    async with serving(limiter(5)) as port:
        ran = await validate(station(port, None), "it", by="ann", clock=hasty)
    assert (ran.outcome.word, ran.session, ran.problem) == ("passed", "", "")


async def test_production_and_foreign_targets_are_refused(unused_port: int, hasty: Hasty) -> None:
    """Whatever a profile that was not loaded says."""
    one = drill(unused_port)
    real = profile_with(unused_port, one, production=True)
    with pytest.raises(DrillError, match="is production"):
        await validate(Station(real, Path("/"), Path("x"), ""), "it", by="ann", clock=hasty)
    foreign = profile_with(unused_port, RateLimited(url="http://192.0.2.1/quota"))
    with pytest.raises(DrillError, match="no http probe of the profile asks there"):
        await validate(Station(foreign, Path("/"), Path("x"), ""), "it", by="ann", clock=hasty)
    load = exercise_of(unused_port)
    with pytest.raises(DrillError, match="is production"):
        Station(
            profile_with(unused_port, load, production=True), Path("/"), Path("x"), ""
        ).exercise()


async def test_without_the_extra_the_remedy_is_told_and_nothing_is_sent(
    folder: Path, hasty: Hasty, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    """Before anything is announced."""
    monkeypatch.setitem(sys.modules, "websockets", None)
    one = WebSocketCheck(url=f"ws://127.0.0.1:{unused_port}/ws", limit=5)
    place = Station(profile_with(unused_port, one), Path("/"), Path("x"), "", folder)
    with pytest.raises(PersonError, match=r"pip install 'stagewatch\[exercise\]'"):
        await validate(place, "it", by="ann", clock=hasty)
    assert not SessionStore(folder).load().invalidation


async def test_a_defect_leaves_no_stretch_behind(
    folder: Path, hasty: Hasty, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    """It ends with the drill, however that ends."""

    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("stagewatch.drills.validations.run", broken)
    with pytest.raises(RuntimeError):
        await validate(station(unused_port, folder, apart=True), "it", by="ann", clock=hasty)
    (void,) = SessionStore(folder).load().invalidation
    assert void.end - void.start < 10


async def test_polling_is_judged_by_the_running_watch(folder: Path, hasty: Hasty) -> None:
    """Without one there is no data, and no pass."""
    profile = profile_with(1, Polling(observed="quota.latency"))
    place = Station(profile, Path("/"), Path("x"), "", None, "no watch is running")
    ran = await validate(place, "it", by="ann", clock=hasty)
    assert ran.outcome.word == "no-data"
    assert "start one: stagewatch" in ran.outcome.text
    empty = Station(profile, Path("/"), Path("x"), "", folder)
    assert (await validate(empty, "it", by="ann", clock=hasty)).outcome.word == "no-data"


@pytest.mark.parametrize(("age", "word"), [(5.0, "passed"), (700.0, "no-data")])
async def test_an_observed_interval_that_is_old_is_no_data(
    folder: Path, hasty: Hasty, age: float, word: str
) -> None:
    """A paused watch, or a probe that hangs, leaves the last one behind."""
    profile = profile_with(1, Polling(observed="quota.latency"))
    writer = HistoryWriter(folder / HISTORY, SystemClock())
    writer.declare("quota", "http", 30.0, [Signal("quota.latency", "ms")])
    values = {"quota.latency": 30.0}
    writer.add(Reading("quota", time.time() - age, 0.1, Result.VALUE, values=values))
    assert writer.close()
    place = Station(profile, Path("/"), Path("x"), "", folder)
    assert (await validate(place, "it", by="ann", clock=hasty)).outcome.word == word


def test_the_probes_of_the_same_url_are_disturbed_and_what_is_derived_from_them() -> None:
    """No other, and no log."""
    one = RateLimited(url="http://127.0.0.1:1/quota?client=x")
    profile = profile_with(1, one)
    derived = SignalConfig(
        kind=DERIVED, derived=Rate(of="quota.latency"), unit="/s", timing={"quota": (2.0, 1.0)}
    )
    probes = {**profile.probe, "rate": derived}
    assert disturbed(replace(profile, probe=probes), one) == ("quota", "rate")
    sockets = WebSocketCheck(url="ws://127.0.0.1:1/ws", limit=5)
    assert disturbed(profile, sockets) == ("quota", "health")


def test_the_plan_says_what_is_left_out_at_the_most(folder: Path) -> None:
    """In seconds and as a share of the shortest phase; nothing where nobody watches."""
    stretch = left_out(station(1, folder), "it")
    assert stretch is not None
    assert stretch.told().startswith("left out of the rules meanwhile: quota, for 1m32s at most")
    assert left_out(station(1, None), "it") is None


async def test_an_exercise_is_recorded_with_its_figures(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing out of the rules."""
    monkeypatch.setattr("stagewatch.drills.exercise.LATE_AT_MOST", 60.0)
    said: list[str] = []
    async with serving(lambda n: reply(200)) as port:
        drill: Exercise = exercise_of(port, lasts=0.3, timeout=Duration(9))
        place = Station(profile_with(port, drill), Path("/"), Path("x"), "", folder)
        load = checked_load(drill, None, None)
        with Turn(place, by="ann", clock=Hasty()) as turn:
            ran = await conduct.exercise(turn, load, progress=said.append)
    assert ran.outcome.word == "done", ran.outcome
    session = SessionStore(folder).load()
    (run,) = session.drill
    values = {piece.signal: piece.value for piece in run.evidence}
    assert values["exercise.requests"] == 30
    assert values["exercise.p95"] is not None
    assert not session.invalidation


def test_commands_are_trusted_by_the_bytes_that_are_run(folder: Path, tmp_path: Path) -> None:
    """The session's copy of the profile is what is run, whatever became of the file since."""
    original, copy = tmp_path / "watch.toml", folder / "profile.toml"
    text = 'version = 1\n[deployment]\nname = "staging"\n'
    copy.write_text(text)
    original.write_text(f"{text}# edited since\n")
    SessionStore(folder).edit(lambda s: replace(s, profile_path=str(original)))
    place = station_of_watch(folder)
    assert place.path == original
    assert place.sha256 == hashlib.sha256(copy.read_bytes()).hexdigest()
