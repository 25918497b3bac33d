"""Watch time: seconds since the watch began, as the profile counts them.

A profile with ``speed = 60`` packs 60 of its seconds into a real one. The rules know nothing of
it: they see watch time, and only their sentences speak of real durations.
"""

from __future__ import annotations

from dataclasses import dataclass

from stagewatch.profile.values import format_duration


@dataclass(frozen=True, slots=True)
class WatchTime:
    """Converts between Unix seconds and watch time."""

    start: float = 0.0
    """Unix seconds at which the watch began."""
    speed: float = 1.0
    """Profile seconds that pass in a real one."""

    def of(self, at: float) -> float:
        """Watch time of the Unix time ``at``."""
        return (at - self.start) * self.speed

    def at(self, t: float) -> float:
        """Unix time of the watch time ``t``."""
        return self.start + t / self.speed

    def real(self, seconds: float) -> float:
        """A profile duration in real seconds."""
        return seconds / self.speed

    def span(self, seconds: float) -> str:
        """A profile duration as a person lives through it: ``15m``, ``3h``."""
        return format_duration(self.real(seconds))
