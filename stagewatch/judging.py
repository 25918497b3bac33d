"""From a recording to its standing: the engine over what a history holds.

The recorder, ``stagewatch judge`` and a screen over a watch whose recorder is gone all judge
through here, so that they cannot come to different answers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from stagewatch.history.reader import History
from stagewatch.judge.engine import Engine
from stagewatch.judge.rulings import Rulings, Stretch
from stagewatch.judge.standing import (
    KEY,
    Kept,
    Standing,
    basis_of,
    decoded,
    incident_of,
    standing_of,
)
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import Reading
from stagewatch.paths import PROFILE
from stagewatch.profile.schema import Profile
from stagewatch.session.document import Acceptance, Invalidation, Session

EARLY = 1.0
"""Seconds by which a reading may lie after the present: readings keep milliseconds."""


def rulings_of(session: Session) -> Rulings:
    """What people ordered about the data, from the session."""
    return Rulings(
        void=tuple(_stretch(void) for void in session.invalidation),
        accepted=tuple(_stretch(accepted) for accepted in session.acceptance),
    )


def _stretch(said: Invalidation | Acceptance) -> Stretch:
    drill = said.drill if isinstance(said, Invalidation) else ""
    return Stretch(said.probe, float(said.start), float(said.end), said.by, drill)


def watch_time(profile: Profile, session: Session) -> WatchTime:
    """The watch's own time."""
    return WatchTime(float(session.started_at), profile.deployment.speed)


def engine_of(
    profile: Profile,
    session: Session,
    *,
    units: Mapping[str, str] | None = None,
    fault: Callable[[str, Exception], None] = lambda name, error: None,
) -> Engine:
    """A judge for this watch that has seen nothing yet."""
    time = watch_time(profile, session)
    return Engine(
        profile,
        time,
        time.of(session.ends_at),
        rulings=rulings_of(session),
        units=units,
        fault=fault,
    )


def recorded(history: History, probes: Iterable[str], until: float) -> Iterator[Reading]:
    """Every reading of these probes in the order in which they were known, up to ``until``: what a
    clock that was ahead put later does not count.

    A probe never runs twice at once, so each probe's own readings are in that order already.
    """
    merged = heapq.merge(*map(history.readings, probes), key=known_at)
    return (reading for reading in merged if known_at(reading) <= until + EARLY)


def known_at(reading: Reading) -> float:
    """Unix time at which the reading's run ended."""
    return reading.at + reading.took


def replay(
    engine: Engine,
    history: History,
    profile: Profile,
    until: float,
    given_up: Callable[[], bool] = lambda: False,
) -> None:
    """Judge what the history holds up to the Unix time ``until``; raises HistoryError.

    ``given_up`` is asked now and then whether anybody still waits for the answer.
    """
    for gap in history.gaps():
        engine.take_gap(gap)
    for number, reading in enumerate(recorded(history, profile.probe, until)):
        if number % 1000 == 0 and given_up():
            return
        engine.take(reading)
    engine.pass_time(until)


def last_known(history: History, otherwise: float, now: float) -> float:
    """Unix time at which the newest reading was known, ``now`` at the latest."""
    return min(now, max(map(known_at, history.latest().values()), default=otherwise))


def inherit(engine: Engine, before: Standing | None, sha256: str) -> Kept:
    """Keep what failed under a profile that was edited since: an edit forgives nothing.

    Nor does judging the same record again by the same orders, should it come out otherwise: only
    new orders under the same profile may.
    """
    if before is None:
        return Kept()
    orphans, under = {}, {}
    same_orders = before.basis == basis_of(sha256, engine.rulings)
    for name, stand in (*before.orphans.items(), *before.criteria.items()):
        if not stand.latched:
            continue
        latched_under = stand.under or before.profile
        if not engine.latches(name):
            orphans[name] = replace(stand, under=latched_under)
        elif latched_under != sha256 or same_orders:
            engine.inherit(name, incident_of(stand, engine.time))
            under[name] = latched_under
    return Kept(orphans, under)


def sha256_of(folder: Path) -> str:
    """Of the profile that is in force in a session's folder; empty where it cannot be read."""
    try:
        return sha256((folder / PROFILE).read_bytes()).hexdigest()
    except OSError:
        return ""


class Standings:
    """The newest standing of a session: the recorder's, or where none judges, our own."""

    def __init__(self, folder: Path, profile: Profile, units: Mapping[str, str]) -> None:
        self._profile = profile
        self._units = units
        self.sha256 = sha256_of(folder)
        """Of the profile in force."""
        self._text: str | None = None
        self._told: Standing | None = None
        self._own: tuple[str, str | None, Standing] | None = None

    def at(
        self, history: History | None, session: Session, now: float, *, alive: bool
    ) -> Standing | None:
        """The standing at ``now``; ``alive`` says whether a recorder judges. Raises HistoryError.

        After the window it is final, and people's orders count, though nobody records any more.
        """
        if history is None:
            return None
        text = history.get(KEY)
        if text != self._text:
            self._text, self._told = text, decoded(text) if text else None
        told = self._told
        if alive:
            return told
        basis = basis_of(self.sha256, rulings_of(session))
        over = now >= session.ends_at
        if told is not None and told.basis == basis and (told.final or not over):
            return told
        if told is None and not over:
            return None
        if self._own is None or self._own[:2] != (basis, text):
            until = float(session.ends_at) if over else last_known(history, session.started_at, now)
            self._own = (basis, text, self._judge(history, session, until))
        return self._own[2]

    def _judge(self, history: History, session: Session, until: float) -> Standing:
        engine = engine_of(self._profile, session, units=self._units)
        replay(engine, history, self._profile, until)
        return standing_of(engine, self.sha256, inherit(engine, self._told, self.sha256))
