"""The dialogue on the way out: what happens to the recorder."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from stagewatch.text import clean
from stagewatch.tui.screens.dialogue import Dialogue


class Leaving(StrEnum):
    """What the operator decided."""

    LEAVE = "leave"
    STOP = "stop"
    STAY = "stay"


_OPTIONS = (
    (Leaving.LEAVE, "l  Leave it recording", "`stagewatch` opens it again"),
    (Leaving.STOP, "s  Stop the recording", "the watch ends for good"),
    (Leaving.STAY, "esc  Stay", "back to the screen"),
)


class LeaveScreen(Dialogue[Leaving]):
    """Leave it recording (the default), stop the recording, or stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "choose('leave')", "leave it recording"),
        Binding("s", "choose('stop')", "stop the recording"),
        Binding("escape,q", "choose('stay')", "stay"),
    ]

    def __init__(self, recording: str, unsaved: str = "") -> None:
        super().__init__()
        self._recording = clean(recording)
        self._unsaved = clean(unsaved)

    def compose(self) -> ComposeResult:
        """The present state, the choices, and what would be lost."""
        with Vertical(id="box"):
            yield Static(Content.styled("Leave the screen", "bold"))
            yield Static(Content(self._recording))
            if self._unsaved:
                yield Static(Content.styled(self._unsaved, "bold $error"))
            yield OptionList(
                *(
                    Option(Content.assemble(name.ljust(24), (why, "dim")), id=choice.value)
                    for choice, name, why in _OPTIONS
                )
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The highlighted choice."""
        self.action_choose(event.option.id or Leaving.STAY)

    def action_choose(self, choice: str) -> None:
        """Answer with this choice."""
        self.dismiss(Leaving(choice))
