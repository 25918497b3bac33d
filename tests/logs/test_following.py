"""What becomes of lines when a log is rotated, emptied, replaced, unreadable or odd."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stagewatch.logs.files import RealFiles
from stagewatch.logs.watch import LogWatch

if TYPE_CHECKING:
    from tests.logs.conftest import Watched

START = 1767225600.0
Open = Callable[..., "Watched"]


def test_lines_from_before_the_watch_do_not_count(open_log: Open) -> None:
    """What is in the file at the first look is context; what comes after it counts."""
    log = open_log()
    log.write("ERROR before\nERROR half")
    log.look()
    log.write(" a line\nERROR after\n")
    assert log.look() == ["ERROR half a line", "ERROR after"]
    assert log.watch.counts.errors == 2


def test_from_start_counts_what_is_there(open_log: Open) -> None:
    """With from = "start" the file counts, but not records older than the watch."""
    log = open_log(from_start=True)
    log.write("2025-12-31 23:59:59 ERROR old\n2026-01-01 00:00:01 ERROR new\nERROR undated\n")
    log.look()
    assert (log.watch.counts.errors, log.watch.counts.before_watch) == (2, 1)


def test_a_watch_that_begins_late_says_so(open_log: Open) -> None:
    """Lines written between the start of the watch and the first look are a possible loss."""
    log = open_log()
    log.write("ERROR unknown\n")  # written now, which is after the start of this watch
    log.look(60.0)
    assert [(loss.since, loss.until) for loss in log.losses] == [(START, START + 60.0)]


def test_a_line_counts_when_it_ends(log: Watched) -> None:
    """Only a newline ends a line; CR LF is one, and CR alone is none."""
    log.write("ERROR one\r\nERROR\r two")
    assert log.look() == ["ERROR one\r"]
    log.write("\n")
    assert log.look() == ["ERROR\r two"]
    assert log.watch.counts.lines == 2


def test_rename_keeps_the_late_lines_of_the_old_file(log: Watched) -> None:
    """A writer that keeps the old file open for less than 10 s loses nothing."""
    log.write("ERROR 1\n")
    log.look()
    old = log.folder / "error.log.1"
    log.path.rename(old)
    log.write("ERROR 2\n", old)
    log.write("ERROR 3\n")
    assert log.look() == ["ERROR 2", "ERROR 3"]
    log.look(9.0)
    log.write("ERROR 4\n", old)
    assert log.look() == ["ERROR 4"]
    assert (log.watch.counts.errors, log.losses) == (4, [])


def test_many_looks_do_not_shorten_the_ten_seconds(log: Watched) -> None:
    """Looked at forty times, a late writer still has its time."""
    old = log.folder / "error.log.1"
    log.path.rename(old)
    log.path.touch()
    for _ in range(39):
        log.look(0.25)
    log.write("ERROR late\n", old)
    assert log.look() == ["ERROR late"]


def test_a_long_pause_does_not_shorten_the_three_looks(log: Watched) -> None:
    """Where a look comes once a minute, a late writer has three of them."""
    old = log.folder / "error.log.1"
    log.path.rename(old)
    log.path.touch()
    log.look()
    log.look(60.0)
    log.write("ERROR late\n", old)
    assert log.look(60.0) == ["ERROR late"]


def test_renamed_back_at_once_it_goes_on(log: Watched) -> None:
    """A file that returns while it is still drained is not read twice."""
    log.write("ERROR 1\n")
    old = log.folder / "error.log.1"
    log.path.rename(old)
    log.write("ERROR 2\n")
    log.look()
    log.path.rename(log.folder / "aside")
    old.rename(log.path)
    log.write("ERROR 3\n")
    log.look()
    log.settle()
    assert sorted(log.texts) == ["ERROR 1", "ERROR 2", "ERROR 3"]


def test_more_rotations_than_can_be_followed_are_told(log: Watched) -> None:
    """The descriptors are bounded, and giving one up is a loss."""
    before = len(os.listdir("/proc/self/fd"))
    for number in range(66):
        log.path.rename(log.folder / f"error.log.{number}")
        log.path.touch()
        log.look(0.01)
    assert "rotated too often to follow every file" in log.causes
    assert len(os.listdir("/proc/self/fd")) - before < 66


def test_a_file_that_opens_and_cannot_be_read_leaks_nothing(open_log: Open) -> None:
    """A broken disk is told, at each look, with no more descriptors than before."""
    log = open_log()
    log.files = files = Denying()
    log.watch = LogWatch(log.plan, files)
    log.write("ERROR 1\n")
    files.broken = OSError(5, "Input/output error")
    descriptors = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        log.look()
    assert "cannot be read: Input/output error" in log.watch.troubles[0].text
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_quiet_rotated_file_is_let_go(log: Watched) -> None:
    """After 10 s and three looks without a line its descriptor is given back."""
    log.path.rename(log.folder / "error.log.1")
    log.path.touch()
    descriptors = len(os.listdir("/proc/self/fd"))
    log.look()
    assert len(os.listdir("/proc/self/fd")) == descriptors + 1
    log.settle()
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_the_new_file_may_take_a_while(log: Watched) -> None:
    """A path that is missing for less than 10 s is a rotation under way."""
    log.write("ERROR 1\n")
    log.path.rename(log.folder / "error.log.1")
    log.look()
    log.look(9.0)
    log.write("ERROR 2\n")
    log.look(0.5)
    assert (log.watch.counts.errors, log.losses, log.watch.troubles) == (2, [], [])


def test_a_missing_file_is_a_loss_that_lasts(log: Watched) -> None:
    """Beyond 10 s a missing file is told, and the window ends when it is back."""
    log.path.unlink()
    log.look()
    log.look(11.0)
    assert log.watch.troubles[0].absent
    assert [loss.until for loss in log.losses] == [None]
    log.write("ERROR 1\n")
    log.look(5.0)
    assert log.watch.counts.errors == 1
    assert [(loss.since, loss.until) for loss in log.losses] == [(START, START + 16.25)]


def test_a_file_that_was_only_away_lost_nothing(log: Watched) -> None:
    """Moved away for an hour and back, the same file goes on where it was."""
    log.write("ERROR 1\n")
    log.look()
    aside = log.folder / "aside"
    log.path.rename(aside)
    log.look()
    log.look(3600.0)
    log.write("ERROR 2\n", aside)
    aside.rename(log.path)
    log.look()
    assert (log.watch.counts.errors, log.losses) == (2, [])


def test_a_file_that_never_was_counts_from_its_first_line(open_log: Open) -> None:
    """A log that appears during the watch counts in full, with the wait as a loss window."""
    log = open_log()
    log.look()
    assert "does not exist" in log.watch.troubles[0].text
    log.write("ERROR 1\n")
    log.look()
    assert log.watch.counts.errors == 1
    assert log.causes == ["the file was missing"]


class Denying(RealFiles):
    """Opens nothing while ``error`` is set, and reads nothing while ``broken`` is."""

    error: OSError | None = None
    broken: OSError | None = None

    def read(self, fd: int, size: int, offset: int) -> bytes:
        if self.broken:
            raise self.broken
        return super().read(fd, size, offset)

    def open(self, path: str) -> int:
        if self.error:
            raise self.error
        return super().open(path)


def test_an_unreadable_file_says_how_to_mend_it(open_log: Open) -> None:
    """A new file without permission is told with the remedy; mended, it counts from its start."""
    log = open_log()
    log.files = files = Denying()
    log.watch = LogWatch(log.plan, files)
    log.path.touch()
    log.look(0.0)
    files.error = PermissionError(13, "Permission denied")
    log.path.rename(log.folder / "error.log.1")
    log.write("ERROR 1\n")
    log.look()
    assert "let the recorder's user read it" in log.watch.troubles[0].text
    files.error = None
    log.look()
    assert (log.watch.counts.errors, log.watch.troubles) == (1, [])
    assert log.causes == ["the file could not be read"]


def test_lines_written_before_an_unreadable_log_is_mended_do_not_count(open_log: Open) -> None:
    """Nobody knows when they were written; the window of the loss covers them."""
    log = open_log()
    log.files = files = Denying()
    log.watch = LogWatch(log.plan, files)
    log.write("ERROR before or after\n")
    files.error = PermissionError(13, "Permission denied")
    log.look()
    assert "let the recorder's user read it" in log.watch.troubles[0].text
    files.error = None
    log.write("ERROR meanwhile\n")
    log.look()
    log.write("ERROR 1\n")
    log.look()
    assert (log.watch.counts.errors, log.causes) == (1, ["the file could not be read"])


@pytest.mark.parametrize("kind", ["folder", "pipe", "circle"])
def test_what_is_no_file_is_told(open_log: Open, kind: str) -> None:
    """A folder, a pipe or a link to itself never blocks, and says what is wrong."""
    log = open_log()
    if kind == "folder":
        log.path.mkdir()
    elif kind == "pipe":
        os.mkfifo(log.path)
    else:
        log.path.symlink_to(log.path)
    log.look()
    expected = "leads in a circle" if kind == "circle" else "is not a regular file"
    assert expected in log.watch.troubles[0].text
    assert not log.watch.troubles[0].absent


@pytest.mark.parametrize("place", [20_000, 300_000, (1 << 33) + 3000])
def test_a_hole_is_jumped_over(log: Watched, place: int) -> None:
    """A writer that keeps its place after copytruncate leaves a hole, and then its line."""
    with open(log.path, "wb", buffering=0) as writer:
        writer.write(b"ERROR 1\n" * 1000)
        log.look()
        os.truncate(log.path, 0)
        writer.seek(place)
        writer.write(b"CRITICAL 2\n")
        log.look()
        log.look()
    assert log.watch.counts.criticals == 1
    assert log.causes == ["the file was truncated in place"]


def test_several_rotations_between_two_looks_are_a_loss(log: Watched) -> None:
    """A file that came and was rotated away unseen is told."""
    log.write("ERROR 1\n")
    log.path.rename(log.folder / "error.log.2")
    log.write("ERROR 2\n")
    log.path.rename(log.folder / "error.log.1")
    log.write("ERROR 3\n")
    assert log.look() == ["ERROR 1", "ERROR 3"]
    assert log.causes == ["rotated several times between two looks"]


def test_a_file_that_comes_back_does_not_count_again(log: Watched) -> None:
    """Rotated away, let go, and renamed back: only what is new in it counts."""
    log.write("ERROR 1\n")
    old = log.folder / "error.log.1"
    log.path.rename(old)
    log.path.touch()
    log.settle()
    log.write("ERROR 2\n", old)
    old.replace(log.path)
    log.look()
    assert log.texts == ["ERROR 1", "ERROR 2"]


def test_a_symbolic_link_may_be_turned(log: Watched) -> None:
    """A link that is turned to another file is a rotation."""
    first, second = log.folder / "a.txt", log.folder / "b.txt"
    log.path.rename(first)
    log.path.symlink_to(first)
    log.look()
    log.write("ERROR 1\n", first)
    second.write_text("ERROR 2\n")
    turned = log.folder / "turned"
    turned.symlink_to(second)
    turned.replace(log.path)
    log.write("ERROR 3\n", first)
    assert log.look() == ["ERROR 1", "ERROR 3", "ERROR 2"]
    assert log.losses == []


@pytest.mark.parametrize("raw", [b"\xff\xfe\xfa", b"\0\0", b"\xc3", "\u2028".encode()])
def test_bytes_that_are_no_text_are_part_of_their_line(log: Watched, raw: bytes) -> None:
    """Invalid UTF-8 and NUL neither end a line nor hide its level."""
    log.write(b"ERROR " + raw + b"\nCRITICAL " + raw + b"x\n")
    log.look()
    counts = log.watch.counts
    assert (counts.lines, counts.errors, counts.criticals) == (2, 1, 1)


def test_a_huge_line_is_bounded(log: Watched) -> None:
    """20 MiB without an end cost the memory of a chunk, and count once."""
    log.write(b"CRITICAL " + b"x" * (20 << 20))
    tracemalloc.start()
    while log.watch.behind:
        log.look()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20
    assert log.watch.counts.lines == 0
    log.write(b"\nERROR next\n")
    found = log.look()
    assert [len(text) for text in found] == [4096, 10]
    assert (log.watch.counts.criticals, log.watch.counts.errors) == (1, 1)


def test_much_is_read_in_several_looks(log: Watched) -> None:
    """A look reads its budget and leaves the rest to the next one."""
    log.write("ERROR x\n" * 100_000)
    log.look(budget=256 * 1024)
    assert 0 < log.watch.counts.lines < 100_000
    while log.watch.behind:
        log.look(budget=256 * 1024)
    assert log.watch.counts.lines == 100_000


def test_a_deleted_file_is_not_remembered(log: Watched) -> None:
    """Its inode will be another file's."""
    log.path.unlink()
    log.path.touch()
    log.settle()
    assert log.watch.state(START).done == []


