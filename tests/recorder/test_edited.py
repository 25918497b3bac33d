"""A profile that is edited while its watch runs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from stagewatch.recorder.edited import ProfileFiles


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> tuple[ProfileFiles, Path, Path]:
    """(the watched files, the copy, the original), both unchanged."""
    copy, original = tmp_path / "profile.toml", tmp_path / "mine.toml"
    copy.write_text("a")
    original.write_text("a")
    watched = ProfileFiles(tmp_path, str(original))
    assert watched.changes([sha("a")]) == []
    return watched, copy, original


def test_an_edit_is_told_once_with_its_hash(files: tuple[ProfileFiles, Path, Path]) -> None:
    watched, _, original = files
    original.write_text("b, longer")
    (change,) = watched.changes([sha("a")])
    assert change.sha256 == sha("b, longer")
    assert str(original) in change.summary
    assert "own copy" in change.summary
    assert watched.changes([sha("a")]) == []


def test_an_edit_of_the_copy_says_when_it_counts(files: tuple[ProfileFiles, Path, Path]) -> None:
    watched, copy, _ = files
    copy.write_text("c, longer")
    (change,) = watched.changes([sha("a")])
    assert "when it is started again" in change.summary


def test_the_same_text_written_again_is_no_edit(files: tuple[ProfileFiles, Path, Path]) -> None:
    watched, _, original = files
    original.write_text("a")
    os.utime(original, (1, 1))
    assert watched.changes([sha("a")]) == []


def test_a_file_that_is_gone_or_no_file_is_not_an_edit(
    files: tuple[ProfileFiles, Path, Path],
) -> None:
    watched, _, original = files
    original.unlink()
    assert watched.changes([sha("a")]) == []
    os.mkfifo(original)
    assert watched.changes([sha("a")]) == []
    original.unlink()
    original.write_bytes(b"x" * (2 << 20))
    assert watched.changes([sha("a")]) == []
