"""``stagewatch demo``: a staging backend, a recorder and the screen, with nothing to set up."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import click

from stagewatch.commands.options import Settings, operator_option
from stagewatch.errors import PersonError
from stagewatch.paths import sessions_dir


@click.command(help="A staging backend, a recorder and the screen, with nothing to set up.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Start with this fault on.")
@click.option("--switch", metavar="NAME=on|off", help="Switch a fault of the demo that is running.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The backend's port; with --switch, which one."
)
@click.option("--headless", is_flag=True, help="No screen: backend and recorder only.")
@operator_option
@click.pass_context
def demo(
    ctx: click.Context,
    faults: Sequence[str],
    switch: str | None,
    port: int | None,
    headless: bool,
    operator: str | None,
) -> None:
    """Run the demo until its screen is closed; its session stays for `status` and `export`."""
    from stagewatch.demo.run import check_faults

    settings: Settings = ctx.obj.merged(operator=operator)
    chosen = check_faults([part for fault in faults for part in fault.split(",")])
    if switch:
        _switch(switch, port)
        return
    if not headless:
        from stagewatch.tui.entry import require_terminal

        require_terminal()
    ctx.exit(_run(settings, chosen, port, headless))


def _run(settings: Settings, faults: Sequence[str], port: int | None, headless: bool) -> int:
    from stagewatch.clock import SystemClock
    from stagewatch.demo.run import demo_profile, start_backend
    from stagewatch.recorder.launch import start_session, stop_recorder
    from stagewatch.session.operator import operator_name

    name = operator_name(settings.operator, os.environ)
    place = demo_folder()
    backend = start_backend(place, faults, port=port)
    try:
        profile = place / "demo.toml"
        try:
            profile.write_text(demo_profile(backend), encoding="utf-8")
        except OSError as error:
            raise _no_place(profile, error) from error
        home = sessions_dir(os.environ)
        folder = start_session(profile, home=home, operator=name, clock=SystemClock())
        click.echo(f"demo on {backend.url}; session {folder.name}", err=True)
        try:
            return _record(folder) if headless else _watch(folder, name)
        finally:
            stop_recorder(folder)
            click.echo(f"the demo is over; its record: --session {folder.name}", err=True)
    finally:
        backend.stop()


def _record(folder: Path) -> int:
    from stagewatch.recorder.main import record

    return record(folder, foreground=True)


def _watch(folder: Path, operator: str) -> int:
    """The screen; a recording that is left running keeps the demo going without it."""
    from stagewatch.clock import SystemClock
    from stagewatch.recorder.launch import ensure_recorder
    from stagewatch.recorder.lock import is_held
    from stagewatch.tui import run
    from stagewatch.tui.hooks import stop_recording

    def left(stop: bool) -> None:
        if stop:
            stop_recording(folder, operator, SystemClock())
            return
        click.echo(
            "the demo goes on without its screen; Ctrl-C ends it, or in another terminal "
            f"`stagewatch stop --session {folder.name}`",
            err=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            while is_held(folder):
                time.sleep(0.5)

    ensure_recorder(folder)
    return run(folder, operator, on_quit=left)


def demo_folder() -> Path:
    """Where the demo's backend keeps its logs; made when it is not there. Raises PersonError."""
    folder = sessions_dir(os.environ).parent / "demo"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _no_place(folder, error) from error
    return folder


def _no_place(path: Path, error: OSError) -> PersonError:
    why = f"the demo cannot be kept here ({error.strerror})"
    return PersonError(f"{path}: {why}; name another folder in XDG_STATE_HOME")


def _switch(text: str, port: int | None) -> None:
    from stagewatch.demo.control import running, switch

    fault, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise PersonError(f"--switch: {text!r} is not NAME=on or NAME=off")
    ports = [port] if port else list(running())
    if not ports:
        raise PersonError("no demo is running; start one: stagewatch demo")
    if len(ports) > 1:
        names = ", ".join(map(str, ports))
        raise PersonError(f"several demos are running; say which with --port: {names}")
    switch(ports[0], fault, state == "on")
    click.echo(f"{fault} is {state}")