def test_a_late_line_in_a_rotated_file_is_no_rotation(log: Watched) -> None:
    """Whoever writes to a rotated file, or copies the log beside it, rotates nothing."""
    log.write("a\n")
    log.look(0.0)
    first, second = log.folder / "error.log.1", log.folder / "error.log.2"
    log.path.rename(first)
    log.write("b\n")
    log.look()
    log.write("late\n", first)
    for _ in range(8):
        log.look(4.0)
    copy = log.folder / "error.log.bak"
    copy.write_text("a\n")
    log.look()
    log.write("b\n", copy)
    first.rename(second)
    log.path.rename(first)
    log.write("c\n")
    log.look()
    assert log.watch.counts.lines == 4
    assert log.losses == []


def test_records_of_the_second_in_which_the_watch_began_count(log: Watched) -> None:
    """Where a log writes whole seconds nobody knows which of them came before it."""
    log.watch.close()
    log.watch = LogWatch(replace(log.plan, watch_start=START + 0.7), log.files)
    log.look()
    for stamp in ("2026-01-01 00:00:00", "2025-12-31 23:59:59"):
        log.write(f"{stamp} CRITICAL x\n" * 100)
        log.look()
    assert (log.watch.counts.criticals, log.watch.counts.before_watch) == (100, 100)


def test_records_after_the_end_of_summer_time_are_not_from_before_the_watch(log: Watched) -> None:
    """The hour that comes twice: 02:10 is later than 02:40 then."""
    end = 1792890000.0  # 2026-10-25 01:00:00 UTC, when 03:00 is 02:00 in Berlin
    log.watch.close()

    def offset_at(at: float) -> float:
        return 7200.0 if at < end else 3600.0

    plan = replace(log.plan, watch_start=end - 1200, offset_at=offset_at)
    log.watch = LogWatch(plan, log.files)
    log.clock = end - 1100 - START
    log.look()
    log.write("2026-10-25 02:50:00 CRITICAL in summer time\n" * 100)
    log.look()
    assert log.watch.counts.criticals == 100
    log.clock = end + 600 - START
    log.write("2026-10-25 02:10:00 CRITICAL in winter time\n" * 100)
    log.look()
    assert (log.watch.counts.criticals, log.watch.counts.before_watch) == (200, 0)
