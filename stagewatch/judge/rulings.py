"""What people ordered about the data: readings that do not count, losses that were accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of Unix time that somebody spoke about; ``probe`` empty means every probe."""

    probe: str
    start: float
    end: float
    by: str
    drill: str = ""
    """What disturbed the readings; empty where a person judged them."""

    def concerns(self, probe: str) -> bool:
        """Whether it speaks of this probe."""
        return self.probe in ("", probe)


@dataclass(frozen=True, slots=True)
class Rulings:
    """The orders in force. Changing them means judging the whole record again."""

    void: tuple[Stretch, ...] = ()
    """Readings that began in one of these do not count, and vouch for nothing."""
    accepted: tuple[Stretch, ...] = ()
    """Log lines that may have been lost in one of these are accepted by name."""

    def is_void(self, probe: str, at: float, *, failed: bool = False) -> bool:
        """Whether a reading of ``probe`` that began at ``at`` does not count.

        A drill excuses no run that ``failed``: whatever was sent, the target has to answer, and
        with no server error.
        """
        return any(
            s.start <= at < s.end and s.concerns(probe) and not (failed and s.drill)
            for s in self.void
        )

    def accepted_by(self, probe: str, start: float, end: float | None) -> str:
        """Who accepted a loss of ``probe`` over the whole of this window; empty for nobody."""
        if end is None:
            return ""
        found = (
            s for s in self.accepted if s.concerns(probe) and s.start <= start and end <= s.end
        )
        return next((s.by for s in found), "")
