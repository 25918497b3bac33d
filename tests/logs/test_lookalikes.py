"""In a pattern, a log whose name looks like another one's rotated file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.logs.conftest import Watched

Open = Callable[..., "Watched"]


def line(number: int) -> str:
    return f"2026-01-01 00:00:{number:02} ERROR {number} gone\n"


@pytest.mark.parametrize("name", ["worker-1.log", "worker_2.log", "worker.3.log", "worker-old.log"])
def test_one_that_is_written_to_counts(open_log: Open, name: str) -> None:
    """From what was there when the watch began: no line is missing."""
    log = open_log("*.log")
    odd = log.folder / name
    log.write(line(1), log.folder / "worker.log")
    log.write(line(2) + "2026-01-01 00:00:03 ERR", odd)
    log.look()
    log.write("OR 3 gone\n", odd)
    log.write(line(4), log.folder / "worker.log")
    for _ in range(3):
        log.look(1.0)
    log.write(line(5), odd)
    log.look()
    assert sorted(log.texts) == [line(n).rstrip() for n in (3, 4, 5)]
    assert log.losses == []


def test_a_rotated_file_is_none(open_log: Open) -> None:
    """Whether it was there before, or is rotated while we watch."""
    log = open_log("*.log")
    path, rotated = log.folder / "worker.log", log.folder / "worker-20260101.log"
    log.write(line(1), rotated)
    log.write(line(2), path)
    for number in range(3, 9):
        log.look(1.0)
        log.write(line(number), path)
    path.rename(log.folder / "worker-20260102.log")
    log.write(line(9), path)
    for _ in range(20):
        log.look(1.0)
    assert log.texts == [line(n).rstrip() for n in range(3, 10)]
    assert log.watch.paths == [str(path)]
    assert log.losses == []


@pytest.mark.parametrize("again", [False, True])
def test_a_copy_is_none(open_log: Open, again: bool) -> None:
    """Made once, slowly, or over and over, and then the log is emptied (copytruncate)."""
    log = open_log("*.log")
    path, copy = log.folder / "worker.log", log.folder / "worker-1.log"
    path.touch()
    log.look()
    for number in range(1, 20):
        log.write(line(number), path)
        log.look(1.0)
        if again or number < 8:
            shutil.copy(path, copy)
    shutil.copy(path, copy)
    log.look(1.0)
    path.write_text("")
    for number in range(20, 30):
        log.write(line(number), path)
        log.look(1.0)
    assert log.watch.counts.errors == 29
    assert log.watch.paths == [str(path)]


@pytest.mark.parametrize("empty", [False, True])
def test_one_that_comes_later_counts_from_its_first_line(open_log: Open, empty: bool) -> None:
    """It is no file that was read before, and no copy."""
    log = open_log("*.log")
    path, late = log.folder / "worker.log", log.folder / "worker-2.log"
    log.write(line(1), path)
    log.look()
    if empty:
        late.touch()
        log.look(1.0)
    log.write(line(2), late)
    log.look(1.0)
    log.look(1.0)
    log.write(line(3), late)
    log.look(1.0)
    assert sorted(log.texts) == [line(n).rstrip() for n in (2, 3)]
    assert log.losses == []


def test_one_that_came_empty_may_be_rotated_at_once(open_log: Open) -> None:
    """Late lines of it are read as those of any other."""
    log = open_log("*.log")
    late, old = log.folder / "worker-2.log", log.folder / "old"
    (log.folder / "worker.log").touch()
    log.look()
    late.touch()
    log.look(1.0)
    log.write(line(1), late)
    late.rename(old)
    log.write(line(2), old)
    log.write(line(3), late)
    for _ in range(3):
        log.look(1.0)
    assert sorted(log.texts) == [line(n).rstrip() for n in (1, 2, 3)]
    assert log.losses == []


def test_both_may_write_the_same_at_once(open_log: Open) -> None:
    """The database is down for all of them."""
    log = open_log("*.log")
    files = [log.folder / "worker.log", log.folder / "worker-1.log"]
    for file in files:
        file.touch()
    log.look()
    for file in files:
        log.write("2026-01-01 00:00:05 CRITICAL no database\n", file)
    for _ in range(3):
        log.look(1.0)
    assert log.watch.counts.criticals == 2
    assert log.losses == []


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("regrown", [0, 5, 40])
def test_a_copy_whose_original_was_emptied_is_none(
    open_log: Open, restarted: bool, regrown: int
) -> None:
    """All of that between two looks (copytruncate), or while no recorder ran."""
    log = open_log("*.log")
    path, copy = log.folder / "worker.log", log.folder / "worker-1.log"
    path.touch()
    log.look()
    log.write("".join(map(line, range(10, 30))), path)
    log.look(1.0)
    shutil.copy(path, copy)
    path.write_text("")
    log.write("".join(map(line, range(30, 30 + regrown))), path)
    if restarted:
        log.restart()
        log.look(0.25)
        log.restart()
    for _ in range(4):
        log.look(1.0)
    assert log.watch.counts.errors == 20 + regrown
    assert log.watch.paths == [str(path)]


def test_one_is_written_to_while_no_recorder_runs(open_log: Open) -> None:
    """It was there when the watch began: what it had then does not count."""
    log = open_log("*.log")
    odd = log.folder / "worker-1.log"
    log.write(line(1), log.folder / "worker.log")
    log.write(line(2), odd)
    log.look()
    log.restart()
    log.write(line(3), odd)
    for _ in range(3):
        log.look(1.0)
    assert log.texts == [line(3).rstrip()]


def test_one_comes_while_no_recorder_runs(open_log: Open) -> None:
    """A rotated file that came meanwhile is read too, and only the rest of it."""
    log = open_log("*.log")
    path = log.folder / "worker.log"
    path.touch()
    log.look()
    log.write(line(1), path)
    log.look()
    log.write(line(2), path)
    path.rename(log.folder / "worker-20260101.log")
    log.write(line(3), path)
    log.write(line(4), log.folder / "worker-7.log")
    log.restart()
    for _ in range(20):
        log.look(1.0)
    assert sorted(log.texts) == [line(n).rstrip() for n in (1, 2, 3, 4)]


def test_it_goes_on_after_a_restart(open_log: Open) -> None:
    """It is one of the followed files then."""
    log = open_log("*.log")
    odd = log.folder / "worker-1.log"
    log.write(line(1), log.folder / "worker.log")
    odd.touch()
    log.look()
    log.write(line(2), odd)
    log.look(1.0)
    log.restart()
    log.write(line(3), odd)
    log.look()
    assert log.texts == [line(2).rstrip(), line(3).rstrip()]
    assert log.losses == []


def test_a_file_that_was_read_before_is_none(open_log: Open) -> None:
    """It lay elsewhere for a while."""
    log = open_log("*.log")
    path, elsewhere = log.folder / "worker.log", log.folder / "old"
    path.touch()
    log.look()
    log.write(line(1), path)
    log.look()
    path.rename(elsewhere)
    log.write(line(2), path)
    for _ in range(20):
        log.look(1.0)
    elsewhere.rename(log.folder / "worker-1.log")
    for _ in range(3):
        log.look(1.0)
    assert log.watch.counts.errors == 2
    assert log.watch.paths == [str(path)]


@pytest.mark.parametrize("restarted", [False, True])
def test_rotated_files_stay_what_they_are_while_their_log_is_gone(
    open_log: Open, restarted: bool
) -> None:
    """Those from before the watch, and copies that were made during it."""
    log = open_log("*.log")
    path, old, copy = (log.folder / f"worker{end}.log" for end in ("", "-20251231", "-1"))
    log.write("ERROR undated\n" * 9, old)
    path.touch()
    log.look()
    log.write("".join(map(line, range(10, 20))), path)
    log.look(1.0)
    shutil.copy(path, copy)
    log.look(1.0)
    path.unlink()
    if restarted:
        log.restart()
    for _ in range(20):
        log.look(1.0)
    if restarted:
        log.restart()
    log.write(line(30), path)
    for _ in range(3):
        log.look(1.0)
    assert log.watch.counts.errors == 11
    assert log.watch.paths == [str(path)]


def test_each_log_has_rotated_files_of_its_own(open_log: Open) -> None:
    """``worker-2-20260101.log`` is not worker.log's."""
    log = open_log("*.log")
    paths = [log.folder / "worker.log", log.folder / "worker-2.log"]
    for path in paths:
        path.touch()
    log.look()
    for number in range(1, 4):
        for path in paths:
            log.write(line(number), path)
        log.look(1.0)
        for path in paths:
            path.rename(path.with_name(f"{path.stem}-2026010{number}.log"))
            path.touch()
        log.look(1.0)
    for _ in range(3):
        log.look(5.0)
    assert log.watch.counts.errors == 6
    assert log.losses == []


