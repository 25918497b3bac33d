"""``stagewatch judge SESSION``: a record judged again, by its own rules or by others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stagewatch.clock import SystemClock
from stagewatch.commands.options import Settings
from stagewatch.commands.texts import second
from stagewatch.errors import PersonError
from stagewatch.following import SessionFile, profile_of
from stagewatch.history.reader import History
from stagewatch.judge.score import checks_of
from stagewatch.judge.standing import Standing
from stagewatch.judged import Judgement, sentence, utc
from stagewatch.judging import sha256_of
from stagewatch.lock import holder
from stagewatch.model import State
from stagewatch.moments import rfc3339
from stagewatch.paths import HISTORY, find_session, sessions_dir
from stagewatch.probes import InstalledKinds
from stagewatch.profile.find import find_profile
from stagewatch.profile.load import LoadedProfile, read
from stagewatch.profile.problems import inert
from stagewatch.rejudge import (
    Difference,
    Opinion,
    Rejudged,
    Step,
    judged_until,
    judgement_of,
    rejudge,
    standing_before,
    unrecorded,
)
from stagewatch.session.document import Session
from stagewatch.status import exit_status


@dataclass(frozen=True, slots=True)
class _Hearing:
    """A record, and the profiles that it is judged by."""

    folder: Path
    session: Session
    problem: str
    """Why the session's file cannot be read, while an earlier text of it is gone by."""
    own: Rejudged
    new: Rejudged | None
    called: str
    """The new profile, as it was named; empty without one."""
    now: float

    @property
    def judge(self) -> Rejudged:
        """By whom the states and the verdict are."""
        return self.new or self.own


def judge_record(settings: Settings, *, as_json: bool) -> int:
    """Judge a record and print it; returns the exit status. Raises PersonError."""
    hearing = _opened(settings)
    told = _json if as_json else _lines
    with History.open(hearing.folder / HISTORY) as history:
        until = judged_until(history, hearing.session, hearing.now)
        judgements: list[Judgement] = []
        for line in told(hearing, history, until, judgements):
            click.echo(line)
    if hearing.problem:
        # As status does: what was said rests on an earlier text, and no script may go by it.
        raise PersonError(hearing.problem)
    return exit_status(judgements[0].verdict)


def _opened(settings: Settings) -> _Hearing:
    folder = find_session(sessions_dir(os.environ), session=settings.session)
    file = SessionFile(folder)
    loaded: LoadedProfile | None = None
    if settings.profile is not None:
        loaded = read(find_profile(settings.profile, environ=os.environ), InstalledKinds())
    session = file.session
    return _Hearing(
        folder=folder,
        session=session,
        problem=file.problem,
        own=Rejudged(profile_of(folder), session, sha256_of(folder)),
        new=Rejudged(loaded.profile, session, loaded.sha256) if loaded else None,
        called=str(loaded.path) if loaded else "",
        now=SystemClock().now(),
    )


def _notes(hearing: _Hearing, history: History) -> Iterator[str]:
    """What a reader must know of how the new profile and the record fit."""
    if hearing.new is None:
        return
    called, profile = hearing.called, hearing.new.profile
    probes, signals = unrecorded(history, profile)
    for what, names in (("probe", probes), ("signal", signals)):
        if names:
            many = f"{what}s" if len(names) > 1 else what
            yield inert(
                f"{called}: the record has no {many} {', '.join(names)};"
                " what rests on that stays INCONCLUSIVE"
            )
    window = profile.deployment.window / profile.deployment.speed
    length = hearing.session.ends_at - hearing.session.started_at
    if abs(window - length) > 1:
        yield inert(f"{called}: has another window; the record's own is kept")


def _judgements(hearing: _Hearing, history: History) -> list[Judgement]:
    """The verdict, and with a new profile that of the session's own as well."""
    alive = holder(hearing.folder) is not None
    before = standing_before(history)

    def of(side: Rejudged, earlier: Standing | None) -> Judgement:
        return judgement_of(side, hearing.session, hearing.now, alive=alive, before=earlier)

    # What failed under an earlier profile counts for the session, and for no other profile.
    own = of(hearing.own, before)
    return [own] if hearing.new is None else [of(hearing.new, None), own]


