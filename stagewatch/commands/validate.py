"""``stagewatch validate``: the profile's validation points, each run once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
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
    from stagewatch.drills.station import Station

NOT_PASSED = 1


@click.command(help="Run the profile's validation points, each once, and keep the results.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@profile_option
@session_option
@operator_option
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would be sent, and send nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def validate(
    ctx: click.Context,
    names: Sequence[str],
    profile: str | None,
    session: str | None,
    operator: str | None,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Exit status: 0 all passed; 1 one did not, or the answer was no; 2 it could not be done."""
    from stagewatch.drills.station import DrillError

    settings: Settings = ctx.obj.merged(profile, session, operator)
    place = station(settings)
    chosen = list(dict.fromkeys(names)) or list(place.profile.validation)
    if not chosen:
        raise DrillError("the profile has no validation points; docs/validate.md shows some")
    for line in _plans(place, chosen):
        click.echo(line, err=as_json)
    if only_plan:
        return
    require_turn(place, chosen)
    if not (yes or agreed("Run them?" if len(chosen) > 1 else "Run it?", err=as_json)):
        ctx.exit(NOT_PASSED)
    ran = run_to_its_end(_run(place, chosen, settings, as_json=as_json))
    if any(not one.outcome.passed for one in ran):
        ctx.exit(NOT_PASSED)


def _plans(place: Station, names: Sequence[str]) -> Iterator[str]:
    """Everything that will be sent, before anything is."""
    from stagewatch.drills.validations import plan
    from stagewatch.drills.window import left_out
    from stagewatch.text import clean

    if place.note:
        yield place.note
    for name in names:
        drill = place.validation(name)
        first, *rest = plan(drill)
        yield clean(f"{name}: {first}")
        yield from (clean(f"    {line}") for line in rest)
        stretch = left_out(place, name)
        if stretch is not None:
            yield f"    {stretch.told()}"
    late = in_doubt(place, names)
    if late:
        yield late
    if place.folder is None:
        yield f"{place.why}: the results will be shown, and recorded nowhere"


async def _run(
    place: Station, names: Sequence[str], settings: Settings, *, as_json: bool
) -> list[Ran]:
    from stagewatch.clock import SystemClock
    from stagewatch.drills.conduct import validate as conducted
    from stagewatch.drills.turn import Turn
    from stagewatch.session.operator import operator_name
    from stagewatch.trust import refusal_of

    by = operator_name(settings.operator, os.environ)
    refusal = refusal_of(place.path, place.sha256, os.environ)
    ran = []
    with Turn(place, by=by, clock=SystemClock()) as turn:
        for name in names:
            one = await conducted(turn, name, tell=partial(_tell, name), refusal=refusal)
            ran.append(one)
            click.echo(json.dumps(_document(name, one)) if as_json else _text(name, one))
            if one.problem:
                click.echo(f"{name}: NOT recorded: {one.problem}", err=True)
    if place.folder is None and not as_json:
        click.echo(f"nothing was recorded: {place.why}")
    return ran


def _tell(name: str, line: str) -> None:
    mention(f"{name}: {line}")


def _text(name: str, ran: Ran) -> str:
    from stagewatch.profile.values import format_duration
    from stagewatch.text import clean

    word = "PASSED" if ran.outcome.passed else f"NOT PASSED ({ran.outcome.word})"
    took = format_duration(ran.ended - ran.began)
    where = f"\n    recorded in {ran.session}" if ran.session else ""
    return f"{word} {name} in {took}: {clean(ran.outcome.told, 1000)}{where}{not_judged(ran)}"


def _document(name: str, ran: Ran) -> dict[str, object]:
    return document("validation", ran) | {"name": name, "passed": ran.outcome.passed}
