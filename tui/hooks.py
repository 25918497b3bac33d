"""What the screen does to the rest of the program, as functions that may block: none runs in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.tui.feed import Source
    from stagewatch.tui.saver import Store

PACE = 2.0
"""Seconds between two snapshots unless something urgent happened; each costs a repaint. A fault, an
error in a log, an edit and another recorder are urgent."""
REPORTS = ("md", "html")
"""The formats that the export key writes."""


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


def session_hooks(folder: Path, clock: Clock) -> Hooks:
    """The hooks of the session in ``folder``; each imports what it needs when it is called."""

    def open_source() -> Source:
        from stagewatch.observe import Observer

        return Observer(folder, clock, pace=PACE)

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

    return Hooks(open_source, open_store, export, revive)


def stop_recording(folder: Path, operator: str, clock: Clock) -> None:
    """End the watch: the session says who stopped it, and its recorder ends. Raises PersonError."""
    from stagewatch.recorder.launch import stop_recorder
    from stagewatch.session.edits import stop
    from stagewatch.session.store import SessionStore

    at = clock.now()
    SessionStore(folder).edit(lambda session: stop(session, by=operator, at=at))
    stop_recorder(folder)
