"""What becomes of lines when a log is emptied, trimmed, cut short or written anew in place."""

from __future__ import annotations

import os
import shutil

import pytest

from stagewatch.logs.watch import Heard
from tests.logs.conftest import START, Watched


def test_truncation_starts_again_and_says_so(log: Watched) -> None:
    """copytruncate: what came after it counts, what was lost with it is a window."""
    log.write("".join(f"ERROR {n}\n" for n in range(50)))
    log.look()
    shutil.copy(log.path, log.folder / "error.log.1")
    os.truncate(log.path, 0)
    log.write("ERROR new\n")
    log.look(1.0)
    assert log.watch.unfinished
    assert log.look() == ["ERROR new"]
    assert [(loss.since, loss.until) for loss in log.losses] == [(START + 0.25, START + 1.25)]


def test_truncation_is_seen_when_the_file_has_grown_past_the_place(log: Watched) -> None:
    """The bytes before the place tell, whatever the size."""
    log.write("".join(f"ERROR {n}\n" for n in range(50)))
    log.look()
    os.truncate(log.path, 0)
    log.write("".join(f"ERROR new {n}\n" for n in range(90)))
    log.look()
    assert len(log.look()) == 90
    assert log.causes == ["the file was truncated in place"]


def test_truncation_of_equal_lines_starts_again(log: Watched) -> None:
    """Lines that are all alike tell nothing, so those after the truncation count."""
    log.write("ERROR same\n" * 50)
    log.look()
    os.truncate(log.path, 0)
    log.write("ERROR same\n" * 30)
    log.look()
    log.look()
    assert log.watch.counts.errors == 80
    assert log.causes == ["the file was truncated in place"]


def test_another_beginning_is_another_log(log: Watched) -> None:
    """Rewritten with the same bytes before the place, but not at its head."""
    log.write("ERROR first\n" + "ERROR same\n" * 50)
    log.look()
    log.path.write_text("ERROR other\n" + "ERROR same\n" * 50)
    log.look()
    assert log.causes == ["the file was truncated in place"]


def test_the_same_beginning_is_not_enough(log: Watched) -> None:
    """Rewritten with the same head, but other bytes before the place."""
    head = "".join(f"ERROR {n:020}\n" for n in range(60))
    log.write(head + "ERROR before\n" * 50)
    log.look()
    log.path.write_text(head + "ERROR behind\n" * 50)
    log.look()
    assert log.causes == ["the file was truncated in place"]


def test_an_empty_file_that_was_written_and_truncated_says_so(log: Watched) -> None:
    """Of a file that is empty again only its time of change tells."""
    os.utime(log.path, ns=(1, 1))
    log.look()
    assert log.causes == ["the file was truncated in place"]


@pytest.mark.parametrize("keep", [slice(0, 20), slice(30, None)], ids=["cut short", "trimmed"])
def test_lines_that_stay_in_a_rewritten_file_do_not_count_again(log: Watched, keep: slice) -> None:
    """A log cut at its end or at its front in place still holds counted lines."""
    lines = [f"2026-01-01 00:00:{n:02} ERROR {n}\n" for n in range(50)]
    log.write("".join(lines))
    log.look()
    log.path.write_text("".join(lines[keep]))
    log.write("ERROR new\n")
    log.look()
    assert log.look() == ["ERROR new"]
    assert log.causes == ["the file was truncated in place"]


@pytest.mark.parametrize("width", [20, 150, 300, 1000, 1300])
@pytest.mark.parametrize("keep", [slice(0, 500), slice(500, None)], ids=["cut short", "trimmed"])
def test_long_lines_that_stay_do_not_count_again_either(
    log: Watched, keep: slice, width: int
) -> None:
    """Of JSON, for instance."""
    lines = [f"2026-01-01 00:00:00 ERROR {n} {'x' * width}\n" for n in range(1000)]
    log.write("".join(lines))
    log.look()
    log.path.write_text("".join(lines[keep]))
    log.look()
    assert log.watch.counts.errors == 1000
    assert log.causes == ["the file was truncated in place"]


@pytest.mark.parametrize("keep", [1, 3, 20])
def test_a_few_lines_without_a_time_that_stay_do_not_count_again(log: Watched, keep: int) -> None:
    """All that is left is what was read last."""
    lines = [f"ERROR {n}\n" for n in range(50)]
    log.write("".join(lines))
    log.look()
    log.path.write_text("".join(lines[-keep:]))
    log.look()
    assert log.watch.counts.errors == 50


def test_a_big_log_that_is_trimmed_at_its_front_is_found_again(log: Watched) -> None:
    """More stays than is searched; where reading stopped is near the end."""
    lines = [f"2026-01-01 00:00:00 ERROR {n} {'x' * 1000}\n" for n in range(12_000)]
    log.write("".join(lines))
    while log.watch.behind or not log.watch.counts.errors:
        log.look()
    log.path.write_text("".join(lines[1000:]))
    while log.look():
        pass
    assert log.watch.counts.errors == 12_000


