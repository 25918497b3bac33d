"""``stagewatch``: the screen over a session, with its recorder running."""

from __future__ import annotations

import os

import click

from stagewatch.commands.options import Settings
from stagewatch.commands.where import joined_or_started


def watch(settings: Settings, *, ascii: bool, mouse: bool) -> int:
    """Open the screen; returns its exit status."""
    from stagewatch.tui.entry import require_terminal, run

    require_terminal()
    from stagewatch.recorder.launch import ensure_recorder
    from stagewatch.session.operator import operator_name

    folder = joined_or_started(settings)
    click.echo(f"stagewatch: opening {folder.name}", err=True)
    ensure_recorder(folder)
    return run(folder, operator_name(settings.operator, os.environ), ascii=ascii, mouse=mouse)
