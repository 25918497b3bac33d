"""What a watch remembers of its logs across a restart."""

from __future__ import annotations

import os
import random

import pytest

from tests.logs.conftest import START, Watched


def test_a_restart_goes_on_where_it_was(log: Watched) -> None:
    """Written, begun and finished across a restart, each line counts once."""
    log.write("ERROR 1\nERROR ha")
    log.look()
    log.restart()
    log.write("lf\nERROR 3\n")
    log.look()
    assert log.texts == ["ERROR 1", "ERROR half", "ERROR 3"]
    assert (log.watch.counts.errors, log.losses) == (3, [])


def test_a_restart_finds_the_rotated_file(log: Watched) -> None:
    """Rotated while nobody recorded: its rest is read, and the window says at least."""
    log.write("ERROR 1\n")
    log.look()
    log.write("ERROR 2\n")
    log.path.rename(log.folder / "error.log.1")
    log.write("ERROR 3\n")
    log.restart()
    assert log.look() == ["ERROR 2", "ERROR 3"]
    assert log.causes == ["rotated or truncated while the recorder was not running"]


def test_a_restart_is_not_fooled_by_a_reused_inode(log: Watched) -> None:
    """The same inode with another beginning is another file."""
    log.write("ERROR 1\nERROR 2\n")
    log.look()
    log.path.write_text("WARNING a\nWARNING b\nWARNING c\n")
    log.restart()
    assert log.look() == ["WARNING a", "WARNING b", "WARNING c"]
    assert log.causes == ["rotated or truncated while the recorder was not running"]


def test_a_restart_says_when_a_rotated_file_cannot_be_found(log: Watched) -> None:
    """Deleted while its late writers had their time, it may have held more."""
    log.path.unlink()
    log.path.touch()
    log.look()
    log.restart()
    log.look()
    assert log.causes == ["a rotated file went away while the recorder was not running"]


def test_a_restart_sees_that_an_empty_file_was_written(log: Watched) -> None:
    """It is as empty as it was, and changed since."""
    os.utime(log.path, ns=(1, 1))
    log.restart()
    log.look()
    assert log.causes == ["rotated or truncated while the recorder was not running"]


def test_a_traceback_that_waits_to_be_read_stays_with_its_record(log: Watched) -> None:
    """Read twenty seconds after its record, because there was much to read, it came with it."""
    trace = "Traceback (most recent call last):\n"
    log.write("ERROR x\n" * 32_768 + "printed\n" * 32_768 + trace)
    log.look(budget=1)
    assert log.watch.counts.errors == log.watch.counts.lines == 32_768
    log.look(10.0, budget=1)
    log.look(10.0)
    assert (log.watch.counts.lines, log.watch.counts.criticals) == (65_537, 0)


def test_so_many_files_are_remembered_that_were_let_go(log: Watched) -> None:
    """The first ones are forgotten: a checkpoint stays small."""
    for number in range(140):
        log.write(f"ERROR {number}\n")
        log.look(4.0)
        log.path.rename(log.folder / f"error.log-{number}")
        log.path.touch()
        log.look(4.0)
    log.settle()
    log.settle()
    done = {mark.ino for mark in log.watch.state(START).done}
    assert len(done) == 128
    assert (log.folder / "error.log-139").stat().st_ino in done
    assert (log.folder / "error.log-0").stat().st_ino not in done


CHAINED = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
KeyError: 1

During handling of the above exception, another exception occurred:

"""


LONE = """Traceback (most recent call last):
  File "x.py", line 3, in <module>
ValueError: 2
"""


@pytest.mark.parametrize("restarted", [False, True])
def test_a_chained_traceback_is_one_across_a_restart(log: Watched, restarted: bool) -> None:
    """Its second half belongs to the first, whoever reads it."""
    log.write(CHAINED)
    log.look()
    if restarted:
        log.restart()
    log.look(30.0)
    log.write(LONE)
    log.look()
    assert (log.watch.counts.criticals, log.watch.counts.tracebacks) == (1, 1)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_traceback_belongs_to_a_record_that_was_passed_unread(
    log: Watched, restarted: bool
) -> None:
    """What is told of it across a restart is when the newest record came, of whatever level."""
    words = ["".join(random.Random(n).choices("ghijklmnop", k=12)) for n in range(100)]
    log.write("".join(f"{word}\n" for word in words) + "2026-01-01 00:10:00 INFO [app] step\n")
    log.look()
    if restarted:
        log.restart()
    log.write(LONE)
    log.look()
    assert log.watch.counts.criticals == 0


def test_a_loss_that_lasts_survives_a_restart(log: Watched) -> None:
    """The window goes on across the restart and ends when the file is there."""
    log.path.unlink()
    log.look()
    log.look(11.0)
    log.restart()
    log.look()
    log.write("ERROR 1\n")
    log.look()
    windows = [(loss.since, loss.until) for loss in log.losses if loss.cause.endswith("missing")]
    assert windows == [(START, START + 11.75)]


@pytest.mark.parametrize("held", [False, True])
def test_a_loss_that_lasts_ends_with_another_file_after_a_restart(log: Watched, held: bool) -> None:
    """Whether it has the old one's inode or not: the window begins where it began."""
    log.write("a\n")
    log.look(0.0)
    holder = log.path.open() if held else None
    log.path.unlink()
    for _ in range(10):
        log.look(4.0)
    (lasting,) = log.losses
    log.restart()
    log.write("b\n")
    log.look(4.0)
    if holder:
        holder.close()
    first = log.losses[0]
    assert (first.since, first.cause) == (lasting.since, lasting.cause)
    assert first.until is not None


def test_so_many_windows_are_kept_and_the_oldest_joined(log: Watched) -> None:
    """None is dropped: together they span all that any of them did, across a restart."""
    for n in range(210):
        log.write(f"ERROR {n} of some length\n")
        log.look()
        os.truncate(log.path, 0)
        log.look()
        if n == 5:
            first, *others = log.losses
            assert len(others) == 5
    log.restart()
    assert len(log.losses) == 200
    assert log.losses[0].since == first.since
    assert log.losses[0].until == log.losses[1].since - 0.25