def test_a_rewritten_file_that_comes_back_counts(log: Watched) -> None:
    """What was let go is known by its text, not by its inode."""
    log.write("ERROR 1\nERROR 2\n")
    old = log.folder / "error.log.1"
    log.path.rename(old)
    log.path.touch()
    log.settle()
    old.write_text("ERROR 3\nERROR 4\nERROR 5\n")
    old.replace(log.path)
    assert log.look() == ["ERROR 3", "ERROR 4", "ERROR 5"]


def written_anew(log: Watched) -> Heard:
    """With the same bytes, at another time; what the kernel tells of it."""
    changed = log.path.stat().st_mtime_ns
    log.path.write_bytes(log.path.read_bytes())
    os.utime(log.path, ns=(changed, changed + 1_000_000))
    return Heard(written={str(log.path)})


def test_a_log_that_is_written_anew_with_the_same_lines_is_a_loss(log: Watched) -> None:
    """At the second time, or when it has not grown for ten seconds: a write that is under way
    changes the time of change first."""
    log.write("ERROR the same\n")
    log.look()
    log.look(heard=written_anew(log))
    assert log.losses == []
    log.look(heard=written_anew(log))
    assert [(loss.since, loss.until) for loss in log.losses] == [(START + 0.25, START + 0.75)]
    log.look(11.0)
    assert len(log.losses) == 2
    log.look(11.0)
    log.look(heard=written_anew(log))
    log.write("ERROR grown\n")
    log.look(11.0)
    log.look(11.0)
    assert len(log.losses) == 2
    assert log.watch.counts.errors == 2


def test_a_time_of_change_alone_is_no_loss(log: Watched) -> None:
    """Where the kernel tells of no writing, somebody touched it."""
    log.write("ERROR the same\n")
    log.look()
    for _ in range(5):
        written_anew(log)
        log.look(4.0)
    assert log.losses == []


def test_a_log_that_was_changed_behind_the_same_beginning_is_noticed(log: Watched) -> None:
    """Its first 4 KiB are as they were, and it is longer than before."""
    banner = "".join(f"banner line {n}\n" for n in range(400))
    log.write(banner + "".join(f"ERROR {n} failed\n" for n in range(400)))
    log.look()
    log.path.write_text(banner + "".join(f"ERROR new {n} failed\n" for n in range(800)))
    log.look()
    assert log.causes == ["the file was truncated in place"]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(
    "keep",
    [slice(None), slice(900, None), slice(500, None), slice(0, None, 10)],
    ids=["all", "a tenth", "half", "every tenth"],
)
def test_lines_that_come_back_after_a_look_do_not_count_again(
    log: Watched, keep: slice, share: float
) -> None:
    """``tail error.log > t; cat t > error.log``: emptying it wakes a look before all are there."""
    lines = [f"2026-01-01 00:{n // 60:02}:{n % 60:02} ERROR request {n}\n" for n in range(1000)]
    log.write("".join(lines))
    log.look()
    kept = [*lines[keep], lines[-1]] if lines[keep][-1] != lines[-1] else lines[keep]
    data = "".join(kept)
    cut = int(share * len(data))
    os.truncate(log.path, 0)
    log.write(data[:cut])
    log.look()
    log.write(data[cut:])
    log.write("2026-01-01 00:30:00 ERROR after it\n" * 3)
    for _ in range(4):
        log.look()
    assert log.watch.counts.errors == 1003
    assert set(log.causes) == {"the file was truncated in place"}


def test_a_log_that_begins_with_a_newer_record_is_read_at_once(log: Watched) -> None:
    """As after copytruncate: nothing of what it had comes back."""
    log.write("".join(f"2026-01-01 00:00:{n:02} ERROR {n}\n" for n in range(50)))
    log.look()
    os.truncate(log.path, 0)
    log.write("2026-01-01 00:01:00 CRITICAL new\n")
    assert log.look() == ["2026-01-01 00:01:00 CRITICAL new"]


def test_a_log_that_grows_all_the_time_is_read_after_ten_seconds(log: Watched) -> None:
    """Whatever it says."""
    log.write("ERROR before\n" * 50)
    log.look()
    os.truncate(log.path, 0)
    for number in range(12):
        log.write(f"ERROR {number}\n")
        log.look(1.0)
    assert log.watch.counts.errors == 62


def test_a_log_that_is_emptied_again_before_it_was_read_says_so_again(log: Watched) -> None:
    """Its lines were lost twice."""
    log.write("ERROR before\n" * 50)
    log.look()
    for _ in range(2):
        os.truncate(log.path, 0)
        log.write("ERROR short\n" * 9)
        log.look()
    os.truncate(log.path, 0)
    log.look()
    assert len(log.losses) == 2