def test_a_line_that_both_have_makes_no_copy(open_log: Open) -> None:
    """Both tell every second that they are well; one has more to say."""
    log = open_log("*.log")
    path, other = log.folder / "worker.log", log.folder / "worker-1.log"
    path.touch()
    log.look()
    for second in range(40):
        beat = f"2026-01-01 00:00:{second:02} INFO heartbeat ok\n"
        log.write(beat, path)
        if second >= 10:
            log.write(line(second) + beat, other)
        log.look(1.0)
    log.look(1.0)
    assert log.watch.counts.errors == 30
    assert log.losses == []


def test_what_may_be_a_copy_has_a_window(open_log: Open) -> None:
    """Nobody knows whose its only line is; what comes behind it counts, as soon as it is more
    than the other log has."""
    log = open_log("*.log")
    path, other = log.folder / "worker.log", log.folder / "worker-1.log"
    path.touch()
    log.look()
    began = log.clock
    for file in (path, other):
        log.write("2026-01-01 00:00:05 ERROR both\n", file)
    log.look(1.0)
    (loss,) = log.losses
    assert (loss.path, loss.since) == (str(other), 1767225600.0 + began)
    log.write(line(6), other)
    log.look(1.0)
    assert log.watch.counts.errors == 2
    assert log.losses[0] == loss
