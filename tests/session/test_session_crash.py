"""A writer that is killed loses nothing that it said was saved, and never leaves a broken file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stagewatch.session.store import SessionStore

WORKER = Path(__file__).with_name("crash_worker.py")
ROUNDS = 60


def _run(store: SessionStore, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(WORKER), str(store.folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_random_kills_lose_no_acknowledged_edit(store: SessionStore) -> None:
    """SIGKILL at random points of a saving loop: always whole, always complete."""
    done = _run(store, "random", str(ROUNDS), "20251123")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(store.load().note) >= ROUNDS // 2


def test_a_kill_before_any_system_call_leaves_the_old_or_the_new_session(
    store: SessionStore,
) -> None:
    """One kill before each call that a save makes, in the middle of the write as well."""
    done = _run(store, "each")
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 15
