"""What people do to a session: what it changes, what is refused, and that it merges."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.session import edits
from stagewatch.session.derive import current_pause, item_state, last_decision, open_shift
from stagewatch.session.document import Evidence, Session
from stagewatch.session.errors import EditRefusedError
from stagewatch.session.instant import instant

AT = 1763924600.25
Edit = Callable[[Session], Session]

EVERY_EDIT: dict[str, Edit] = {
    "tick": lambda s: edits.tick(s, "Load", "Five", by="ann", at=AT, note="all well"),
    "note": lambda s: edits.add_note(s, "looks odd", by="ann", at=AT),
    "pause": lambda s: edits.pause(s, "reboot", by="ann", at=AT),
    "stop": lambda s: edits.stop(s, by="ann", at=AT),
    "approve": lambda s: edits.decide(s, "Database", True, "read", by="ann", at=AT),
    "reject": lambda s: edits.decide(s, "Database", False, "slow", by="ann", at=AT),
    "acknowledge": lambda s: edits.acknowledge(s, "slow-api", until=AT + 60, by="ann", at=AT),
    "waive": lambda s: edits.waive(s, "slow-api", "known", until=AT + 60, by="ann", at=AT),
    "accept": lambda s: edits.accept_loss(s, "errors", AT - 60, AT, "rotated", by="ann", at=AT),
    "invalidate": lambda s: edits.invalidate(s, "", AT - 60, AT, "clock set", by="ann", at=AT),
    "drill": lambda s: edits.record_drill(
        s, "validation-limit", "passed", "as it should be", by="ann", at=AT, end=AT + 3
    ),
    "confirm": lambda s: edits.confirm(s, "GO", by="ann", at=AT + 86_400),
    "start shift": lambda s: edits.start_shift(s, by="ann", at=AT),
    "profile edit": lambda s: edits.record_profile_edit(s, "ab12", "limits", at=AT),
}


@pytest.mark.parametrize("name", EVERY_EDIT)
def test_an_edit_changes_a_copy_and_is_made_once(session: Session, name: str) -> None:
    """The given session stays as it was; the same edit again gives back the same object."""
    before = repr(session)
    once = EVERY_EDIT[name](session)
    assert repr(session) == before
    assert once != session
    assert EVERY_EDIT[name](once) is once


def test_a_tick_keeps_who_when_note_and_evidence(session: Session) -> None:
    """The item is done, on the values of that moment, to the millisecond."""
    evidence = [Evidence(signal="backend.rss", value=512.0, unit="B", at=instant(AT - 1))]
    done = edits.tick(
        session, "Load", "Five", by=" ann ", at=AT + 1e-5, note="ok", evidence=evidence
    )
    state = item_state(done, "Load", "Five")
    assert state.done
    assert state.last == state.ticks[0]
    assert (state.ticks[0].by, state.ticks[0].at, state.ticks[0].note) == ("ann", AT, "ok")
    assert state.ticks[0].evidence == evidence
    assert not item_state(done, "Load", "Six").done


def test_evidence_that_is_no_number_is_no_value(session: Session) -> None:
    """NaN never becomes evidence; the reason says so."""
    odd = [
        Evidence(signal="a.b", value=math.nan),
        Evidence(signal="a.c", value=math.inf, reason="x"),
    ]
    kept = edits.tick(session, "P", "I", by="ann", at=AT, evidence=odd).tick[0].evidence
    assert [(e.value, e.reason) for e in kept] == [(None, "not a number"), (None, "x")]


def test_unticking_keeps_the_history(session: Session) -> None:
    """The tick stays on record below its withdrawal, and the item can be ticked again."""
    done = edits.tick(session, "P", "I", by="ann", at=AT)
    undone = edits.untick(done, "P", "I", by="bob", at=AT + 1, note="too early")
    assert [(t.done, t.by) for t in undone.tick] == [(True, "ann"), (False, "bob")]
    assert not item_state(undone, "P", "I").done
    assert item_state(edits.tick(undone, "P", "I", by="ann", at=AT + 2), "P", "I").done


def test_a_second_tick_adds_nothing_but_its_note(session: Session) -> None:
    """A double tick is the same session; what its operator remarked is kept as a note."""
    done = edits.tick(session, "P", "I", by="ann", at=AT)
    assert edits.tick(done, "P", "I", by="bob", at=AT + 1) is done
    noted = edits.tick(done, "P", "I", by="bob", at=AT + 1, note="mine too")
    assert noted.tick == done.tick
    assert [n.text for n in item_state(noted, "P", "I").notes] == ["mine too"]


def test_unticking_what_is_open_changes_nothing(session: Session) -> None:
    """There is nothing to take back."""
    assert edits.untick(session, "P", "I", by="ann", at=AT) is session


def test_a_tick_saved_again_late_does_not_undo_an_untick(session: Session) -> None:
    """A doubtful save is repeated; by then somebody else may have unticked."""

    def tick(s: Session) -> Session:
        return edits.tick(s, "P", "I", by="ann", at=AT)

    undone = edits.untick(tick(session), "P", "I", by="bob", at=AT + 1)
    assert tick(undone) is undone


def test_a_pause_is_on_until_somebody_resumes(session: Session) -> None:
    """Who and why, and who ended it."""
    paused = edits.pause(session, "reboot", by="ann", at=AT)
    on = current_pause(paused)
    assert on is not None
    assert (on.by, on.reason) == ("ann", "reboot")
    resumed = edits.resume(paused, by="bob", at=AT + 60)
    assert current_pause(resumed) is None
    assert (resumed.pause[0].ended_by, resumed.pause[0].ended_at) == ("bob", AT + 60)
    assert edits.resume(resumed, by="bob", at=AT + 60) is resumed


def test_resuming_again_late_does_not_end_the_next_pause(session: Session) -> None:
    """A doubtful save is repeated; the pause that began meanwhile is not meant."""
    resumed = edits.resume(edits.pause(session, "reboot", by="ann", at=AT), by="ann", at=AT + 60)
    again = edits.pause(resumed, "once more", by="bob", at=AT + 90)
    assert edits.resume(again, by="ann", at=AT + 60) is again


def test_a_pause_never_ends_before_it_began(session: Session) -> None:
    """The second operator's clock may be behind."""
    paused = edits.pause(session, "reboot", by="ann", at=AT)
    assert edits.resume(paused, by="bob", at=AT - 60).pause[0].ended_at == AT


