"""What ``validate`` and ``exercise`` share: where they run, the question, and Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stagewatch.commands.options import Settings
from stagewatch.commands.where import profile_path, session_folder
from stagewatch.errors import PersonError
from stagewatch.paths import sessions_dir

if TYPE_CHECKING:
    from stagewatch.drills.conduct import Ran
    from stagewatch.drills.exercise import Load
    from stagewatch.drills.station import Station

T = TypeVar("T")


def station(settings: Settings) -> Station:
    """The session named, else the running watch of the profile, else the profile alone.

    A file that is named is that file, and no watch that happens to be called the same.
    """
    from stagewatch.clock import SystemClock
    from stagewatch.drills.station import (
        edited_since,
        require_file,
        running_watch,
        station_of_profile,
        station_of_watch,
        watch_of_file,
        why_over,
    )
    from stagewatch.probes import InstalledKinds
    from stagewatch.profile.find import is_file
    from stagewatch.profile.load import read

    now = SystemClock().now()
    if settings.session:
        folder = session_folder(settings)
        place = station_of_watch(folder, why_over(folder, now))
        if is_file(settings.profile or ""):
            require_file(place, folder, profile_path(settings))
        return place
    home, path = sessions_dir(os.environ), profile_path(settings) if settings.profile else None
    if path is not None and is_file(settings.profile or ""):
        running = watch_of_file(home, now, path)
    else:
        running = running_watch(home, now, path.name.removesuffix(".toml") if path else None)
    if running is None:
        return station_of_profile(read(path or profile_path(settings), InstalledKinds()))
    place = station_of_watch(running)
    return place if path is None else replace(place, note=edited_since(place, path))


def in_doubt(place: Station, drills: Sequence[str | Load]) -> str:
    """A line about results that may come too late to be judged; empty when they cannot."""
    from stagewatch.clock import SystemClock
    from stagewatch.drills.window import doubt

    return doubt(place, drills, SystemClock().now())


def require_turn(place: Station, drills: Sequence[str | Load]) -> None:
    """Raises DrillError where another drill runs against the same session, or there is no time left
    for these."""
    from stagewatch.clock import SystemClock
    from stagewatch.drills.turn import require_free
    from stagewatch.drills.window import require_in_time

    clock = SystemClock()
    require_free(place, clock)
    require_in_time(place, drills, clock.now())


def agreed(question: str, *, err: bool = False) -> bool:
    """Ask; raises PersonError where there is nobody to be asked."""
    if not sys.stdin.isatty():
        raise PersonError("without a terminal nobody can be asked; look at --plan, and add --yes")
    return click.confirm(question, default=False, err=err)


def mention(line: str, *, ends: bool = True) -> None:
    """Say what goes on, on standard error. Where nobody reads that any more, the drill goes on: it
    has disturbed the service already, and its result is worth keeping."""
    with contextlib.suppress(OSError):
        click.echo(line, err=True, nl=ends)


def run_to_its_end(job: Coroutine[Any, Any, T]) -> T:
    """Run it; Ctrl-C cancels it and is passed on when it has cleaned up."""
    try:
        return asyncio.run(job)
    except asyncio.CancelledError:
        # Ctrl-C in the moment before asyncio begins to count interrupts.
        raise KeyboardInterrupt from None


def not_judged(ran: Ran) -> str:
    """A further line about a result that no rule judges; empty for any other."""
    return f"\n    NOT judged: {ran.unjudged}" if ran.unjudged else ""


def document(kind: str, ran: Ran) -> dict[str, object]:
    """What a drill came to, for programs: what validations and the exercise have in common."""
    from stagewatch.session.instant import rfc3339
    from stagewatch.text import clean

    return {
        "type": kind,
        "outcome": ran.outcome.word,
        "text": clean(ran.outcome.text, 1000),
        "remedy": ran.outcome.remedy,
        "at": rfc3339(ran.began),
        "end": rfc3339(ran.ended),
        "values": dict(ran.outcome.values),
        "session": ran.session or None,
        "problem": ran.problem,
        "unjudged": ran.unjudged,
    }
