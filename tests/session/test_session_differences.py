"""What one text of a session has that another lacks, and what can be read of a damaged one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from stagewatch.session import edits
from stagewatch.session.differences import differences, salvage
from stagewatch.session.document import Instant, Session
from stagewatch.session.format import dumps

AT = 1763924600.0


@pytest.fixture
def busy(session: Session) -> Session:
    """A session in which each kind of act was done."""
    session = edits.tick(session, "Early", "Memory", by="ann", at=AT, note="flat")
    session = edits.untick(session, "Early", "Memory", by="ann", at=AT + 1)
    session = edits.add_note(session, "cache restarted", by="bob", at=AT + 2)
    session = edits.pause(session, "deploy", by="bob", at=AT + 3)
    session = edits.decide(session, "Review", True, "read", by="eve", at=AT + 4)
    session = edits.start_shift(session, by="ann", at=AT + 5)
    return edits.record_profile_edit(session, "ab", "the limit", at=AT + 6)


def test_a_session_differs_in_nothing_from_itself(busy: Session) -> None:
    found = differences(busy, busy)
    assert (found.lost, found.new, found.changed) == ((), (), ())


def test_each_act_is_one_line_with_who_and_when(session: Session, busy: Session) -> None:
    """The same acts are lost one way and new the other way."""
    lines = (
        "tick «Memory» by ann, 2025-11-23T19:03:20.000Z",
        "untick «Memory» by ann, 2025-11-23T19:03:21.000Z",
        "note «cache restarted» by bob, 2025-11-23T19:03:22.000Z",
        "pause «deploy» by bob, 2025-11-23T19:03:23.000Z",
        "decision «Review» by eve, 2025-11-23T19:03:24.000Z",
        "shift by ann, 2025-11-23T19:03:25.000Z",
        "profile edit «the limit», 2025-11-23T19:03:26.000Z",
    )
    assert differences(busy, session).lost == lines
    assert differences(session, busy).new == lines


def test_the_end_of_a_pause_is_told(busy: Session) -> None:
    """The record of the pause is another one once it has ended."""
    ended = edits.resume(busy, by="eve", at=AT + 9)
    found = differences(ended, busy)
    assert found.lost[0].endswith("19:03:23.000Z to 2025-11-23T19:03:29.000Z")
    assert found.new == ("pause «deploy» by bob, 2025-11-23T19:03:23.000Z",)


def test_a_key_of_the_session_is_told_with_both_values(session: Session) -> None:
    after = replace(session, branch="b\x1b", stopped_at=Instant(AT))
    assert differences(session, after).changed == (
        'branch: nothing becomes "b␛"',
        "stopped_at: nothing becomes 2025-11-23T19:03:20.000Z",
    )


@given(share=st.floats(0, 1))
def test_a_cut_file_gives_back_acts_that_were_there_and_no_other(share: float) -> None:
    """Wherever it was cut; once the session's own keys are there, most of it can be read."""
    busy = Session(id="x", profile="x", deployment="x", started_at=Instant(1), ends_at=Instant(2))
    for number in range(20):
        busy = edits.add_note(busy, f"note {number}", by="ann", at=AT + number)
    raw = dumps(busy, 21).encode()
    cut = int(len(raw) * share)
    found = salvage(raw[:cut])
    if found is None:
        assert cut < raw.index(b"[[note]]")
        return
    assert found.note == busy.note[: len(found.note)]
    assert len(found.note) >= raw[:cut].count(b"[[note]]") - 1


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"[[note]]\n" * 50, b"\0" * 1000, b"version = 2"]
)
def test_what_is_no_session_gives_back_nothing(raw: bytes) -> None:
    assert salvage(raw) is None
