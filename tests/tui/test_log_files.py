"""Which of a log's files has a moment: the one that is written now, or a rotated one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stagewatch.tui.logfiles import LogFiles, Target, file_of

DAY = 1767225600.0  # 2026-01-01 00:00:00 UTC
HOUR = 3600.0


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Three files of a log, one without times, one of another log, and one that is gone."""
    begins = {"error.log": 12, "error.log.1": 6, "error.log.2": 0, "other.log": 7}
    for name, hour in begins.items():
        (tmp_path / name).write_text(f"  goes on\n2026-01-01 {hour:02}:00:00 INFO first\n")
    (tmp_path / "error.log.3").write_text("no time\n")
    names = [*begins, "error.log.3", "error.log.4"]
    return [str(tmp_path / name) for name in names]


@pytest.mark.parametrize(
    ("hour", "name"),
    [
        (20, "error.log"),
        (12, "error.log"),
        (11, "error.log.1"),
        (6, "error.log.1"),
        (3, "error.log.2"),
        (-5, "error.log.2"),
    ],
)
@pytest.mark.parametrize("current", [0, 1, 2])
def test_it_is_the_newest_that_begins_before(
    files: list[str], current: int, hour: int, name: str
) -> None:
    """Whichever is open; before all of them, the oldest one."""
    found = file_of(files, files[current], DAY + hour * HOUR, 0.0)
    assert found is not None
    assert Path(found).name == name


def test_a_rotated_file_leads_back_to_its_own_log(files: list[str]) -> None:
    """However many others there are, and whichever was written last."""
    desk = LogFiles(Target("errors", files[0].replace("error.log", "*.log"), lambda _: ()), print)
    os.utime(files[3], (DAY * 2, DAY * 2))
    assert desk.live(files[1]) == files[0]
    assert desk.live(files[2]) == files[0]
    Path(files[0]).unlink()
    assert desk.live(files[1]) == files[1]


def test_another_log_of_the_same_pattern_is_left_alone(files: list[str]) -> None:
    """Its times say nothing about this one."""
    found = file_of(files, files[3], DAY + 20 * HOUR, 0.0)
    assert found == files[3]


def test_where_none_tells_its_times_there_is_no_answer(files: list[str]) -> None:
    """The one that is open stays open."""
    assert file_of(files[-2:], files[-2], DAY, 0.0) is None
