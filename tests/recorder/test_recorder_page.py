"""docs/recorder.md against the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recorder.md").read_text(encoding="utf-8")
RECORDER = list((ROOT / "stagewatch" / "recorder").glob("*.py"))
HISTORY = list((ROOT / "stagewatch" / "history").glob("*.py"))
STATUS_PAGE = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")


def _kinds(*paths: Path) -> set[str]:
    """Every kind of event that this code makes."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return set(re.findall(r'(?:Event\([\w.]+(?:\(\))?,|Disturbance\()\s*"([a-z-]+)"', text))


def test_every_event_of_the_recorder_is_explained() -> None:
    kinds = _kinds(*RECORDER, *HISTORY)
    assert {"suspend", "down", "recorder-started", "window-ended", "readings-dropped"} <= kinds
    assert not {kind for kind in kinds if f"`{kind}`" not in PAGE}


def test_the_status_page_lists_every_kind_of_event() -> None:
    kinds = _kinds(*RECORDER, *HISTORY, ROOT / "stagewatch" / "happenings.py")
    assert {"decision", "stop", "judge-failed", "history-replaced"} <= kinds
    assert not {kind for kind in kinds if f"`{kind}`" not in STATUS_PAGE}


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    from stagewatch.history.writer import BATCH_DELAY
    from stagewatch.recorder import logfile, schedule, timekeeping

    assert BATCH_DELAY == 0.9
    assert "within 0.9 s" in PAGE

    assert timekeeping.STALL_FLOOR == 5.0
    assert "and than 5 s" in PAGE
    assert schedule.FIRST_APART == 0.05
    assert "50 ms apart" in PAGE
    assert logfile.MAX_BYTES == 1 << 20
    assert "at most 1 MiB" in PAGE
