"""``stagewatch sessions``: list them, the newest first, and mend a damaged one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stagewatch.commands.options import Settings, operator_option, profile_option
from stagewatch.profile.find import find_profile, is_file

if TYPE_CHECKING:
    from stagewatch.session.document import Session

NOT_DONE = 1


@click.command(help="List the sessions, the newest first; mend a damaged one.")
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option("--accept", metavar="ID", help="Take a session's file as somebody changed it.")
@click.option("--restore", metavar="ID", help="Put the newest whole text of a session in place.")
@click.option("--yes", is_flag=True, help="Do not ask before --accept or --restore.")
@operator_option
@click.pass_context
def sessions(
    ctx: click.Context,
    profile: str | None,
    as_json: bool,
    accept: str | None,
    restore: str | None,
    yes: bool,
    operator: str | None,
) -> None:
    """List every session, or those of one profile; a damaged one is listed with its remedy.

    With --accept or --restore: show what would be taken, ask, and mend that session. Exit
    status: 0 done, 1 the answer was no, 2 it could not be done.
    """
    settings: Settings = ctx.obj.merged(profile, operator=operator)
    if accept is not None or restore is not None:
        ctx.exit(0 if _mended(settings, accept, restore, yes, as_json) else NOT_DONE)
    if yes:
        raise click.UsageError("--yes goes with --accept or --restore.")
    _list(settings, as_json)


def _mended(
    settings: Settings, accept: str | None, restore: str | None, yes: bool, as_json: bool
) -> bool:
    from stagewatch.clock import SystemClock
    from stagewatch.commands import mend
    from stagewatch.paths import find_session, sessions_dir
    from stagewatch.session.operator import operator_name

    if (accept is not None and restore is not None) or as_json:
        raise click.UsageError("--accept, --restore and --json do not go together.")
    folder = find_session(sessions_dir(os.environ), session=accept or restore or "")
    by = operator_name(settings.operator, os.environ)
    if accept is not None:
        return mend.accept(folder, by=by, at=SystemClock().now(), sure=yes)
    return mend.restore(folder, by=by, sure=yes)


def _list(settings: Settings, as_json: bool) -> None:
    from stagewatch.paths import list_sessions, sessions_dir
    from stagewatch.text import json_text

    home = sessions_dir(os.environ)
    meant = _meant(settings.profile)
    rows = [row for folder in list_sessions(home) if (row := _row(folder, meant))]
    if as_json:
        click.echo(json_text(rows, indent=2))
    elif not rows:
        click.echo(f"No sessions in {home}. Start one: stagewatch --profile staging")
    else:
        for row in rows:
            click.echo(_line(row))


def _meant(profile: str | None) -> Callable[[Session], bool]:
    """Whether a session is one of the profile, which is a name or a file."""
    if profile is None:
        return lambda session: True
    if is_file(profile):
        path = find_profile(profile, environ=os.environ)
        return lambda session: session.is_by(path)
    return lambda session: session.profile == profile


def _row(folder: Path, meant: Callable[[Session], bool]) -> dict[str, Any] | None:
    """What is told of a session; None where it is not meant. Who knows what a damaged one is?"""
    from stagewatch.errors import PersonError
    from stagewatch.recorder.lock import is_held
    from stagewatch.report.model import iso
    from stagewatch.session.store import SessionStore

    row: dict[str, Any] = {"id": folder.name, "folder": str(folder), "recording": False}
    try:
        row["recording"] = is_held(folder)
        session = SessionStore(folder).load()
    except PersonError as error:
        return {**row, "profile": "", "problem": str(error)}
    if not meant(session):
        return None
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
