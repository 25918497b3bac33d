"""Where readings arrive: they are stored, compared with what was before, and judged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from stagewatch.history.records import URGENT
from stagewatch.logs.words import CRITICAL, ERROR
from stagewatch.model import Event, Gap, Reading
from stagewatch.recorder.transitions import Transitions

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

    def minute(self, now: float, *, final: bool) -> None:
        """A minute has passed (silence must show), or, ``final``, the window is over."""
        ...


class Desk:
    """The schedule's sink: everything that a reading sets off."""

    def __init__(
        self,
        book: Book,
        judge: Judge | None,
        latest: Mapping[str, Reading],
        failures: Mapping[str, tuple[float | None, float]],
    ) -> None:
        self.sampled = False
        """Whether there was a reading."""
        self._book = book
        self._judge = judge
        self._transitions = Transitions(latest, failures)

    def add(self, reading: Reading) -> None:
        """Store a reading and what it means."""
        events = self._transitions.events(reading)
        self._book.add(reading)
        for event in events:
            self._book.event(event)
        if events or any(line.level in PRESSING for line in reading.lines):
            # Last, since it takes all that was told before it to the disk.
            self._book.put(URGENT, f"{reading.probe} {reading.at}")
        self.sampled = True
        self._ask_judge(reading, reading.at, final=False)

    def gap(self, gap: Gap) -> None:
        self._book.gap(gap)

    def event(self, event: Event) -> None:
        self._book.event(event)

    def minute(self, now: float, *, final: bool = False) -> None:
        """Let the judge know that time has passed."""
        self._ask_judge(None, now, final=final)

    def _ask_judge(self, reading: Reading | None, now: float, *, final: bool) -> None:
        if self._judge is None:
            return
        try:
            if reading is None:
                self._judge.minute(now, final=final)
            else:
                self._judge.reading(reading)
        # The one boundary around the judge: recording goes on without it, and an unjudged rule
        # is INCONCLUSIVE, so nothing passes because of this.
        except Exception:
            log.exception("the judge failed and judges no more; restart the recorder")
            self._judge = None
            text = "the judge failed; its rules stay as they are, see recorder.log"
            self._book.event(Event(now, "judge-failed", text))
