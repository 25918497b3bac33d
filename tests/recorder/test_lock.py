"""One recorder a session, and a way to ask which."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stagewatch.lock import LockError, RecorderLock, holder, is_held, process_start

_HOLD = """
import sys, time
from pathlib import Path
from stagewatch.lock import RecorderLock
lock = RecorderLock(Path(sys.argv[1]))
print(lock.acquire(42.5), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_nobody_holds_the_lock_of_a_session_that_never_recorded(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    assert not (tmp_path / "recorder.lock").exists(), "asking leaves nothing behind"


def test_a_second_process_does_not_get_the_lock_and_learns_who_has_it(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    assert not RecorderLock(tmp_path).acquire(1.0)
    by = holder(tmp_path)
    assert by is not None
    assert (by.pid, by.since, by.problem) == (other.pid, 42.5, "")
    assert by.started == process_start(other.pid)


def test_the_lock_ends_with_a_process_that_is_killed(
    tmp_path: Path, other: subprocess.Popen[str], until: Callable[[Callable[[], bool]], None]
) -> None:
    other.send_signal(signal.SIGKILL)
    until(lambda: not is_held(tmp_path))
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)
    lock.release()


def test_asking_never_keeps_a_recorder_from_starting(tmp_path: Path) -> None:
    """A thousand questions in another process, and the lock is had at the first try each time."""
    ask = (
        "import sys\nfrom pathlib import Path\nfrom stagewatch.lock import is_held\n"
        "print('asking', flush=True)\nwhile True: is_held(Path(sys.argv[1]))"
    )
    (tmp_path / "recorder.lock").touch()
    command = [sys.executable, "-c", ask, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as asker:
        assert asker.stdout is not None
        asker.stdout.readline()
        refused = 0
        for _ in range(3000):
            lock = RecorderLock(tmp_path)
            refused += not lock.acquire(1.0)
            lock.release()
        asker.kill()
    assert refused == 0


def test_asking_only_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deterministic half of the test above: the lock is looked at, never set."""
    (tmp_path / "recorder.lock").touch()
    real, asked = fcntl.fcntl, []

    def spy(fd: int, command: int, argument: bytes) -> object:
        asked.append(command)
        return real(fd, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", spy)
    assert not is_held(tmp_path)
    assert asked == [fcntl.F_OFD_GETLK]


def test_a_lock_is_free_after_release_and_its_file_stays_the_same(tmp_path: Path) -> None:
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)
    inode = (tmp_path / "recorder.lock").stat().st_ino
    assert is_held(tmp_path)
    lock.release()
    lock.release()
    assert not is_held(tmp_path)
    assert lock.acquire(2.0)
    assert (tmp_path / "recorder.lock").stat().st_ino == inode
    lock.release()


def test_the_file_is_private_and_is_not_inherited(tmp_path: Path) -> None:
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)
    assert stat.S_IMODE((tmp_path / "recorder.lock").stat().st_mode) == 0o600
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lock.release()
    held = is_held(tmp_path)
    child.communicate(b"\n")
    assert not held


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"pid": "x", "since": [], "started": true}', b"\xff"]
)
def test_a_file_that_makes_no_sense_hides_the_holder_not_the_lock(
    tmp_path: Path, content: bytes
) -> None:
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)
    (tmp_path / "recorder.lock").write_bytes(content)
    by = holder(tmp_path)
    assert by is not None
    assert (by.pid, by.since, by.started) == (None, None, None)
    lock.release()


def test_the_holder_tells_what_is_wrong_with_it_in_clean_text(tmp_path: Path) -> None:
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)
    lock.tell("disk full \x1b[2J " + "ä" * 5000)
    by = holder(tmp_path)
    assert by is not None
    assert by.problem.startswith("disk full ␛[2J")
    assert by.pid == os.getpid()
    lock.tell("")
    assert json.loads((tmp_path / "recorder.lock").read_bytes())["problem"] == ""
    lock.release()


def test_a_process_that_is_gone_has_no_start() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert process_start(child.pid) is None
    assert process_start(os.getpid()) is not None


def test_where_nobody_can_be_asked_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network share may have no locks to tell of, at any moment."""
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)

    def no_locks(*_: object) -> bytes:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("stagewatch.lock.fcntl.fcntl", no_locks)
    with pytest.raises(LockError, match=r"recorder\.lock: No locks available; nobody can tell"):
        is_held(tmp_path)
    lock.release()


def test_a_file_that_cannot_be_written_keeps_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the descriptor, which is given back."""
    lock = RecorderLock(tmp_path)
    assert lock.acquire(1.0)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("stagewatch.lock.os.pwrite", full)
    lock.release()
    assert not is_held(tmp_path)
