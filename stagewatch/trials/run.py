"""One test run: the real judge over fabricated readings, and what was expected of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from stagewatch.judge.engine import GRID, Engine
from stagewatch.judge.score import checks_of
from stagewatch.judge.standing import standing_of
from stagewatch.judge.watchtime import WatchTime
from stagewatch.judged import Judgement, judged, sentence
from stagewatch.judging import engine_of, known_at, rulings_of
from stagewatch.model import Reading
from stagewatch.probes import signals_of
from stagewatch.profile.schema import Profile
from stagewatch.profile.values import format_duration
from stagewatch.session.document import Session
from stagewatch.session.errors import EditRefusedError
from stagewatch.session.instant import instant
from stagewatch.trials.acts import edits_of
from stagewatch.trials.fabricate import readings_of
from stagewatch.trials.schema import Act, Expectation, Trial

START = 1_767_225_600.0
"""When every test begins: 2026-01-01T00:00:00Z."""
VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a criterion, or as the verdict, from one moment on. Watch time."""

    t: float
    state: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not as the test expects it."""

    key: tuple[str, int]
    """``("expect", 2)``: the line of the test."""
    what: str
    history: tuple[Said, ...] = ()
    """What was said of that criterion, from the start on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended."""

    failures: tuple[Failure, ...]


@dataclass(slots=True)
class _Chronicle:
    """What was said of every criterion and as the verdict, each change once."""

    said: dict[str, list[Said]] = field(default_factory=dict)

    def note(self, subject: str, t: float, state: str, told: str) -> None:
        known = self.said.setdefault(subject, [])
        if not known or known[-1].state != state:
            known.append(Said(t, state, told))

    def within(self, subject: str, start: float, end: float) -> Iterator[Said]:
        """What was in force at some moment of [start, end]."""
        known = self.said.get(subject, [])
        for said, after in zip(known, [*known[1:], None], strict=True):
            if said.t <= end and (after is None or after.t > start):
                yield said


def run_trial(profile: Profile, trial: Trial) -> Outcome:
    """Run one test."""
    return _Run(profile, trial).outcome()


class _Run:
    """A test on its way through watch time."""

    def __init__(self, profile: Profile, trial: Trial) -> None:
        deployment = profile.deployment
        self._profile, self._trial = profile, trial
        self._window = float(deployment.window)
        self._time = WatchTime(START, deployment.speed)
        self._session = Session(
            id="test",
            profile=deployment.name,
            deployment=deployment.name,
            started_at=instant(START),
            ends_at=instant(self._time.at(self._window)),
        )
        length = self._window if trial.length is None else float(trial.length)
        stops = [float(act.at) for act in trial.acts if act.stop]
        self._data_end = min([length, *stops])
        times = [float(act.at) for act in trial.acts]
        times += [float(said.at) for said in trial.expect if said.at is not None]
        self._end = max([length, *times])
        self._engine = self._fresh_engine()
        self._minute = GRID
        self._chronicle = _Chronicle()
        self._failures: list[Failure] = []
        self._points = self._plan()

    def _plan(self) -> list[tuple[float, int, int]]:
        """(when, 0 for an act and 1 for an expectation, which): in the order of time."""
        acts = [(float(act.at), 0, i) for i, act in enumerate(self._trial.acts)]
        asked = [
            (self._end if said.at is None else float(said.at), 1, i)
            for i, said in enumerate(self._trial.expect)
            if said.never is None
        ]
        return sorted([*acts, *asked], reverse=True)

    def outcome(self) -> Outcome:
        """Run to the end."""
        for reading in self._readings():
            known = self._time.of(known_at(reading))
            if known > self._end:
                break
            self._pass(known)
            self._engine.take(reading)
            self._follow(known)
        self._pass(self._end, last=True)
        self._look(self._end)
        for index, said in enumerate(self._trial.expect):
            if said.never is not None:
                self._never(said, index)
        return Outcome(tuple(sorted(self._failures, key=lambda failure: failure.key)))

    def _readings(self) -> Iterator[Reading]:
        return readings_of(self._profile, self._trial, self._time, self._data_end)

    def _fresh_engine(self) -> Engine:
        units = {name: signal.unit for name, signal in signals_of(self._profile.probe).items()}
        return engine_of(self._profile, self._session, units=units)

    def _pass(self, t: float, *, last: bool = False) -> None:
        """Let time pass: minute by minute, with what the test has planned in between."""
        while self._points and (self._points[-1][0] < t or (last and self._points[-1][0] <= t)):
            at, kind, index = self._points.pop()
            self._minutes(at)
            if kind == 0:
                self._act(self._trial.acts[index], index)
            else:
                self._expect(self._trial.expect[index], index, at)
        self._minutes(t)

    def _minutes(self, t: float) -> None:
        while self._minute <= t:
            self._engine.pass_time(self._time.at(self._minute))
            self._follow(self._minute)
            self._minute += GRID
        self._engine.pass_time(self._time.at(t))
        self._follow(t)

    def _follow(self, t: float) -> None:
        """Look when something turned."""
        if self._engine.turns() or t >= self._window:
            self._look(t)

    def _look(self, t: float) -> Judgement:
        """What is said at ``t``, and note it."""
        now = self._time.at(t)
        standing = standing_of(self._engine, "")
        alive = self._session.state == "open" and t <= self._window
        judgement = judged(
            self._profile, self._session, standing, now, alive=alive, when=self._when
        )
        for criterion in judgement.criteria:
            told = sentence(criterion, self._when)
            self._chronicle.note(criterion.name, t, criterion.state.value, told)
        for key, check in checks_of(judgement.score):
            self._chronicle.note(key, t, check.state.value, check.reason)
        self._chronicle.note(VERDICT, t, judgement.verdict.value, judgement.reason)
        return judgement

    def _when(self, at: float) -> str:
        """A moment in a sentence: how long after the start."""
        t = round(self._time.of(at))
        return f"{format_duration(t) or '0s'} after the start" if t > 0 else "the start"

    def _act(self, act: Act, index: int) -> None:
        before = rulings_of(self._session)
        try:
            for edit in edits_of(act, self._profile, self._time, self._window):
                self._session = edit(self._session)
        except EditRefusedError as error:
            self._failures.append(Failure(("acts", index), f"was refused: {error}"))
        if rulings_of(self._session) != before:
            self._rejudge(float(act.at))
        self._look(float(act.at))

    def _rejudge(self, t: float) -> None:
        """Judge everything so far by the new orders, as the recorder does."""
        self._engine = self._fresh_engine()
        for reading in self._readings():
            if self._time.of(known_at(reading)) >= t:
                break
            self._engine.take(reading)
        self._engine.pass_time(self._time.at(t))
        self._engine.turns()

    def _expect(self, said: Expectation, index: int, t: float) -> None:
        judgement = self._look(t)
        wanted = str(said.verdict or said.state)
        if said.verdict is not None:
            subject, found, told = VERDICT, judgement.verdict.value, judgement.reason
        elif said.check:
            subject, check = said.check, dict(checks_of(judgement.score))[said.check]
            found, told = check.state.value, check.reason
        else:
            criterion = next(c for c in judgement.criteria if c.name == said.criterion)
            subject, found = criterion.name, criterion.state.value
            told = sentence(criterion, self._when)
        at = f"at {_span(t)}"
        if found != wanted:
            what = f"{at}, expected {subject} {wanted}, got {found}: {told}"
        elif said.reason not in told:
            what = f'{at}, {subject} is {found} as expected, but "{said.reason}" is not in: {told}'
        else:
            return
        self._fail(index, what, subject)

    def _never(self, said: Expectation, index: int) -> None:
        subject = said.criterion or said.check or VERDICT
        end = math.inf if said.until is None else float(said.until)
        for one in self._chronicle.within(subject, said.start, end):
            if one.state == said.never:
                at = f"at {_span(max(one.t, said.start))}"
                self._fail(index, f"{at}, {subject} is {one.state}: {one.sentence}", subject)
                return

    def _fail(self, index: int, what: str, subject: str) -> None:
        history = tuple(self._chronicle.said.get(subject, ()))
        self._failures.append(Failure(("expect", index), what, history))


def _span(t: float) -> str:
    return format_duration(t)
