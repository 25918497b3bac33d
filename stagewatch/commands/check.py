"""``stagewatch check``: every probe once, before anybody relies on it; or again and again."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from stagewatch.commands.options import Settings, profile_option
from stagewatch.commands.where import profile_path
from stagewatch.paths import sessions_dir

if TYPE_CHECKING:
    from stagewatch.commands.check_report import Report
    from stagewatch.profile.load import LoadedProfile

NOT_READY = 1
EVERY = 2.0
"""Seconds between two looks with ``--watch``."""
_HOME, _TO_END_OF_LINE, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"
_UNWRAPPED, _WRAPPED = "\x1b[?7l", "\x1b[?7h"
"""The terminal crops what is longer than its width, and wraps again."""


@click.command(help="Run every probe once and name every problem of the profile.")
@profile_option
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, each probe at its own pace.")
@click.option("--text", is_flag=True, help="Print the profile as it is written, and ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --watch one a line.")
@click.pass_context
def check(ctx: click.Context, profile: str | None, watch: bool, text: bool, as_json: bool) -> None:
    """Exit status: 0 a watch could start, 1 some probe has no complete reading, 2 the profile is
    wrong."""
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.document import content_of, text_of
    from stagewatch.profile.load import read

    settings: Settings = ctx.obj.merged(profile)
    path = profile_path(settings)
    if text:
        if watch or as_json:
            raise click.UsageError("--text does not go with --watch or --json.")
        click.echo(text_of(content_of(path), path), nl=False)
        return
    loaded = read(path, InstalledKinds())
    if not as_json and not watch:
        click.echo(f"{path}: no problems")
    show = _shower(loaded, watch=watch, as_json=as_json)
    try:
        report = asyncio.run(_run(loaded, show, watch=watch))
    except asyncio.CancelledError:
        # Ctrl-C in the moment before asyncio begins to count interrupts.
        raise KeyboardInterrupt from None
    if not report.ready:
        ctx.exit(NOT_READY)


async def _run(loaded: LoadedProfile, show: Callable[[Report], None], *, watch: bool) -> Report:
    from stagewatch.commands.check_report import report_of
    from stagewatch.commands.check_rounds import Rounds

    rounds, home = Rounds(loaded), sessions_dir(os.environ)
    try:
        while True:
            report = report_of(loaded, await rounds.round(), home)
            show(report)
            if not watch:
                return report
            await asyncio.sleep(EVERY)
    finally:
        await rounds.close()


def _shower(loaded: LoadedProfile, *, watch: bool, as_json: bool) -> Callable[[Report], None]:
    """What is done with each report."""
    if as_json:
        return lambda report: _show_json(loaded, report, indent=None if watch else 2)
    if not watch:
        return _show
    if sys.stdout.isatty():
        sys.stdout.write("\n" * shutil.get_terminal_size().lines)  # what was there scrolls away
    return lambda report: _show_frame(loaded, report)


def _show_json(loaded: LoadedProfile, report: Report, *, indent: int | None) -> None:
    from stagewatch.commands.check_told import document
    from stagewatch.text import json_text

    told = document(report, str(loaded.path))
    click.echo(json_text(told, indent))
    sys.stdout.flush()


def _show(report: Report) -> None:
    """Values on standard output, problems on standard error."""
    from stagewatch.commands.check_told import problems, summary, told

    for line in told(report):
        click.echo(line)
    for problem in problems(report):
        click.echo(str(problem), err=True)
    click.echo(summary(report), err=not report.ready)


def _show_frame(loaded: LoadedProfile, report: Report) -> None:
    """On a terminal in place of the frame before; elsewhere below it."""
    if sys.stdout.isatty():
        size = shutil.get_terminal_size()
        shown = _fitting(list(_frame(loaded, report, size.columns)), size.lines - 1)
        rows = "".join(f"{line}{_TO_END_OF_LINE}\n" for line in shown)
        # In one piece, so that no Ctrl-C leaves the terminal without its wrapping.
        sys.stdout.write(f"{_UNWRAPPED}{_HOME}{rows}{_TO_END}{_WRAPPED}")
    else:
        sys.stdout.write("\n".join([*_frame(loaded, report), "", ""]))
    sys.stdout.flush()


def _frame(loaded: LoadedProfile, report: Report, width: int | None = None) -> Iterator[str]:
    """The verdict of the moment and the problems first: the rest may be cut off. With a width,
    problems run over several lines."""
    import textwrap
    from datetime import datetime

    from stagewatch.commands.check_told import problems, summary, told

    at = datetime.fromtimestamp(report.at).astimezone()
    yield f"{loaded.path}, {at:%H:%M:%S}: {summary(report)} · Ctrl-C ends"
    for problem in map(str, problems(report)):
        yield from textwrap.wrap(problem, width, subsequent_indent="    ") if width else [problem]
    yield ""
    yield from told(report)


def _fitting(lines: list[str], room: int) -> list[str]:
    """As many lines as there is room for, and how many there are beyond."""
    if len(lines) <= room:
        return lines
    rest = len(lines) - room + 1
    return [*lines[: room - 1], f"… {rest} more lines; a taller terminal shows them"]
