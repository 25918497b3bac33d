"""What rules say about a record, state by state; and where another profile would have differed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stagewatch.history.reader import History
from stagewatch.judge.engine import Engine, Turn
from stagewatch.judge.standing import KEY, Standing, decoded, standing_of
from stagewatch.judged import Judgement, judged
from stagewatch.judging import (
    engine_of,
    inherit,
    last_known,
    recorded,
    watch_time,
)
from stagewatch.model import State, probe_of
from stagewatch.probes import signals_of
from stagewatch.profile.schema import Profile
from stagewatch.session.document import Session


@dataclass(frozen=True, slots=True)
class Step:
    """A criterion entered a state, or the reason for its state became another one, or it
    recovered or failed anew without leaving it. Times are Unix seconds."""

    at: float
    criterion: str
    was: State | None
    """None: it had none before."""
    state: State
    why: str
    """``warming-up``, ``stale`` and the like, while nothing is known; mostly empty."""
    value: float | None
    reason: str
    """What the rule says at that moment, also of a criterion that failed and recovered."""
    first_bad: float | None = None
    recovered: bool = False
    """It failed and its value is good again, which changes nothing."""
    probe: str = ""
    """Of the reading that brought it; empty when time did."""
    read_at: float | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one profile says of a criterion at one moment."""

    state: State | None
    """None: that profile has no such criterion over data."""
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The first moment at which two profiles disagree about a criterion. Unix time."""

    at: float
    criterion: str
    mine: Opinion
    theirs: Opinion


ABSENT = Opinion(None, "the profile has no such criterion")


class Rejudged:
    """One profile's judgement of a whole record, as it unfolds."""

    def __init__(self, profile: Profile, session: Session, sha256: str = "") -> None:
        units = {name: signal.unit for name, signal in signals_of(profile.probe).items()}
        self.profile = profile
        self.opinions: dict[str, Opinion] = {}
        """Criterion → what is said of it now."""
        self._sha256 = sha256
        self._session = session
        self._time = watch_time(profile, session)
        self.engine: Engine = engine_of(profile, session, units=units)
        self._shown: dict[str, tuple[object, ...]] = {}

    def steps(self) -> list[Step]:
        """What was said since the last call, in order."""
        return [step for turn in self.engine.turns() if (step := self._step(turn)) is not None]

    def _step(self, turn: Turn) -> Step | None:
        """The turn as a step; None when a person would not tell it from what was before."""
        computed, reading = turn.computed, turn.reading
        finding, name = computed.finding, computed.name
        why = "" if computed.latched else finding.why.value
        told = why if computed.state is State.INCONCLUSIVE else ""
        shape = (computed.state, told, computed.recovered, computed.incident)
        was = self._shown.get(name)
        if was == shape:
            return None
        self._shown[name] = shape
        before = was[0] if was else None
        bad = finding.first_bad
        return Step(
            at=self._at(turn.t),
            criterion=name,
            was=before if isinstance(before, State) else None,
            state=computed.state,
            why=why,
            value=finding.value,
            reason=finding.reason,
            first_bad=None if bad is None else self._at(bad),
            recovered=computed.recovered,
            probe=reading.probe if reading else "",
            read_at=reading.at if reading else None,
        )

    def _at(self, t: float) -> float:
        return round(self._time.at(t), 3)

    def standing(self, before: Standing | None = None) -> Standing:
        """How the criteria stand in the end; what failed ``before`` under an earlier profile of
        the session is not forgotten."""
        kept = inherit(self.engine, before, self._sha256)
        return standing_of(self.engine, self._sha256, kept)


def judged_until(history: History, session: Session, now: float) -> float:
    """Unix time up to which a record can be judged: its end, or the newest reading of one that
    is still under way. Raises HistoryError."""
    over = now >= session.ends_at
    return float(session.ends_at) if over else last_known(history, session.started_at, now)


def judgement_of(
    side: Rejudged, session: Session, now: float, *, alive: bool, before: Standing | None = None
) -> Judgement:
    """The criteria and the verdict in the end, people's acts included."""
    return judged(side.profile, session, side.standing(before), now, alive=alive)


def standing_before(history: History) -> Standing | None:
    """What the recorder last stored. Raises HistoryError."""
    text = history.get(KEY)
    return decoded(text) if text else None


def unrecorded(history: History, profile: Profile) -> tuple[list[str], list[str]]:
    """(probes, signals) that the profile names and the record has none of. Raises HistoryError."""
    probes, signals = history.probes(), history.signals()
    known = signals_of(profile.probe)
    lost = [name for name in profile.probe if name not in probes]
    return lost, [s for s in known if s not in signals and probe_of(s) not in lost]


def rejudge(
    history: History, session: Session, mine: Rejudged, theirs: Rejudged | None, until: float
) -> Iterator[Step | Difference]:
    """Every step of ``mine`` up to the Unix time ``until``; and, before the step where it happens,
    for each criterion the first moment at which ``theirs`` differs. Raises HistoryError.
    """
    sides = [side for side in (mine, theirs) if side is not None]
    probes = {name: None for side in sides for name in side.profile.probe}
    differing: set[str] = set()
    for gap in history.gaps():
        for side in sides:
            side.engine.take_gap(gap)
    for reading in itertools.chain(recorded(history, probes, until), (None,)):
        for side in sides:
            if reading is None:
                side.engine.pass_time(until)
            else:
                side.engine.take(reading)
        if theirs is None:
            yield from _opined(mine, mine.steps())
            continue
        for at, my_steps, their_steps in _moments(mine.steps(), theirs.steps()):
            told = list(_opined(mine, my_steps))
            list(_opined(theirs, their_steps))
            for found in _differences(mine, theirs, at):
                if found.criterion not in differing:
                    differing.add(found.criterion)
                    yield found
            yield from told


def _opined(side: Rejudged, steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        side.opinions[step.criterion] = Opinion(step.state, step.reason)
        yield step


def _moments(
    mine: list[Step], theirs: list[Step]
) -> Iterator[tuple[float, list[Step], list[Step]]]:
    """The steps of both, moment by moment: after a silence, many minutes are judged at once."""
    for at in sorted({step.at for step in (*mine, *theirs)}):
        yield at, [s for s in mine if s.at == at], [s for s in theirs if s.at == at]


def _differences(mine: Rejudged, theirs: Rejudged, at: float) -> Iterator[Difference]:
    for name in sorted({*mine.opinions, *theirs.opinions}):
        one, other = _opinion(name, mine.opinions), _opinion(name, theirs.opinions)
        if one.state is other.state:
            continue
        # What only one of them judges is no difference until it would change the verdict.
        if None not in (one.state, other.state) or State.FAIL in (one.state, other.state):
            yield Difference(at, name, one, other)


def _opinion(name: str, opinions: Mapping[str, Opinion]) -> Opinion:
    return opinions.get(name, ABSENT)
