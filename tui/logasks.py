"""What the log's screen asks for: what to look for, what to show only, where to jump to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stagewatch.tui.lookfor import LookFor, LookForError

if TYPE_CHECKING:
    from textual.app import App

    from stagewatch.clock import Clock

AS_WRITTEN = "as it is written; ~ first: an expression"
LOOKS = "enter looks for it · esc goes back"
TIMES = "14:02, 2026-01-31 14:02, -15m, or a time as it stands in a line"


class LogAsks:
    """Dialogues that keep what cannot be used, and say why."""

    def __init__(self, app: App[bool], look_for: LookFor, clock: Clock) -> None:
        self._app, self._look_for, self._clock = app, look_for, clock

    def search(self, then: Callable[[str], None]) -> None:
        """What to look for."""
        about = f"{AS_WRITTEN}. Upwards first; n goes on, N goes back."

        def asked(text: str | None) -> None:
            if text:
                then(text)

        self._ask("Search", about, LOOKS, asked, self._look_for.text, exact=True)

    def only(self, then: Callable[[str], None]) -> None:
        """What to show only."""
        about = f"{AS_WRITTEN}. f again shows all lines."

        def asked(text: str | None) -> None:
            if text:
                then(text)

        self._ask("Show only lines with", about, LOOKS, asked, self._look_for.text, exact=True)

    def time(self, then: Callable[[float], None]) -> None:
        """Where to jump to, in Unix seconds."""

        def read(text: str) -> float:
            return self._look_for.time(text, self._clock.now())

        def asked(text: str | None) -> None:
            if text:
                then(read(text))

        self._ask("Jump to", TIMES, "enter jumps there · esc stays here", asked, read)

    def _ask(
        self,
        title: str,
        about: str,
        ends: str,
        then: Callable[[str | None], None],
        read: Callable[[str], object],
        *,
        exact: bool = False,
    ) -> None:
        from stagewatch.tui.screens.ask import AskScreen

        def refusal(text: str) -> str:
            try:
                read(text)
            except LookForError as error:
                return str(error)
            return ""

        dialogue = AskScreen(title, about, ends=ends, refusal=refusal, exact=exact)
        self._app.push_screen(dialogue, then)
