"""A drill near the end of the watch's window: refused, doubted, or said to be judged by nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from stagewatch.clock import SystemClock
from stagewatch.commands.drilling import document, not_judged
from stagewatch.drills import conduct
from stagewatch.drills.exercise import Load
from stagewatch.drills.station import DrillError, Station
from stagewatch.drills.turn import Turn
from stagewatch.drills.window import Span, doubt, require_in_time, span_of, unjudged
from stagewatch.happenings import session_events
from stagewatch.profile.drills import (
    AnyValidation,
    Caching,
    Exercise,
    Polling,
    RateLimited,
    WebSocketCheck,
)
from stagewatch.profile.values import Duration
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionStore
from stagewatch.tui import drilling
from tests.drills.conftest import Hasty, profile_with, serving
from tests.drills.test_exercise import exercise as exercise_of
from tests.drills.test_ratelimit import drill, limiter

URL = "http://127.0.0.1:1/quota"


def station(folder: Path | None, one: AnyValidation | Exercise, ends_at: float) -> Station:
    """A watch whose window ends then."""
    return Station(profile_with(1, one), Path("/"), Path("x"), "", folder, "", ends_at)


def ends(folder: Path, at: float) -> Session:
    """Let the session's window end then."""
    return SessionStore(folder).edit(lambda s: changed(s, ends_at=Instant(round(at, 3))))


@pytest.mark.parametrize(
    ("one", "least", "most"),
    [
        (Polling(observed="quota.latency"), 0, 0),
        (RateLimited(url=URL), 62, 30 + 62 + 10),
        (Caching(url=URL), 0, 50),
        (WebSocketCheck(url=URL, heartbeat=Duration(5), let_go=Duration(60)), 0, 30 + 5 + 60),
        (WebSocketCheck(url=URL, heartbeat=Duration(5), silent=0), 0, 20 + 5),
    ],
)
def test_how_long_a_validation_takes(one: AnyValidation, least: float, most: float) -> None:
    """At the least, when it passes, and at the most."""
    assert span_of(station(None, one, 0.0), ["it"]) == Span(least, most)


def test_several_take_as_long_as_all_of_them() -> None:
    """They run one after the other; an exercise waits for its last answers."""
    load = Load(Exercise(timeout=Duration(10)), 5, 600.0)
    assert span_of(station(None, RateLimited(url=URL), 0.0), ["it", load]) == Span(662, 712)


async def test_what_cannot_end_within_the_window_is_refused_and_nothing_is_sent(
    folder: Path, hasty: Hasty
) -> None:
    """With what to do instead."""
    asked: list[int] = []
    async with serving(lambda n: asked.append(n) or limiter(5)(n)) as port:  # type: ignore[func-returns-value]
        one = drill(port)
        place = replace(station(folder, one, hasty.now() + 62.5), profile=profile_with(port, one))
        with Turn(place, by="ann", clock=hasty) as turn:
            said = r"watch-1: its window is over in 1m2s, and this takes 1m4s at least: no rule"
            with pytest.raises(DrillError, match=said):
                await conduct.validate(turn, "it")
            load = Load(exercise_of(port, lasts=600.0), 1, 600.0)
            with pytest.raises(DrillError, match=r"takes 10m at least: .* begin another watch"):
                await conduct.exercise(turn, load)
    assert not asked
    assert not SessionStore(folder).load().invalidation


def test_what_may_end_too_late_is_doubted_and_what_cannot_is_not(folder: Path) -> None:
    """Before anybody agrees."""
    place = station(folder, RateLimited(url=URL), 1000.0)
    require_in_time(place, ["it"], 1000.0 - 70)
    assert doubt(place, ["it"], 1000.0 - 70) == (
        "the window is over in 1m10s, and this may take 1m44s: what ends after it is recorded,"
        " and judged by no rule"
    )
    assert not doubt(place, ["it"], 1000.0 - 106)
    nowhere = replace(place, folder=None)
    require_in_time(nowhere, ["it"], 1000.0)
    assert not doubt(nowhere, ["it"], 1000.0)


@pytest.mark.parametrize("late", [True, False])
async def test_a_result_after_the_window_says_that_no_rule_judges_it(
    folder: Path, hasty: Hasty, *, late: bool
) -> None:
    """On the command line, to programs, and as an event; one within the window does not."""
    ends(folder, hasty.now() + (50 if late else 500))
    async with serving(limiter(5)) as port:
        one = drill(port)
        place = replace(station(folder, one, hasty.now() + 70), profile=profile_with(port, one))
        with Turn(place, by="ann", clock=hasty) as turn:
            ran = await conduct.validate(turn, "it")
    assert ran.session == folder.name
    assert ("NOT judged: it ended 1" in not_judged(ran)) is late
    assert ("after the watch's window" in str(document("x", ran)["unjudged"])) is late
    told = [e.text for e in session_events(SessionStore(folder).load()) if e.kind == "drill"]
    assert ["not judged" in text for text in told] == [late]


def test_a_watch_that_was_stopped_meanwhile_judges_no_more(folder: Path) -> None:
    """Nor may one whose recorder ends at this very moment."""
    session = ends(folder, 1000.0)
    assert unjudged(session, 998.9) == ""
    assert "may be too late" in unjudged(session, 999.5)
    assert unjudged(session, 1012.0) == "it ended 12s after the watch's window"
    stopped = changed(session, state="stopped", stopped_at=Instant(900.0), stopped_by="bob")
    assert unjudged(stopped, 950.0) == "bob stopped the watch before it was over"


def test_the_screen_says_it_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is run, and with the result, which then is not good."""
    from stagewatch.lock import RecorderLock
    from stagewatch.paths import PROFILE
    from stagewatch.profile.find import find_profile

    (folder / PROFILE).write_bytes(find_profile("demo", environ={}).read_bytes())
    ends(folder, SystemClock().now() + 40)
    recorder = RecorderLock(folder)
    assert recorder.acquire(1.0)
    plans = {choice.name: choice.plan[-1] for choice in drilling.choices(folder, SystemClock())}
    recorder.release()
    assert "judged by no rule" in plans["rate-limit"]
    assert "judged by no rule" in plans["exercise"]
    assert "judged by no rule" not in plans["polling"]
