"""The judgement of a watch that is looked at again and again: anew only when it may differ."""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.judge.standing import Standing
from stagewatch.judged import LATE, Judgement, When, judged, next_change, utc
from stagewatch.profile.schema import Profile
from stagewatch.session.document import Session

FRESH = 60.0
"""Seconds for which a judgement is good while nothing of what it hangs on changes."""


@dataclass(frozen=True, slots=True)
class Ground:
    """All that a judgement hangs on beside the profile and the time."""

    session: Session
    standing: Standing | None
    alive: bool
    sha256: str

    def same(self, other: Ground) -> bool:
        """Whether nothing of it is another."""
        return (
            self.session is other.session
            and self.standing is other.standing
            and (self.alive, self.sha256) == (other.alive, other.sha256)
        )


class Judgements:
    """The judgement of one watch, worked out again when something that it hangs on is another."""

    def __init__(self, profile: Profile, when: When = utc) -> None:
        self._profile, self._when = profile, when
        self._known: tuple[Ground, Judgement] | None = None
        self._until = -float("inf")
        self.turn = float("inf")
        """When time alone makes the last judgement out of date."""

    def at(self, ground: Ground, now: float) -> Judgement:
        """The judgement at ``now``."""
        if self._known is not None and self._known[0].same(ground) and now < self._until:
            return self._known[1]
        made = judged(
            self._profile,
            ground.session,
            ground.standing,
            now,
            alive=ground.alive,
            when=self._when,
            sha256=ground.sha256,
        )
        self._known = ground, made
        self.turn = next_change(ground.session, ground.standing, now)
        # What says how long nobody has judged is out of date at once; times of day are worded
        # with their date once it is another, of which a minute later is soon enough.
        silent = ground.standing is not None and abs(now - ground.standing.at) > LATE
        self._until = now if silent else min(self.turn, now + FRESH)
        return made
