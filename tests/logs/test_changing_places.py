"""Files that go from one path to another, or away and come back: each line is counted once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.logs.conftest import Watched

Open = Callable[..., Watched]


def numbered(name: str, count: int) -> str:
    return "".join(f"ERROR {name} {number}\n" for number in range(count))


def two_logs(open_log: Open, *, restarted: bool) -> tuple[Watched, Path, Path]:
    """a.log with 3 lines, b.log with 2; both had some before the watch."""
    log = open_log("*.log")
    one, other = log.folder / "a.log", log.folder / "b.log"
    for path in (one, other):
        log.write(numbered(f"{path.name} before", 3), path)
    log.look(0.0)
    log.write(numbered("one", 3), one)
    log.write(numbered("other", 2), other)
    log.look(2.0)
    if restarted:
        log.watch.close()
    return log, one, other


def go_on(log: Watched, *, restarted: bool) -> None:
    """The files have changed places: look at them, and let late lines come."""
    if restarted:
        log.restart()
    log.look(2.0)
    log.look(2.0)


RESTARTED = pytest.mark.parametrize("restarted", [False, True])


@RESTARTED
def test_a_log_that_replaces_another_one_is_read_on(open_log: Open, restarted: bool) -> None:
    """``mv a.log b.log``."""
    log, one, other = two_logs(open_log, restarted=restarted)
    one.rename(other)
    log.write("ERROR late\n", other)
    go_on(log, restarted=restarted)
    log.write("ERROR later\n", other)
    log.settle()
    assert log.watch.counts.lines == 7
    assert log.texts[-2:] == ["ERROR late", "ERROR later"]


@RESTARTED
def test_logs_that_are_swapped_are_read_on(open_log: Open, restarted: bool) -> None:
    """Each where it is now."""
    log, one, other = two_logs(open_log, restarted=restarted)
    one.rename(log.folder / "aside")
    other.rename(one)
    (log.folder / "aside").rename(other)
    go_on(log, restarted=restarted)
    for path in (one, other):
        log.write(f"ERROR late in {path.name}\n", path)
    log.settle()
    assert log.watch.counts.lines == 7


def test_a_link_to_a_log_that_is_followed_is_not_read_again(
    open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is turned from a file of another folder to one that the pattern finds, which is read
    there and not by turns."""
    log = open_log("*.log")
    elsewhere = log.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "0").touch()
    link, other = log.folder / "current.log", log.folder / "b.log"
    link.symlink_to(elsewhere / "0")
    other.touch()
    log.look(0.0)
    log.write(numbered("one", 3), elsewhere / "0")
    log.write(numbered("other", 2), other)
    log.look(2.0)
    link.unlink()
    link.symlink_to(other)
    log.write("ERROR late\n", other)
    log.look(2.0)
    log.write("ERROR late\n", elsewhere / "0")
    log.settle()
    assert log.watch.counts.lines == 7
    assert log.losses == []
    monkeypatch.setattr(log.files, "open", None)
    for _ in range(3):
        log.look(2.0)


def test_rotated_files_that_became_logs_shift_without_being_read_again(open_log: Open) -> None:
    """Two rotations between two looks make error.log.1 one of its own, with a window or not."""
    log = open_log("error.log*")
    log.path.touch()
    log.look(0.0)

    def rotate() -> None:
        for number in range(6, 0, -1):
            old = log.folder / f"error.log.{number}"
            if old.exists():
                old.rename(log.folder / f"error.log.{number + 1}")
        log.path.rename(log.folder / "error.log.1")
        log.path.touch()

    for number in range(6):
        log.write(numbered(f"of {number}", 3))
        if number == 1:
            rotate()
            log.write(numbered("between", 3))
        rotate()
        log.look(2.0)
        log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 21


@pytest.mark.parametrize("pattern", ["d/error.log", "d/*.log"])
@pytest.mark.parametrize("when", ["running", "stopped"])
@pytest.mark.parametrize("restarts", [1, 2])
def test_a_log_whose_folder_is_away_is_read_on_when_it_is_back(
    open_log: Open, pattern: str, when: str, restarts: int
) -> None:
    """A volume that is mounted later, say: what was counted is not counted again."""
    log = open_log(pattern)
    folder, away = log.folder / "d", log.folder / "away"
    folder.mkdir()
    log.path = folder / "error.log"
    log.write(numbered("before", 50))
    log.look(0.0)
    log.write(numbered("counted", 3))
    log.look(2.0)
    if when == "running":
        folder.rename(away)
        log.settle()
        log.settle()
    else:
        log.watch.close()
        folder.rename(away)
    for _ in range(restarts):
        log.restart()
        log.look(2.0)
    away.rename(folder)
    log.write("ERROR meanwhile\n")
    log.look(2.0)
    log.write("ERROR late\n")
    log.settle()
    assert log.watch.counts.lines == 5


@pytest.mark.parametrize("changed", ["rotated", "emptied"])
def test_another_file_that_comes_back_has_a_window(open_log: Open, changed: str) -> None:
    """Whatever became of the log while its folder was away."""
    log = open_log("d/error.log")
    folder, away = log.folder / "d", log.folder / "away"
    folder.mkdir()
    log.path = folder / "error.log"
    log.write(numbered("before", 50))
    log.look(0.0)
    log.write(numbered("counted", 3))
    log.look(2.0)
    log.watch.close()
    folder.rename(away)
    log.restart()
    log.look(2.0)
    if changed == "rotated":
        (away / "error.log").rename(away / "error.log.1")
        (away / "error.log").touch()
    else:
        (away / "error.log").write_text("")
    away.rename(folder)
    log.write("ERROR new\n")
    log.look(2.0)
    log.settle()
    assert log.watch.counts.lines == 4
    assert log.losses
    assert all(loss.until for loss in log.losses)


def test_the_rest_of_a_rotated_file_in_the_folder_of_a_link_is_read(open_log: Open) -> None:
    """The rotated files lie where the link leads to, not beside the link."""
    log = open_log("current.log")
    pods = log.folder / "pods"
    pods.mkdir()
    (log.folder / "current.log").symlink_to(pods / "0.log")
    log.path = pods / "0.log"
    log.path.touch()
    log.look(0.0)
    log.write(numbered("one", 3))
    log.look()
    log.watch.close()
    log.write(numbered("rest", 2))
    log.path.rename(pods / "0.log.20260101-000000")
    log.write(numbered("other", 4))
    log.restart()
    log.look()
    log.settle()
    assert log.watch.counts.lines == 9


def test_a_double_rotation_in_the_folder_of_a_link_is_a_window(open_log: Open) -> None:
    """Of the file in between nothing was seen but its name."""
    log = open_log("current.log")
    pods = log.folder / "pods"
    pods.mkdir()
    (log.folder / "current.log").symlink_to(pods / "0.log")
    log.path = pods / "0.log"
    log.path.touch()
    log.look(0.0)
    for number in range(2):
        log.write(numbered("one", 3))
        log.path.rename(pods / f"0.log.2026010{number}")
        log.path.touch()
    log.look()
    assert log.causes == ["rotated several times between two looks"]
