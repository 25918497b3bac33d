"""Where readings arrive: they are stored, compared with what was before, and judged."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Protocol

from stagewatch.derived import Derivations
from stagewatch.history.records import URGENT
from stagewatch.logs.words import CRITICAL, ERROR
from stagewatch.model import Event, Gap, Reading
from stagewatch.recorder.transitions import Transitions
from stagewatch.session.document import Session

PRESSING = frozenset((CRITICAL, ERROR))
"""Log lines of these levels are shown at once."""

log = logging.getLogger(__name__)


class Book(Protocol):
    """What the recorder asks of a history; every call returns at once."""

    @property
    def problem(self) -> str: ...

    def add(self, reading: Reading, /) -> None: ...

    def open_gap(self, probe: str, start: float, cause: str, /) -> None: ...

    def close_gap(self, probe: str, end: float, /) -> None: ...

    def gap(self, gap: Gap, /) -> None: ...

    def event(self, event: Event, /) -> None: ...

    def put(self, key: str, value: str, /) -> None: ...


class Judge(Protocol):
    """What turns readings into states; it stores them itself. All calls are short."""

    def reading(self, reading: Reading) -> None:
        """A reading was stored."""
        ...

    def gap(self, gap: Gap) -> None:
        """A whole gap was recorded."""
        ...

    def look(self, now: float, session: Session) -> None:
        """Time has passed (silence must show), or the session was edited."""
        ...

    async def finish(self, now: float, session: Session) -> None:
        """The window is over: judge all of it."""
        ...

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        ...


class Desk:
    """The schedule's sink: everything that a reading sets off."""

    def __init__(
        self,
        book: Book,
        judge: Judge | None,
        latest: Mapping[str, Reading],
        failures: Mapping[str, tuple[float | None, float]],
        derivations: Derivations | None = None,
    ) -> None:
        self.sampled = False
        """Whether there was a reading."""
        self._book = book
        self._judge = judge
        self._derivations = derivations or Derivations({})
        self._transitions = Transitions(latest, failures)

    def add(self, reading: Reading) -> None:
        """Store a reading and what it means."""
        events = self._transitions.events(reading)
        self._keep(reading)
        for event in events:
            self._book.event(event)
        if events or any(line.level in PRESSING for line in reading.lines):
            # Last, since it takes all that was told before it to the disk.
            self._book.put(URGENT, f"{reading.probe} {reading.at}")
        self.sampled = True
        # What follows from it makes no events: they would say the same again.
        for derived in self._derivations.readings(reading):
            self._keep(derived)

    def _keep(self, reading: Reading) -> None:
        self._book.add(reading)
        if self._judge is not None:
            with self._boundary(reading.at):
                self._judge.reading(reading)

    def gap(self, gap: Gap) -> None:
        """Store a gap, of the derived signals as well."""
        self._book.gap(gap)
        if self._judge is not None:
            with self._boundary(gap.start):
                self._judge.gap(gap)
        for derived in self._derivations.gaps(gap):
            self._book.gap(derived)

    def event(self, event: Event) -> None:
        self._book.event(event)

    def look(self, now: float, session: Session) -> None:
        """Let the judge know that time has passed, or that people did something."""
        if self._judge is not None:
            with self._boundary(now):
                self._judge.look(now, session)

    async def finish(self, now: float, session: Session) -> None:
        """Let the judge say its last word."""
        if self._judge is not None:
            with self._boundary(now):
                await self._judge.finish(now, session)

    def close(self) -> None:
        """Let the judge go."""
        if self._judge is not None:
            self._judge.close()

    @contextlib.contextmanager
    def _boundary(self, now: float) -> Iterator[None]:
        try:
            yield
        # The one boundary around the judge: recording goes on without it, and what nobody has
        # judged of late is INCONCLUSIVE, so nothing passes because of this.
        except Exception:
            log.exception("the judge failed and judges no more; restart the recorder")
            self._judge = None
            text = "the judge failed and judges no more; see recorder.log"
            self._book.event(Event(now, "judge-failed", text))
