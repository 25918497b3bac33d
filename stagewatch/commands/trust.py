"""``stagewatch trust``: look at a profile's commands, and let them run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagewatch.commands.options import Settings, profile_option
from stagewatch.commands.where import profile_path
from stagewatch.errors import PersonError

if TYPE_CHECKING:
    from stagewatch.profile.schema import Profile

NOT_TRUSTED = 1


@click.command(help="Show the commands that a profile's probes run, and let them.")
@profile_option
@click.option("--revoke", is_flag=True, help="Trust this file no longer, whatever it says.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def trust(ctx: click.Context, profile: str | None, revoke: bool, yes: bool) -> None:
    """Exit status: 0 trusted, or nothing to trust; 1 the answer was no; 2 it could not be done."""
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.load import read
    from stagewatch.trust import Subject, TrustStore

    settings: Settings = ctx.obj.merged(profile)
    path = profile_path(settings)
    store = TrustStore(os.environ)
    if revoke:
        gone = store.revoke(path)
        click.echo(f"{path}: {'trusted no longer' if gone else 'was not trusted'}")
        return
    loaded = read(path, InstalledKinds())
    subject = Subject(path, loaded.sha256)
    lines = list(_commands(loaded.profile, loaded.base))
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(f"{path}: runs no commands, so there is nothing to trust")
    elif not store.refusal(subject):
        click.echo(f"{path}: is trusted already")
    elif yes or _agreed(path):
        store.trust(subject)
        click.echo(f"{path}: trusted as it is now; an edit asks again")
    else:
        ctx.exit(NOT_TRUSTED)


def _commands(profile: Profile, base: Path) -> Iterator[str]:
    """What would run, a line for each probe."""
    from stagewatch.probes import probe_kind
    from stagewatch.profile.values import format_duration
    from stagewatch.text import clean

    for name, config in profile.probe.items():
        argv = probe_kind(config.kind).runs(config)
        if argv:
            every = format_duration(config.every)
            yield clean(f"{name}, every {every}, in {base}: {shlex.join(argv)}")


def _agreed(path: Path) -> bool:
    import sys

    if not sys.stdin.isatty():
        raise PersonError(f"{path}: without a terminal nobody can be asked; look, and add --yes")
    return click.confirm("May they run?", default=False)
