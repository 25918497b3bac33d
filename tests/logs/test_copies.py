"""A log that is replaced by a copy of itself: what was counted does not count again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stagewatch.logs.copies import COPIED
from stagewatch.logs.follower import STOPPED

if TYPE_CHECKING:
    from tests.logs.conftest import Watched

Open = Callable[..., "Watched"]
LINES = [f"2026-01-01 00:00:{n:02} ERROR {n} gone\n" for n in range(50)]

COMMANDS = {
    "trimmed": "tail -n 20 error.log > tmp; mv tmp error.log",
    "one line left": "tail -n 1 error.log > tmp; mv tmp error.log",
    "whole": "cp error.log tmp; mv tmp error.log",
    "deleted by sed": "sed -i '/ 4[0-9] gone/d' error.log",
    "changed by sed": "sed -i 's/ 2. gone/ # gone/' error.log",
    "with a backup": "sed -i.bak '/ 12 gone/d' error.log",
    "moved and copied back": "mv error.log error.log.1; tail -n 20 error.log.1 > error.log",
}


def shell(log: Watched, command: str) -> None:
    subprocess.run(["/bin/sh", "-c", command], cwd=log.folder, check=True)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("unread", [0, 7])
def test_a_copy_counts_from_where_reading_was(log: Watched, command: str, unread: int) -> None:
    """Whatever was still to be read of the old file is read there."""
    log.write("".join(LINES[: 50 - unread]))
    log.look()
    log.write("".join(LINES[50 - unread :]))
    shell(log, command)
    log.look()
    log.write("2026-01-01 00:01:00 ERROR new\n")
    log.look()
    assert sorted(log.texts) == sorted(
        [line.rstrip() for line in LINES] + ["2026-01-01 00:01:00 ERROR new"]
    )
    assert set(log.causes) <= {COPIED}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_both_files_may_have_gone_on(log: Watched, command: str) -> None:
    """One program writes to the old file still, another one to the copy."""
    log.write("".join(LINES))
    log.look()
    with open(log.path, "ab") as writer:
        shell(log, command)
        writer.write(b"2026-01-01 00:01:00 ERROR old\n")
    log.write("2026-01-01 00:01:00 ERROR new\n")
    log.look()
    assert log.watch.counts.errors == 52


@pytest.mark.parametrize("command", list(COMMANDS.values())[:3], ids=list(COMMANDS)[:3])
def test_a_copy_made_while_no_recorder_ran_counts_from_there(log: Watched, command: str) -> None:
    """There is a window then in any case."""
    log.write("".join(LINES))
    log.look()
    shell(log, command)
    log.restart()
    log.write("2026-01-01 00:01:00 ERROR new\n")
    log.look()
    assert log.watch.counts.errors == 51
    assert log.causes == [STOPPED]


@pytest.mark.parametrize("kept", [slice(20, None), slice(49, None), slice(0, 20)])
def test_a_log_trimmed_in_place_while_no_recorder_ran(log: Watched, kept: slice) -> None:
    """It is known by its text then, too."""
    log.write("".join(LINES))
    log.look()
    log.path.write_text("".join(LINES[kept]))
    log.restart()
    log.look()
    log.write("2026-01-01 00:01:00 ERROR new\n")
    log.look()
    assert log.watch.counts.errors == 51
    assert log.causes == [STOPPED]


def test_much_that_is_unread_is_read_in_the_old_file_first(log: Watched) -> None:
    """The copy waits for as many looks as that takes."""
    lines = [f"2026-01-01 00:00:00 ERROR {n} {'x' * 200}\n" for n in range(6000)]
    log.write("".join(lines))
    shell(log, "tail -n 5000 error.log > tmp; mv tmp error.log")
    for _ in range(10):
        log.look(budget=1)
    assert log.watch.counts.errors == 6000
    assert log.losses == []


def test_lines_without_a_time_are_known_by_many_of_them(log: Watched) -> None:
    """The old file is gone; the window says that nobody knows for certain."""
    log.write("".join(f"ERROR {n} gone\n" for n in range(500)))
    log.look()
    shell(log, "tail -n 100 error.log > tmp; mv tmp error.log")
    log.look()
    assert log.watch.counts.errors == 500
    assert log.causes == [COPIED]


STORM = "2026-01-01 00:00:05 ERROR db gone\n"
BLOCK = STORM + "Traceback (most recent call last):\n  File x\nOSError: gone\n"


@pytest.mark.parametrize("storm", [STORM, BLOCK, STORM + STORM.replace("gone", "away")])
@pytest.mark.parametrize("before", [1, 3, 200])
@pytest.mark.parametrize("after", [2, 100, 500])
@pytest.mark.parametrize("ends", ["2026-01-01 00:00:06 INFO ok\n", ""])
def test_a_storm_goes_on_in_the_new_file(
    log: Watched, storm: str, before: int, after: int, ends: str
) -> None:
    """What repeats itself within a second, before a rotation and behind it, is no copy."""
    log.write("2026-01-01 00:00:04 INFO start\n" + storm * before)
    log.look()
    log.path.rename(log.folder / "error.log.1")
    log.write(storm * after + ends)
    log.look()
    log.look(1.0)
    assert log.watch.counts.lines == 1 + (before + after) * storm.count("\n") + bool(ends)
    assert log.losses == []


@pytest.mark.parametrize("rare", [1, 3, 7])
def test_few_messages_of_a_storm_are_in_both_files(log: Watched, rare: int) -> None:
    """Each once, within the second in which the log is rotated."""
    lines = [f"2026-01-01 00:00:05 ERROR request took {n} ms\n" for n in range(rare)]
    log.write("2026-01-01 00:00:04 INFO start\n" + STORM * 3 + "".join(lines) + STORM * 2)
    log.look()
    log.path.rename(log.folder / "error.log.1")
    log.write(STORM * 4 + "".join(lines) + STORM * 5 + "2026-01-01 00:00:06 ERROR next\n" * 9)
    log.look()
    log.look(1.0)
    assert log.watch.counts.lines == 1 + 5 + 9 + 9 + 2 * rare
    assert log.losses == []


def test_one_record_twice_within_a_second_may_be_a_copy(log: Watched) -> None:
    """Nobody knows: it counts once, and the window says so."""
    log.write("2026-01-01 00:00:04 INFO start\n" + STORM)
    log.look()
    log.path.rename(log.folder / "error.log.1")
    log.write(STORM)
    log.look()
    assert log.watch.counts.errors == 1
    assert log.causes == [COPIED]


@pytest.mark.parametrize("kept", [1, 3, 20])
def test_a_copy_of_a_storm_counts_once(log: Watched, kept: int) -> None:
    """Where the old file is gone; the window says that nobody knows for certain."""
    log.write("2026-01-01 00:00:04 INFO start\n" + STORM * 20)
    log.look()
    shell(log, f"tail -n {kept} error.log > tmp; mv tmp error.log")
    log.write("2026-01-01 00:00:06 ERROR more\n")
    log.look()
    assert log.watch.counts.errors == 21
    assert log.causes == [COPIED]


SED = {
    "deleted": "sed -i /password/d error.log",
    "changed": "sed -i s/hunter.*/x/ error.log",
    "both": "sed -i -e '/0 gone/d' -e s/hunter.*/x/ error.log",
}


@pytest.mark.parametrize("command", SED.values(), ids=SED.keys())
@pytest.mark.parametrize("before", [0, 50])
def test_an_edited_storm_counts_once(log: Watched, command: str, before: int) -> None:
    """Also where no line of it stands alone."""
    storm = "".join(
        STORM if n % 6 else "2026-01-01 00:00:05 ERROR password=hunter2\n" for n in range(36)
    )
    log.write("".join(LINES[:before]) + storm)
    log.look()
    shell(log, command)
    log.look()
    log.write("2026-01-01 00:00:09 ERROR more\n")
    log.look()
    changed = 6 if "hunter.*" in command else 0
    assert before + 37 <= log.watch.counts.errors <= before + 37 + changed
    assert log.causes == [COPIED]


BANNER = "service starts\nreads its settings\nERROR 1 no database\nERROR 2 stops\n" * 30


def test_a_service_that_writes_the_same_again_is_counted(log: Watched) -> None:
    """Rotated by renaming at each start, with no time in its lines: no copy."""
    log.write(BANNER)
    log.look()
    log.path.rename(log.folder / "error.log.1")
    log.write(BANNER)
    log.look()
    assert log.watch.counts.errors == 120
    assert log.losses == []


def test_a_log_created_anew_that_begins_alike_is_counted(log: Watched) -> None:
    """Its first lines are those that the old one began with."""
    log.write(BANNER)
    log.look()
    log.path.unlink()
    log.write("service starts\nreads its settings\nERROR 1 no database\n")
    log.look()
    assert log.watch.counts.errors == 61
    assert log.losses == []


def test_a_time_in_a_message_makes_no_copy(log: Watched) -> None:
    """Only a record's own time is never written twice."""
    for _ in range(2):
        log.write("reads its settings\nERROR next run at 03:00:00\n")
        log.look()
        log.path.rename(log.folder / "error.log.1")
    log.look()
    assert log.watch.counts.errors == 2
