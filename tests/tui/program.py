"""The screen over a made-up record, for tests in a real terminal and for the benchmark.

Usage: program.py SAVED [slow]; each edit is appended to SAVED, after half a second when slow. Once
there is a file SAVED.stuck, the event loop hangs for a minute.
As with a real record, nothing that reads it is imported before the first frame.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.clock import SystemClock
from stagewatch.tui import run
from stagewatch.tui.hooks import Hooks

if TYPE_CHECKING:
    from stagewatch.session.document import Session
    from stagewatch.tui.stage import Stage

MOMENT = 1757085833.0 + 13 * 3600 + 7 * 60 + 12
"""``specimen.NOW``, which is not imported yet."""


class Clock(SystemClock):
    """Goes on from the specimen's moment."""

    def __init__(self, stuck: Path) -> None:
        self._begun = time.monotonic()
        self._stuck = stuck

    def now(self) -> float:
        if self._stuck.exists():
            time.sleep(60)
        return MOMENT + time.monotonic() - self._begun


class Record:
    """Opens the specimen when it is asked for."""

    def __init__(self, saved: Path, *, slow: bool) -> None:
        self._saved = saved
        self._slow = slow

    @cached_property
    def stage(self) -> Stage:
        from stagewatch.tui.specimen import healthy
        from stagewatch.tui.stage import Stage

        return Stage(healthy())

    def edit(self, change: Callable[[Session], Session]) -> Session:
        time.sleep(0.4 if self._slow else 0.0)
        session = self.stage.edit(change)
        self.note(str(len(session.tick)))
        return session

    def note(self, line: str) -> None:
        with self._saved.open("a") as file:
            file.write(f"{line}\n")


def main(saved: Path, *, slow: bool) -> int:
    record = Record(saved, slow=slow)
    hooks = Hooks(lambda: record.stage, lambda: record, export=lambda: (), revive=lambda: "")
    return run(
        Path.cwd(),
        "alice",
        hooks=hooks,
        clock=Clock(saved.with_name(f"{saved.name}.stuck")),
        on_quit=lambda stop: record.note("stopped" if stop else "left"),
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), slow="slow" in sys.argv))
