"""``stagewatch test``: fabricated readings in, expected states out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stagewatch.trials.file import LoadedTrials
    from stagewatch.trials.run import Failure

NOT_AS_EXPECTED = 1
UNUSABLE = 2


@click.command(help="Test the criteria of a profile: fabricated readings in, expected states out.")
@click.argument("files", metavar="FILE.toml…", nargs=-1, required=True)
@click.pass_context
def test(ctx: click.Context, files: Sequence[str]) -> None:
    """Exit status: 0 all as expected, 1 some not, 2 a file cannot be used."""
    from stagewatch.profile.problems import FileError
    from stagewatch.trials.file import load_trials

    count = failed = unusable = 0
    for name in files:
        try:
            loaded = load_trials(Path(name))
        except FileError as error:
            click.echo(error.told(), err=True)
            unusable += 1
            continue
        count += len(loaded.trials)
        failed += _run(loaded)
    if count:
        click.echo(f"{_tests(count)}, {f'{failed} not' if failed else 'all'} as expected")
    ctx.exit(UNUSABLE if unusable else NOT_AS_EXPECTED if failed else 0)


def _run(loaded: LoadedTrials) -> int:
    """Run every test of a file and print how it went; how many were not as expected."""
    from stagewatch.profile.problems import inert
    from stagewatch.trials.run import run_trial

    failed = 0
    for index, trial in enumerate(loaded.trials):
        outcome = run_trial(loaded.profile, trial)
        word = "FAILED" if outcome.failures else "ok    "
        place = f"{loaded.path}:{loaded.line('test', index)}"
        click.echo(inert(f"{word}  {place}: {trial.name}"))
        for failure in outcome.failures:
            for line in _lines(failure, loaded, index):
                click.echo(line)
        failed += bool(outcome.failures)
    return failed


def _lines(failure: Failure, loaded: LoadedTrials, index: int) -> Iterator[str]:
    from stagewatch.profile.problems import inert
    from stagewatch.profile.values import format_duration

    place = loaded.line("test", index, *failure.key)
    yield inert(f"        {loaded.path}:{place}: {failure.what}")
    for said in failure.history:
        at = format_duration(round(said.t))
        yield inert(f"          {at:>6}  {said.state}  {said.sentence}")


def _tests(count: int) -> str:
    return f"{count} test{'s' if count > 1 else ''}"
