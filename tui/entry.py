"""From the command line to the screen and back: what surrounds Textual, without importing it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path

from stagewatch.clock import Clock, SystemClock
from stagewatch.errors import PersonError
from stagewatch.tui.hooks import Hooks, session_hooks, stop_recording

_SETTINGS = {
    # Textual reads these once, when it is imported. Nothing here moves; smooth scrolling and
    # animations would only send frames over a slow link.
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_DISABLE_KITTY_KEY": "1",
}


class NoTerminalError(PersonError):
    """The screen was asked for where there is no terminal to draw on."""


def require_terminal() -> None:
    """Raise NoTerminalError unless keys can be read and frames can be written.

    Textual reads standard input and draws on standard error.
    """
    for stream, name in ((sys.__stdin__, "input"), (sys.__stderr__, "error")):
        if stream is None or not stream.isatty():
            raise NoTerminalError(
                f"standard {name} is not a terminal, so there is no screen; use "
                "`stagewatch record` to record and `stagewatch status` to ask"
            )


def draws_unicode() -> bool:
    """Whether the terminal's encoding has the box and braille characters."""
    encoding = (sys.__stderr__.encoding if sys.__stderr__ is not None else "") or "ascii"
    try:
        "╭●⣿▁━".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def prepare(environ: MutableMapping[str, str]) -> None:
    """Set what Textual reads when it is imported, where the operator has not, and let it ask the
    terminal for its size."""
    for name, value in _SETTINGS.items():
        environ.setdefault(name, value)
    for name in ("COLUMNS", "LINES"):
        # Python takes an exported size for the terminal's, also when that has another by now.
        environ.pop(name, None)


def run(
    folder: Path,
    operator: str,
    *,
    ascii: bool = False,
    mouse: bool = True,
    on_quit: Callable[[bool], None] | None = None,
    hooks: Hooks | None = None,
    clock: Clock | None = None,
) -> int:
    """Open the screen over the session in ``folder``; returns the exit status.

    ``on_quit`` is called once the terminal is the shell's again, with True when the operator chose
    to stop the recording; without it, the session is stopped and its recorder ended. A signal or a
    lost terminal ends the screen with 129 or 143 and never the recording. Raises NoTerminalError.
    """
    require_terminal()
    prepare(os.environ)
    # Until the screen stands: nothing of what the imports make is garbage.
    gc.disable()
    from stagewatch.tui.app import StageWatch
    from stagewatch.tui.terminal import TerminalGuard

    clock = clock or SystemClock()
    hooks = hooks or session_hooks(folder, clock)
    app = StageWatch(hooks, operator, clock, ascii=ascii or not draws_unicode())
    guard = TerminalGuard(app.drain)
    guard.install()
    app.on_started = guard.attach
    stop = app.run(mouse=mouse)
    if guard.code is not None:
        return guard.code
    if app.return_code:
        return app.return_code
    if on_quit is not None:
        on_quit(bool(stop))
    elif stop:
        stop_recording(folder, operator, clock)
    return 0