def test_stopping_ends_the_pause_too(session: Session) -> None:
    """A stopped session says when and by whom, and is not paused."""
    stopped = edits.stop(edits.pause(session, "reboot", by="ann", at=AT), by="bob", at=AT + 5)
    assert (stopped.state, stopped.stopped_by, stopped.stopped_at) == ("stopped", "bob", AT + 5)
    assert current_pause(stopped) is None
    assert edits.stop(stopped, by="eve", at=AT + 9) is stopped


def test_the_last_decision_at_a_gate_counts(session: Session) -> None:
    """Both stay on record."""
    rejected = edits.decide(session, "Database", False, "slow", by="ann", at=AT)
    approved = edits.decide(rejected, "Database", True, "mended", by="ann", at=AT + 1)
    last = last_decision(approved, "Database")
    assert last is not None
    assert last.approved
    assert len(approved.decision) == 2
    assert last_decision(approved, "Docs") is None


def test_a_shift_ends_with_its_handover(session: Session) -> None:
    """Two operators may be on watch at once; each ends the own shift."""
    both = edits.start_shift(edits.start_shift(session, by="ann", at=AT), by="bob", at=AT + 1)
    assert edits.start_shift(both, by="ann", at=AT + 2) is both
    ended = edits.end_shift(both, by="ann", at=AT + 60, handover="quiet\nso far")
    assert ended.shift[0].handover == "quiet\nso far"
    assert open_shift(ended, "ann") is None
    assert open_shift(ended, "bob") is not None
    assert edits.end_shift(ended, by="ann", at=AT + 60, handover="quiet\nso far") is ended


