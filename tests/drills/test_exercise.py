"""The exercise: an open loop, honest latencies, and figures only of a load that was held."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.drills.exercise import Exercising, Load, checked_load, summary, told
from stagewatch.drills.ground import Ground, named
from stagewatch.drills.station import DrillError
from stagewatch.drills.tally import Histogram, Tally
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import Call, Exercise, Hold
from stagewatch.profile.values import Duration
from tests.drills.conftest import profile_with, reply, serving
from tests.drills.test_websocket import Service, running


def exercise(port: int, *, every: float = 0.02, lasts: float = 0.5, **keys: object) -> Exercise:
    """Two workspaces that ask for one thing."""
    call = Call(url=f"http://127.0.0.1:{port}/quota", every=Duration(every))
    given: dict[str, object] = {"workspaces": 2, "timeout": Duration(0.4), "call": [call], **keys}
    return Exercise(lasts=Duration(lasts), **given)  # type: ignore[arg-type]


def run_of(port: int, drill: Exercise) -> Exercising:
    """One run, as the profile asks for it."""
    ground = Ground(profile_with(port, drill), Path("/"), SystemClock())
    return Exercising(checked_load(drill, None, None), ground)


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts may be late: other tests may have this machine's other cores, and this one."""
    monkeypatch.setattr("stagewatch.drills.exercise.LATE_AT_MOST", 60.0)


async def test_every_request_is_sent_and_counted(lenient: None) -> None:
    """Two workspaces, fifty a second each, for half a second; hits, refusals and errors apart."""

    def answers(n: int) -> bytes:
        kinds = (reply(200, X_Cache="HIT"), reply(200, X_Cache="MISS"), reply(429), reply(500))
        return kinds[n % 4]

    async with serving(answers) as port:
        run = run_of(port, exercise(port, timeout=Duration(9)))
        await run.run()
    tally = run.tally
    assert tally.due == tally.sent == tally.ended == 50
    assert (tally.answered, tally.limited, tally.errors) == (25, 13, 12)
    assert (tally.hits, tally.told) == (12, 25)
    assert tally.faults == {"status 500": tally.errors}
    outcome = summary(run)
    assert outcome.word == "with-errors"
    assert "status 500" in outcome.remedy
    assert outcome.values["errors"] == pytest.approx(100 * tally.errors / 50)


async def test_a_service_that_stands_still_cannot_hide() -> None:
    """All that were due while it stood show it: their latency counts from when they were due."""
    stalled = asyncio.Event()

    def answers(n: int) -> bytes:
        if n == 5 and not stalled.is_set():
            stalled.set()
            # The whole service, which is this thread; the exercise is in it too, and late.
            time.sleep(0.3)
        return reply(200)

    async with serving(answers) as port:
        run = run_of(port, exercise(port, lasts=0.6))
        await run.run()
    assert run.tally.due == 60
    # About 30 of 60 were due in the stall, evenly from 0 to 300 ms.
    assert (run.tally.latency.quantile(0.75) or 0) > 0.1
    outcome = summary(run)
    assert (outcome.word, outcome.values["held"]) == ("not-held", 0.0)
    assert outcome.values["p95"] > 200


