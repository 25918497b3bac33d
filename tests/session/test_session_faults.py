"""When the disk is full, broken or read-only: the old file stays whole, the error says why."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stagewatch.session import edits, files
from stagewatch.session.document import Session
from stagewatch.session.errors import SaveError, SessionError, SessionUnreadableError
from stagewatch.session.format import loads
from stagewatch.session.store import SessionStore

CALLS = ("open", "write", "fsync", "link", "replace", "read", "close", "fstat")
ERRORS = {
    errno.ENOSPC: "disk full",
    errno.EIO: "disk error",
    errno.EROFS: "read-only file system",
    errno.EACCES: "no permission",
    errno.EDQUOT: "disk quota used up",
}


def note(text: str) -> Callable[[Session], Session]:
    return lambda session: edits.add_note(session, text, by="ann", at=1.0)


def texts(store: SessionStore) -> list[str]:
    return [n.text for n in store.load().note]


@contextmanager
def failing(name: str, position: int, number: int) -> Iterator[list[int]]:
    """Let the ``position``-th call of ``os.name`` fail; yields a list that counts the calls."""
    real = getattr(os, name)
    calls: list[int] = []

    def call(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) != position:
            return real(*arguments, **options)
        if name == "close":
            # The descriptor is gone even where close reports an error.
            real(*arguments)
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, name, call)
        yield calls


def _calls_of_a_save(store: SessionStore, name: str) -> int:
    with failing(name, 0, 0) as calls:
        store.edit(note(f"counting {name}"))
    return len(calls)


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", CALLS)
def test_a_fault_at_any_call_loses_nothing(store: SessionStore, name: str, number: int) -> None:
    """Each call of a save fails once: the file is whole, and what is there is what was said."""
    store.edit(note("kept"))
    store.edit(note("kept too"))
    told = 0
    for position in range(1, _calls_of_a_save(store, name) + 1):
        before = texts(store)
        edit = f"{name} {position}"
        try:
            with failing(name, position, number):
                store.edit(note(edit))
        except SessionError:
            told += 1
            assert texts(store) in (before, [*before, edit])
            store.edit(note(edit))
        assert texts(store) == [*before, edit]
        assert not list(store.folder.glob(".*.tmp"))
    assert told > 0


@pytest.mark.parametrize(("number", "reason"), ERRORS.items(), ids=ERRORS.values())
def test_the_reason_is_told_in_plain_words(store: SessionStore, number: int, reason: str) -> None:
    """What an operator can act on, with the file."""
    before = store.path.read_bytes()
    with failing("write", 1, number), pytest.raises(SaveError) as caught:
        store.edit(note("lost?"))
    assert str(caught.value) == f"{store.path}: not saved: {reason}"
    assert caught.value.reason == reason
    assert store.path.read_bytes() == before


def test_an_edit_whose_durability_is_in_doubt_is_written_again(store: SessionStore) -> None:
    """The folder's sync failed after the rename: the edit is there, and repeating it saves anew."""
    with failing("fsync", 2, errno.EIO), pytest.raises(SaveError, match="disk error"):
        store.edit(note("once"))
    assert texts(store) == ["once"]
    store.edit(note("once"))
    assert texts(store) == ["once"]
    assert loads(store.path.read_bytes())[1] == 3


def test_a_save_is_synced_before_it_takes_the_files_place(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, rename, folder, in this order: a power cut finds the old text or the new one."""
    steps: list[str] = []
    sync, rename = os.fsync, os.replace

    def fsync(fd: int) -> None:
        steps.append("sync " + Path(os.readlink(f"/proc/self/fd/{fd}")).suffix)
        sync(fd)

    def replace(old: Path, new: Path) -> None:
        if Path(new) == store.path:
            steps.append("rename to .toml")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    store.edit(note("one"))
    assert steps == ["sync .tmp", "rename to .toml", "sync "]


def test_short_writes_are_completed(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system may take a few bytes at a time."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, raw: write(fd, bytes(raw[:7])))
    store.edit(note("in pieces"))
    monkeypatch.undo()
    assert texts(store) == ["in pieces"]


def test_a_limit_of_the_kernel_is_met_without_harm(store: SessionStore) -> None:
    """No function is replaced here: the kernel itself refuses to write more than 100 bytes."""
    before = store.path.read_bytes()
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from stagewatch.session import edits\n"
        "from stagewatch.session.store import SaveError, SessionStore\n"
        "store = SessionStore(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: store.edit(lambda s: edits.add_note(s, 'x', by='x', at=1))\n"
        "except SaveError as error: sys.exit(error.reason)\n"
    )
    command = [sys.executable, "-c", code, str(store.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == os.strerror(errno.EFBIG)
    assert store.path.read_bytes() == before
    assert not list(store.folder.glob(".*.tmp"))


def test_generations_are_kept_without_hard_links(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system that has none, the earlier text is copied."""

    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    before = store.path.read_bytes()
    store.edit(note("one"))
    assert files.generation(store.path, 1).read_bytes() == before


def test_a_save_that_was_cut_off_does_not_cost_a_generation(store: SessionStore) -> None:
    """Killed after the present text was kept as generation 1: the next save keeps it only once."""
    for text in ("one", "two", "three"):
        store.edit(note(text))
    files.keep_generation(store.path)
    store.edit(note("four"))
    kept = [loads(files.generation(store.path, n).read_bytes())[1] for n in (1, 2, 3)]
    assert kept == [4, 3, 2]


def test_a_file_system_without_locks_is_told(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saving without a lock could lose the other operator's edit, so nothing is saved."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(SaveError, match="No locks available"):
        store.edit(note("one"))


def test_a_session_that_may_not_be_read_says_so(store: SessionStore) -> None:
    """Permission denied is an error of its own, not an empty session."""
    with (
        failing("open", 1, errno.EACCES),
        pytest.raises(SessionUnreadableError, match=r"cannot be opened \(Permission denied\)"),
    ):
        store.load()
