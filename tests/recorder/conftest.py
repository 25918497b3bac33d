"""Virtual time for the recorder: a loop that never waits, and a clock that can be disturbed."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from stagewatch.model import Event, Gap, Reading, Result, Signal
from stagewatch.session.document import Instant, Session
from stagewatch.session.store import SessionStore

T = TypeVar("T")
START = 1_700_000_000.0
"""Wall time at which every test begins."""
Read = Callable[[], Coroutine[Any, Any, Reading | None]]


class _NoWait(selectors.DefaultSelector):
    """Instead of waiting for a timer, lets the loop's time pass at once."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.loop.passed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose hours take no time."""

    def __init__(self) -> None:
        self.passed = 1000.0
        selector = _NoWait()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.passed

    def run_in_executor(
        self, executor: object, func: Callable[..., T], *args: object
    ) -> asyncio.Future[T]:
        # In a thread: hours would pass while it works.
        done: asyncio.Future[T] = self.create_future()
        done.set_result(func(*args))
        return done


@dataclass
class FakeClock:
    """The three clocks over a virtual loop; ``set_by`` and ``suspend`` disturb them."""

    loop: VirtualLoop
    wall_ahead: float = 0.0
    slept: float = 0.0

    def now(self) -> float:
        return START - 1000.0 + self.loop.time() + self.slept + self.wall_ahead

    def boot(self) -> float:
        return self.loop.time() + self.slept

    def monotonic(self) -> float:
        return self.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def set_by(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall_ahead += seconds

    def suspend(self, seconds: float) -> None:
        """The machine sleeps: wall and boot clock go on, the monotonic one does not."""
        self.slept += seconds

    def hold_up(self, seconds: float) -> None:
        """The process does not get to run for so long."""
        self.loop.passed += seconds


@dataclass
class FakeBook:
    """What the recorder wrote, in order."""

    readings: list[Reading] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    opened: list[tuple[str, float, str]] = field(default_factory=list)
    closed: list[tuple[str, float]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    def add(self, reading: Reading) -> None:
        self.readings.append(reading)

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def open_gap(self, probe: str, start: float, cause: str) -> None:
        self.opened.append((probe, start, cause))

    def close_gap(self, probe: str, end: float) -> None:
        self.closed.append((probe, end))

    def event(self, event: Event) -> None:
        self.events.append(event)

    def put(self, key: str, value: str) -> None:
        self.facts[key] = value

    def of(self, probe: str, *results: Result) -> list[Reading]:
        """A probe's readings, only those with these results if any are named."""
        return [
            r for r in self.readings if r.probe == probe and (not results or r.result in results)
        ]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


class FakeProbe:
    """A probe that does what its ``act`` does."""

    def __init__(
        self,
        name: str,
        clock: FakeClock,
        every: float = 5.0,
        *,
        tick: float | None = None,
        deadline: float = 4.0,
        act: Read | None = None,
    ) -> None:
        self.name = name
        self.every = every
        self.tick = tick or every
        self.deadline = deadline
        self.signals: tuple[Signal, ...] = (Signal(f"{name}.value", ""),)
        self.starts: list[float] = []
        self.running = self.most_at_once = 0
        self.closed = 0
        self._clock = clock
        self._act = act

    async def read(self) -> Reading | None:
        self.starts.append(self._clock.monotonic())
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            return await self._act() if self._act else self.value()
        finally:
            self.running -= 1

    def value(self, **facts: str) -> Reading:
        """A good reading of this moment."""
        values = {f"{self.name}.value": 1.0}
        return Reading(
            self.name, self._clock.now(), 0.001, Result.VALUE, values=values, facts=facts
        )

    async def aclose(self) -> None:
        self.closed += 1


class Virtual:
    """A loop with its clock and a book; ``run`` lives through any time at once."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.clock = FakeClock(self.loop)
        self.book = FakeBook()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            return runner.run(coroutine)

    def probe(
        self,
        name: str = "probe",
        every: float = 5.0,
        *,
        tick: float | None = None,
        deadline: float = 4.0,
        act: Read | None = None,
    ) -> FakeProbe:
        return FakeProbe(name, self.clock, every, tick=tick, deadline=deadline, act=act)


@pytest.fixture
def virtual() -> Iterator[Virtual]:
    """Time that passes at once."""
    made = Virtual()
    yield made
    made.loop.close()


@pytest.fixture(scope="session")
def new_virtual() -> type[Virtual]:
    """For property tests, which need such a time for each example."""
    return Virtual


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session's folder: a watch of a day that begins at START."""
    folder = tmp_path / "watch-1"
    SessionStore(folder).create(
        Session(
            id=folder.name,
            profile="watch",
            deployment="staging",
            started_at=Instant(START),
            ends_at=Instant(START + 86_400),
        )
    )
    return folder
