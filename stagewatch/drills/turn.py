"""One at a time: whoever runs drills against a session holds its lock meanwhile."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from types import TracebackType

from stagewatch.clock import Clock
from stagewatch.drills.station import DrillError, Station
from stagewatch.errors import PersonError
from stagewatch.lock import Driller, DrillLock, driller
from stagewatch.paths import DRILL_LOCK
from stagewatch.profile.drills import lingering
from stagewatch.profile.values import format_duration
from stagewatch.session.edits import end_drills
from stagewatch.session.store import SessionStore


class Turn:
    """The right to run drills at a station; a context manager.

    Where nothing is recorded there is no session whose results could be spoilt, and no lock. The
    lock ends with the process, however that ends.
    """

    def __init__(self, station: Station, *, by: str, clock: Clock) -> None:
        self.station, self.by, self.clock = station, by, clock
        self._lock = DrillLock(station.folder) if station.folder is not None else None

    def __enter__(self) -> Turn:
        """Take it; raises DrillError that says who has it, LockError."""
        if self._lock is None or self.station.folder is None:
            return self
        try:
            taken = self._lock.acquire(self.clock.now(), by=self.by)
        except OSError as error:
            self._lock.release()
            path = self.station.folder / DRILL_LOCK
            raise DrillError(f"{path}: {error.strerror}; nothing was sent") from error
        if not taken:
            raise DrillError(_taken(self.station, driller(self.station.folder), self.clock.now()))
        # Who has the turn knows that no other drill runs: what one announced that was killed ends.
        # The recorder looks for that too, but sees only that somebody has the turn.
        with contextlib.suppress(PersonError):
            SessionStore(self.station.folder).edit(
                partial(
                    end_drills, end=self.clock.now(), spared=lingering(self.station.profile.probe)
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()

    def tell(self, what: str) -> None:
        """Say to others what runs."""
        if self._lock is not None:
            self._lock.tell(what)


def require_free(station: Station, clock: Clock) -> None:
    """Raises DrillError where somebody runs a drill: nobody need be asked in vain."""
    by = driller(station.folder) if station.folder is not None else None
    if by is not None:
        raise DrillError(_taken(station, by, clock.now()))


def _taken(station: Station, by: Driller | None, now: float) -> str:
    where = station.folder.name if station.folder is not None else ""
    who = (by and by.by) or "somebody"
    what = (by and by.what) or "a drill"
    since, end = "", "end it with Ctrl-C where it runs"
    if by is not None and by.since is not None:
        clock = time.strftime("%H:%M:%S", time.localtime(by.since))
        since = f" since {clock}, for {format_duration(max(0.0, now - by.since))}"
    if by is not None and by.pid is not None:
        since, end = f"{since} (process {by.pid})", f"{end}, or: kill -INT {by.pid}"
    return (
        f"{where}: {who} runs {what}{since}; two at once would spoil each other's results:"
        f" wait until it has ended, or {end}"
    )
