"""The command line: which commands there are, and how an error reaches a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from stagewatch import __version__
from stagewatch.commands.options import Settings, operator_option, profile_option, session_option
from stagewatch.errors import PersonError

WRONG_USE = 2

COMMANDS = {
    "check": "Run every probe once and name every problem of the profile.",
    "demo": "A staging backend, a recorder and the screen, with nothing to set up.",
    "export": "Write the report of a session or of a shift.",
    "record": "Run the recorder in the foreground.",
    "sessions": "List the sessions.",
    "status": "Print the verdict and why.",
    "stop": "End the recording.",
}


class LazyGroup(click.Group):
    """Commands whose modules are imported only when they run or show their help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"stagewatch.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(__version__, prog_name="stagewatch", message="%(prog)s %(version)s")
@profile_option
@session_option
@operator_option
@click.option("--ascii", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.pass_context
def stagewatch(
    ctx: click.Context,
    profile: str | None,
    session: str | None,
    operator: str | None,
    ascii: bool,
    no_mouse: bool,
) -> None:
    """Watch a staging deployment and decide whether it may go to production.

    Without a command: open the screen, starting or joining the session and its recorder.
    """
    settings = Settings(profile=profile, session=session, operator=operator)
    ctx.obj = settings
    if ctx.invoked_subcommand is None:
        from stagewatch.commands.watch import watch

        ctx.exit(watch(settings, ascii=ascii, mouse=not no_mouse))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status. A person's error is printed, not raised."""
    try:
        outcome = stagewatch.main(arguments, standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except PersonError as error:
        click.echo(f"stagewatch: {error}", err=True)
        return WRONG_USE
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nobody is left to be told.
        sys.stderr.close()
        return WRONG_USE
    return outcome if isinstance(outcome, int) else 0
