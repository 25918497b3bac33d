"""Running a validation within a watch: announced, run, recorded.

The stretch in which requests disturb the measured signals is announced before the first of them
is sent, and cut to what it was when they are over. So the rules never judge a disturbed reading,
and nothing that they have said can be taken back by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from stagewatch.clock import Clock
from stagewatch.drills import validations
from stagewatch.drills.exercise import Exercising, Load, summary, told
from stagewatch.drills.ground import Ground, fault
from stagewatch.drills.outcome import Outcome, interrupted
from stagewatch.drills.station import Station, pseudo_probe
from stagewatch.drills.turn import Turn
from stagewatch.drills.window import LEAD, LeftOut, left_out, require_in_time, unjudged
from stagewatch.errors import PersonError
from stagewatch.model import Signal
from stagewatch.probes import signals_of
from stagewatch.probes._failure import FailureError
from stagewatch.profile.drills import EXERCISE, INTERRUPTED, fingerprint, lingering
from stagewatch.session import edits
from stagewatch.session.document import Evidence, Instant, Session
from stagewatch.session.instant import instant
from stagewatch.session.store import SessionStore


@dataclass(frozen=True, slots=True)
class Ran:
    """One drill that was run."""

    name: str
    """Of its pseudo-probe."""
    outcome: Outcome
    began: float
    ended: float
    session: str = ""
    """The session that has the result; empty: nothing was recorded."""
    problem: str = ""
    """Why it was not recorded, though it should have been."""
    unjudged: str = ""
    """Why no rule judges what was recorded."""


async def validate(
    turn: Turn,
    name: str,
    *,
    tell: Callable[[str], None] = lambda line: None,
    refusal: Callable[[], str] = lambda: "nobody was asked whether commands may run",
) -> Ran:
    """Run one validation, once, and keep what it came to. Raises PersonError before anything is
    sent; a cancellation is recorded, and goes on."""
    station, by, clock = turn.station, turn.by, turn.clock
    drill = station.validation(name)
    require_in_time(station, [name], clock.now())
    turn.tell(f"validation {name}")
    ground = Ground(
        station.profile,
        station.base,
        clock,
        tell,
        observed=station.observed,
        watched=station.folder is not None,
        refusal=refusal,
    )
    probe = pseudo_probe(name)
    lingers = validations.lasts(drill)[0] if probe in lingering(station.profile.probe) else 0.0
    keeper = Keeper(station, probe, by, clock, lingers)
    stretch = left_out(station, name)
    ground.on_over = keeper.cut
    if stretch is not None:
        keeper.announce(stretch, f"validation {name}")
    try:
        await clock.sleep(LEAD if stretch is not None else 0.0)
        keeper.begin()
        outcome = await validations.run(drill, ground)
    except asyncio.CancelledError:
        keeper.keep(interrupted("somebody ended it before it was over"), ground.disturbed_until)
        raise
    finally:
        keeper.cut(clock.now())  # whatever became of it, nothing is sent any more
    return keeper.keep(outcome, ground.disturbed_until)


async def exercise(
    turn: Turn, load: Load, *, progress: Callable[[str], None] = lambda line: None
) -> Ran:
    """Run the exercise and keep what it came to. Raises PersonError before anything is sent; a
    cancellation is recorded with all that was done, and goes on."""
    station, clock = turn.station, turn.clock
    station.permit(load.exercise)
    require_in_time(station, [load], clock.now())
    turn.tell(EXERCISE)
    ground = Ground(station.profile, station.base, clock)
    keeper = Keeper(station, pseudo_probe(""), turn.by, clock)
    run = Exercising(load, ground)
    try:
        await run.run(lambda now: progress(told(now)))
    except FailureError as failure:
        return keeper.keep(fault(failure, "the exercise", ground.secrets))
    except asyncio.CancelledError:
        keeper.keep(summary(run, "it was interrupted"))
        progress(told(run))
        raise
    return keeper.keep(summary(run))


class Keeper:
    """Keeps one run of a drill in the session of the running watch, if one runs."""

    def __init__(
        self, station: Station, probe: str, by: str, clock: Clock, lingers: float = 0.0
    ) -> None:
        """``lingers``: seconds that it has to run, or it disturbs for as long when nothing is sent
        any more."""
        self._store = SessionStore(station.folder) if station.folder is not None else None
        self._folder: Path | None = station.folder
        self._signals = list(signals_of({probe: station.profile.probe[probe]}).values())
        self._of = fingerprint(station.profile.probe[probe].drill)
        self._probe, self._by, self._clock = probe, by, clock
        self._lingers = lingers
        self._announced = 0.0
        self._began = clock.now()

    def announce(self, stretch: LeftOut, what: str) -> None:
        """Leave the stretch out of the rules; raises SessionError, and nothing may be sent."""
        if self._store is None:
            return
        at = self._announced = self._clock.now()
        reason = f"{what} by {self._by}"
        start, end = at + LEAD, at + LEAD + stretch.seconds

        def change(session: Session) -> Session:
            for probe in stretch.probes:
                session = edits.invalidate(
                    session, probe, start, end, reason, by=self._by, at=at, drill=self._probe
                )
            return session

        self._store.edit(change)

    def begin(self) -> None:
        """From now on it counts as running."""
        self._began = self._clock.now()

    def cut(self, end: float) -> None:
        """The stretch that was announced is over: readings count again from now on."""
        if self._store is None or not self._announced:
            return
        over = self._over(end)
        # What cannot be saved now is tried again with the result.
        with contextlib.suppress(PersonError):
            self._store.edit(
                lambda session: edits.shorten(session, self._probe, at=self._announced, end=over)
            )

    def _over(self, end: float) -> float:
        """From when on nothing of it disturbs, where the last was sent before ``end``."""
        return end if end - self._began >= self._lingers else end + self._lingers

    def keep(self, outcome: Outcome, disturbed_until: float = math.inf) -> Ran:
        """Record what it came to; never raises for a session that cannot be saved."""
        ended = self._clock.now()
        ran = Ran(self._probe, outcome, self._began, ended)
        if self._store is None or self._folder is None:
            return ran
        evidence = [_evidence(signal, outcome, ended) for signal in self._signals]
        over = self._over(min(disturbed_until, ended))

        def change(session: Session) -> Session:
            session = edits.shorten(session, self._probe, at=self._announced, end=over)
            return edits.record_drill(
                session,
                self._probe,
                outcome.word,
                outcome.told,
                by=self._by,
                at=self._began,
                end=ended,
                evidence=evidence,
                of=self._of,
            )

        try:
            saved = self._store.edit(change)
        except PersonError as error:
            return replace(ran, problem=str(error))
        return replace(ran, session=self._folder.name, unjudged=unjudged(saved, ended))


def _evidence(signal: Signal, outcome: Outcome, at: float) -> Evidence:
    field = signal.name.rpartition(".")[2]
    moment: Instant = instant(at)
    if field == "passed" and outcome.word != INTERRUPTED:
        passed = float(outcome.passed)
        return Evidence(signal=signal.name, value=passed, unit=signal.unit, at=moment)
    value = outcome.values.get(field)
    reason = "" if value is not None else outcome.missing or "not reached"
    return Evidence(signal=signal.name, value=value, unit=signal.unit, at=moment, reason=reason)
