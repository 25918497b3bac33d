"""What the screen does to the rest of the program, as functions that may block: none runs in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.grounds import Grounds, Question
    from stagewatch.model import LogLine
    from stagewatch.tui.feed import Source
    from stagewatch.tui.saver import Store

PACE = 2.0
"""Seconds between two snapshots unless something urgent happened; each costs a repaint. A fault, an
error in a log, an edit and another recorder are urgent."""
REPORTS = ("md", "html")
"""The formats that the export key writes."""


def nothing_kept(question: Question) -> Grounds:
    """Where there is no history; says so."""
    raise LookupError("nothing is recorded here")


@dataclass(frozen=True, slots=True)
class DrillChoice:
    """A validation point or the exercise, with all that it will send."""

    name: str
    plan: tuple[str, ...]


def no_drills() -> tuple[DrillChoice, ...]:
    """Where there is nothing that could be run; says so."""
    raise LookupError("nothing is watched here")


def no_drill(name: str, operator: str) -> tuple[str, bool]:
    """Where nothing can be run; says so."""
    raise LookupError("nothing is watched here")


@dataclass(frozen=True, slots=True)
class Hooks:
    """Everything that is done in a thread of its own."""

    open_source: Callable[[], Source]
    """Open the record; in the feed's thread."""
    open_store: Callable[[], Store]
    """Open the session for editing; in the saver's thread."""
    export: Callable[[], tuple[Path, ...]]
    """Write a report and say where."""
    revive: Callable[[], str]
    """Start a recorder when none runs; returns why that did not work, or nothing."""
    grounds: Callable[[Question], Grounds] = nothing_kept
    """Read what a criterion's state rests on."""
    log_lines: Callable[[str], Sequence[LogLine]] = lambda probe: ()
    """The lines of a log that the record holds, oldest first: for when its file is not at hand."""
    drills: Callable[[], tuple[DrillChoice, ...]] = no_drills
    """What may be run; raises PersonError with the reason where nothing may."""
    run_drill: Callable[[str, str], tuple[str, bool]] = no_drill
    """(drill, operator) → what it came to, and whether that is good; takes as long as it takes."""


def session_hooks(folder: Path, clock: Clock) -> Hooks:
    """The hooks of the session in ``folder``; each imports what it needs when it is called."""

    def open_source() -> Source:
        from stagewatch.observe import Observer
        from stagewatch.widgets.words import time_of

        def when(at: float) -> str:
            return time_of(at, clock.now())

        return Observer(folder, clock, pace=PACE, when=when)

    def open_store() -> Store:
        from stagewatch.session.store import SessionStore

        return SessionStore(folder)

    def export() -> tuple[Path, ...]:
        from stagewatch.report.export import export_files

        return tuple(
            export_files(
                folder,
                formats=REPORTS,
                span=lambda snapshot: (
                    float(snapshot.session.started_at),
                    min(snapshot.now, float(snapshot.session.ends_at)),
                ),
            )
        )

    def revive() -> str:
        from stagewatch.recorder.launch import ensure_recorder

        return ensure_recorder(folder).problem

    def grounds(question: Question) -> Grounds:
        from stagewatch.grounds import grounds_of

        return grounds_of(folder, question)

    def log_lines(probe: str) -> Sequence[LogLine]:
        from stagewatch.history.intake import LINES_A_PROBE
        from stagewatch.history.reader import History
        from stagewatch.paths import HISTORY

        with History.open(folder / HISTORY) as history:
            return history.lines(probe, LINES_A_PROBE)

    def drills() -> tuple[DrillChoice, ...]:
        from stagewatch.tui.drilling import choices

        return choices(folder, clock)

    def run_drill(name: str, operator: str) -> tuple[str, bool]:
        from stagewatch.tui.drilling import run

        return run(folder, name, operator)

    return Hooks(open_source, open_store, export, revive, grounds, log_lines, drills, run_drill)


def stop_recording(folder: Path, operator: str, clock: Clock) -> None:
    """End the watch: the session says who stopped it, and its recorder ends. Raises PersonError."""
    from stagewatch.recorder.launch import stop_recorder
    from stagewatch.session.edits import stop
    from stagewatch.session.store import SessionStore

    at = clock.now()
    SessionStore(folder).edit(lambda session: stop(session, by=operator, at=at))
    stop_recorder(folder)
