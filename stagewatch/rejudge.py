"""What rules say about a record, state by state; and where another profile would have differed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from stagewatch.history.reader import History
from stagewatch.judge.engine import Engine, Turn
from stagewatch.judge.standing import Standing, standing_of
from stagewatch.judging import engine_of, recorded, rulings_of, watch_time
from stagewatch.model import State
from stagewatch.probes import signals_of
from stagewatch.profile.schema import Profile
from stagewatch.session.document import Session


@dataclass(frozen=True, slots=True)
class Step:
    """A criterion entered a state. Times are Unix seconds."""

    at: float
    criterion: str
    was: State | None
    """None: it had none before."""
    state: State
    value: float | None
    reason: str
    probe: str = ""
    """Of the reading that brought it; empty when time did."""
    read_at: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The first moment at which two profiles disagree about a criterion."""

    at: float
    criterion: str
    mine: State | None
    theirs: State | None
    """None: that profile has no such criterion over data."""


class Rejudged:
    """One profile's judgement of a whole record, as it unfolds."""

    def __init__(self, profile: Profile, session: Session) -> None:
        units = {name: signal.unit for name, signal in signals_of(profile.probe).items()}
        self.profile = profile
        self._session = session
        self._time = watch_time(profile, session)
        self.engine: Engine = engine_of(profile, session, units=units)
        self.states: dict[str, State] = {}

    def steps(self) -> list[Step]:
        """The states that were entered since the last call."""
        found = []
        for turn in self.engine.turns():
            name, state = turn.computed.name, turn.computed.state
            was = self.states.get(name)
            if was is not state:
                found.append(self._step(turn, was))
            self.states[name] = state
        return found

    def _step(self, turn: Turn, was: State | None) -> Step:
        computed, reading = turn.computed, turn.reading
        return Step(
            at=round(self._time.at(turn.t), 3),
            criterion=computed.name,
            was=was,
            state=computed.state,
            value=computed.finding.value,
            reason=computed.finding.reason,
            probe=reading.probe if reading else "",
            read_at=reading.at if reading else None,
        )

    def standing(self, sha256: str = "") -> Standing:
        """How the criteria stand in the end."""
        return standing_of(self.engine, self._time, sha256, rulings_of(self._session))


def rejudge(
    history: History, session: Session, mine: Rejudged, theirs: Rejudged | None, until: float
) -> Iterator[Step | Difference]:
    """Every step of ``mine`` up to the Unix time ``until``; before the step where it happens, the
    first moment at which ``theirs`` differs. Raises HistoryError."""
    sides = [side for side in (mine, theirs) if side is not None]
    probes = {name: None for side in sides for name in side.profile.probe}
    differs = theirs is None
    for reading in itertools.chain(recorded(history, probes), (None,)):
        for side in sides:
            if reading is None:
                side.engine.pass_time(until)
            else:
                side.engine.take(reading)
        mine_now, theirs_now = mine.steps(), theirs.steps() if theirs else []
        if theirs is not None and not differs and (mine_now or theirs_now):
            found = _difference(mine, theirs)
            if found is not None:
                differs = True
                yield found
        yield from mine_now


def _difference(mine: Rejudged, theirs: Rejudged) -> Difference | None:
    for name in sorted({*mine.states, *theirs.states}):
        one, other = mine.states.get(name), theirs.states.get(name)
        if one is not other:
            return Difference(round(mine.engine.at, 3), name, one, other)
    return None
