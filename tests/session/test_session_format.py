"""A session as TOML: exact both ways, and clear about what is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stagewatch.session.document import Instant, Note, Record, Session, Tick
from stagewatch.session.errors import (
    SessionDamagedError,
    SessionError,
    SessionHandEditedError,
    SessionInvalidError,
    SessionTooNewError,
)
from stagewatch.session.format import dumps, loads
from stagewatch.session.inert import inert
from stagewatch.session.instant import from_datetime, instant, rfc3339, to_datetime
from stagewatch.text import clean

TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\r\n\t"\\#')))
TIMES = st.integers(-62135596800000, 253402300799999).map(lambda ms: Instant(ms / 1000))


def _values(kind: object) -> SearchStrategy[object]:
    if isinstance(kind, type) and issubclass(kind, Instant):
        return TIMES
    if kind is float:
        return st.floats(allow_nan=False)
    if kind is bool:
        return st.booleans()
    if kind is str:
        return TEXTS
    raise NotImplementedError(kind)


def _records(kind: type[Record], **fixed: object) -> SearchStrategy[Record]:
    """Every field of a table, filled with anything that its type allows."""
    parts: dict[str, SearchStrategy[object]] = {}
    for field in msgspec.structs.fields(kind):
        inner = get_args(field.type)
        if field.name in fixed:
            parts[field.name] = st.just(fixed[field.name])
        elif isinstance(inner[0] if inner else None, type) and issubclass(inner[0], Record):
            parts[field.name] = st.lists(_records(inner[0]), max_size=2)
        elif type(None) in inner:
            parts[field.name] = st.none() | _values(inner[0])
        else:
            parts[field.name] = _values(field.type)
    return st.builds(kind, **parts)


@given(_records(Session, version=1, state="stopped"), st.integers(1, 10**9))
def test_every_session_comes_back_as_it_was(session: Session, revision: int) -> None:
    """Arbitrary text in every field, every time to the millisecond, every table."""
    assert loads(dumps(session, revision)) == (session, revision)


@given(_records(Session, version=1, state="open"))
def test_a_loaded_session_can_be_made_inert_once(session: Session) -> None:
    """Making text safe to show is idempotent, so that it can be saved and loaded again."""
    safe = inert(session)
    assert inert(safe) is safe
    assert inert(loads(dumps(safe))[0]) == safe


@given(TIMES)
def test_times_survive_to_the_millisecond(at: Instant) -> None:
    """In memory and as RFC 3339, over all years that a date has."""
    assert instant(at) == at
    assert from_datetime(to_datetime(at)) == at
    year, rest = rfc3339(at).split("-", 1)
    assert tomllib.loads(f"at = {year.zfill(4)}-{rest}")["at"] == to_datetime(at)


def test_the_file_is_made_for_reading(session: Session) -> None:
    """A comment on top, times with Z, a table for each tick, keys that say nothing left out."""
    tick = Tick(phase="Load", item="Five", done=True, by="ann", at=instant(session.started_at))
    text = dumps(msgspec.structs.replace(session, tick=[tick]), 42)
    assert text.startswith("# A stagewatch session")
    assert "\nstarted_at = 2025-11-23T19:02:12.123Z\n" in text
    assert '\n[[tick]]\nphase = "Load"\nitem = "Five"\ndone = true\nby = "ann"\n' in text
    assert "note" not in text
    assert text.splitlines()[-1].startswith("# stagewatch revision 42 sha256 ")


def test_a_lone_surrogate_does_not_prevent_saving(session: Session) -> None:
    """No file can hold it; a question mark stands in its place."""
    odd = msgspec.structs.replace(session, branch="a\udcffb")
    assert loads(dumps(odd))[0].branch == "a?b"


def test_text_in_the_file_is_not_trusted(session: Session) -> None:
    """A hand-written escape sequence is inert once the session is loaded."""
    note = Note(by="a\x1b[2J", at=session.started_at, text="one\ntwo\x1b")
    safe = inert(msgspec.structs.replace(session, note=[note])).note[0]
    assert (safe.by, safe.text) == (clean("a\x1b[2J"), "one\ntwo␛")


def _edited(session: Session, change: Callable[[str], str]) -> str:
    note = Note(by="ann", at=session.started_at, text="quiet")
    return change(dumps(msgspec.structs.replace(session, note=[note, note])))


WRONG: list[tuple[str, str, str]] = [
    (
        'text = "quiet"',
        'txt = "quiet"',
        "line 15, note.txt: unknown key 'txt'; did you mean 'text'",
    ),
    ("[[note]]", "[[nte]]", "line 12, nte: unknown key 'nte'; did you mean 'note'"),
    ('\nby = "ann"', "\nby = 7", "line 13, note.by: Expected `str`, got `int`"),
    ('profile = "staging"\n', "", "missing required field `profile`"),
    ("12.123Z", "12.123", "line 7, started_at: a time needs an offset: 2025-11-23T19:02:12Z"),
    ("2025-11-23T19:02:12.123Z", "7", "expected a time such as 2025-11-23T19:02:12Z, got 7"),
    ('"open"', '"opened"', "line 10, state: Invalid enum value 'opened'"),
    ("version = 1", "version = 0", "line 3, version: Expected `int` >= 1"),
]


@pytest.mark.parametrize(
    ("old", "new", "sentence"), WRONG, ids=[new.strip() for _, new, _ in WRONG]
)
def test_what_a_hand_edit_got_wrong_is_named(
    session: Session, old: str, new: str, sentence: str
) -> None:
    """The file, the line, the key, and the nearest right one."""
    with pytest.raises(SessionInvalidError) as caught:
        loads(_edited(session, lambda text: text.replace(old, new, 1)))
    assert str(caught.value).startswith("session.toml: ")
    assert sentence in str(caught.value)


def test_the_second_of_two_tables_is_found(session: Session) -> None:
    """The line is that of the table that is wrong, not of the first of its kind."""
    with pytest.raises(SessionInvalidError, match=r"line 20, note\.txt"):
        loads(_edited(session, lambda text: "txt".join(text.rsplit("text", 1))))


def test_a_newer_version_is_left_alone(session: Session) -> None:
    """Whatever else it holds: the remedy is to upgrade."""
    with pytest.raises(SessionTooNewError, match=r"newer stagewatch \(version 9.*; upgrade"):
        loads(_edited(session, lambda text: text.replace("version = 1", "version = 9\nnew = 1")))


def test_a_valid_hand_edit_is_told_from_damage(session: Session) -> None:
    """The checksum differs, the text is a session."""
    with pytest.raises(SessionHandEditedError, match="changed by hand"):
        loads(_edited(session, lambda text: text.replace("quiet", "loud")))


def test_a_hand_edit_that_says_so_is_taken(session: Session) -> None:
    """``edited`` in the checksum's place; blank lines that an editor adds do no harm."""

    def change(text: str) -> str:
        return text.replace("quiet", "loud").split(" sha256 ")[0] + " edited\r\n\n"

    loaded, revision = loads(_edited(session, change))
    assert (loaded.note[0].text, revision) == ("loud", 1)


