"""The recorder of one session: from the first sample to the end of the window."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from stagewatch.clock import Clock
from stagewatch.derived import Derivations
from stagewatch.errors import PersonError
from stagewatch.following import SessionFile, pause_text
from stagewatch.model import Event
from stagewatch.probes import OpenContext, Probe, is_opened, probe_kind
from stagewatch.profile.schema import Profile
from stagewatch.profile.shown import shown_logs
from stagewatch.profile.values import format_duration
from stagewatch.recorder.abandoned import end_abandoned
from stagewatch.recorder.desk import Book, Desk, Judge
from stagewatch.recorder.edited import ProfileChange, ProfileFiles
from stagewatch.recorder.notify import Notifier
from stagewatch.recorder.past import NOT_RUNNING, Past, absence
from stagewatch.recorder.results import Results
from stagewatch.recorder.schedule import Schedule, Slots, polls
from stagewatch.recorder.timekeeping import Moment, moment_of
from stagewatch.session.derive import current_pause, known_profiles
from stagewatch.session.document import Session
from stagewatch.session.edits import record_profile_edit

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the session, the window, the judge and the watchdog."""
PROFILE_EVERY = 2.0


def open_probes(
    profile: Profile,
    session: Session,
    past: Past,
    clock: Clock,
    refusal: Callable[[], str] = lambda: "nobody was asked whether commands may run",
) -> list[Probe]:
    """Every probe of the profile, ready to run, with the checkpoint that it left.

    ``refusal`` says why commands of the profile may not run.
    """
    base = Path(session.base or Path(session.profile_path).parent)
    shown = shown_logs(profile)
    return [
        probe_kind(config.kind).open(
            name,
            config,
            OpenContext(
                clock=clock,
                base=base,
                watch_start=float(session.started_at),
                checkpoint=past.checkpoints.get(name),
                refusal=refusal,
                patterns=past.patterns.get(name, ()),
                shown=name in shown,
            ),
        )
        for name, config in profile.probe.items()
        if is_opened(config)
    ]


