"""The dialogues before a drill: which one, and a look at what it will send."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from stagewatch.text import clean
from stagewatch.tui.screens.dialogue import Dialogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagewatch.tui.hooks import DrillChoice

RUN, LEAVE = "run", "leave"


class DrillScreen(Dialogue["DrillChoice"]):
    """Asks which drill to run; it is shown before it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "cancel", "cancel")]

    def __init__(self, choices: Sequence[DrillChoice]) -> None:
        super().__init__()
        self._choices = {choice.name: choice for choice in choices}

    def compose(self) -> ComposeResult:
        """The drills of the profile, with the first thing that each does."""
        with Vertical(id="box"):
            yield Static(Content.styled("Validate, or exercise", "bold"))
            yield OptionList(
                *(
                    Option(
                        Content.assemble(clean(name).ljust(16), (clean(choice.plan[0]), "dim")),
                        id=name,
                    )
                    for name, choice in self._choices.items()
                )
            )
            yield Static(Content("enter shows what it will send · esc leaves"), id="hint")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The highlighted drill."""
        self.dismiss(self._choices[event.option.id or ""])


class DrillPlanScreen(Dialogue[bool]):
    """Everything that a drill will send; leaving it is what lies under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,n", "cancel", "leave it"),
        Binding("y", "run", "run it"),
    ]

    def __init__(self, choice: DrillChoice) -> None:
        super().__init__()
        self._choice = choice

    def compose(self) -> ComposeResult:
        """The plan, and the two answers."""
        with Vertical(id="box"):
            yield Static(Content.styled(f"Run {clean(self._choice.name)}?", "bold"))
            for line in self._choice.plan:
                yield Static(Content(clean(line)))
            yield OptionList(
                Option(Content("esc  Leave it"), id=LEAVE),
                Option(Content("y    Run it, once"), id=RUN),
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The highlighted answer."""
        self.dismiss(event.option.id == RUN)

    def action_run(self) -> None:
        """Run it."""
        self.dismiss(True)