@pytest.mark.parametrize("raw", [b"", b"\n", b"  \n\n", b"\0" * 4096])
def test_an_empty_file_is_called_empty(raw: bytes) -> None:
    """Nothing, blanks, or the zeros that a power cut leaves."""
    with pytest.raises(SessionDamagedError, match="is empty"):
        loads(raw)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_the_answer_is_a_clear_one(raw: bytes) -> None:
    """A session or a SessionError, never another exception."""
    with pytest.raises(SessionError):
        loads(raw)
    with pytest.raises(SessionError):
        loads(raw + b"\n# stagewatch revision 1 edited\n")


def test_a_file_cut_at_any_byte_is_never_taken_for_whole(session: Session) -> None:
    """Every offset but the one that only lacks the last newline."""
    raw = _edited(session, str).encode()
    for end in range(len(raw) - 1):
        with pytest.raises(SessionDamagedError):
            loads(raw[:end])
    assert loads(raw[:-1]) == loads(raw)


def test_a_changed_byte_is_never_taken_for_whole(session: Session) -> None:
    """One bit flipped anywhere, but for the revision, which the checksum does not cover."""
    raw = _edited(session, str).encode()
    revision = raw.rindex(b" 1 sha256") + 1
    for at in set(range(len(raw) - 1)) - {revision}:
        with pytest.raises(SessionError):
            loads(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