async def test_a_load_that_was_not_sent_as_asked_gives_no_figures(
    lenient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where too many were waiting for an answer, the service had less to bear."""
    monkeypatch.setattr("stagewatch.drills.exercise.MOST_UNDER_WAY", 3)
    async with serving(lambda n: None) as port:
        run = run_of(port, exercise(port, lasts=0.2))
        await run.run()
    outcome = summary(run)
    assert run.tally.sent + run.tally.unsent == run.tally.due == 20
    assert run.tally.faults["too-many-under-way"] == run.tally.unsent > 0
    assert "errors" not in outcome.values
    assert outcome.values["held"] == 0.0


async def test_a_request_without_an_answer_counts_with_the_time_it_waited() -> None:
    """A service that hangs is an error, and slow as well."""
    async with serving(lambda n: None) as port:
        run = run_of(port, exercise(port, lasts=0.2))
        await run.run()
    assert run.tally.faults == {"timeout": 20}
    assert (run.tally.latency.quantile(0.5) or 0) >= 0.39
    assert summary(run).word == "unreachable"


async def test_a_service_that_is_gone_is_unreachable(unused_port: int, lenient: None) -> None:
    """With no latency at all: a refusal is quick, and says nothing about speed."""
    run = run_of(unused_port, exercise(unused_port, lasts=0.2))
    await run.run()
    outcome = summary(run)
    assert (outcome.word, run.tally.latency.count) == ("unreachable", 0)
    assert "p95" not in outcome.values
    assert outcome.values["errors"] == 100.0


async def test_an_exercise_that_is_cancelled_says_what_was_done_and_gives_no_figures() -> None:
    """Ctrl-C ends it cleanly: nothing goes on, and half an exercise is no evidence."""
    async with serving(lambda n: reply(200)) as port:
        run = run_of(port, exercise(port, lasts=600))
        going = asyncio.ensure_future(run.run())
        while run.tally.answered < 10:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        sent = run.tally.sent
    assert len(asyncio.all_tasks()) == 1
    outcome = summary(run, "it was interrupted")
    assert (outcome.word, outcome.missing) == ("interrupted", "it was interrupted")
    assert outcome.values["requests"] == sent >= 10
    assert "p95" not in outcome.values
    assert f"{sent} requests" in outcome.text


def test_what_was_never_tried_has_no_share_and_no_count() -> None:
    """No errors among no requests is no evidence; nor are no lost WebSockets among none."""
    run = run_of(1, exercise(1, lasts=0.2))
    assert not {"errors", "limited", "sockets", "sockets_lost"} & summary(run).values.keys()


async def test_a_lighter_load_than_the_profile_asks_for_gives_no_figures() -> None:
    """Fewer workspaces, or less time."""
    async with serving(lambda n: reply(200)) as port:
        run = run_of(port, exercise(port, lasts=0.1))
        run.load = replace(run.load, workspaces=1)
        await run.run()
    outcome = summary(run)
    assert outcome.missing == "this was only 1 of 2 workspaces"
    assert outcome.values.keys() == {"late", "requests", "rate"}
    short = Load(exercise(1, lasts=600), 2, 60.0)
    assert short.lighter == "1m of 10m"


async def test_workspaces_hold_their_websockets_and_answer_the_heartbeat() -> None:
    """The service's reaper lets them live; a lost one is counted."""
    service = Service(limit=3)
    async with running(service) as port:
        hold = Hold(url=f"ws://127.0.0.1:{port}/ws", each=2, hello='{"type": "hello"}')
        run = run_of(port, exercise(port, call=[], socket=hold, lasts=1.2))
        await run.run()
    assert (run.tally.sockets, run.tally.sockets_lost) == (3, 1)
    assert run.tally.faults == {"WebSocket status": 1}
    assert "WebSockets 3, lost 1" in told(run)


async def test_a_websocket_that_has_not_opened_by_the_end_is_lost(lenient: None) -> None:
    """A handshake that hangs is no WebSocket, though its own time is not over yet; nor is one
    whose turn had not come."""
    async with serving(lambda n: None) as port:
        hold = Hold(url=f"ws://127.0.0.1:{port}/ws", each=20)
        run = run_of(port, exercise(port, call=[], socket=hold, lasts=0.3, timeout=Duration(60)))
        await run.run()
    outcome = summary(run)
    assert (outcome.word, outcome.values["sockets"]) == ("with-errors", 0.0)
    assert outcome.values["sockets_lost"] == 40.0
    assert run.tally.faults == {"WebSocket not open by the end": 40}


async def test_a_handshake_under_way_is_not_lost_when_somebody_ends_the_exercise() -> None:
    """It might have come."""
    asked = asyncio.Event()
    async with serving(lambda n: asked.set()) as port:
        hold = Hold(url=f"ws://127.0.0.1:{port}/ws")
        drill = exercise(port, call=[], socket=hold, lasts=60, timeout=Duration(60))
        run = run_of(port, drill)
        going = asyncio.ensure_future(run.run())
        await asked.wait()
        going.cancel()
        await asyncio.wait({going})
    assert run.tally.sockets_lost == 0


async def test_a_secret_that_is_not_there_is_told_before_anything_is_sent() -> None:
    """As of a validation."""
    async with serving(lambda n: reply(200)) as port:
        run = run_of(port, exercise(port, headers={"X-Token": "env:NO_SUCH_TOKEN"}))
        with pytest.raises(FailureError, match="NO_SUCH_TOKEN"):
            await run.run()
    assert run.tally.sent == 0


@pytest.mark.parametrize(
    ("workspaces", "lasts", "told"),
    [
        (0, None, "1 to 200"),
        (201, None, "1 to 200"),
        (20, None, "1000 requests/s are more than 600"),
        (None, 3700.0, "--for 1h2m"),
        (None, 0.0, "--for 0s"),
    ],
)
def test_more_than_the_bounds_is_refused(
    workspaces: int | None, lasts: float | None, told: str
) -> None:
    """Whatever the command line asks for."""
    with pytest.raises(DrillError) as refused:
        checked_load(exercise(1), workspaces, lasts)
    assert told in str(refused.value)


def test_more_websockets_than_the_bounds_are_refused() -> None:
    """They are counted over all workspaces."""
    hold = Hold(url="ws://127.0.0.1:1/", each=20)
    with pytest.raises(DrillError, match="520 WebSockets are more than 500"):
        checked_load(exercise(1, every=10, socket=hold), 26, None)


def test_a_header_may_name_the_workspace() -> None:
    """Each is a client of its own."""
    assert named({"X-Key": "w-{workspace}", "Accept": "*/*"}, 3) == {
        "X-Key": "w-3",
        "Accept": "*/*",
    }


def test_a_histogram_is_right_to_two_percent() -> None:
    """From microseconds to minutes, in a bounded number of buckets."""
    histogram = Histogram()
    values = [1e-5 * 1.01**n for n in range(1600)]
    for value in values:
        histogram.add(value)
    for q in (0.1, 0.5, 0.95, 0.99, 1.0):
        exact = values[max(0, int(q * len(values)) - 1)]
        assert histogram.quantile(q) == pytest.approx(exact, rel=0.03)
    assert len(histogram._buckets) < 1000
    assert Histogram().quantile(0.5) is None


def test_shares_of_nothing_are_nothing() -> None:
    """No division by zero before the first answer."""
    assert Tally().share(0) == 0.0
