"""``stagewatch record``: the recorder in the foreground, for systemd or CI."""

from __future__ import annotations

import click

from stagewatch.commands.options import Settings, operator_option, profile_option, session_option
from stagewatch.commands.where import joined_or_started


@click.command(help="Run the recorder in the foreground, for systemd or CI.")
@profile_option
@session_option
@operator_option
@click.pass_context
def record(
    ctx: click.Context, profile: str | None, session: str | None, operator: str | None
) -> None:
    """Join the session, or start one, and record until its window is over or SIGTERM comes."""
    from stagewatch.recorder.main import record as run

    settings: Settings = ctx.obj.merged(profile, session, operator)
    folder = joined_or_started(settings)

    def opened() -> None:
        click.echo(f"recording to {folder}", err=True)

    ctx.exit(run(folder, foreground=True, opened=opened))
