"""What a drill came to, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stagewatch.profile.drills import INTERRUPTED

PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one run. ``word`` is stable; all but ``passed`` and ``done`` name a fault."""

    word: str
    text: str
    """One sentence: what was seen."""
    remedy: str = ""
    """What to do about it; empty when nothing is amiss."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Field of the drill's signals → its value."""
    missing: str = ""
    """Why the other fields have none."""

    @property
    def passed(self) -> bool:
        """Whether the validation point holds."""
        return self.word == PASSED

    @property
    def told(self) -> str:
        """The sentence with its remedy."""
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


def interrupted(text: str) -> Outcome:
    """Somebody ended it: that says nothing about the service."""
    return Outcome(INTERRUPTED, text, "run it again", missing="it was interrupted")