class Recorder:
    """Samples until the window is over, the session is stopped, or ``stop`` is called."""

    def __init__(
        self,
        folder: Path,
        session: SessionFile,
        probes: Sequence[Probe],
        book: Book,
        clock: Clock,
        *,
        past: Past | None = None,
        judge: Judge | None = None,
        derivations: Derivations | None = None,
        results: Results | None = None,
        notifier: Notifier | None = None,
        tell: Callable[[str], None] = lambda problem: None,
    ) -> None:
        """``tell`` is given what keeps the recorder from recording whenever that changes."""
        self._clock = clock
        self._folder = folder
        self._session = session
        self._book = book
        self._past = past or Past()
        self._probes = probes
        self._results = results or Results((), {})
        self._notifier = notifier or Notifier({})
        self._tell = tell
        self._told = ""
        self._seen_profiles: set[str] = set()
        self._files = ProfileFiles(folder, session.session.profile_path)
        self._desk = Desk(book, judge, self._past.latest, self._past.failures, derivations)
        self._schedule = Schedule(probes, clock, self._desk)
        self._paused = ""
        self._reason: str | None = None
        self._started = moment_of(clock)
        self._ready = False
        self._stopped = asyncio.Event()
        self._next_profile = self._next_watchdog = -math.inf

    def stop(self, reason: str) -> None:
        """End the recording; the first reason counts. Call it on the event loop."""
        self._reason = self._reason or reason
        self._stopped.set()

    async def run(self) -> str:
        """Record; returns why it ended. Every probe is closed when this returns or raises."""
        self._begin()
        await self._look()
        looks = polls(LOOK_EVERY, self._schedule.start)
        sampling = asyncio.create_task(self._schedule.serve())
        try:
            while self._reason is None:
                await self._rest(looks)
                await self._look()
                if sampling.done():
                    await sampling  # raises: it ends for a defect only
        finally:
            self._notifier.stopping()
            sampling.cancel()
            self._desk.close()
            await self._schedule.aclose()
        self._end(self._reason)
        return self._reason

    def _begin(self) -> None:
        now = self._clock.now()
        session = self._session.session
        until = min(now, session.ends_at)
        missed = absence(self._past, self._probes, session.started_at, until)
        for gap in missed:
            self._desk.gap(gap)
        self._settle_open_gaps(now)
        text = f"recorder {os.getpid()} started"
        if missed:
            longest = max((gap.end or now) - gap.start for gap in missed)
            text += f"; {NOT_RUNNING} for {format_duration(longest)}"
            self._book.event(Event(now, "gap", missed[0].cause))
        self._book.event(Event(now, "recorder-started", text))
        log.info("%s: %s", session.id, text)
        if self._session.problem:
            self._session_was_read(now)
        self._take_results()
        self._obey(session)

    def _settle_open_gaps(self, now: float) -> None:
        """Close what an earlier recorder left open; a pause that is still on stays open."""
        cause = pause_text(current_pause(self._session.session))
        for gap in self._past.open_gaps:
            if gap.probe == "" and gap.cause == cause:
                self._paused = gap.cause
            else:
                self._book.close_gap(gap.probe, now)

    def _end(self, reason: str) -> None:
        now = self._clock.now()
        if self._paused:
            self._book.close_gap("", now)
        self._book.event(Event(now, "recorder-stopped", f"recorder stopped: {reason}"))
        log.info("stopped: %s", reason)

    async def _rest(self, looks: Slots) -> None:
        """Until the next look is due, or somebody stops the recorder."""
        now = self._clock.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(looks.after(now) - now):
                await self._stopped.wait()

    async def _look(self) -> None:
        """Everything that is not sampling."""
        now = self._schedule.tick()
        if self._session.changed():
            await asyncio.to_thread(self._session.reload)
            self._session_was_read(now.wall)
            self._take_results()
        await end_abandoned(
            self._folder, self._session, self._book, now.wall, self._results.lingering
        )
        self._obey(self._session.session)
        if now.monotonic >= self._next_profile:
            self._next_profile = now.monotonic + PROFILE_EVERY
            await self._check_profile(now.wall)
        if self._is_over(now):
            await self._window_ended(now.wall)
        else:
            self._desk.look(now.wall, self._session.session)
        self._tell_problem(self._book.problem)
        self._tell_systemd(now.monotonic)

    def _take_results(self) -> None:
        """Store what drills came to that the session tells of."""
        for reading in self._results.new(self._session.session):
            self._desk.add(reading)

    def _session_was_read(self, now: float) -> None:
        problem = self._session.problem
        self._book.put("session.problem", problem)
        if problem:
            log.error("%s", problem)
            self._book.event(Event(now, "session-damaged", problem))

    def _obey(self, session: Session) -> None:
        """Follow what people ordered: stop, pause, resume."""
        if session.state == "stopped":
            self.stop(f"{session.stopped_by or 'an operator'} ended the watch")
        cause = pause_text(current_pause(session))
        if cause == self._paused:
            self._schedule.pause(bool(cause))
            return
        now = self._clock.now()
        if self._paused:
            self._book.close_gap("", now)
        if cause:
            self._book.open_gap("", now, cause)
        self._paused = cause
        self._schedule.pause(bool(cause))
        log.info("%s", cause or "resumed")

    async def _check_profile(self, now: float) -> None:
        for change in self._files.changes(known_profiles(self._session.session)):
            if change.sha256 not in self._seen_profiles:
                self._seen_profiles.add(change.sha256)
                self._book.event(Event(now, "profile-changed", change.summary))
                log.warning("%s", change.summary)
            try:
                await asyncio.to_thread(self._session.edit, partial(_with_edit, change, now))
            except PersonError as error:
                self._files.look_again()
                log.error("the change of the profile is not in the session: %s", error)

    def _is_over(self, now: Moment) -> bool:
        """Whether both the wall clock and the boot clock say that the window is over.

        A wall clock that is set forward, for a moment or for good, must not end a watch.
        """
        ends_at = self._session.session.ends_at
        return now.wall >= ends_at and now.boot >= self._started.boot + ends_at - self._started.wall

    async def _window_ended(self, now: float) -> None:
        self._book.event(Event(now, "window-ended", "the watch's window is over"))
        await self._desk.finish(now, self._session.session)
        self.stop("the window is over")

    def _tell_problem(self, problem: str) -> None:
        if problem == self._told:
            return
        if not (problem and self._told):
            log.warning("%s", problem or "recording again")
        self._told = problem
        self._tell(problem)

    def _tell_systemd(self, now: float) -> None:
        every = self._notifier.watchdog_every
        if not self._ready and (self._desk.sampled or self._paused):
            self._ready = True
            self._notifier.ready()
        if every is not None and now >= self._next_watchdog and self._schedule.advancing():
            self._next_watchdog = now + every
            self._notifier.watchdog()


def _with_edit(change: ProfileChange, now: float, session: Session) -> Session:
    return record_profile_edit(session, change.sha256, change.summary, at=now)
