"""The session's file: who may write it, what is accepted, what is offered when it is damaged."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stagewatch.session import edits, files
from stagewatch.session.document import Session
from stagewatch.session.errors import (
    EditRefusedError,
    LockBusyError,
    SaveError,
    SessionError,
    SessionHandEditedError,
    SessionTooNewError,
)
from stagewatch.session.format import loads
from stagewatch.session.store import SessionStore

AT = 1763924600.0


def note(text: str, by: str = "ann", at: float = AT) -> Callable[[Session], Session]:
    return lambda session: edits.add_note(session, text, by=by, at=at)


def _tick(item: str, by: str) -> Callable[[Session], Session]:
    return lambda session: edits.tick(session, "P", item, by=by, at=AT)


def texts(session: Session) -> list[str]:
    return [n.text for n in session.note]


def _change_by_hand(store: SessionStore, old: str, new: str) -> None:
    changed = store.path.read_text().replace(old, new)
    store.path.write_text(changed)


def test_a_created_session_is_loaded_as_it_was(store: SessionStore, session: Session) -> None:
    """For the owner's eyes only, with nothing temporary left beside it."""
    assert store.load() == session
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert {path.name for path in store.folder.iterdir()} == {"session.toml", "session.toml.lock"}


def test_a_session_is_never_created_over_another(store: SessionStore, session: Session) -> None:
    """Not even over a damaged one."""
    store.path.write_bytes(b"")
    with pytest.raises(SaveError, match="there is a session already"):
        store.create(session)
    assert store.path.read_bytes() == b""


def test_an_edit_is_on_disk_when_it_returns(store: SessionStore) -> None:
    """What is returned is what another store reads, with the next revision."""
    saved = store.edit(note("one"))
    assert SessionStore(store.folder).load() == saved
    assert loads(store.path.read_bytes()) == (saved, 2)


def test_an_edit_that_changes_nothing_writes_nothing(store: SessionStore) -> None:
    """The file stays the very same file."""
    before = store.stat()
    store.edit(lambda session: session)
    assert store.stat() == before


def test_the_token_differs_after_each_save(store: SessionStore, tmp_path: Path) -> None:
    """A reader need only look at the file's token; without a file there is none."""
    seen = {store.stat()}
    for number in range(5):
        store.edit(note(str(number)))
        seen.add(store.stat())
    assert len(seen) == 6
    assert SessionStore(tmp_path / "none").stat() is None


def test_a_refused_edit_leaves_the_file_alone(store: SessionStore) -> None:
    """The refusal reaches the caller, the lock is free again."""
    before = store.stat()
    with pytest.raises(EditRefusedError):
        store.edit(note("  "))
    assert store.stat() == before
    store.edit(note("fine"))


def test_three_generations_are_kept(store: SessionStore) -> None:
    """The newest earlier text is .1; each is whole, and there is no fourth."""
    for number in range(6):
        store.edit(note(str(number)))
    kept = [loads(files.generation(store.path, n).read_bytes())[1] for n in (1, 2, 3)]
    assert kept == [6, 5, 4]
    assert not files.generation(store.path, 4).exists()


def test_two_processes_keep_every_edit(store: SessionStore) -> None:
    """25 edits each at full speed: 50 are there, each once."""
    code = (
        "import sys; from pathlib import Path\n"
        "from stagewatch.session import edits\n"
        "from stagewatch.session.store import SessionStore\n"
        "store = SessionStore(Path(sys.argv[1]), lock_timeout=60)\n"
        "for n in range(25):\n"
        "    store.edit(lambda s: edits.add_note(s, f'{sys.argv[2]} {n}', by='x', at=n))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(store.folder), name]) for name in "ab"
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert sorted(texts(store.load())) == sorted(f"{w} {n}" for w in "ab" for n in range(25))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turns=st.lists(st.sampled_from(["ann", "bob"]), min_size=1, max_size=10))
def test_two_operators_edits_all_survive(
    tmp_path_factory: pytest.TempPathFactory, session: Session, turns: list[str]
) -> None:
    """Whatever the order in which their two stores save, nothing of either is lost."""
    folder = tmp_path_factory.mktemp("session")
    SessionStore(folder).create(session)
    stores = {name: SessionStore(folder) for name in ("ann", "bob")}
    for number, name in enumerate(turns):
        stores[name].edit(_tick(f"item {number}", name))
        stores[name].edit(note(f"note {number}", by=name, at=AT + number))
    kept = stores["ann"].load()
    assert kept == stores["bob"].load()
    assert [(t.item, t.by) for t in kept.tick] == [(f"item {n}", b) for n, b in enumerate(turns)]
    assert [(n.text, n.by) for n in kept.note] == [(f"note {n}", b) for n, b in enumerate(turns)]


