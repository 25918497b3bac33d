"""A day of the recorder and the screen in minutes: the real programs with another clock.

``bench.endurance`` starts them: ``python -m bench._day ROLE FOLDER SHARED HOURS MINUTES``.
"""

from __future__ import annotations

import asyncio
import mmap
import random
import selectors
import struct
import sys
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Imports of stagewatch are local: what this file loads would count as the programs' own memory.
if TYPE_CHECKING:
    from stagewatch.model import LogLine, Reading
    from stagewatch.probes import Probe
    from stagewatch.snapshot import Snapshot

SOAK_SLOWER = 50
LOOK_PERIOD = 0.005
FAILURES = 500
LINES = ("INFO     [sync] workspace 7 synced", "WARNING  slow query", "ERROR    pool timeout")


class Shared:
    """The simulated time and the number of snapshots, for all three processes."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def _at(self, place: int) -> float:
        return float(struct.unpack_from("d", self._memory, 8 * place)[0])

    @property
    def now(self) -> float:
        """Unix seconds of the simulation."""
        return self._at(0)

    @now.setter
    def now(self, value: float) -> None:
        struct.pack_into("d", self._memory, 0, value)

    @property
    def snapshots(self) -> int:
        """How many the screen has taken."""
        return int(self._at(1))

    @snapshots.setter
    def snapshots(self, value: int) -> None:
        struct.pack_into("d", self._memory, 8, value)


class SharedClock:
    """A clock that says what the recorder's simulation has reached."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def now(self) -> float:
        return self._shared.now

    def boot(self) -> float:
        return self._shared.now

    def monotonic(self) -> float:
        return self._shared.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class Jump(selectors.DefaultSelector):
    """Does not wait: tells how long it should have."""

    def __init__(self, skipped: Callable[[float], None]) -> None:
        super().__init__()
        self._skipped = skipped

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if timeout > 0 and not ready:
            self._skipped(timeout)
        return ready


class Simulation:
    """Time as the recorder's event loop makes it go by, not faster than ``speed``."""

    def __init__(self, shared: Shared, until: float, speed: float) -> None:
        self._shared, self._speed = shared, speed
        self._start, self._day = shared.now, until - shared.now
        self._began = time.monotonic()
        self._offset = 0.0
        self.passed = 0.0
        """Seconds; small, because a Unix time is too coarse for the loop's timers."""
        self.commit: Callable[[], object] = lambda: None

    def now(self) -> float:
        """Unix seconds."""
        return self._start + self.passed

    def skip(self, seconds: float) -> None:
        """Go on by so much; when a second is over, it is committed first."""
        before, self.passed = int(self.passed), self.passed + seconds
        if int(self.passed) == before:
            return
        self.commit()
        self._shared.now = self.now()
        if self.passed >= self._day:
            self._day = float("inf")
            self._speed /= SOAK_SLOWER
            self._began, self._offset = time.monotonic(), self.passed
        ahead = (self.passed - self._offset) / self._speed - (time.monotonic() - self._began)
        if ahead > 0:
            time.sleep(ahead)


class Loop(asyncio.SelectorEventLoop):
    """Its time is the simulation's."""

    def __init__(self, simulation: Simulation) -> None:
        self.time = lambda: simulation.passed  # type: ignore[method-assign]  # as a test would
        super().__init__(Jump(simulation.skip))

    def run_in_executor(  # type: ignore[override]  # less general, and enough here
        self, executor: object, func: Callable[..., object], *args: object
    ) -> asyncio.Future[object]:
        # In a thread: hours would pass while it works.
        done = self.create_future()
        done.set_result(func(*args))
        return done


