"""New files under a pattern: a log of its own counts from its first line, a copy does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from tests.logs.conftest import Watched

Open = Callable[..., Watched]


def dated(first: int, count: int, name: str = "app") -> str:
    return "".join(
        f"2026-01-01 00:{n // 60:02}:{n % 60:02} ERROR [{name}] request {n} failed\n"
        for n in range(first, first + count)
    )


def of_ten_lines(open_log: Open, pattern: str = "error.log") -> Watched:
    """A log that was read."""
    made = open_log(pattern)
    made.path.touch()
    made.look(0.0)
    made.write(dated(0, 10))
    made.look(2.0)
    return made


def goes_on(log: Watched) -> int:
    """Three more lines come; how many are counted then."""
    log.write(dated(10, 3))
    log.look(2.0)
    log.settle()
    return log.watch.counts.lines


@pytest.fixture
def log(open_log: Open) -> Watched:
    """One of them, under a pattern."""
    return of_ten_lines(open_log, "*log*")


NAMES = pytest.mark.parametrize("name", ["incident.log", "copy of error.log", "error.log.tmp"])


@NAMES
@pytest.mark.parametrize("restarted", [False, True])
def test_a_copy_is_not_counted_again(log: Watched, name: str, restarted: bool) -> None:
    """Whatever it is called, and whoever sees it first."""
    shutil.copy(log.path, log.folder / name)
    if not restarted:
        log.look(2.0)
    log.restart()
    log.write(dated(10, 3))
    log.look(2.0)
    log.look(2.0)
    assert log.watch.counts.lines == 13
    assert log.losses == []


@pytest.mark.parametrize("seen_empty", [False, True])
def test_a_copy_in_the_making_is_not_counted(log: Watched, seen_empty: bool) -> None:
    """Its beginning is there first, or nothing."""
    log.write(dated(10, 3000))
    log.look(2.0)
    data = log.path.read_bytes()
    copy = log.folder / "incident.log"
    if seen_empty:
        copy.touch()
        log.look(2.0)
    for at in (0, 50_000, 100_000):
        log.write(data[at : at + 50_000], copy)
        log.look(2.0)
    log.write(data[150_000:], copy)
    log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 3010
    assert log.losses == []


@pytest.mark.parametrize("restarted", [False, True])
def test_a_copy_that_goes_on_counts_from_there_with_a_window(log: Watched, restarted: bool) -> None:
    """It became a log of its own; whether something was in between nobody knows."""
    copy = log.folder / "worker.log"
    shutil.copy(log.path, copy)
    log.look(2.0)
    if restarted:
        log.restart()
        log.look(2.0)
    log.write(dated(100, 2, "worker"), copy)
    log.look(2.0)
    assert log.watch.counts.lines == 12
    (loss,) = log.losses
    assert (loss.path, loss.cause) == (str(copy), "the log began as a copy of another one")
    log.write(dated(102, 2, "worker"), copy)
    log.settle()
    assert log.watch.counts.lines == 14
    assert len(log.losses) == 1


@pytest.mark.parametrize("empty_first", [False, True])
def test_a_log_of_its_own_counts_from_its_first_line(log: Watched, empty_first: bool) -> None:
    """Also one that begins as another one does, or says the same without a time."""
    other, same = log.folder / "other.log", log.folder / "same.log"
    if empty_first:
        other.touch()
        same.touch()
        log.look(2.0)
    log.write(dated(0, 2) + dated(5, 3, "other"), other)
    log.write("ERROR starting\nERROR ready\n", same)
    log.write("ERROR starting\nERROR ready\n")
    log.look(2.0)
    assert log.watch.counts.lines == 10 + 5 + 2 + 2
    assert log.losses == []


def test_a_copy_that_is_deleted_leaves_nothing(log: Watched) -> None:
    """Nor does one that takes the log's place."""
    copy = log.folder / "incident.log"
    shutil.copy(log.path, copy)
    log.look(2.0)
    copy.unlink()
    log.look(2.0)
    shutil.copy(log.path, copy)
    log.look(2.0)
    copy.rename(log.path)
    assert goes_on(log) == 13


def test_a_log_that_was_away_may_come_back_as_a_copy(open_log: Open) -> None:
    """Of itself, under a path of its own."""
    log = of_ten_lines(open_log)
    aside = log.path.rename(log.folder / "aside")
    log.look(2.0)
    shutil.copy(aside, log.path)
    log.look(2.0)
    log.write(dated(10, 3))
    log.settle()
    assert log.watch.counts.lines == 13


def test_what_cannot_be_read_is_no_copy(log: Watched) -> None:
    """It is told, as ever."""
    (log.folder / "folder.log").symlink_to(log.folder / "folder.log")
    log.look(2.0)
    assert [trouble.text for trouble in log.watch.troubles]


