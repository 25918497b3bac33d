"""The recorder through a whole watch: pause, stop, the window's end, restarts, the judge."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from stagewatch.following import SessionFile
from stagewatch.lock import DrillLock
from stagewatch.model import Gap, Reading, Result
from stagewatch.recorder.desk import Judge
from stagewatch.recorder.notify import Notifier
from stagewatch.recorder.past import Past, absence
from stagewatch.recorder.run import Recorder
from stagewatch.session import edits
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionStore

if TYPE_CHECKING:
    from tests.recorder.conftest import FakeProbe, Virtual

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

START = 1_700_000_000.0
Disturb = Callable[[Recorder], Coroutine[Any, Any, None]]


class Court:
    """A judge that remembers what it was asked."""

    def __init__(self, *, falls: bool = False) -> None:
        self.readings = self.looks = self.finished = self.gaps = 0
        self.closed = False
        self._falls = falls

    def reading(self, reading: Reading) -> None:
        if self._falls:
            raise ArithmeticError("defect")
        self.readings += 1

    def gap(self, gap: Gap) -> None:
        self.gaps += 1

    def look(self, now: float, session: Session) -> None:
        self.looks += 1

    async def finish(self, now: float, session: Session) -> None:
        self.finished += 1

    def close(self) -> None:
        self.closed = True


def record(
    virtual: Virtual,
    folder: Path,
    *probes: FakeProbe,
    during: Disturb | None = None,
    past: Past | None = None,
    judge: Judge | None = None,
    notifier: Notifier | None = None,
    told: list[str] | None = None,
) -> str:
    """Run a recorder to its end; returns why it ended."""

    async def live() -> str:
        recorder = Recorder(
            folder,
            SessionFile(folder),
            probes,
            virtual.book,
            virtual.clock,
            past=past,
            judge=judge,
            notifier=notifier,
            tell=(told if told is not None else []).append,
        )
        task = asyncio.create_task(during(recorder)) if during else None
        why = await recorder.run()
        if task:
            await task
        return why

    return virtual.run(live())


def edit(folder: Path, change: Callable[[Session], Session]) -> None:
    SessionStore(folder).edit(change)


def test_a_watch_of_a_day_ends_with_its_window(virtual: Virtual, folder: Path) -> None:
    court = Court()
    probe = virtual.probe("p", 30)
    assert record(virtual, folder, probe, judge=court) == "the window is over"
    assert virtual.clock.now() == pytest.approx(START + 86_400, abs=2)
    assert len(probe.starts) in (2880, 2881)
    assert virtual.book.kinds() == ["recorder-started", "window-ended", "recorder-stopped"]
    assert court.readings == len(probe.starts)
    assert court.looks in range(86_398, 86_403)
    assert court.finished == 1
    assert court.closed
    assert probe.closed == 1


def test_readings_count_again_when_a_drill_was_killed(virtual: Virtual, folder: Path) -> None:
    """Within seconds, and not only when the stretch that it announced is over."""

    async def killed(recorder: Recorder) -> None:
        await asyncio.sleep(100)
        lock = DrillLock(folder)
        assert lock.acquire(START + 100, by="ann")
        span = (START + 102, START + 1000)
        edit(
            folder,
            lambda s: edits.invalidate(
                s, "p", *span, "validation x by ann", by="ann", at=START + 100, drill="x"
            ),
        )
        await asyncio.sleep(50)
        lock.release()  # as the system does for a process that is gone

    record(virtual, folder, virtual.probe("p", 30), during=killed)
    (void,) = SessionStore(folder).load().invalidation
    assert void.end == pytest.approx(START + 151, abs=1.5)
    assert virtual.book.kinds().count("drill-gone") == 1


@pytest.mark.parametrize("by", [90_000.0, -3600.0])
def test_a_clock_that_is_set_does_not_end_the_watch_early(
    virtual: Virtual, folder: Path, by: float
) -> None:
    async def set_clock(recorder: Recorder) -> None:
        await asyncio.sleep(3600)
        virtual.clock.set_by(by)

    probe = virtual.probe("p", 60)
    assert record(virtual, folder, probe, during=set_clock) == "the window is over"
    assert virtual.clock.monotonic() - 1000 >= 86_400


def test_stop_ends_it_and_says_why(virtual: Virtual, folder: Path) -> None:
    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(100)
        recorder.stop("SIGTERM")
        recorder.stop("SIGINT")

    assert record(virtual, folder, virtual.probe(), during=stop) == "SIGTERM"
    assert virtual.book.events[-1].text == "recorder stopped: SIGTERM"


def test_a_run_that_does_not_end_does_not_hold_up_the_end(virtual: Virtual, folder: Path) -> None:
    async def hang() -> Reading:
        await asyncio.sleep(1e9)
        raise AssertionError

    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(9)
        recorder.stop("SIGTERM")

    record(virtual, folder, virtual.probe("p", 5, deadline=1e6, act=hang), during=stop)
    assert virtual.clock.now() < START + 9 + 8


def test_an_operator_who_stops_the_session_ends_the_recording(
    virtual: Virtual, folder: Path
) -> None:
    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(60)
        edit(folder, lambda s: edits.stop(s, by="ann", at=virtual.clock.now()))

    assert record(virtual, folder, virtual.probe(), during=stop) == "ann ended the watch"


def test_a_pause_is_one_gap_with_name_and_reason_and_no_readings(
    virtual: Virtual, folder: Path
) -> None:
    async def pause(recorder: Recorder) -> None:
        await asyncio.sleep(60)
        edit(folder, lambda s: edits.pause(s, "deploying", by="ann", at=virtual.clock.now()))
        await asyncio.sleep(600)
        edit(folder, lambda s: edits.resume(s, by="ben", at=virtual.clock.now()))
        await asyncio.sleep(60)
        recorder.stop("done")

    probe = virtual.probe("p", 5)
    record(virtual, folder, probe, during=pause)
    ((name, start, cause),) = virtual.book.opened
    ((closed, end),) = virtual.book.closed
    assert (name, closed, cause) == ("", "", "paused by ann: deploying")
    assert end - start == pytest.approx(600, abs=1)
    assert [r for r in virtual.book.readings if start < r.at < end] == []
    assert [r for r in virtual.book.readings if r.at > end]


def test_a_pause_that_is_on_when_the_recorder_starts_is_obeyed(
    virtual: Virtual, folder: Path
) -> None:
    edit(folder, lambda s: edits.pause(s, "lunch", by="ann", at=START))

    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(100)
        recorder.stop("done")

    past = Past(open_gaps=(Gap("", START - 5, None, "paused by ann: lunch"),))
    record(virtual, folder, virtual.probe(), during=stop, past=past)
    assert virtual.book.readings == []
    assert virtual.book.opened == [], "the gap that is open already goes on"


def test_a_gap_that_an_earlier_recorder_left_open_is_closed(virtual: Virtual, folder: Path) -> None:
    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(3)
        recorder.stop("done")

    past = Past(open_gaps=(Gap("", START - 5, None, "paused by ann: lunch"),))
    record(virtual, folder, virtual.probe(), during=stop, past=past)
    ((probe, end),) = virtual.book.closed
    assert probe == ""
    assert end == pytest.approx(START)


def test_a_damaged_session_is_told_and_the_last_whole_one_stays_in_force(
    virtual: Virtual, folder: Path
) -> None:
    async def damage(recorder: Recorder) -> None:
        await asyncio.sleep(30)
        (folder / "session.toml").write_text("version = ")
        await asyncio.sleep(60)
        recorder.stop("done")

    probe = virtual.probe("p", 5)
    assert record(virtual, folder, probe, during=damage) == "done"
    assert "session-damaged" in virtual.book.kinds()
    assert "session.toml" in virtual.book.facts["session.problem"]
    assert len(probe.starts) >= 18


def test_a_profile_that_is_edited_is_told_and_entered_into_the_session(
    virtual: Virtual, folder: Path
) -> None:
    (folder / "profile.toml").write_text("version = 1")

    async def change(recorder: Recorder) -> None:
        await asyncio.sleep(10)
        recorder.stop("done")

    record(virtual, folder, virtual.probe(), during=change)
    (found,) = SessionStore(folder).load().profile_edit
    assert "was edited" in found.summary
    assert virtual.book.kinds().count("profile-changed") == 1


def test_the_time_without_a_recorder_is_a_gap_and_an_event(virtual: Virtual, folder: Path) -> None:
    past = Past(latest={"p": Reading("p", START - 120, 0.0, Result.VALUE)})

    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(3)
        recorder.stop("done")

    record(virtual, folder, virtual.probe("p", 30), during=stop, past=past)
    assert virtual.book.gaps == [Gap("p", START - 120, START, "the recorder was not running")]
    assert virtual.book.kinds()[:2] == ["gap", "recorder-started"]
    assert "not running for 2m" in virtual.book.events[1].text


def test_an_absence_that_cost_a_reading_is_a_gap_and_no_other(virtual: Virtual) -> None:
    def missed(age: float) -> list[Gap]:
        past = Past(latest={"p": Reading("p", START - age, 0.0, Result.VALUE)})
        return absence(past, [virtual.probe("p", 30)], START, START)

    assert missed(32) == []
    (gap,) = missed(34)
    assert (gap.start, gap.end) == (START - 34, START)


def test_a_clock_set_back_while_nobody_recorded_is_a_gap_too(virtual: Virtual) -> None:
    past = Past(latest={"p": Reading("p", START + 600, 0.0, Result.VALUE)})
    (gap,) = absence(past, [virtual.probe("p", 30)], START, START)
    assert (gap.start, gap.end) == (START, START + 600)
    assert "set back" in gap.cause


def test_a_judge_that_falls_costs_no_reading(virtual: Virtual, folder: Path) -> None:
    async def stop(recorder: Recorder) -> None:
        await asyncio.sleep(100)
        recorder.stop("done")

    probe = virtual.probe("p", 5)
    record(virtual, folder, probe, during=stop, judge=Court(falls=True))
    assert len(virtual.book.readings) == len(probe.starts) >= 20
    assert virtual.book.kinds().count("judge-failed") == 1


def test_what_keeps_the_history_from_recording_is_told(virtual: Virtual, folder: Path) -> None:
    async def fill(recorder: Recorder) -> None:
        await asyncio.sleep(10)
        virtual.book.problem = "disk full"
        await asyncio.sleep(10)
        virtual.book.problem = ""
        await asyncio.sleep(10)
        recorder.stop("done")

    told: list[str] = []
    record(virtual, folder, virtual.probe(), during=fill, told=told)
    assert told == ["disk full", ""]


def test_a_session_that_is_over_is_not_recorded(virtual: Virtual, folder: Path) -> None:
    edit(folder, lambda s: replace(s, ends_at=Instant(START - 1)))
    probe = virtual.probe()
    record(virtual, folder, probe)
    assert virtual.book.readings == []


def test_systemd_hears_of_the_first_sample_and_then_that_everything_advances(
    virtual: Virtual, folder: Path, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000000"}
        heard: list[bytes] = []

        def listen() -> None:
            while True:
                try:
                    heard.append(systemd.recv(100))
                except BlockingIOError:
                    return

        async def stop(recorder: Recorder) -> None:
            for _ in range(60):
                await asyncio.sleep(1)
                listen()
            recorder.stop("done")

        record(virtual, folder, virtual.probe(), during=stop, notifier=Notifier(environ))
        listen()
    assert heard.count(b"READY=1") == 1
    assert heard.count(b"WATCHDOG=1") in (6, 7)
    assert heard[-1] == b"STOPPING=1"


def test_the_watchdog_is_not_fed_while_a_sampler_does_not_advance(
    virtual: Virtual, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed: list[float] = []
    notifier = Notifier({"WATCHDOG_USEC": "2000000"})
    monkeypatch.setattr(notifier, "watchdog", lambda: fed.append(virtual.clock.monotonic()))

    async def hang(recorder: Recorder) -> None:
        await asyncio.sleep(30)
        stuck = recorder._schedule._samplers[0]
        monkeypatch.setattr(stuck, "_slots", _Never())
        await asyncio.sleep(100)
        recorder.stop("done")

    record(virtual, folder, virtual.probe(), virtual.probe("q"), during=hang, notifier=notifier)
    assert 1025 < max(fed) < 1060


class _Never:
    """Slots that do not come."""

    def after(self, moment: float) -> float:
        return moment + 1e9
