"""The screen over a made-up record, for tests in a real terminal.

Usage: program.py SAVED [slow]; each edit is appended to SAVED, after half a second when slow.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stagewatch.session.document import Session
from stagewatch.tui import run
from stagewatch.tui.specimen import Clock, Stage, healthy


def main(saved: Path, *, slow: bool) -> int:
    stage = Stage(healthy())

    class Disk:
        def edit(self, change: Callable[[Session], Session]) -> Session:
            time.sleep(0.4 if slow else 0.0)
            session = stage.edit(change)
            with saved.open("a") as file:
                file.write(f"{len(session.tick)}\n")
            return session

    def left(stop: bool) -> None:
        with saved.open("a") as file:
            file.write("stopped\n" if stop else "left\n")

    hooks = replace(stage.hooks(), open_store=Disk)
    clock = Clock(going=True)
    return run(Path.cwd(), "alice", hooks=hooks, clock=clock, on_quit=left)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), slow="slow" in sys.argv[2:]))
