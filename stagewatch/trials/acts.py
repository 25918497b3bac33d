"""What people do in a test, as edits of its session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from stagewatch.judge.watchtime import WatchTime
from stagewatch.profile.schema import Profile
from stagewatch.session import edits
from stagewatch.session.document import Session
from stagewatch.trials.schema import Act

ALL = "all"
KINDS = (
    "tick",
    "untick",
    "approve",
    "reject",
    "waive",
    "confirm",
    "stop",
    "void",
    "accept",
)
"""The keys of a line of ``acts`` of which it has exactly one."""
WAIVED_FOR = 86_400.0
"""Watch time that a waiver lasts beyond the window where the test does not say ``until``."""

Edit = Callable[[Session], Session]


def items(profile: Profile) -> list[tuple[str, str]]:
    """(phase, item) of the whole checklist."""
    return [(phase.name, item.text) for phase in profile.phase for item in phase.all_items()]


def edits_of(act: Act, profile: Profile, time: WatchTime, window: float) -> Iterator[Edit]:
    """The edits that an act comes to."""
    by, at, reason = act.by, time.at(act.at), act.reason
    for key, change in (("tick", edits.tick), ("untick", edits.untick)):
        asked = getattr(act, key)
        for phase, item in items(profile) if asked else ():
            if asked in (ALL, item):
                yield partial(change, phase=phase, item=item, by=by, at=at)
    for key, approved in (("approve", True), ("reject", False)):
        asked = getattr(act, key)
        for gate in profile.gate if asked else ():
            if asked in (ALL, gate.name):
                yield partial(
                    edits.decide,
                    gate=gate.name,
                    approved=approved,
                    reason=reason,
                    by=by,
                    at=at,
                    four_eyes=gate.four_eyes,
                )
    yield from _orders(act, time, window)
    if act.confirm is not None:
        word = act.confirm
        yield lambda s: edits.confirm(s, word, by=by, at=at)
    if act.stop:
        yield lambda s: edits.stop(s, by=by, at=at)


def _orders(act: Act, time: WatchTime, window: float) -> Iterator[Edit]:
    """Waivers, and what is said about the data."""
    at, by, reason = time.at(act.at), act.by, act.reason
    start = time.at(act.start)
    until = time.at(window if act.until is None else act.until)
    if act.waive:
        end = time.at(window + WAIVED_FOR) if act.until is None else until
        yield lambda s: edits.waive(s, act.waive, reason, until=end, by=by, at=at, check=act.check)
    if act.void:
        probe = "" if act.void == ALL else act.void
        yield lambda s: edits.invalidate(s, probe, start, until, reason, by=by, at=at)
    if act.accept:
        yield lambda s: edits.accept_loss(s, act.accept, start, until, reason, by=by, at=at)
