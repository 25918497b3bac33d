"""What the screen's parts tell each other: facts, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.changes import Change
    from stagewatch.tui.saver import Saving


@dataclass
class SnapshotArrived(Message):
    """There is something new to show."""

    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the latest counts."""
        return isinstance(message, SnapshotArrived)


class WatchReady(Message):
    """The record is shown, or it is known that it cannot be: keys have something to act on."""


@dataclass
class FeedFailed(Message):
    """The record could not be read; it is tried again."""

    reason: str


@dataclass
class SavingChanged(Message):
    """An edit was saved, refused, or could not be saved yet."""

    saving: Saving


@dataclass
class ChangeWanted(Message):
    """The operator changed something in the session."""

    change: Change


class ExportWanted(Message):
    """The operator wants a report now."""


@dataclass
class Exported(Message):
    """The report was written."""

    paths: tuple[Path, ...]


@dataclass
class Failed(Message):
    """Something that was started in the background did not work."""

    what: str
    reason: str


class LeaveWanted(Message):
    """The operator wants to leave; what happens to the recorder is still to be asked."""
