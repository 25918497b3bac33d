"""``stagewatch``: the screen over a session, with its recorder running."""

from __future__ import annotations

import os
import sys

import click

from stagewatch.commands.options import Settings
from stagewatch.commands.where import joined_or_started
from stagewatch.errors import PersonError


def watch(settings: Settings, *, ascii: bool, mouse: bool) -> int:
    """Open the screen; returns its exit status."""
    require_terminal()
    from stagewatch.recorder.launch import ensure_recorder
    from stagewatch.session.operator import operator_name

    folder = joined_or_started(settings)
    click.echo(f"stagewatch: opening {folder.name}", err=True)
    ensure_recorder(folder)
    from stagewatch.tui import run

    return run(folder, operator_name(settings.operator, os.environ), ascii=ascii, mouse=mouse)


def require_terminal() -> None:
    """Raise a PersonError when there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PersonError(
            "the screen needs a terminal on standard input and standard error; without one, use "
            "`stagewatch record` to record and `stagewatch status` to ask"
        )
