"""``stagewatch export``: the report of a session or of a shift, as files."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from stagewatch.commands.options import Settings, profile_option, session_option
from stagewatch.commands.where import session_folder
from stagewatch.errors import PersonError
from stagewatch.snapshot import Snapshot


@click.command(help="Write the report of a session or of a shift; says which files it wrote.")
@profile_option
@session_option
@click.option(
    "--format",
    "formats",
    default="md",
    show_default=True,
    metavar="LIST",
    help="One or more of md, html, json, toml, csv, with commas; or all.",
)
@click.option("--shift", is_flag=True, help="From the start of the present shift.")
@click.option("--since", metavar="TIME", help="12:30, 2026-01-01T12:30, or 6h for six hours ago.")
@click.option("--until", metavar="TIME", help="As for --since; now, or the window's end.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A folder, or a file when one format is asked for; the working folder when left out.",
)
@click.pass_context
def export(
    ctx: click.Context,
    profile: str | None,
    session: str | None,
    formats: str,
    shift: bool,
    since: str | None,
    until: str | None,
    output: Path | None,
) -> None:
    """Exit status: 0, or 2 when something could not be written."""
    from stagewatch.report.export import export_files

    settings: Settings = ctx.obj
    folder = session_folder(settings.merged(profile, session))
    written = export_files(
        folder,
        formats=chosen_formats(formats),
        span=lambda snapshot: span(snapshot, shift, since, until),
        output=output,
    )
    for path in written:
        click.echo(f"wrote {path}")


def chosen_formats(text: str) -> tuple[str, ...]:
    """The formats of a comma list, in order and once each; raises PersonError."""
    from stagewatch.report.write import FORMATS

    if text == "all":
        return tuple(FORMATS)
    chosen = dict.fromkeys(part.strip() for part in text.split(","))
    for name in chosen:
        if name not in FORMATS:
            raise PersonError(f"--format: {name!r} is not one of {', '.join(FORMATS)}, all")
    return tuple(chosen)


def span(
    snapshot: Snapshot, shift: bool, since: str | None, until: str | None
) -> tuple[float, float]:
    """The range to report, in Unix seconds."""
    if shift and since:
        raise PersonError("--shift and --since both say where the report starts; give one")
    session = snapshot.session
    end = moment(until, snapshot.now, "--until") if until else min(snapshot.now, session.ends_at)
    if since:
        return moment(since, snapshot.now, "--since"), end
    if shift and session.shift:
        return float(session.shift[-1].start), end
    if shift:
        click.echo("no shift was begun; the report starts with the session", err=True)
    return float(session.started_at), end


def moment(text: str, now: float, option: str) -> float:
    """A point in time as people write it; raises PersonError.

    ``6h`` is six hours ago; ``12:30`` the latest 12:30 local time that is not in the future;
    a full date-time without a zone is local time.
    """
    from stagewatch.profile.values import parse_duration

    if re.fullmatch(r"\d{1,2}:\d{2}", text):
        hour, minute = map(int, text.split(":"))
        if hour < 24 and minute < 60:
            today = datetime.fromtimestamp(now, UTC).astimezone()
            at = today.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()
            return at if at <= now else at - 86_400
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass
    try:
        return now - parse_duration(text)
    except ValueError:
        raise PersonError(
            f"{option}: {text!r} is not a time; write 12:30, 2026-01-01T12:30 or 6h"
        ) from None
