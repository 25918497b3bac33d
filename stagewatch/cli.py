"""The command line: which commands there are, and how an error reaches a person."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, TextIO

import click

from stagewatch import __version__
from stagewatch.commands.options import Settings, operator_option, profile_option, session_option
from stagewatch.errors import PersonError

WRONG_USE = 2
INTERRUPTED = 130

COMMANDS = {
    "check": "Run every probe once and name every problem of the profile.",
    "demo": "A staging backend, a recorder and the screen, with nothing to set up.",
    "exercise": "Simulate workspaces that poll, call and hold WebSockets.",
    "export": "Write the report of a session or of a shift.",
    "judge": "Say what rules make of a record or of a CSV trace, state by state.",
    "record": "Run the recorder in the foreground.",
    "sessions": "List the sessions.",
    "status": "Print the verdict and why.",
    "stop": "End the recording.",
    "test": "Test the criteria of a profile on fabricated readings.",
    "validate": "Run the profile's validation points, each once, and keep the results.",
    "trust": "Show the commands that a profile's probes run, and let them.",
}


class ReaderGoneError(Exception):
    """Whoever read our output has closed the pipe (`| head`): nobody is left to be told."""


class Output(io.TextIOBase):
    """Standard output whose errors are its own: no other file's, and none that click takes."""

    def __init__(self, stream: TextIO | None) -> None:
        """``stream`` is None where it was closed from the start."""
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property, as TextIOWrapper's is
        """The stream's; click writes past a stream that has none."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """The stream's."""
        return getattr(self._stream, "errors", None) or "strict"

    def write(self, text: str) -> int:
        """Write to the stream; raises ReaderGoneError or PersonError."""
        if not isinstance(text, str):
            raise TypeError("this takes text")  # click tries whether a stream takes bytes
        with self._lost():
            if self._stream is not None and text:
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream; raises as ``write``."""
        with self._lost():
            if self._stream is not None:
                self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream is not None and self._stream.isatty()

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._stream = None
            # What is still buffered would fail again when Python ends.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.close(null)
            if isinstance(error, BrokenPipeError):
                raise ReaderGoneError from error
            raise PersonError(f"standard output: {error.strerror}") from error


class LazyGroup(click.Group):
    """Commands whose modules are imported only when they run or show their help."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  # click's own signature
    ) -> click.Context:
        with _plain_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        with _plain_errors():
            return super().invoke(ctx)

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
    _refuse_unknown(ctx, {"profile": profile, "session": session})
    if ctx.invoked_subcommand is None:
        from stagewatch.commands.watch import watch

        ctx.exit(watch(settings, ascii=ascii, mouse=not no_mouse))


def _refuse_unknown(ctx: click.Context, given: Mapping[str, str | None]) -> None:
    """Refuse what was said before the name of a command that would not heed it."""
    name = ctx.invoked_subcommand
    command = stagewatch.get_command(ctx, name) if name else None
    if command is None:
        return
    known = {parameter.name for parameter in command.params}
    for option, value in given.items():
        if value is not None and option not in known:
            raise click.UsageError(f"`stagewatch {name}` takes no --{option}.")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status. A person's error is printed, not raised."""
    try:
        with contextlib.redirect_stdout(Output(sys.stdout)):
            outcome = stagewatch.main(arguments, standalone_mode=False)
    except click.exceptions.Abort:
        # Every `finally` has run. What was half made when Ctrl-C came, an event loop for
        # instance, would complain of that in a page of tracebacks when it is dropped.
        os._exit(INTERRUPTED)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "stagewatch"
        return _failed(f"stagewatch: {error.format_message()} (see {where} --help)")
    except click.ClickException as error:
        return _failed(f"stagewatch: {error.format_message()}")
    except PersonError as error:
        return _failed(error.told())
    except ReaderGoneError:
        return WRONG_USE
    # The program's own boundary: Python would end with status 1, which says NO-GO.
    except Exception:  # noqa: BLE001
        return _failed(f"{traceback.format_exc()}stagewatch: this is a defect; please report it")
    return outcome if isinstance(outcome, int) else 0


def _failed(message: str) -> int:
    """Say what is wrong, if anybody listens; returns the exit status."""
    from stagewatch.text import clean_lines

    with contextlib.suppress(OSError):
        click.echo(clean_lines(message, 1 << 20), err=True)
    return WRONG_USE


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Tell what the system refused as a person's error; click would end with status 1."""
    try:
        yield
    except OSError as error:
        raise PersonError(_what_failed(error)) from error


def _what_failed(error: OSError) -> str:
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}; check its owner, mode and mount"
    try:
        os.getcwd()
    except OSError:
        return "the working folder no longer exists; cd to another one"
    return error.strerror or str(error)
