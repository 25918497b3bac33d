"""A log file, its watch, and a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stagewatch.logs.files import Files, RealFiles
from stagewatch.logs.state import Loss, dumps, loads
from stagewatch.logs.watch import BUDGET, SILENCE, Heard, LogWatch, Plan

START = 1767225600.0  # 2026-01-01 00:00:00 UTC


class Watched:
    """A log at ``path`` (a file or a pattern) and what a watch counts in it."""

    def __init__(self, folder: Path, pattern: str, *, from_start: bool) -> None:
        self.folder, self.path = folder, folder / "error.log"
        self.plan = Plan(str(folder / pattern), START, from_start=from_start)
        self.files: Files = RealFiles()
        self.clock = 0.0
        self.texts: list[str] = []
        self.watch = LogWatch(self.plan, self.files)

    def write(self, text: str | bytes, path: Path | None = None) -> None:
        """Append to the log, or to another file."""
        with open(path or self.path, "ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    def look(
        self, seconds: float = 0.25, budget: int = BUDGET, heard: Heard = SILENCE
    ) -> list[str]:
        """Let time pass, look once; the lines that were new."""
        self.clock += seconds
        batch = self.watch.look(START + self.clock, self.clock, budget, heard=heard)
        found = [kept.raw.decode("utf-8", "replace") for kept in batch.lines() if kept.at >= START]
        self.texts += found
        return found

    def settle(self) -> None:
        """Look until every rotated file is let go."""
        for _ in range(4):
            self.look(4.0)

    def restart(self) -> None:
        """A new watch goes on from what the last one knew."""
        state = loads(dumps(self.watch.state(START + self.clock)))
        self.watch.close()
        self.watch = LogWatch(self.plan, self.files, state)

    @property
    def losses(self) -> list[Loss]:
        return self.watch.all_losses()

    @property
    def causes(self) -> list[str]:
        return [loss.cause for loss in self.losses]


@pytest.fixture
def open_log(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Makes watches over logs in the test's folder, which nobody looked at yet."""
    opened: list[Watched] = []

    def make(pattern: str = "error.log", *, from_start: bool = False) -> Watched:
        opened.append(Watched(tmp_path, pattern, from_start=from_start))
        return opened[-1]

    yield make
    for watched in opened:
        watched.watch.close()


@pytest.fixture
def log(open_log: Callable[..., Watched]) -> Watched:
    """An empty log that was looked at once."""
    watched = open_log()
    watched.path.touch()
    watched.look(0.0)
    return watched
