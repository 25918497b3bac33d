"""What the recorder says of the file that it records into."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.history.files import open_writer
from stagewatch.history.keeper import ROLLBACK_JOURNAL
from stagewatch.history.reader import History
from stagewatch.history.writer import HistoryWriter
from stagewatch.recorder import main


def events(path: Path) -> list[tuple[str, str]]:
    with History.open(path) as history:
        return [(event.kind, event.text) for event in history.events(10)]


def test_that_a_network_file_system_makes_it_slow_is_an_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who wonders at three in the morning why the screen hesitates finds it there."""
    path = tmp_path / "history.db"
    without_wal = partial(HistoryWriter, connect=lambda p: open_writer(p, lambda _: False))
    monkeypatch.setattr(main, "HistoryWriter", without_wal)
    with caplog.at_level(logging.WARNING), main._history(path, SystemClock(), ()):
        pass
    assert events(path) == [("rollback-journal", ROLLBACK_JOURNAL)]
    assert ROLLBACK_JOURNAL in caplog.text


def test_on_a_local_disk_there_is_nothing_to_say(tmp_path: Path) -> None:
    with main._history(tmp_path / "history.db", SystemClock(), ()):
        pass
    assert events(tmp_path / "history.db") == []
