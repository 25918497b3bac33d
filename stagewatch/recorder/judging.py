"""The judge at the recorder's desk: the engine, what it stores, and when it begins anew.

When the recorder starts, and when somebody declares readings void or accepts a loss, the whole
record is judged again, in a thread, while sampling goes on; readings that come meanwhile wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from stagewatch.clock import Clock
from stagewatch.history.reader import History
from stagewatch.history.records import URGENT
from stagewatch.judge.engine import Engine, Turn
from stagewatch.judge.rulings import Rulings
from stagewatch.judge.standing import KEY, Kept, Standing, decoded, stand_of, standing_of
from stagewatch.judged import Judgement, judged
from stagewatch.judging import (
    EARLY,
    engine_of,
    inherit,
    known_at,
    last_known,
    replay,
    rulings_of,
    sha256_of,
)
from stagewatch.model import Event, Gap, Reading, State, Verdict
from stagewatch.paths import HISTORY
from stagewatch.probes import signals_of
from stagewatch.profile.schema import Profile
from stagewatch.recorder.timekeeping import SteadyTime
from stagewatch.session.document import Session

log = logging.getLogger(__name__)

STORE_EVERY = 15.0
"""Seconds between two standings that differ in their figures only."""
FLUSH_WITHIN = 5.0


class Docket(Protocol):
    """What the judge writes to, and has to be sure of before it reads."""

    @property
    def problem(self) -> str: ...

    def put(self, key: str, value: str, /) -> None: ...

    def event(self, event: Event, /) -> None: ...

    def state(
        self,
        criterion: str,
        at: float,
        state: State,
        value: float | None = None,
        reason: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None: ...

    def verdict(self, at: float, verdict: Verdict, reason: str = "") -> None: ...

    def flush(self, timeout: float = ..., /) -> bool: ...


_Rebuilt = tuple[Engine, Kept, Standing | None]
"""The engine after all that is recorded, what it must not forget, and the standing before."""


class Judge:
    """Judges one session for its recorder."""

    def __init__(
        self, folder: Path, profile: Profile, session: Session, docket: Docket, clock: Clock
    ) -> None:
        self._folder = folder
        self._profile = profile
        self._session = session
        self._docket = docket
        self._steady = SteadyTime(clock)
        self._sha256 = sha256_of(folder)
        self._units = {name: s.unit for name, s in signals_of(profile.probe).items()}
        self._engine: Engine | None = None
        self._rebuilding: asyncio.Future[_Rebuilt | None] | None = None
        self._waiting: list[Reading] = []
        """Readings since the rebuilding began."""
        self._gaps: list[Gap] = []
        """And the gaps."""
        self._rulings: Rulings | None = None
        """What the engine, or the one that is being built, goes by."""
        self._kept = Kept()
        self._stored = -math.inf
        self._verdict: Verdict | None = None
        self._closed = threading.Event()

    @property
    def settled(self) -> bool:
        """Whether everything recorded is judged by the orders in force."""
        return self._engine is not None and self._rulings == rulings_of(self._session)

    def reading(self, reading: Reading) -> None:
        """A reading was stored."""
        if known_at(reading) > self._steady.now() + EARLY:
            return  # read while the clock was ahead: nobody knows when that was
        if self._engine is None:
            self._waiting.append(reading)
            return
        self._engine.take(reading)
        self._tell(reading.at)

    def gap(self, gap: Gap) -> None:
        """A gap was recorded."""
        if self._engine is not None:
            self._engine.take_gap(gap)
        else:
            self._gaps.append(gap)

    def look(self, now: float, session: Session) -> None:
        """Time has passed, or the session was edited; call it every second."""
        edited, self._session = session is not self._session, session
        now = min(now, self._steady.now())
        if self._rulings != rulings_of(session):
            self._begin(session, now)
        self._take_over()
        if self._engine is None:
            return
        self._engine.pass_time(now)
        if not self._tell(now) and (edited or now - self._stored >= STORE_EVERY):
            self._store(now)

    def close(self) -> None:
        """Wait for nothing any more; idempotent."""
        self._closed.set()

    async def finish(self, now: float, session: Session) -> None:
        """The window is over: judge all of it, however long the record still has to be read."""
        self.look(now, session)
        while self._rebuilding is not None:
            await asyncio.wait({self._rebuilding})
            self.look(now, session)
        if self._engine is not None:
            self._tell(now)
            self._store(now)

    def _begin(self, session: Session, now: float) -> None:
        """Judge the whole record again by the orders of this session."""
        if self._rebuilding is not None or self._docket.problem:
            return
        self._rulings = rulings_of(session)
        if self._engine is not None:
            log.info("judging the whole record again")
        self._waiting, self._gaps = [], []
        self._engine = None
        loop = asyncio.get_running_loop()
        self._rebuilding = loop.run_in_executor(None, self._rebuilt, session, now)

    def _rebuilt(self, session: Session, now: float) -> _Rebuilt | None:
        """Judge the whole record; in a thread. None: what waits in memory would be missing."""
        if not self._docket.flush(FLUSH_WITHIN):
            return None
        engine = engine_of(self._profile, session, units=self._units, fault=_log_fault)
        with History.open(self._folder / HISTORY) as history:
            text = history.get(KEY)
            upto = last_known(history, session.started_at, now)
            replay(engine, history, self._profile, upto, self._closed.is_set)
        before = decoded(text) if text else None
        return engine, inherit(engine, before, self._sha256), before

    def _take_over(self) -> None:
        """Go on with the engine that was built, if it is ready."""
        done = self._rebuilding
        if done is None or not done.done():
            return
        self._rebuilding = None
        built = done.result()
        if built is None:
            self._rulings = None  # try again
            return
        self._engine, self._kept, before = built
        self._catch_up(self._engine, before)
        self._stored = -math.inf  # the standing is another, whatever turned
        waiting, self._waiting = self._waiting, []
        for gap in self._gaps:
            self._engine.take_gap(gap)
        for reading in waiting:
            self._engine.take(reading)  # one that the replay saw changes nothing

    def _catch_up(self, engine: Engine, before: Standing | None) -> None:
        """Tell what comes of judging anew that was not told: what happened since, and states that
        are others than they were held to be."""
        told = before.at if before else -math.inf
        later = [turn for turn in engine.turns() if engine.time.at(turn.t) > told]
        for turn in later:
            self._record(turn, engine)
        known = {turn.computed.name for turn in later}
        for name, computed in engine.computed().items():
            held = before.criteria.get(name) if before else None
            if name not in known and (held is None or held.latest is not computed.state):
                self._record(Turn(engine.time.of(engine.at), computed, None), engine)

    def _tell(self, now: float) -> bool:
        """Store what changed; whether anything did."""
        engine = self._engine
        if engine is None:
            return False
        turns = engine.turns()
        for turn in turns:
            self._record(turn, engine)
        if turns:
            self._store(now)
        return bool(turns)

    def _record(self, turn: Turn, engine: Engine) -> None:
        """One criterion's new state, with the reading that changed it."""
        stand = stand_of(turn.computed, engine)
        at = engine.time.at(turn.t)
        name, state = turn.computed.name, turn.computed.state
        detail: dict[str, object] = {
            key: value
            for key in ("why", "incident", "first_bad", "latched", "recovered", "coverage")
            if (value := getattr(stand, key)) not in (None, "", False)
        }
        if turn.reading is not None:
            detail["reading"] = {"probe": turn.reading.probe, "at": turn.reading.at}
        self._docket.state(name, at, state, stand.value, stand.reason, detail)
        if state is State.FAIL:
            word = "recovered" if stand.recovered else "failed"
            self._docket.event(Event(at, "state", f"{name} {word}: {stand.reason}"))
            self._docket.put(URGENT, f"state {name} {at}")

    def _store(self, now: float) -> None:
        """The standing, and the verdict when it is another."""
        engine = self._engine
        assert engine is not None
        self._stored = now
        standing = standing_of(engine, self._sha256, self._kept)
        self._docket.put(KEY, standing.encoded())
        said = judged(self._profile, self._session, standing, now, alive=True, sha256=self._sha256)
        if said.verdict is not self._verdict:
            self._pronounce(said, now)

    def _pronounce(self, said: Judgement, now: float) -> None:
        first, self._verdict = self._verdict is None, said.verdict
        self._docket.verdict(now, said.verdict, said.reason)
        if not first or said.verdict is not Verdict.HOLD:
            self._docket.event(Event(now, "verdict", f"{said.verdict.value} {said.reason}"))
            self._docket.put(URGENT, f"verdict {now}")


def _log_fault(name: str, error: Exception) -> None:
    log.error("the rule %s failed", name, exc_info=error)
