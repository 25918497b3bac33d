"""``stagewatch exercise``: simulated workspaces against the deployment that is watched."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from stagewatch.commands.drilling import (
    agreed,
    document,
    in_doubt,
    mention,
    not_judged,
    require_turn,
    run_to_its_end,
    station,
)
from stagewatch.commands.options import (
    Settings,
    operator_option,
    profile_option,
    session_option,
)

if TYPE_CHECKING:
    from stagewatch.drills.conduct import Ran
    from stagewatch.drills.exercise import Load
    from stagewatch.drills.station import Station

NOT_AS_PLANNED = 1
EVERY_LINE = 10
"""Seconds between two lines where the last one cannot be overwritten."""


@click.command(help="Simulate workspaces that poll, call and hold WebSockets.")
@profile_option
@session_option
@operator_option
@click.option("--workspaces", type=int, metavar="N", help="How many; else what the profile says.")
@click.option("--for", "lasts", metavar="TIME", help="How long; else what the profile says.")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would be sent, and send nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def exercise(
    ctx: click.Context,
    profile: str | None,
    session: str | None,
    operator: str | None,
    workspaces: int | None,
    lasts: str | None,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Exit status: 0 the load was held and every request answered; 1 not; 2 it could not be run."""
    settings: Settings = ctx.obj.merged(profile, session, operator)
    place = station(settings)
    load = _load(place, workspaces, lasts)
    if place.note:
        click.echo(place.note, err=as_json)
    for line in load.plan():
        click.echo(line, err=as_json)
    late = in_doubt(place, [load])
    if late:
        click.echo(late, err=as_json)
    if place.folder is None:
        click.echo(f"{place.why}: the result will be shown, and recorded nowhere", err=as_json)
    if only_plan:
        return
    require_turn(place, [load])
    if not (yes or agreed("Run it?", err=as_json)):
        ctx.exit(NOT_AS_PLANNED)
    ran = run_to_its_end(_run(place, load, settings, as_json=as_json))
    click.echo(json.dumps(_document(ran)) if as_json else _text(ran, place))
    if ran.problem:
        click.echo(f"NOT recorded: {ran.problem}", err=True)
    if ran.outcome.word != "done":
        ctx.exit(NOT_AS_PLANNED)


def _load(place: Station, workspaces: int | None, lasts: str | None) -> Load:
    """The load that is asked for, within the bounds; raises DrillError."""
    from stagewatch.drills.exercise import checked_load
    from stagewatch.profile.values import parse_duration

    try:
        seconds = None if lasts is None else float(parse_duration(lasts))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from None
    return checked_load(place.exercise(), workspaces, seconds)


async def _run(place: Station, load: Load, settings: Settings, *, as_json: bool) -> Ran:
    from stagewatch.clock import SystemClock
    from stagewatch.drills.conduct import exercise as conducted
    from stagewatch.drills.turn import Turn
    from stagewatch.session.operator import operator_name

    by = operator_name(settings.operator, os.environ)
    progress, finish = _progress(as_json)
    try:
        with Turn(place, by=by, clock=SystemClock()) as turn:
            return await conducted(turn, load, progress=progress)
    finally:
        finish()


def _progress(as_json: bool) -> tuple[Callable[[str], None], Callable[[], None]]:
    """What shows a line a second, and what ends it: one line that changes where there is a
    terminal, else one every ten seconds."""
    live = sys.stderr.isatty()
    count = 0
    last = ""

    def show(line: str) -> None:
        nonlocal count, last
        count += 1
        last = line
        if live:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            mention(f"\r\x1b[2K{line[: width - 1]}", ends=False)
        elif count % EVERY_LINE == 0:
            mention(line)

    def finish() -> None:
        if live and count:
            mention("")
        if sys.exc_info()[0] is not None and last:
            mention(f"ended early: {last}")

    return show, finish


def _text(ran: Ran, place: Station) -> str:
    from stagewatch.text import clean

    figures = "\n".join(f"    {name} {value:.4g}" for name, value in ran.outcome.values.items())
    without = f"\n    no other figures: {ran.outcome.missing}" if ran.outcome.missing else ""
    where = f"recorded in {ran.session}" if ran.session else f"nothing was recorded: {place.why}"
    told = clean(ran.outcome.told, 1000)
    return f"{ran.outcome.word.upper()}: {told}\n{figures}{without}\n    {where}{not_judged(ran)}"


def _document(ran: Ran) -> dict[str, object]:
    return document("exercise", ran) | {"missing": ran.outcome.missing}
