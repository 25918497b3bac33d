"""Several logs under one pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stagewatch.logs.names import compressed, rotated_from

if TYPE_CHECKING:
    from tests.logs.conftest import Watched

Open = Callable[..., "Watched"]

ROTATED = """\
error.log.1 error.log-20260101 error.log.2026-01-01_00:00 error.log~ error.1.log
error-20260101.log error.log.old error.log.1.bak
"""


def test_every_file_of_a_pattern_counts(open_log: Open) -> None:
    """Files that are there begin now, files that come later count from their first line."""
    log = open_log("*.log")
    log.write("ERROR before\n", log.folder / "a.log")
    log.look()
    log.write("ERROR 1\n", log.folder / "a.log")
    log.write("ERROR 2\n", log.folder / "b.log")
    log.look(1.0)
    assert sorted(log.texts) == ["ERROR 1", "ERROR 2"]
    assert log.losses == []


def test_rotated_and_packed_files_are_not_logs_of_their_own(open_log: Open) -> None:
    """A pattern that finds them too still counts each line once."""
    log = open_log("*")
    log.path.touch()
    log.look()
    log.write("ERROR 1\n")
    log.path.rename(log.folder / "error.log.1")
    log.write("ERROR 2\n", log.folder / "error.log.2.gz")
    log.write("ERROR 3\n")
    for _ in range(20):
        log.look(1.0)
    assert log.texts == ["ERROR 1", "ERROR 3"]
    assert log.watch.paths == [str(log.path)]


def test_a_file_renamed_within_the_pattern_counts_once(open_log: Open) -> None:
    """Under its new name it goes on where it was, also long after."""
    log = open_log("*.log")
    log.path.touch()
    log.look()
    log.write("ERROR 1\n")
    log.look()
    other = log.folder / "another.log"
    log.path.rename(other)
    for _ in range(20):
        log.look(1.0)
    log.write("ERROR 2\n", other)
    log.look(1.0)
    assert log.texts == ["ERROR 1", "ERROR 2"]
    assert (log.watch.paths, log.losses) == ([str(other)], [])


def test_a_file_renamed_within_the_pattern_counts_once_across_a_restart(open_log: Open) -> None:
    """Also where the new name comes first."""
    log = open_log("*.log")
    log.path.touch()
    log.look()
    log.write("ERROR 1\n")
    log.look()
    log.path.rename(log.folder / "another.log")
    log.restart()
    for _ in range(20):
        log.look(1.0)
    assert log.texts == ["ERROR 1"]


def test_a_link_to_a_followed_file_counts_once(open_log: Open) -> None:
    """current.log leads to today's file, and both are found."""
    log = open_log("*.log")
    log.path.touch()
    (log.folder / "current.log").symlink_to(log.path)
    log.look()
    log.write("ERROR 1\n")
    log.look(1.0)
    assert log.texts == ["ERROR 1"]


def test_a_file_that_leaves_the_pattern_is_no_loss(open_log: Open) -> None:
    """A log that is deleted when its day is over was read to its end."""
    log = open_log("*.log")
    for name in ("monday.log", "tuesday.log"):
        (log.folder / name).touch()
    log.look()
    log.write("ERROR 1\n", log.folder / "monday.log")
    (log.folder / "monday.log").unlink()
    for _ in range(20):
        log.look(1.0)
    assert log.watch.paths == [str(log.folder / "tuesday.log")]
    assert (log.watch.counts.errors, log.losses, log.watch.troubles) == (1, [], [])


def test_a_pattern_without_files_is_a_loss_that_lasts(open_log: Open) -> None:
    """Nothing to read is not the same as nothing wrong."""
    log = open_log("*.log")
    log.look()
    assert log.watch.troubles[0].text == f"no file matches {log.plan.path}"
    assert [loss.until for loss in log.losses] == [None]
    log.restart()
    log.look(10.0)
    assert [loss.until for loss in log.losses] == [None]
    log.write("ERROR 1\n")
    log.look(1.0)
    assert log.watch.counts.errors == 1
    assert [loss.until is None for loss in log.losses] == [False]


def test_a_crowd_of_files_is_told(open_log: Open) -> None:
    """More files than can be followed are never left out in silence."""
    log = open_log("*.log")
    for number in range(70):
        (log.folder / f"{number}.log").touch()
    log.look()
    assert len(log.watch.paths) == 64
    assert "only 64 files are followed" in log.watch.troubles[0].text
    assert not log.watch.troubles[0].absent
    (lasting,) = log.losses
    assert (lasting.path, lasting.until) == (log.watch.plan.path, None)
    assert lasting.cause == "more files match than are followed"
    log.restart()
    log.look(1.0)
    assert log.losses == [lasting]
    for number in range(10):
        (log.folder / f"{number}.log").unlink()
    for _ in range(20):
        log.look(2.0)
    assert [loss.until is None for loss in log.losses] == [False]


@pytest.mark.parametrize(
    "name",
    [
        "error.log.1",
        "error.log-20260101",
        "error.log.2026-01-01_00:00",
        "error.log~",
        "error.1.log",
        "error-20260101.log",
        "error.log.old",
        "error.log.1.bak",
    ],
)
def test_names_of_rotated_files(name: str) -> None:
    """Numbers, dates and the usual words behind the name or before its extension."""
    assert rotated_from("error.log", name)


@pytest.mark.parametrize(
    "name", ["error.log", "errors.log", "error.log.1.gz", "error-worker.log", "access.log", "error"]
)
def test_names_of_other_files(name: str) -> None:
    """Another log, a packed file, the log itself."""
    assert not rotated_from("error.log", name)


def test_packed_names() -> None:
    """What logrotate and others make."""
    assert all(compressed(f"error.log.1.{end}") for end in ("gz", "bz2", "xz", "zst"))
    assert not compressed("error.log")


def test_a_folder_that_the_pattern_matches_is_no_log(open_log: Callable[..., Watched]) -> None:
    """It opens no window; one that takes the place of a log does."""
    log = open_log("*.log")
    log.write("INFO a\n", log.folder / "a.log")
    (log.folder / "old.log").mkdir()
    log.look(0.0)
    log.write("ERROR b\n", log.folder / "a.log")
    log.look(60.0)
    assert log.watch.counts.errors == 1
    assert log.losses == []
    assert log.watch.troubles == []
    (log.folder / "a.log").unlink()
    (log.folder / "a.log").mkdir()
    log.look(60.0)
    log.look(60.0)
    assert next(trouble.text for trouble in log.watch.troubles).endswith(
        "name a log file or a pattern"
    )
