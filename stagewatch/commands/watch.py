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
    from stagewatch.session.store import SessionStore

    folder = joined_or_started(settings)
    # A recorder goes on over a damaged session; who could edit it must mend it first.
    SessionStore(folder).load()
    click.echo(f"stagewatch: opening {folder.name}", err=True)
    ensure_recorder(folder)
    return run(folder, operator_name(settings.operator, os.environ), ascii=ascii, mouse=mouse)
