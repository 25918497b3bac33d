"""Drills from the screen: what there is to run, and running one in a process of its own.

The screen itself never sends a request: drawing would disturb what is measured, and a screen that
is left would end what it had begun.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stagewatch.errors import PersonError
from stagewatch.profile.drills import EXERCISE
from stagewatch.tui.hooks import DrillChoice

if TYPE_CHECKING:
    from stagewatch.clock import Clock
    from stagewatch.drills.exercise import Load

LONGEST_REASON = 300


def choices(folder: Path, clock: Clock) -> tuple[DrillChoice, ...]:
    """Every drill of the session's profile; raises PersonError where none may run,
    such as while another runs."""
    from stagewatch.drills.exercise import checked_load
    from stagewatch.drills.station import DrillError, station_of_watch, why_over
    from stagewatch.drills.turn import require_free
    from stagewatch.drills.validations import plan
    from stagewatch.drills.window import doubt, left_out

    place = station_of_watch(folder, why_over(folder, clock.now()))
    require_free(place, clock)
    found = []

    def late(drill: str | Load) -> tuple[str, ...]:
        line = doubt(place, [drill], clock.now())
        return (line,) if line else ()

    for name in place.profile.validation:
        stretch = left_out(place, name)
        told = (stretch.told(),) if stretch is not None else ()
        found.append(DrillChoice(name, plan(place.validation(name)) + told + late(name)))
    if place.profile.exercise is not None:
        load = checked_load(place.exercise(), None, None)
        found.append(DrillChoice(EXERCISE, tuple(load.plan()) + late(load)))
    if not found:
        raise DrillError("the profile has no [validation.NAME] and no [exercise]")
    return tuple(found)


def run(folder: Path, name: str, operator: str) -> tuple[str, bool]:
    """Run it to its end; what it came to, and whether that is good. Raises PersonError."""
    what = [EXERCISE] if name == EXERCISE else ["validate", name]
    given = ["--session", str(folder.absolute()), "--as", operator, "--yes", "--json"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # Files and no pipes, and a session of its own: when this screen is left, it goes on, has
        # somewhere to write to, and records its result.
        done = subprocess.run(
            [sys.executable, "-P", "-m", "stagewatch", *what, *given],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            check=False,
        )
        said, wrong = _lines(out), _lines(err)
    if not said:
        raise PersonError(wrong[-1][:LONGEST_REASON] if wrong else "it ended without a word")
    result = json.loads(said[-1])
    wanting = [
        f"; NOT {word}: {result[key]}"
        for word, key in (("recorded", "problem"), ("judged", "unjudged"))
        if result.get(key)
    ]
    good = done.returncode == 0 and not wanting
    return f"{name}: {result['outcome']}, {result['text']}{''.join(wanting)}", good


def _lines(file: IO[bytes]) -> list[str]:
    file.seek(0)
    return file.read(1 << 20).decode("utf-8", "replace").strip().splitlines()
