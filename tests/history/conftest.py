"""Writers that are always closed, readings in one line, and a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stagewatch.history import History, HistoryWriter
from stagewatch.model import LogLine, Reading, Result, Signal

T0 = 1_757_080_440.0
"""A whole minute."""


class HandClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.wall, self.since_boot = T0, 1000.0

    def now(self) -> float:
        return self.wall

    def boot(self) -> float:
        return self.since_boot

    def monotonic(self) -> float:
        return self.since_boot

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.since_boot += seconds


def make_reading(
    at: float, value: float | None = 1.0, *, probe: str = "health", **fields: object
) -> Reading:
    """A reading ``at`` seconds after T0 with one value, or a failed one without."""
    signal = f"{probe}.latency"
    if value is None:
        why = "connection refused"
        given: dict[str, object] = {"result": Result.ERROR, "reason": why, "missing": {signal: why}}
    else:
        given = {"result": Result.VALUE, "values": {signal: value}}
    told = {"probe": probe, "at": T0 + at, "took": 0.012, **given, **fields}
    return Reading(**told)  # type: ignore[arg-type] # the tests give the right ones


def make_lines(count: int, level: str = "", start: int = 0) -> tuple[LogLine, ...]:
    """Numbered log lines."""
    return tuple(
        LogLine(T0 + n, "error.log", level, f"line {n}") for n in range(start, start + count)
    )


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
def reading() -> Callable[..., Reading]:
    return make_reading


@pytest.fixture
def log_lines() -> Callable[..., tuple[LogLine, ...]]:
    return make_lines


@pytest.fixture
def t0() -> float:
    return T0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def open_writer(path: Path, hand_clock: HandClock) -> Iterator[Callable[..., HistoryWriter]]:
    """Opens writers on ``path``; whatever a test leaves open is closed."""
    opened = []

    def open_one(**options: object) -> HistoryWriter:
        writer = HistoryWriter(path, hand_clock, **options)  # type: ignore[arg-type] # as above
        opened.append(writer)
        writer.declare("health", "http", 1.0, [Signal("health.latency", "ms", "time taken")])
        return writer

    yield open_one
    for writer in opened:
        writer.close()


@pytest.fixture
def writer(open_writer: Callable[..., HistoryWriter]) -> HistoryWriter:
    return open_writer()


@pytest.fixture
def stored(path: Path) -> Iterator[Callable[..., History]]:
    """Flushes a writer and opens a reader on what it stored."""
    opened = []

    def read(writer: HistoryWriter | None = None) -> History:
        assert writer is None or writer.flush(20), "not stored in time"
        history = History.open(path)
        opened.append(history)
        return history

    yield read
    for history in opened:
        history.close()
