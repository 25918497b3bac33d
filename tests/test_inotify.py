"""What the kernel tells of files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagewatch.inotify import CONTENT, CREATE, MODIFY, NAMES, Inotify


@pytest.fixture
def told() -> Iterator[Inotify]:
    made = Inotify()
    yield made
    made.close()


def test_a_file_that_grows_is_told(told: Inotify, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    number = told.watch(path, CONTENT)
    assert not told.happened()
    path.write_text("x")
    assert (number, MODIFY, "") in list(told.events())
    assert not told.happened()


def test_a_name_that_appears_is_told_with_the_name(told: Inotify, tmp_path: Path) -> None:
    number = told.watch(tmp_path, NAMES)
    (tmp_path / "ä").touch()
    assert list(told.events()) == [(number, CREATE, "ä")]


def test_more_than_one_read_holds_is_told_whole(told: Inotify, tmp_path: Path) -> None:
    told.watch(tmp_path, NAMES)
    for number in range(900):
        (tmp_path / f"{number:03}{'x' * 60}").touch()
    assert len(list(told.events())) == 900


def test_what_is_not_there_is_an_error_of_the_system(told: Inotify, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        told.watch(tmp_path / "nothing", CONTENT)


def test_what_is_forgotten_is_told_no_more(told: Inotify, tmp_path: Path) -> None:
    told.forget(told.watch(tmp_path, NAMES))
    told.happened()
    (tmp_path / "a").touch()
    assert not told.happened()


def test_closing_gives_the_descriptor_back() -> None:
    """Twice is once."""
    before = len(os.listdir("/proc/self/fd"))
    made = Inotify()
    made.close()
    made.close()
    assert made.fileno() == -1
    assert len(os.listdir("/proc/self/fd")) == before