def test_a_copy_of_a_log_that_was_emptied_then_is_known(log: Watched) -> None:
    """copytruncate to a name that looks like any other; what was not read before it counts."""
    log.write("2026-01-01 00:00:10 ERROR not read yet\n")
    shutil.copy(log.path, log.folder / "backup.log")
    os.truncate(log.path, 0)
    log.look(2.0)
    log.look(2.0)
    assert log.watch.counts.lines == 11
    log.write("2026-01-01 00:00:11 ERROR after it\n")
    log.settle()
    assert log.watch.counts.lines == 12


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("pattern", ["error.log", "*.log"])
def test_a_log_that_was_emptied_may_get_its_copy_back(
    open_log: Open, pattern: str, seen: bool
) -> None:
    """``cp error.log x; > error.log; mv x error.log``, with and without a look in between."""
    log = of_ten_lines(open_log, pattern)
    copy = log.folder / "x"
    shutil.copy(log.path, copy)
    os.truncate(log.path, 0)
    if seen:
        log.look(2.0)
    copy.rename(log.path)
    assert goes_on(log) == 13


def test_a_copy_may_take_the_place_of_the_log_after_a_rotation(open_log: Open) -> None:
    """Of what is in the rotated file, before anything is in the new one."""
    log = of_ten_lines(open_log)
    copy = log.folder / "x"
    shutil.copy(log.path, copy)
    log.path.rename(log.folder / "error.log.1")
    log.path.touch()
    log.look(2.0)
    copy.rename(log.path)
    assert goes_on(log) == 13


def test_a_copy_of_a_log_that_was_emptied_while_nobody_looked_is_known(log: Watched) -> None:
    """By what the checkpoint remembers."""
    log.watch.close()
    shutil.copy(log.path, log.folder / "backup.log")
    os.truncate(log.path, 0)
    log.restart()
    log.look(2.0)
    assert goes_on(log) == 13


def test_a_copy_that_was_rotated_while_nobody_looked_is_one_still(log: Watched) -> None:
    """It is not read from its beginning under its new name."""
    copy = log.folder / "backup.txt.log"
    shutil.copy(log.path, copy)
    log.look(2.0)
    log.restart()
    copy.rename(log.folder / "backup.txt.1")
    copy.touch()
    log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 10


def test_a_copy_of_several_logs_is_one(log: Watched) -> None:
    """``cat a.log b.log > all.log``."""
    other = log.folder / "other.log"
    log.write(dated(20, 10), other)
    log.look(2.0)
    (log.folder / "all.log").write_text(log.path.read_text() + other.read_text())
    log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 20


def test_a_log_and_its_copy_may_come_together(log: Watched) -> None:
    """Whichever of them is read first."""
    for names in (("worker-1.log", "b.log"), ("a.log", "worker-2.log")):
        made = log.folder / names[0]
        log.write(dated(100, 6, names[0]), made)
        shutil.copy(made, log.folder / names[1])
        (log.folder / "worker.log").touch()
        log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 22


def test_late_lines_without_a_time_in_a_rotated_file_are_no_doubt(open_log: Open) -> None:
    """It is read, and no log of its own, however little its lines tell."""
    log = open_log("error.log*")
    log.path.touch()
    log.look(0.0)
    with log.path.open("a", 1) as late:
        log.path.rename(log.folder / "error.log.1")
        log.path.touch()
        late.write("ERROR one\nERROR two\n")
        log.look(2.0)
        late.write("ERROR three\n")
        log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 3
    assert log.losses == []


def test_a_log_that_comes_over_brings_no_rotation(open_log: Open) -> None:
    """What was rotated long ago lies beside the path that it came from."""
    log = open_log("*.log")
    one, other = log.folder / "a.log", log.folder / "b.log"
    one.touch()
    other.touch()
    log.look(0.0)
    log.write(dated(0, 3, "other"), other)
    log.look(2.0)
    other.rename(log.folder / "b.log.1")
    other.touch()
    for _ in range(6):
        log.look(4.0)
    log.write(dated(3, 3, "other"), other)
    log.look(2.0)
    other.rename(one)
    log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 6
    assert log.losses == []


def test_a_renamed_log_that_is_let_go_is_followed_in_the_same_look(open_log: Open) -> None:
    """What comes before the next one is read, wherever the file is by then."""
    log = open_log("error.log*")
    log.path.touch()
    log.look(0.0)
    renamed = log.path.rename(log.folder / "error.log.tmp")
    log.look(0.4)
    log.look(0.4)
    log.look(11.0)
    log.write(dated(0, 3), renamed)
    renamed.rename(log.folder / "away")
    log.settle()
    assert log.watch.counts.lines == 3
