"""What each act asks, what it makes of the answers, and why it may be refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as edited

from stagewatch.model import State
from stagewatch.session.document import Instant
from stagewatch.snapshot import CriterionNow, Snapshot
from stagewatch.tui import acts, specimen_board
from stagewatch.tui.questions import Asker, Question, WrongAnswerError
from stagewatch.tui.specimen import NOW
from stagewatch.tui.specimen_board import END


def asker(name: str = "no_go", by: str = "carol") -> Asker:
    snapshot = getattr(specimen_board, name)().snapshot()
    return Asker(snapshot, by, snapshot.now)


def criterion(snapshot: Snapshot, name: str) -> CriterionNow:
    return next(c for c in snapshot.criteria if c.name == name)


def question(asked: Question | str) -> Question:
    assert isinstance(asked, Question), asked
    return asked


def refusal(asked: Question | str) -> str:
    assert isinstance(asked, str), asked
    return asked


def answers(asked: Question, **given: str) -> dict[str, str]:
    """The lines as they stand, with some filled in."""
    return {each.name: each.value for each in asked.lines} | given


class TestAcknowledging:
    def test_it_silences_for_as_long_as_was_said(self) -> None:
        ask = asker()
        asked = question(ask.acknowledge(criterion(ask.snapshot, "memory-leak")))
        made = asked.make(answers(asked, length="2h", reason="on it")).apply(asked.session)
        known = made.acknowledgement[-1]
        assert (known.criterion, known.by, known.reason) == ("memory-leak", "carol", "on it")
        assert known.until - known.at == 7200

    @pytest.mark.parametrize(
        ("length", "why"), [("2", "2min"), ("soon", "write it as"), ("0s", "more"), ("9d", "7d")]
    )
    def test_a_length_that_makes_no_sense_is_told_how_to_write(self, length: str, why: str) -> None:
        ask = asker()
        asked = question(ask.acknowledge(criterion(ask.snapshot, "memory-leak")))
        with pytest.raises(WrongAnswerError) as caught:
            asked.make(answers(asked, length=length))
        assert caught.value.line == "length"
        assert why in str(caught.value)

    def test_there_is_nothing_to_acknowledge_about_what_passes(self) -> None:
        ask = asker()
        text = refusal(ask.acknowledge(criterion(ask.snapshot, "critical-errors")))
        assert "is PASS: there is nothing to acknowledge" in text


class TestWaiving:
    def test_it_shows_state_value_limit_and_what_the_verdict_will_read(self) -> None:
        ask = asker()
        asked = question(ask.waive(criterion(ask.snapshot, "memory-leak")))
        told = "\n".join(asked.about)
        assert "computed FAIL: backend.rss grows by 17.2 %/h" in told
        assert "value 17.2 %/h · limit ≤ 10 %/h" in told
        assert "GO (waived: Memory leak: …)" in told

    def test_it_ends_a_day_after_the_window_unless_something_else_is_said(self) -> None:
        ask = asker()
        asked = question(ask.waive(criterion(ask.snapshot, "memory-leak")))
        waiver = asked.make(answers(asked, reason="known")).apply(asked.session).waiver[-1]
        assert abs(waiver.until - (END + 24 * 3600)) < 60
        assert (waiver.state, waiver.reason, waiver.by) == ("FAIL", "known", "carol")

    def test_it_needs_a_reason(self) -> None:
        ask = asker()
        asked = question(ask.waive(criterion(ask.snapshot, "memory-leak")))
        with pytest.raises(WrongAnswerError) as caught:
            asked.make(answers(asked))
        assert caught.value.line == "reason"

    def test_an_end_that_is_over_is_refused(self) -> None:
        ask = asker()
        asked = question(ask.waive(criterion(ask.snapshot, "memory-leak")))
        with pytest.raises(WrongAnswerError, match="is over already"):
            asked.make(answers(asked, reason="known", until="2025-09-01 10:00"))

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("quality", "a GO needs the data, the approvals and the items themselves"),
            ("coverage", "a GO needs the data"),
            ("performance", "w on the check that fails"),
            ("socket-leak", "only a FAIL can be waived; «Orphaned WebSockets» is WARN"),
        ],
    )
    def test_what_cannot_be_waived_says_why(self, name: str, why: str) -> None:
        ask = asker()
        assert why in refusal(ask.waive(criterion(ask.snapshot, name)))

    def test_what_is_waived_already_names_who(self) -> None:
        ask = asker("waived")
        text = refusal(ask.waive(criterion(ask.snapshot, "memory-leak")))
        assert "waived already, by carol until 07 Sep 15:23" in text

    def test_a_failing_check_is_waived_under_the_score(self) -> None:
        ask = asker()
        assert ask.snapshot.score is not None
        one = ask.snapshot.score.rows[-1]
        asked = question(ask.waive_check(one.name, one.checks[-1]))
        waiver = asked.make(answers(asked, reason="no need")).apply(asked.session).waiver[-1]
        assert (waiver.criterion, waiver.check) == (
            "performance",
            "WebSocket leak fix/ping and pong",
        )
        unknown = replace(one.checks[-1], passes=None)
        assert "nobody has verified" in refusal(ask.waive_check(one.name, unknown))
        silent = replace(unknown, signal="a.b", reason="no reading for 12m", at_most=1.0)
        assert "not verified: no reading for 12m" in refusal(ask.waive_check(one.name, silent))
        waived = replace(one.checks[-1], waived_by="bob")
        assert "waived already, by bob" in refusal(ask.waive_check(one.name, waived))


class TestDeciding:
    def test_an_approval_and_a_rejection_need_a_reason(self) -> None:
        ask = asker()
        for approved in (True, False):
            asked = question(ask.decide(ask.snapshot.gates[2], approved))
            with pytest.raises(WrongAnswerError):
                asked.make(answers(asked))
            made = asked.make(answers(asked, reason="read")).apply(asked.session).decision[-1]
            assert (made.approved, made.by, made.reason) == (approved, "carol", "read")

    def test_whoever_ticked_may_not_approve_where_four_eyes_are_wanted(self) -> None:
        ask = asker(by="alice")
        gate = ask.snapshot.gates[-1]
        assert gate.four_eyes
        assert "somebody else must approve" in refusal(ask.decide(gate, approved=True))
        assert isinstance(ask.decide(gate, approved=False), Question)
        assert isinstance(asker(by="carol").decide(gate, approved=True), Question)

    def test_the_earlier_answer_is_told(self) -> None:
        ask = asker()
        asked = question(ask.decide(ask.snapshot.gates[3], approved=True))
        assert "rejected by placeholder-police, 04:11" in "\n".join(asked.about)


class TestAcceptingLosses:
    def test_the_whole_window_is_accepted_though_the_session_keeps_milliseconds(self) -> None:
        ask = asker()
        loss = replace(ask.snapshot.losses[0], since=NOW - 90.12345678, until=NOW - 60.98765432)
        asked = question(ask.accept(loss))
        made = asked.make(answers(asked, reason="checked")).apply(asked.session).acceptance[-1]
        assert loss.until is not None
        assert made.start <= loss.since
        assert loss.until <= made.end

    def test_a_window_without_length_can_be_accepted(self) -> None:
        ask = asker()
        loss = replace(ask.snapshot.losses[0], since=NOW - 90, until=NOW - 90)
        asked = question(ask.accept(loss))
        made = asked.make(answers(asked, reason="checked")).apply(asked.session).acceptance[-1]
        assert made.start < made.end

    def test_one_that_lasts_or_was_accepted_is_refused(self) -> None:
        ask = asker()
        loss = ask.snapshot.losses[0]
        assert "once it is over" in refusal(ask.accept(replace(loss, until=None)))
        assert "already, by bob" in refusal(ask.accept(replace(loss, accepted_by="bob")))


class TestInvalidating:
    def test_one_probe_or_all_from_one_moment_to_another(self) -> None:
        ask = asker()
        asked = question(ask.invalidate("backend"))
        assert "count as missing" in asked.warning
        given = answers(asked, start="35min ago", reason="load test")
        void = asked.make(given).apply(asked.session).invalidation[-1]
        assert (void.probe, void.start, void.end) == ("backend", NOW - 2100, NOW)
        everything = asked.make({**given, "probe": ""}).apply(asked.session).invalidation[-1]
        assert everything.probe == ""

    @pytest.mark.parametrize(
        ("line", "text", "why"),
        [
            ("probe", "bakend", "there is no probe «bakend»: health, backend, quota, errors"),
            ("start", "yesterday", "write it as"),
            ("start", "", "is needed"),
            ("end", "2h ago", "must be later"),
            ("reason", "", "is needed"),
        ],
    )
    def test_a_wrong_line_is_named_with_what_is_wrong(self, line: str, text: str, why: str) -> None:
        asked = question(asker().invalidate("backend"))
        good = answers(asked, start="35min", reason="load test")
        with pytest.raises(WrongAnswerError) as caught:
            asked.make({**good, line: text})
        assert caught.value.line == line
        assert why in str(caught.value)


class TestConfirming:
    def test_before_the_end_it_says_when_that_is(self) -> None:
        text = refusal(asker("on_track").confirm())
        assert "a GO cannot be confirmed: the window is over 15:23, in 10h53m" in text

    def test_after_it_what_is_left_is_named(self) -> None:
        ask = asker("window_over")
        left = [replace(c, state=State.PENDING) for c in ask.snapshot.criteria[:5]]
        ask = replace(ask, snapshot=replace(ask.snapshot, criteria=tuple(left)))
        assert "«Memory leak» is PENDING" in refusal(ask.confirm())
        assert "and 2 more" in refusal(ask.confirm())

    def test_an_ending_before_its_time_is_named(self) -> None:
        ask = asker("window_over")
        stopped = edited(
            ask.snapshot.session, state="stopped", stopped_at=Instant(NOW), stopped_by="bob"
        )
        ask = replace(ask, snapshot=replace(ask.snapshot, session=stopped))
        assert "bob ended the watch before its time" in refusal(ask.confirm())

    def test_it_takes_the_word_itself(self) -> None:
        asked = question(asker("window_over").confirm())
        with pytest.raises(WrongAnswerError, match="type GO"):
            asked.make(answers(asked, word="yes"))
        made = asked.make(answers(asked, word="GO", note="well done")).apply(asked.session)
        assert (made.confirmation[-1].verdict, made.confirmation[-1].note) == ("GO", "well done")

    def test_it_is_said_once(self) -> None:
        scene = specimen_board.window_over()
        word = acts.confirm("", by="carol", now=scene.now)
        snapshot = scene.snapshot(word.apply(scene.session))
        assert snapshot.verdict == "GO"
        text = refusal(Asker(snapshot, "bob", scene.now + 1).confirm())
        assert "carol has done so" in text


def test_an_act_that_is_in_the_session_is_known_to_be_there() -> None:
    ask = asker()
    asked = question(ask.waive(criterion(ask.snapshot, "memory-leak")))
    change = asked.make(answers(asked, reason="known"))
    before = ask.snapshot.session
    assert not change.is_in(before)
    assert change.is_in(change.apply(before))


def test_an_act_that_would_be_refused_counts_as_settled() -> None:
    ask = asker(by="alice")
    gate = ask.snapshot.gates[-1]
    change = acts.decide(gate, True, "read", by="alice", now=NOW)
    assert change.is_in(ask.snapshot.session)
