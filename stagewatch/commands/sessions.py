"""``stagewatch sessions``: list them, the newest first."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from stagewatch.commands.options import Settings, profile_option


@click.command(help="List the sessions, the newest first.")
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_context
def sessions(ctx: click.Context, profile: str | None, as_json: bool) -> None:
    """List every session, or those of one profile; a damaged one is listed with its remedy."""
    from stagewatch.paths import list_sessions, sessions_dir

    settings: Settings = ctx.obj.merged(profile)
    home = sessions_dir(os.environ)
    rows = [_row(folder) for folder in list_sessions(home)]
    if settings.profile:
        rows = [row for row in rows if row["profile"] in ("", settings.profile)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif not rows:
        click.echo(f"No sessions in {home}. Start one: stagewatch --profile staging")
    else:
        for row in rows:
            click.echo(_line(row))


def _row(folder: Path) -> dict[str, Any]:
    from stagewatch.recorder.lock import is_held
    from stagewatch.report.model import iso
    from stagewatch.session.store import SessionError, SessionStore

    row: dict[str, Any] = {"id": folder.name, "folder": str(folder), "recording": is_held(folder)}
    try:
        session = SessionStore(folder).load()
    except SessionError as error:
        return {**row, "profile": "", "problem": str(error)}
    return {
        **row,
        "profile": session.profile,
        "branch": session.branch,
        "started_at": iso(session.started_at),
        "ends_at": iso(session.ends_at),
        "state": session.state,
        "problem": "",
    }


def _line(row: dict[str, Any]) -> str:
    if row["problem"]:
        return f"{row['id']}  {row['problem']}"
    doing = "recording" if row["recording"] else row["state"]
    return f"{row['id']}  {doing:<9}  {row['started_at'][:19]}Z  {row['branch']}".rstrip()
