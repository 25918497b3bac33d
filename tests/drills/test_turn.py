"""One drill at a time: the second is refused, and learns whose is in the way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.drills import conduct
from stagewatch.drills.station import DrillError, Station
from stagewatch.drills.turn import Turn, require_free
from stagewatch.errors import PersonError
from stagewatch.lock import LockError, driller
from stagewatch.paths import PROFILE
from stagewatch.session import edits
from stagewatch.session.store import SessionStore
from stagewatch.tui import drilling
from tests.drills.conftest import Hasty, profile_with, serving
from tests.drills.test_ratelimit import drill, limiter

HOLD = """
import sys
from pathlib import Path
from stagewatch.lock import DrillLock
lock = DrillLock(Path(sys.argv[1]))
print(lock.acquire(42.5, by="bob"), flush=True)
sys.stdin.read()
"""


def station(port: int, folder: Path | None, *, apart: bool = False) -> Station:
    """A rate limit to validate in this session."""
    profile = profile_with(port, drill(port, apart=apart))
    return Station(profile, Path("/"), Path("watch.toml"), "", folder)


def turn(place: Station, by: str) -> Turn:
    """The turn of this person."""
    return Turn(place, by=by, clock=Hasty())


async def test_a_second_drill_is_refused_while_one_runs_and_sends_nothing(folder: Path) -> None:
    """It learns who runs what, since when, in which process, and what can be done."""
    asked: list[int] = []
    goes = asyncio.Event()

    def answers(n: int) -> bytes | None:
        asked.append(n)
        goes.set()
        return None

    async with serving(answers) as port:
        place = station(port, folder)
        with turn(place, "bob") as first:
            going = asyncio.ensure_future(conduct.validate(first, "it"))
            await goes.wait()
            with pytest.raises(DrillError) as refused, turn(place, "ann"):
                pass
            with pytest.raises(DrillError):
                require_free(place, SystemClock())
            going.cancel()
            await asyncio.wait({going})
    said = str(refused.value)
    assert "watch-1: bob runs validation it since " in said
    assert f"(process {os.getpid()})" in said
    assert (
        f"wait until it has ended, or end it with Ctrl-C where it runs, or: kill -INT {os.getpid()}"
        in said
    )
    assert "\n" not in said
    assert len(said) < drilling.LONGEST_REASON
    assert len(asked) == 1


async def test_the_turn_goes_on_from_one_drill_to_the_next_and_then_is_free(folder: Path) -> None:
    """Nobody gets in between two validations of one command."""
    async with serving(lambda n: limiter(5)(1)) as port:
        place = station(port, folder)
        with turn(place, "bob") as first:
            for _ in range(2):
                await conduct.validate(first, "it")
                by = driller(folder)
                assert by is not None
                assert (by.by, by.what) == ("bob", "validation it")
    assert driller(folder) is None
    with turn(place, "ann"):
        assert driller(folder) is not None


def test_a_drill_that_is_killed_leaves_no_lock_behind(
    folder: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    """The file stays, and means nothing."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with pytest.raises(DrillError, match=f"bob runs a drill since .*process {other.pid}"):
            require_free(station(1, folder), SystemClock())
        other.send_signal(signal.SIGKILL)
        until(lambda: driller(folder) is None)
    assert (folder / "drill.lock").stat().st_size > 0
    with turn(station(1, folder), "ann"):
        pass


@pytest.mark.parametrize("apart", [True, False])
def test_whoever_has_the_turn_ends_what_a_killed_drill_had_announced(
    folder: Path, *, apart: bool
) -> None:
    """The recorder would only see that somebody runs a drill. A limit that was used up goes on to
    refuse the probes."""
    now = SystemClock().now()
    store = SessionStore(folder)
    store.edit(
        lambda s: edits.invalidate(
            s, "quota", now - 5, now + 900, "a burst", by="bob", at=now - 7, drill="validation-it"
        )
    )
    with turn(station(1, folder, apart=apart), "ann"):
        (void,) = store.load().invalidation
    assert (void.end < now + 60) is apart


def test_a_lock_whose_content_makes_no_sense_is_held_all_the_same(folder: Path) -> None:
    """By somebody."""
    with turn(station(1, folder), "bob"):
        (folder / "drill.lock").write_text('{"pid": "x", "by": 3')
        with pytest.raises(DrillError, match="watch-1: somebody runs a drill; two at once"):
            require_free(station(1, folder), SystemClock())


def test_what_is_no_lock_is_named(folder: Path) -> None:
    """With the remedy; nothing hangs."""
    os.mkfifo(folder / "drill.lock")
    with pytest.raises(LockError, match=r"drill\.lock: .*remove it if stagewatch did not make it"):
        turn(station(1, folder), "ann").__enter__()


def test_where_nothing_is_recorded_nothing_is_locked() -> None:
    """There are no results that could be spoilt."""
    place = station(1, None)
    with turn(place, "bob"), turn(place, "ann"):
        require_free(place, SystemClock())


def test_the_screen_says_who_is_in_the_way_before_anything_is_chosen(folder: Path) -> None:
    """Of a watch whose recorder runs."""
    from stagewatch.lock import RecorderLock
    from stagewatch.profile.find import find_profile

    (folder / PROFILE).write_bytes(find_profile("demo", environ={}).read_bytes())
    SessionStore(folder).load()
    recorder = RecorderLock(folder)
    assert recorder.acquire(1.0)
    assert drilling.choices(folder, SystemClock())
    with turn(station(1, folder), "bob") as first:
        first.tell("exercise")
        with pytest.raises(PersonError, match="bob runs exercise since"):
            drilling.choices(folder, SystemClock())
    recorder.release()