class Policy(asyncio.DefaultEventLoopPolicy):
    """Makes loops whose time is the simulation's."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self._simulation = simulation

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return Loop(self._simulation)


class FastProbe:
    """Answers at once, with readings like the one that the real probe had."""

    def __init__(self, real: Probe, like: Reading, clock: SharedClock) -> None:
        self.name, self.signals = real.name, real.signals
        self.deadline = real.deadline
        self.every = 1.0
        self._log = real.tick < real.every
        self.tick = 0.25 if self._log else 1.0
        self._like, self._clock, self._number = like, clock, 0

    async def read(self) -> Reading | None:
        await asyncio.sleep(0.003)
        self._number += 1
        if self._log and self._number % 4:
            return None
        at = self._clock.now()
        if random.random() * FAILURES < 1:
            return self._failed(at)
        values = {name: value * random.uniform(0.9, 1.1) for name, value in self._values()}
        return replace(
            self._like, at=at, took=random.uniform(0.001, 0.2), values=values, lines=self._lines(at)
        )

    async def aclose(self) -> None:
        """Nothing is held."""

    def _values(self) -> Sequence[tuple[str, float]]:
        if self._log:
            return [(signal.name, float(self._number)) for signal in self.signals]
        return [(s.name, self._like.values.get(s.name, 7.0)) for s in self.signals]

    def _lines(self, at: float) -> tuple[LogLine, ...]:
        from stagewatch.model import LogLine

        if not self._log:
            return ()
        texts = random.choices(LINES, k=random.randint(0, 4))
        return tuple(
            LogLine(at, "error.log", text.split()[0], f"{self._number} {text}") for text in texts
        )

    def _failed(self, at: float) -> Reading:
        from stagewatch.model import Result

        why = f"connection refused by 127.0.0.1:{random.randint(8000, 8009)}"
        missing = {signal.name: why for signal in self.signals}
        return replace(
            self._like, at=at, result=Result.ERROR, reason=why, values={}, missing=missing, facts={}
        )


async def _read_for_real(folder: Path) -> list[tuple[Probe, Reading]]:
    """Open every probe as a recorder does and read it once, which loads all that it needs."""
    from stagewatch.clock import SystemClock
    from stagewatch.following import SessionFile
    from stagewatch.paths import PROFILE
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import load
    from stagewatch.recorder.past import Past
    from stagewatch.recorder.run import open_probes

    profile = load(folder / PROFILE, InstalledKinds())
    probes = open_probes(profile, SessionFile(folder).session, Past(), SystemClock())
    found = []
    for probe in probes:
        reading = await probe.read()
        if reading is None or not reading.values:
            raise SystemExit(f"{probe.name} could not be read for real: {reading}")
        found.append((probe, reading))
        await probe.aclose()
    return found


def record(folder: Path, shared: Shared, hours: float, minutes: float) -> int:
    """The recorder's process."""
    from stagewatch.history.writer import HistoryWriter
    from stagewatch.recorder import main as recorder

    like = asyncio.run(_read_for_real(folder))
    simulation = Simulation(shared, shared.now + 3600 * hours, 60 * hours / minutes)
    asyncio.set_event_loop_policy(Policy(simulation))

    class Clock(SharedClock):
        """The simulation's time, finer than what the others are told."""

        def now(self) -> float:
            return simulation.now()

        boot = monotonic = now

    clock = Clock(shared)

    def writer(path: Path, given: Clock, *, shown: Container[str]) -> HistoryWriter:
        made = HistoryWriter(path, given, shown=shown)
        simulation.commit = lambda: made.flush(60)
        return made

    def probes(*_: object) -> list[FastProbe]:
        return [FastProbe(real, reading, clock) for real, reading in like]

    names: dict[str, object] = {
        "SystemClock": lambda: clock,
        "HistoryWriter": writer,
        "open_probes": probes,
    }
    for name, stand_in in names.items():
        assert hasattr(recorder, name)
        setattr(recorder, name, stand_in)
    count = sum(len(probe.signals) for probe, _ in like)
    print(f"ready: {len(like)} probes, {count} signals", flush=True)
    return recorder.record(folder, foreground=False)


def look(folder: Path, shared: Shared) -> int:
    """The screen's process: the program, with another clock and an eager feed."""
    from stagewatch import clock, observe

    class Eager(observe.Observer):
        """Counts the snapshots."""

        def look(self) -> Snapshot | None:
            feed: Any = sys.modules["stagewatch.tui.feed"]
            feed.PERIOD = LOOK_PERIOD
            snapshot = super().look()
            shared.snapshots += snapshot is not None
            return snapshot

    setattr(clock, "SystemClock", lambda: SharedClock(shared))  # noqa: B010
    setattr(observe, "Observer", Eager)  # noqa: B010
    from stagewatch.__main__ import main as program

    sys.argv = ["stagewatch", "--session", str(folder)]
    program()
    return 0


def main(role: str, folder: str, shared: str, hours: str, minutes: str) -> int:
    """One of the two processes."""
    if role == "screen":
        return look(Path(folder), Shared(Path(shared)))
    return record(Path(folder), Shared(Path(shared)), float(hours), float(minutes))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