REFUSED: list[tuple[str, Edit]] = [
    ("needs a name", lambda s: edits.tick(s, "P", "I", by="  ", at=AT)),
    ("needs a name", lambda s: edits.stop(s, by="", at=AT)),
    ("a note needs a text", lambda s: edits.add_note(s, " \n ", by="ann", at=AT)),
    ("a pause needs a reason", lambda s: edits.pause(s, "", by="ann", at=AT)),
    ("paused already, by bob: x", lambda s: edits.pause(_paused(s), "y", by="ann", at=AT)),
    ("was stopped", lambda s: edits.pause(_stopped(s), "y", by="ann", at=AT)),
    ("is not paused", lambda s: edits.resume(s, by="ann", at=AT)),
    ("a rejection needs a reason", lambda s: edits.decide(s, "G", False, "", by="ann", at=AT)),
    ("an approval needs a reason", lambda s: edits.decide(s, "G", True, " ", by="ann", at=AT)),
    ("somebody else must approve", lambda s: _approved_by_the_ticker(s)),
    ("when the window is over", lambda s: edits.confirm(s, "GO", by="ann", at=AT)),
    ("end after it begins", lambda s: edits.acknowledge(s, "c", until=AT, by="ann", at=AT)),
    ("a waiver needs a reason", lambda s: edits.waive(s, "c", "", until=AT + 1, by="a", at=AT)),
    ("end after it begins", lambda s: edits.waive(s, "c", "r", until=AT - 1, by="a", at=AT)),
    ("needs a reason", lambda s: edits.accept_loss(s, "p", 1, 2, " ", by="ann", at=AT)),
    ("end after it begins", lambda s: edits.accept_loss(s, "p", 2, 2, "r", by="ann", at=AT)),
    ("needs a reason", lambda s: edits.invalidate(s, "p", 1, 2, "", by="ann", at=AT)),
    ("'MAYBE' is no verdict: GO", lambda s: edits.confirm(s, "MAYBE", by="ann", at=AT)),
    ("ann is not on watch", lambda s: edits.end_shift(s, by="ann", at=AT)),
    ("is no time", lambda s: edits.stop(s, by="ann", at=math.nan)),
    ("is no time", lambda s: edits.stop(s, by="ann", at=1e18)),
]


def _approved_by_the_ticker(session: Session) -> Session:
    ticked = edits.tick(session, "Load", "Five", by="ann", at=AT)
    return edits.decide(ticked, "G", True, "well done", by="ann", at=AT, four_eyes=True)


def _paused(session: Session) -> Session:
    return edits.pause(session, "x", by="bob", at=AT)


def _stopped(session: Session) -> Session:
    return edits.stop(session, by="bob", at=AT)


@pytest.mark.parametrize(("sentence", "edit"), REFUSED, ids=[sentence for sentence, _ in REFUSED])
def test_what_makes_no_sense_is_refused_in_a_sentence(
    session: Session, sentence: str, edit: Edit
) -> None:
    """A plain sentence, and no change."""
    with pytest.raises(EditRefusedError, match=sentence):
        edit(session)


def test_foreign_text_is_clean_before_it_is_kept(session: Session) -> None:
    """Names are one short line, notes keep their lines, and an item is found under its name."""
    ticked = edits.tick(session, "P\x1b", "I\u202e", by="an\nn" + "x" * 99, at=AT, note="a\nb\x07")
    assert ticked.tick[0].phase == "P␛"
    assert ticked.tick[0].by.startswith("an␊n")
    assert len(ticked.tick[0].by) == 64
    assert ticked.tick[0].note == "a\nb␇"
    assert item_state(ticked, "P\x1b", "I\u202e").done


@given(st.lists(st.sampled_from(sorted(EVERY_EDIT)), max_size=8))
def test_edits_never_shorten_the_record(names: list[str]) -> None:
    """Whatever is done in whatever order, each table keeps what it held."""
    session = Session(
        id="x", profile="p", deployment="d", started_at=instant(AT), ends_at=instant(AT + 9)
    )
    for name in names:
        try:
            after = EVERY_EDIT[name](session)
        except EditRefusedError:
            continue
        for table in ("tick", "note", "decision", "waiver", "confirmation", "profile_edit"):
            old = getattr(session, table)
            assert getattr(after, table)[: len(old)] == old
        session = after


def test_a_drill_gives_back_the_readings_that_it_did_not_disturb(session: Session) -> None:
    """Only its own stretch is cut, only once shorter, and never to nothing or to more."""
    for drill in ("validation-limit", ""):
        session = edits.invalidate(
            session, "quota", AT, AT + 90, "a burst", by="ann", at=AT - 2, drill=drill
        )
    cut = edits.shorten(session, "validation-limit", at=AT - 2, end=AT + 1)
    assert [void.end for void in cut.invalidation] == [AT + 1, AT + 90]
    assert edits.shorten(cut, "validation-limit", at=AT - 2, end=AT + 60) is cut
    assert edits.shorten(cut, "validation-limit", at=AT - 1, end=AT) is cut
    before = edits.shorten(session, "validation-limit", at=AT - 2, end=AT - 1)
    assert before.invalidation[0].end > before.invalidation[0].start


def test_a_drill_after_the_last_word_wants_another_one(session: Session) -> None:
    """It confirms what its author saw."""
    from stagewatch.session.derive import final_word

    end = session.ends_at
    done = edits.confirm(session, "GO", by="ann", at=end + 10)
    assert final_word(done, end + 30) is not None
    later = edits.record_drill(
        done, "exercise", "done", "all well", by="bob", at=end + 20, end=end + 25
    )
    assert final_word(later, end + 30) is None
