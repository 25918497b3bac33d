"""``stagewatch status``: the verdict and why, for a person or for a script."""

from __future__ import annotations

import click

from stagewatch.commands.options import Settings, profile_option, session_option
from stagewatch.commands.where import session_folder


@click.command(help="Print the verdict and why; the exit status says it too.")
@profile_option
@session_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole state as one JSON object.")
@click.option(
    "--events",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    help="How many of the newest events the JSON holds.",
)
@click.pass_context
def status(
    ctx: click.Context, profile: str | None, session: str | None, as_json: bool, events: int
) -> None:
    """Exit status: 0 GO, 1 NO-GO, 3 HOLD, 4 INCONCLUSIVE, 2 wrong use or a failure of the tool."""
    from stagewatch.clock import SystemClock
    from stagewatch.errors import PersonError
    from stagewatch.observe import snapshot_of
    from stagewatch.status import exit_status, status_document, status_lines
    from stagewatch.text import clean, json_text

    settings: Settings = ctx.obj
    folder = session_folder(settings.merged(profile, session))
    snapshot = snapshot_of(folder, SystemClock(), events=events)
    if as_json:
        document = status_document(snapshot, events=events)
        click.echo(json_text(document, indent=2))
    else:
        click.echo("\n".join(map(clean, status_lines(snapshot))))
    if snapshot.not_saved:
        # What is shown rests on an earlier text of the session: no script may go by it.
        raise PersonError(snapshot.not_saved)
    ctx.exit(exit_status(snapshot.verdict))