def test_two_threads_keep_every_edit(store: SessionStore) -> None:
    """The lock holds between threads of one process, too."""

    def work(name: str) -> None:
        own = SessionStore(store.folder, lock_timeout=60)
        for number in range(10):
            own.edit(note(f"{name} {number}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts(store.load()))) == 20


def test_a_held_lock_is_waited_for_and_its_holder_named(store: SessionStore) -> None:
    """After the deadline the error says which process holds it; nothing was written."""
    impatient = SessionStore(store.folder, lock_timeout=0.05)
    before = store.stat()
    with open(store.folder / "session.toml.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LockBusyError, match=rf"not saved: process {os.getpid()} \(.+\) is sav"):
            impatient.edit(note("late"))
    assert store.stat() == before
    impatient.edit(note("now"))


def test_the_lock_file_is_never_replaced(store: SessionStore) -> None:
    """One inode for all time, or two writers could each hold a lock."""
    lock = store.folder / "session.toml.lock"
    inode = lock.stat().st_ino
    store.edit(note("one"))
    store.edit(note("two"))
    assert lock.stat().st_ino == inode


def test_a_lock_file_that_was_removed_while_it_was_taken_is_not_trusted(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock that counts is the one on the file that is there."""
    lock = store.folder / "session.toml.lock"
    locked: list[int] = []
    flock = fcntl.flock

    def take(fd: int, operation: int) -> None:
        flock(fd, operation)
        locked.append(os.fstat(fd).st_ino)
        if len(locked) == 1:
            os.rename(lock, store.folder / "removed")
            lock.touch()

    monkeypatch.setattr(fcntl, "flock", take)
    store.edit(note("one"))
    assert locked[-1] == lock.stat().st_ino
    assert len(locked) == 2


def test_an_edit_made_by_hand_meanwhile_is_not_overwritten(store: SessionStore) -> None:
    """A person's editor knows no lock: its text is taken up, and the edit is made on top of it."""
    mine = note("mine")

    def change(session: Session) -> Session:
        if not session.branch:
            _change_by_hand(store, "\nstate =", '\nbranch = "by-hand"\nstate =')
            text = store.path.read_text()
            store.path.write_text(text[: text.index(" sha256 ")] + " edited\n")
        return mine(session)

    saved = store.edit(change)
    assert saved.branch == "by-hand"
    assert "mine" in texts(saved)
    assert store.load() == saved


def test_a_hand_edit_without_a_word_stops_the_edit(store: SessionStore) -> None:
    """Changed while the edit was worked out, and not declared: ask, do not overwrite."""

    def change(session: Session) -> Session:
        _change_by_hand(store, 'deployment = "staging"', 'deployment = "other"')
        return note("mine")(session)

    with pytest.raises(SessionHandEditedError):
        store.edit(change)
    assert 'deployment = "other"' in store.path.read_text()


def test_a_file_that_never_rests_is_given_up(store: SessionStore) -> None:
    """Something rewrites it at every attempt: an error in the end, not a loop."""
    raw = store.path.read_bytes()

    def change(session: Session) -> Session:
        store.path.unlink()
        store.path.write_bytes(raw)
        return note("mine")(session)

    with pytest.raises(SaveError, match="again and again"):
        store.edit(change)
    assert store.path.read_bytes() == raw


def test_a_newer_sessions_file_is_never_rewritten(store: SessionStore) -> None:
    """Loading and editing both say: upgrade."""
    _change_by_hand(store, "version = 1", "version = 2")
    raw = store.path.read_bytes()
    with pytest.raises(SessionTooNewError, match="upgrade"):
        store.load()
    with pytest.raises(SessionTooNewError, match="upgrade"):
        store.edit(note("no"))
    assert store.path.read_bytes() == raw


def test_a_session_that_could_not_be_read_again_is_not_saved(store: SessionStore) -> None:
    """Too large to be loaded: refused while the old text is still there."""
    before = store.path.read_bytes()
    with pytest.raises(SaveError, match="grown too large"):
        store.edit(lambda session: replace(session, branch="x" * files.BIGGEST))
    assert store.path.read_bytes() == before


def test_what_a_killed_writer_left_is_cleared_away(store: SessionStore) -> None:
    """Under the lock every temporary file is a dead one's."""
    stale = store.folder / ".session.toml.0123456789abcdef.tmp"
    stale.write_bytes(b"half")
    store.edit(note("one"))
    assert not stale.exists()


def test_every_error_names_the_file_and_is_one_of_a_kind(tmp_path: Path) -> None:
    """Callers catch SessionError; its text starts with the path."""
    store = SessionStore(tmp_path / "gone")
    with pytest.raises(SessionError) as caught:
        store.load()
    assert str(caught.value).startswith(f"{store.path}: is missing")
    with pytest.raises(SaveError):
        store.edit(note("no"))
