"""``stagewatch stop``: end the recording of a session."""

from __future__ import annotations

import os

import click

from stagewatch.commands.options import Settings, operator_option, profile_option, session_option
from stagewatch.commands.where import session_folder


@click.command(help="End the recording; ending before the window is over is never a GO.")
@profile_option
@session_option
@operator_option
@click.pass_context
def stop(
    ctx: click.Context, profile: str | None, session: str | None, operator: str | None
) -> None:
    """Mark the session as stopped and end its recorder."""
    from stagewatch.clock import SystemClock
    from stagewatch.recorder.launch import stop_recorder
    from stagewatch.session import edits
    from stagewatch.session.operator import operator_name
    from stagewatch.session.store import SessionStore

    settings: Settings = ctx.obj.merged(profile, session, operator)
    folder = session_folder(settings)
    by = operator_name(settings.operator, os.environ)
    at = SystemClock().now()
    kept = SessionStore(folder).edit(lambda s: edits.stop(s, by=by, at=at))
    ended = stop_recorder(folder)
    early = "before the window was over, so it cannot be a GO" if at < kept.ends_at else ""
    click.echo(
        f"{kept.id}: recording {'ended' if ended else 'was not running; the session is closed'}"
        + (f" ({early})" if early else "")
    )
