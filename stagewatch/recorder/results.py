"""What drills came to, as readings: the session tells of them, and the recorder stores them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

from stagewatch.model import Reading, Result
from stagewatch.session.document import Drill, Session


class Results:
    """Makes a reading of every result that the history does not have yet."""

    def __init__(
        self,
        drills: Collection[str],
        latest: Mapping[str, Reading],
        lingering: Collection[str] = (),
    ) -> None:
        """``drills`` are the pseudo-probes of the profile, ``latest`` what is stored already."""
        self.lingering = lingering
        """Those drills that disturb when nothing is sent any more."""
        self._stored = {name: latest[name].at if name in latest else -math.inf for name in drills}

    def new(self, session: Session) -> Iterator[Reading]:
        """The results that were added since the last call, in the order in which they ended."""
        for run in sorted(session.drill, key=lambda run: run.end):
            if run.at > self._stored.get(run.drill, math.inf):
                self._stored[run.drill] = run.at
                yield _reading(run)


def _reading(run: Drill) -> Reading:
    values = {e.signal: e.value for e in run.evidence if e.value is not None}
    return Reading(
        probe=run.drill,
        at=run.at,
        took=run.end - run.at,
        result=Result.VALUE if values else Result.NO_DATA,
        reason=f"{run.outcome}: {run.text}",
        values=values,
        missing={e.signal: e.reason for e in run.evidence if e.value is None},
        facts={"by": run.by, "outcome": run.outcome, "of": run.of},
    )