def _lines(
    hearing: _Hearing, history: History, until: float, judgements: list[Judgement]
) -> Iterator[str]:
    session = hearing.session
    by = hearing.called or "its own profile"
    yield f"{session.id} by {by}, {second(session.started_at)} to {second(until)}"
    for note in _notes(hearing, history):
        yield f"note: {note}"
    differed = False
    for one in _unfolding(hearing, history, until):
        if isinstance(one, Difference):
            yield from _difference_lines(one, first=not differed)
            differed = True
        else:
            yield f"{second(one.at)}  {one.criterion}: {_told(one)}"
    judgements.extend(_judgements(hearing, history))
    if hearing.new is not None and not differed:
        yield "no difference: both profiles say the same of every criterion, at every moment"
    yield ""
    for criterion in judgements[0].criteria:
        yield f"{criterion.state.value:<12}  {criterion.title}: {sentence(criterion, utc)}"
    for name, check in checks_of(judgements[0].score):
        if check.signal:
            yield f"{check.state.value:<12}  {name}: {check.reason}"
    if len(judgements) > 1:
        yield f"by its own profile: {judgements[1].verdict.value}  {judgements[1].reason}"
    yield f"{judgements[0].verdict.value}  {judgements[0].reason}"


def _unfolding(hearing: _Hearing, history: History, until: float) -> Iterator[Step | Difference]:
    """As the record unfolds: the steps of whoever judges, and the first difference."""
    other = hearing.own if hearing.new else None
    return rejudge(history, hearing.session, hearing.judge, other, until)


def _told(step: Step) -> str:
    """``PASS → FAIL  140, limit 100, since 2026-01-01 01:00:00Z``."""
    was = f"{step.was.value} → " if step.was and step.was is not step.state else ""
    since = "" if step.first_bad is None else f", since {second(step.first_bad)}"
    told = f"{step.reason}{since}"
    if step.recovered:
        told = f"recovered, and stays failed until somebody waives it; now {told}"
    elif step.was is step.state is State.FAIL:
        told = f"failed again: {told}"
    return f"{was}{step.state.value}  {told}"


def _difference_lines(found: Difference, *, first: bool) -> Iterator[str]:
    what = "first difference" if first else "differs as well"
    yield f"{second(found.at)}  {what}: {found.criterion}"
    for who, opinion in (("its own profile", found.theirs), ("the new one", found.mine)):
        state = opinion.state.value if opinion.state else "not judged"
        yield f"    {who}: {state}  {opinion.reason}"


def _json(
    hearing: _Hearing, history: History, until: float, judgements: list[Judgement]
) -> Iterator[str]:
    session = hearing.session
    yield _line(
        "record",
        session=session.id,
        folder=str(hearing.folder.absolute()),
        profile=hearing.called,
        started_at=rfc3339(session.started_at),
        ends_at=rfc3339(session.ends_at),
        judged_until=rfc3339(until),
        problem=hearing.problem,
    )
    for note in _notes(hearing, history):
        yield _line("note", text=note)
    for one in _unfolding(hearing, history, until):
        yield _difference_json(one) if isinstance(one, Difference) else _step_json(one)
    judgements.extend(_judgements(hearing, history))
    from stagewatch.verdict_document import criterion_document, score_document

    said, *own = judgements
    yield _line(
        "verdict",
        at=rfc3339(hearing.now),
        verdict=said.verdict.value,
        reason=said.reason,
        own_verdict=own[0].verdict.value if own else None,
        own_reason=own[0].reason if own else None,
        criteria=[criterion_document(criterion) for criterion in said.criteria],
        optimisations=score_document(said.score),
    )


def _step_json(step: Step) -> str:
    return _line(
        "state",
        at=rfc3339(step.at),
        criterion=step.criterion,
        was=None if step.was is None else step.was.value,
        state=step.state.value,
        why=step.why,
        value=step.value,
        reason=step.reason,
        first_bad=rfc3339(step.first_bad),
        recovered=step.recovered,
        probe=step.probe,
        read_at=rfc3339(step.read_at),
    )


def _difference_json(found: Difference) -> str:
    def opinion(one: Opinion) -> dict[str, Any]:
        return {"state": None if one.state is None else one.state.value, "reason": one.reason}

    return _line(
        "difference",
        at=rfc3339(found.at),
        criterion=found.criterion,
        own=opinion(found.theirs),
        new=opinion(found.mine),
    )


def _line(kind: str, **fields: Any) -> str:  # noqa: ANN401  # whatever JSON can carry
    from stagewatch.text import json_text

    return json_text({"type": kind, **fields})
