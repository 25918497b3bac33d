"""What the screen opens of the rest of the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stagewatch import observe
from stagewatch.errors import PersonError
from stagewatch.grounds import Question
from stagewatch.history import HistoryError
from stagewatch.tui.hooks import nothing_kept, session_hooks
from stagewatch.tui.specimen import NOW
from stagewatch.tui.stage import Clock


def test_the_verdict_on_the_screen_tells_the_time_of_day_that_the_clock_on_the_wall_shows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: dict[str, Callable[[float], str]] = {}

    class Source:
        def __init__(self, folder: Path, clock: Clock, *, pace: float, when: object) -> None:
            given["when"] = when  # type: ignore[assignment] # that it can be called is tested

    monkeypatch.setattr(observe, "Observer", Source)
    session_hooks(tmp_path, Clock()).open_source()
    assert given["when"](NOW - 60) == "04:30"
    assert given["when"](NOW - 100_000) == "05 Sep 00:44"


def test_evidence_is_read_from_the_session_s_folder(tmp_path: Path) -> None:
    asked = Question("no-go/x", (), NOW, NOW - 60, NOW)
    with pytest.raises(HistoryError) as caught:
        session_hooks(tmp_path, Clock()).grounds(asked)
    assert isinstance(caught.value, PersonError)
    assert str(tmp_path) in str(caught.value)


def test_a_record_without_a_history_says_so() -> None:
    with pytest.raises(LookupError, match="nothing is recorded here"):
        nothing_kept(Question("no-go/x", (), NOW, NOW - 60, NOW))
