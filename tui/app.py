"""The application: a frame at once, then the watch."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App, SystemCommand
from textual.screen import Screen

from stagewatch.tui.keys import BOARD_ACTS, BOARD_KEYS, KEYS
from stagewatch.tui.messages import BoardWanted
from stagewatch.tui.patches import NoControls, mend_styles_cache, send_only_what_changed
from stagewatch.tui.screens.curtain import Curtain
from stagewatch.tui.theme import CALM

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.driver import Driver
    from textual.filter import LineFilter

    from stagewatch.clock import Clock
    from stagewatch.snapshot import Snapshot
    from stagewatch.tui.hooks import Hooks
    from stagewatch.tui.screens.live import LiveScreen


EARLY_KEYS = 64
LEAVING = ("ctrl+c", "ctrl+q")


class StageWatch(App[bool]):
    """Exits with True when the operator chose to stop the recording.

    The first frame needs a fraction of the modules; the rest is imported once it is out.
    """

    CSS_PATH = "stagewatch.tcss"
    TITLE = "stagewatch"

    def __init__(self, hooks: Hooks, operator: str, clock: Clock, *, ascii: bool = False) -> None:
        mend_styles_cache()
        send_only_what_changed()
        super().__init__()
        # Before the style sheets are read, so that they are read once.
        self.register_theme(CALM)
        if not os.environ.get("TEXTUAL_THEME"):
            self.theme = CALM.name
        self._controls = NoControls()
        self._hooks, self._operator, self._clock, self._ascii = hooks, operator, clock, ascii
        self._live: LiveScreen | None = None
        self._early: list[events.Key] | None = []
        """Keys pressed before there was anything to act on; None once there is."""
        self.on_started: Callable[[App[Any]], None] = lambda app: None
        """Called from the event loop before anything else happens."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, but for the one that would wake up ten times a second."""
        from textual.drivers.linux_driver import LinuxDriver

        chosen = super().get_driver_class()
        if chosen is not LinuxDriver:
            return chosen  # a browser's, a test's
        from stagewatch.tui.driver import QuietDriver

        return QuietDriver

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest one; None until the first arrived."""
        return self._live.snapshot if self._live is not None else None

    def get_default_screen(self) -> Screen[None]:
        """Only a frame, which is there at once."""
        return Curtain(ascii=self._ascii)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Every painted line passes the last defence."""
        return [*super().get_line_filters(), self._controls]

    def on_mount(self) -> None:
        """Paint the frame; what costs time comes after it."""
        self.on_started(self)
        self.call_after_refresh(self._raise_curtain)

    def _raise_curtain(self) -> None:
        from stagewatch.tui.screens.live import LiveScreen

        self._live = LiveScreen(self._hooks, self._operator, self._clock, ascii=self._ascii)
        self.push_screen(self._live)
        # What was made so far stays; the collector need not look at it again.
        gc.freeze()
        gc.enable()

    async def on_event(self, event: events.Event) -> None:
        """Keep the keys that come before the watch can be seen; those that leave act at once."""
        early = self._early
        acts = not isinstance(event, events.Key) or event.key in LEAVING
        if early is None or acts or event.is_forwarded:
            await super().on_event(event)
        elif len(early) < EARLY_KEYS:
            assert isinstance(event, events.Key)
            early.append(event)

    def on_watch_ready(self) -> None:
        """Hand on the keys that were kept, in their order."""
        kept, self._early = self._early or [], None
        for event in kept:
            self.post_message(event)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key of the screen, by name, and the choice of colours."""
        for binding, act in self._commands(screen):
            yield SystemCommand(binding.description.capitalize(), binding.tooltip, act)
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)

    def _commands(self, screen: Screen[Any]) -> Iterator[tuple[Binding, Callable[[], Any]]]:
        """The keys of the screen on top; from the panes, also the acts of the verdict board."""
        live = self._live
        if live is None:
            return
        if screen is not live and isinstance(commands := getattr(screen, "commands", None), tuple):
            for binding in commands:
                yield binding, partial(screen.run_action, binding.action)
            return
        for binding in KEYS:
            if "(" not in binding.action and binding.action != "palette":
                yield binding, partial(live.run_action, binding.action)
        for binding in BOARD_KEYS:
            if binding.action in BOARD_ACTS:
                yield binding, partial(live.post_message, BoardWanted(binding.action))
        yield from live.log_commands()

    def drain(self, seconds: float) -> None:
        """Let edits reach the disk, from any thread, on the way out."""
        if self._live is not None:
            self._live.drain(seconds)

    async def action_quit(self) -> None:
        """Textual's own ctrl+q asks as well."""
        self.action_help_quit()

    def action_help_quit(self) -> None:
        """ctrl+c asks as well; before the watch is there, it leaves at once."""
        if self._live is None:
            self.exit(False)
        else:
            self._live.action_quit()
