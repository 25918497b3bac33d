"""A session's file that is not as it was left: asked about, refused, or restored."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from stagewatch.session import edits, files
from stagewatch.session.document import Instant, Session
from stagewatch.session.errors import (
    SaveError,
    SessionDamagedError,
    SessionHandEditedError,
    SessionMissingError,
    SessionTooNewError,
    SessionUnreadableError,
)
from stagewatch.session.format import loads
from stagewatch.session.store import SessionStore


def note(text: str) -> Callable[[Session], Session]:
    return lambda session: edits.add_note(session, text, by="ann", at=1763924600.0)


def texts(session: Session) -> list[str]:
    return [n.text for n in session.note]


def _change_by_hand(store: SessionStore, old: str, new: str) -> None:
    changed = store.path.read_text().replace(old, new)
    store.path.write_text(changed)


def test_a_hand_edit_is_asked_about_then_taken(store: SessionStore) -> None:
    """Refused at first; accepted when a person says so; sealed and noted by the next save."""
    _change_by_hand(store, 'deployment = "staging"', 'deployment = "blue"')
    with pytest.raises(SessionHandEditedError, match=r"`stagewatch sessions --accept .*` takes it"):
        store.load()
    with pytest.raises(SessionHandEditedError):
        store.edit(note("no"))
    assert store.load(accept_hand_edit=True).deployment == "blue"
    saved = store.edit(note("one"))
    assert saved.deployment == "blue"
    assert texts(saved) == ["one", "session.toml was changed by hand after revision 1"]
    assert SessionStore(store.folder).load() == saved


def test_only_the_hand_edit_that_was_seen_is_accepted(store: SessionStore) -> None:
    """A second change after the question is asked about again."""
    _change_by_hand(store, 'deployment = "staging"', 'deployment = "blue"')
    store.load(accept_hand_edit=True)
    _change_by_hand(store, 'deployment = "blue"', 'deployment = "green"')
    with pytest.raises(SessionHandEditedError):
        store.edit(note("no"))


def test_a_declared_hand_edit_needs_no_question(store: SessionStore) -> None:
    """``edited`` in the last line is the answer; an edit that changes nothing seals it."""
    text = store.path.read_text().replace('deployment = "staging"', 'deployment = "blue"')
    store.path.write_text(text[: text.index(" sha256 ")] + " edited\n")
    assert store.load().deployment == "blue"
    store.edit(lambda session: session)
    assert loads(store.path.read_bytes())[1] == 2
    assert "changed by hand" in store.load().note[-1].text


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_a_cut_file_is_restored_from_a_whole_generation(
    store: SessionStore, session: Session, share: float
) -> None:
    """The error names the generation; restoring keeps the damaged file and says what happened."""
    store.edit(note("one"))
    store.edit(note("two"))
    raw = store.path.read_bytes()
    cut = raw[: int(len(raw) * share)]
    store.path.write_bytes(cut)
    with pytest.raises(
        SessionDamagedError, match=r"1 is whole \(revision 2\): `stagewatch sessions --restore"
    ):
        store.load()
    with pytest.raises(SessionDamagedError):
        store.edit(note("three"))
    whole = store.recover()
    assert whole is not None
    assert texts(whole.session) == ["one"]
    assert store.path.read_bytes() == cut
    saved = store.restore(whole)
    assert texts(saved) == [
        "one",
        "session.toml was damaged; restored from session.toml.1, revision 2",
    ]
    assert store.load() == saved
    assert (store.folder / "session.toml.damaged-1").read_bytes() == cut


def test_the_newest_whole_generation_is_offered(store: SessionStore) -> None:
    """One that is damaged itself is passed over."""
    for text in ("one", "two", "three"):
        store.edit(note(text))
    store.path.write_bytes(b"")
    files.generation(store.path, 1).write_bytes(b"cut")
    whole = store.recover()
    assert whole is not None
    assert (whole.path.name, whole.revision) == ("session.toml.2", 2)


def test_a_missing_file_is_not_an_empty_session(store: SessionStore) -> None:
    """It is missing, and an earlier text is offered; without one there is nothing to offer."""
    store.edit(note("one"))
    store.path.unlink()
    with pytest.raises(SessionMissingError, match=r"`stagewatch sessions --restore .*` takes it"):
        store.load()
    with pytest.raises(SessionMissingError):
        store.edit(note("two"))
    assert not store.path.exists()
    whole = store.recover()
    assert whole is not None
    store.restore(whole)
    assert store.load().id == whole.session.id
    files.generation(store.path, 1).unlink()
    store.path.unlink()
    with pytest.raises(SessionMissingError, match="no earlier text is whole; move its folder away"):
        store.load()


def test_a_whole_file_is_not_restored_over(store: SessionStore) -> None:
    """Somebody else mended it first."""
    store.edit(note("one"))
    whole = store.recover()
    assert whole is not None
    with pytest.raises(SaveError, match="nothing to restore"):
        store.restore(whole)
    assert texts(store.load()) == ["one"]


def test_who_restored_it_is_in_the_note(store: SessionStore) -> None:
    """A person did that, and is named."""
    store.edit(note("one"))
    store.path.write_bytes(b"")
    whole = store.recover()
    assert whole is not None
    assert store.restore(whole, by="bob").note[-1].by == "bob"


def test_what_a_newer_stagewatch_wrote_is_not_restored_over(store: SessionStore) -> None:
    """It is not damaged: it is left as it is."""
    store.edit(note("one"))
    whole = store.recover()
    assert whole is not None
    _change_by_hand(store, "version = 1", "version = 2")
    newer = store.path.read_bytes()
    with pytest.raises(SessionTooNewError, match="upgrade stagewatch"):
        store.restore(whole)
    assert store.path.read_bytes() == newer


def test_the_remedy_says_the_id_of_a_session_in_its_usual_place(
    session: Session, own_home: Path
) -> None:
    """Elsewhere it says the folder; each can be pasted."""
    store = SessionStore(own_home / "state" / "stagewatch" / "sessions" / session.id)
    store.create(session)
    store.edit(note("one"))
    store.path.write_bytes(b"")
    with pytest.raises(SessionDamagedError, match=rf"`stagewatch sessions --restore {session.id}`"):
        store.load()


def test_a_lock_that_cannot_be_opened_is_named(store: SessionStore) -> None:
    """Not the session's file, which is whole."""
    lock = store.folder / "session.toml.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(SaveError, match=r"not saved: Is a directory \(session\.toml\.lock\)"):
        store.edit(note("one"))


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(files.BIGGEST + 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_fifo, "is not a regular file"),
        (_folder, "is not a regular file"),
        (_link, "is a symbolic link"),
        (_huge, "is larger than 16 MiB"),
    ],
)
def test_what_is_no_plain_file_is_refused_at_once(
    store: SessionStore, make: Callable[[Path], None], sentence: str
) -> None:
    """Neither a hang on a FIFO nor a gigabyte in memory; edits are refused as well."""
    store.path.unlink()
    make(store.path)
    with pytest.raises(SessionUnreadableError, match=sentence):
        store.load()
    with pytest.raises(SessionUnreadableError, match=sentence):
        store.edit(note("no"))
    assert sorted(p.name for p in store.folder.iterdir()) == ["session.toml", "session.toml.lock"]


def test_escape_sequences_written_by_hand_are_inert(store: SessionStore) -> None:
    """The file is a boundary: what was loaded may be shown."""
    _change_by_hand(store, 'deployment = "staging"', 'deployment = "\\u001b]52;c;x\\u0007"')
    assert store.load(accept_hand_edit=True).deployment == "␛]52;c;x␇"


def test_an_edit_returns_what_a_load_would(store: SessionStore) -> None:
    """Text that nobody cleaned and times finer than a millisecond are told as they are kept."""
    odd = {"branch": "a\x1bb", "stopped_at": Instant(1763924600.123456)}
    saved = store.edit(lambda session: replace(session, **odd))
    assert (saved.branch, saved.stopped_at) == ("a␛b", 1763924600.123)
    assert store.load() == saved
