"""Whether the recorder lets commands run: by the copy in force, and where it belongs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from stagewatch.clock import SystemClock
from stagewatch.following import SessionFile
from stagewatch.paths import PROFILE
from stagewatch.recorder.launch import start_session
from stagewatch.recorder.main import command_refusal
from stagewatch.trust import Subject, TrustStore

TEXT = b'version = 1\n[deployment]\nname = "a"\n[probe.b]\nkind = "command"\nargv = ["true"]\n'


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """The folder of a session whose profile runs a command."""
    path = tmp_path / "a.toml"
    path.write_bytes(TEXT)
    return start_session(path, home=tmp_path / "s", operator="ann", clock=SystemClock())


def _trust(path: Path, content: bytes) -> None:
    TrustStore(os.environ).trust(Subject(path, hashlib.sha256(content).hexdigest()))


def test_trust_that_is_given_during_the_watch_counts(watched: Path, tmp_path: Path) -> None:
    """The recorder need not be started again."""
    refusal = command_refusal(watched, SessionFile(watched))
    assert "stagewatch trust" in refusal()
    _trust(tmp_path / "a.toml", TEXT)
    assert refusal() == ""


def test_an_edited_copy_is_not_what_was_trusted(watched: Path, tmp_path: Path) -> None:
    """Whoever edits the session's copy has to be trusted for it."""
    _trust(tmp_path / "a.toml", TEXT)
    with (watched / PROFILE).open("ab") as copy:
        copy.write(b"\n")
    assert command_refusal(watched, SessionFile(watched))()
