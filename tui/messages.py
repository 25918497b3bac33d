"""What the screen's parts tell each other: facts, in the past tense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from stagewatch.widgets.view import Row

if TYPE_CHECKING:
    from stagewatch.grounds import Grounds, Question
    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.changes import Change
    from stagewatch.tui.hooks import DrillChoice
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


class BoardWanted(Message):
    """The operator wants the verdict board."""

    def __init__(self, act: str = "") -> None:
        super().__init__()
        self.act = act
        """What to do there at once; empty for a look."""


@dataclass
class DetailWanted(Message):
    """The operator wants a criterion's evidence."""

    row: Row


@dataclass
class LogWanted(Message):
    """The operator wants the log of a moment."""

    at: float | None
    """None: its end."""
    probes: tuple[str, ...]
    """Whose log is meant, where one of them has one."""
    chart: Callable[[float], bool]
    """Points at a moment in the charts that one comes from; False when none shows it."""


@dataclass
class GroundsWanted(Message):
    """A criterion's evidence is to be read from the history."""

    question: Question


@dataclass
class GroundsFound(Message):
    """It was read, or could not be: then ``problem`` says why."""

    question: Question
    grounds: Grounds | None
    problem: str = ""


class SheetClosed(Message):
    """A full screen was closed; what lies below is seen again."""


@dataclass
class Told(Message):
    """Something that the operator should read: why an act is not possible."""

    text: str


class DrillWanted(Message):
    """The operator wants to run a validation point or the exercise."""


@dataclass
class DrillsFound(Message):
    """There are these to choose from."""

    choices: tuple[DrillChoice, ...]


@dataclass
class DrillEnded(Message):
    """A drill came to this."""

    text: str
    bad: bool


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
