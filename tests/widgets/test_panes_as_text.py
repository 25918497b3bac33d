"""What the panes say, as text: pure functions of a view, without an app."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from stagewatch.model import LogLine, Result, State, Verdict
from stagewatch.snapshot import ProbeNow, RecorderStatus, Snapshot
from stagewatch.tui import specimen
from stagewatch.widgets.banner import alert_lines, header_lines, verdict_lines
from stagewatch.widgets.box import Frame
from stagewatch.widgets.checklist import Position, checklist_lines, open_phases
from stagewatch.widgets.gauge import gauges_frame
from stagewatch.widgets.health import health_lines, others
from stagewatch.widgets.latency import latency_gauges
from stagewatch.widgets.log import Tail, log_lines
from stagewatch.widgets.memory import memory_gauges
from stagewatch.widgets.paint import Line, line, text_of, to_ascii, width_of
from stagewatch.widgets.pointer import Pointer
from stagewatch.widgets.view import Notice, View
from stagewatch.widgets.words import second_of

Scene = Callable[..., View]
NAMES = ("healthy", "trouble", "empty")


def said(rows: Sequence[Line]) -> str:
    return "\n".join(text_of(row).rstrip() for row in rows)


def gauges(view: View, which: str, width: int, height: int) -> list[Line]:
    made = {"memory": memory_gauges, "latency": latency_gauges}[which]
    assert view.snapshot is not None
    how = Frame(line(which), boxed=height > 4)
    return gauges_frame(view, how, made(view.snapshot), "none", (width, height), Pointer())


def everything(view: View, width: int) -> list[Line]:
    """Every pane at this width."""
    opened = frozenset(p.name for p in view.snapshot.phases) if view.snapshot else frozenset()
    return [
        *header_lines(view, width),
        *verdict_lines(view, width),
        *alert_lines(view, width),
        *health_lines(view, width, 20),
        *health_lines(view, width, 2),
        *gauges(view, "memory", width, 10),
        *gauges(view, "latency", width, 3),
        *log_lines(view, None, 0, width, 10),
        *checklist_lines(view, Position(None, opened, focused=True), width, 50),
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [58, 80, 120, 200])
def test_no_pane_draws_beyond_its_width(scene: Scene, name: str, width: int) -> None:
    assert max(width_of(row) for row in everything(scene(name), width)) <= width


@pytest.mark.parametrize("name", NAMES)
def test_ascii_draws_every_mark_as_something_and_never_as_a_question_mark(
    scene: Scene, name: str
) -> None:
    view = replace(scene(name), ascii=True)
    plain = said([to_ascii(row) for row in everything(view, 80)])
    assert plain.isascii()
    assert "?" not in plain


def test_health_says_the_state_the_answer_and_how_reliable_it_is(scene: Scene) -> None:
    text = said(health_lines(scene(), 60, 18))
    assert "● healthy  200  12 ms\n" in text
    assert "up 99.87 % of 1,574 readings" in text
    assert "db  ok  in use 12/80" in text
    assert "ws  ok  sessions 41  orphans 3" in text


def test_down_says_why_and_since_when(scene: Scene) -> None:
    text = said(health_lines(scene("trouble"), 60, 18))
    assert "✖ DOWN  tried 4m12s ago" in text
    assert "connection refused by 127.0.0.1:8000" in text
    assert "failing since 04:16, for 15m" in text


def test_two_rows_of_health_still_say_why(scene: Scene) -> None:
    first, second = health_lines(scene("trouble"), 78, 2)
    assert "✖ DOWN" in text_of(first)
    assert "connection refused" in text_of(second)


def test_values_of_a_failed_answer_are_shown_as_old(scene: Scene) -> None:
    text = said(health_lines(scene("trouble"), 60, 18))
    assert "db  15m ago: in use 12/80" in text


def test_one_failure_in_very_many_is_not_rounded_to_perfection(scene: Scene) -> None:
    view = scene()
    assert view.snapshot is not None
    probe = replace(view.snapshot.probes["health"], good=999_999, total=1_000_000)
    probes = {**view.snapshot.probes, "health": probe}
    assert "up 99.99 %" in said(health_lines(scene(probes=probes), 60, 18))


@pytest.mark.parametrize(("age", "late"), [(69.0, False), (71.0, True)])
def test_a_value_is_late_after_two_intervals_and_the_deadline(
    scene: Scene, age: float, late: bool
) -> None:
    view = scene()
    assert view.snapshot is not None
    probe = replace(view.snapshot.probes["quota"], at=view.now - age)
    probes = {**view.snapshot.probes, "quota": probe}
    text = said(gauges(scene(probes=probes), "latency", 78, 3))
    assert ("LATE" in text) is late
    assert ("◌ LATE" in said(health_lines(scene(probes=probes), 60, 18))) is late


def ended(snapshot: Snapshot, ends: float) -> dict[str, ProbeNow]:
    """The probes of a watch that is over, each with its last reading a second before."""
    return {name: replace(probe, ends=ends, at=ends - 1) for name, probe in snapshot.probes.items()}


@pytest.mark.parametrize(("before_the_end", "missing"), [(69.0, False), (71.0, True)])
def test_once_the_watch_is_over_no_value_is_late_that_was_not_late_then(
    scene: Scene, before_the_end: float, missing: bool
) -> None:
    """Nobody reads any more; what had stopped before the end still says so."""
    view = scene()
    assert view.snapshot is not None
    ends = view.now - 7200.0
    probes = ended(view.snapshot, ends)
    probes["quota"] = replace(probes["quota"], at=ends - before_the_end)
    signals = {
        name: replace(signal, at=ends - before_the_end)
        for name, signal in view.snapshot.signals.items()
    }
    text = said(gauges(scene(probes=probes, signals=signals), "latency", 78, 3))
    assert "137 ms  " + ("LATE, " * missing) + "2h1m ago" in text
    health = said(health_lines(scene(probes=probes), 60, 18))
    assert "◌ over  200  12 ms  2h ago" in health
    assert ("◌ LATE" if missing else "◌ over") + "  quota" in health


def test_of_a_watch_that_is_over_those_come_first_that_did_not_end_well(scene: Scene) -> None:
    view = scene()
    assert view.snapshot is not None
    ends = view.now - 7200.0
    probes = ended(view.snapshot, ends)

    def two_rows() -> list[Line]:
        snapshot = scene(probes=probes).snapshot
        assert snapshot is not None
        return others(snapshot, probes["health"], view.now, 60, 2)

    assert text_of(two_rows()[1]) == "and 2 more, all well"
    probes["errors"] = replace(probes["errors"], at=ends - 500)
    assert "◌ LATE  errors" in text_of(two_rows()[0])


def test_a_reading_without_a_value_shows_the_last_one_with_its_age_and_why(scene: Scene) -> None:
    view = scene()
    assert view.snapshot is not None
    signal = replace(
        view.snapshot.signals["backend.rss"],
        value=None,
        reason="no process matches",
        last_value_at=view.now - 300,
    )
    signals = {**view.snapshot.signals, "backend.rss": signal}
    text = said(gauges(scene(signals=signals), "memory", 78, 3))
    assert "✖ no value  last 512 MiB, 5m ago  no process matches" in text


def test_memory_says_growth_limit_and_process(scene: Scene) -> None:
    assert "512 MiB  +1.8 %/h of 10  pid 4123" in said(gauges(scene(), "memory", 60, 10))


def test_latency_says_average_slow_end_and_limit(scene: Scene) -> None:
    text = said(gauges(scene(), "latency", 78, 3))
    assert "137 ms  avg 15m 141 ms  p95 188 ms  limit 500" in text


@pytest.mark.parametrize("which", ["memory", "latency"])
def test_before_the_first_reading_there_is_a_sentence_and_no_nought(
    scene: Scene, which: str
) -> None:
    text = said(gauges(scene("empty"), which, 60, 10))
    assert "waiting for the first reading" in text
    assert "0" not in text


def test_the_empty_screen_explains_itself(scene: Scene) -> None:
    view = scene("empty")
    assert "no reading yet" in said(health_lines(view, 60, 18))
    assert "backend/logs/error.log: does not exist yet" in said(log_lines(view, None, 0, 60, 9))


def test_before_any_snapshot_every_pane_waits() -> None:
    view = View(None, specimen.NOW)
    assert "opening the record" in said(verdict_lines(view, 80))
    assert "waiting for the first reading" in said(health_lines(view, 60, 9))
    assert "waiting for the first reading" in said(log_lines(view, None, 0, 60, 9))


@pytest.mark.parametrize("width", [80, 120])
def test_the_clock_and_the_branch_are_whole(scene: Scene, width: int) -> None:
    text = said(header_lines(scene(), width))
    assert "13:07:12 · 10:52:48 left" in text
    assert "staging-performance-optimizations-20250905-152353" in text


def test_after_the_window_the_header_says_so(scene: Scene) -> None:
    view = replace(scene(), now=specimen.START + 25 * specimen.HOUR)
    assert "window over since 15:23" in said(header_lines(view, 120))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_verdict_is_a_word_with_its_reason(scene: Scene, verdict: Verdict) -> None:
    text = said(verdict_lines(scene(verdict=verdict, reason="because of this"), 80))
    assert f" {verdict.value} " in text
    assert "because of this" in text


def test_a_long_reason_takes_more_rows_and_keeps_the_review(scene: Scene) -> None:
    rows = verdict_lines(scene(reason="a reason of some length " * 6), 80)
    assert 2 <= len(rows) <= 4
    assert "next review 09:23, in 4h52m" in said(rows)


def test_a_dead_recorder_cannot_be_overlooked(scene: Scene) -> None:
    text = said(alert_lines(scene("trouble"), 80))
    assert "✖ NOT RECORDING · no recorder runs · last reading 04:26, 4m12s ago" in text


def test_nothing_to_alert_takes_no_row(scene: Scene) -> None:
    assert alert_lines(scene(), 80) == []


def test_a_stopped_or_finished_watch_does_not_cry_for_its_recorder(scene: Scene) -> None:
    gone = RecorderStatus(alive=False, pid=None, since=None, last_reading_at=None)
    view = replace(scene(recorder=gone), now=specimen.START + 25 * specimen.HOUR)
    assert alert_lines(view, 80) == []


def test_pause_trouble_and_unsaved_edits_each_have_a_line(scene: Scene) -> None:
    recorder = RecorderStatus(True, 1, 1.0, 1.0, problem="disk full: nothing is stored")
    view = replace(
        scene(paused="paused by alice: lunch", recorder=recorder),
        unsaved="NOT SAVED since 14:02:11: disk full",
        notices=(Notice("wrote /tmp/report.md", False, specimen.NOW + 5),),
    )
    text = said(alert_lines(view, 80))
    assert "PAUSED by alice: lunch" in text
    assert "disk full: nothing is stored" in text
    assert "NOT SAVED since 14:02:11: disk full" in text
    assert "wrote /tmp/report.md" in text


def test_a_notice_goes_when_its_time_is_over(scene: Scene) -> None:
    view = replace(scene(), notices=(Notice("gone", False, specimen.NOW - 1),))
    assert alert_lines(view, 80) == []


def test_log_lines_show_their_own_time_and_level(scene: Scene) -> None:
    snapshot: Snapshot | None = scene().snapshot
    assert snapshot is not None
    entry = LogLine(specimen.NOW, "e.log", "ERROR", "2025-09-06 04:12:13,456 ERROR: it broke")
    logs = (replace(snapshot.logs[0], lines=(entry,)),)
    assert said(log_lines(scene(logs=logs), None, 0, 78, 5)) == "04:12:13  ERROR    it broke"


def test_json_is_readable_in_the_tail(scene: Scene) -> None:
    """Its message, not its braces."""
    snapshot: Snapshot | None = scene().snapshot
    assert snapshot is not None
    text = '{"timestamp": "2025-09-06T04:12:13.6Z", "level": "error", "event": "it broke", "n": 3}'
    logs = (replace(snapshot.logs[0], lines=(LogLine(specimen.NOW, "e.log", "ERROR", text),)),)
    row = f"{second_of(1757131933.6)}  ERROR    it broke  n=3"
    assert said(log_lines(scene(logs=logs), None, 0, 78, 5)) == row


def test_several_logs_are_merged_by_time(scene: Scene) -> None:
    snapshot = scene().snapshot
    assert snapshot is not None
    one = replace(
        snapshot.logs[0], lines=(LogLine(10.0, "a", "", "first"), LogLine(30.0, "a", "", "third"))
    )
    two = replace(snapshot.logs[0], probe="b", lines=(LogLine(20.0, "b", "", "second"),))
    rows = log_lines(scene(logs=(one, two)), None, 0, 78, 5)
    assert [text_of(row).split()[-1] for row in rows] == ["first", "second", "third"]
    assert [text_of(row).split()[-2] for row in rows] == ["a:", "b:", "a:"]


def test_the_newest_lines_fill_their_room_but_for_a_third(scene: Scene) -> None:
    """Also where older lines of another log come in late; a full pane begins anew."""
    snapshot = scene().snapshot
    assert snapshot is not None
    words = ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st")
    lines = [LogLine(float(n), "a", "", word) for n, word in enumerate(words)]
    tail = Tail()

    def shown(entries: list[LogLine], room: int = 6) -> str:
        logs = (replace(snapshot.logs[0], lines=tuple(entries)),)
        rows = log_lines(scene(logs=logs), None, 0, 78, room, tail)
        return " ".join(text_of(row).split()[-1] for row in rows)

    assert shown(lines[8:9]) == "qr"
    assert shown(lines[5:9]) == "kl mn op qr"
    assert shown(lines[:9]) == "kl mn op qr"
    assert shown(lines[:10]) == "kl mn op qr st"
    more = [LogLine(20.0, "a", "", "uv"), LogLine(21.0, "a", "", "wx")]
    assert shown([*lines, *more]) == "qr st uv wx"
    assert shown(lines, 4) == "mn op qr st"


def test_a_probe_with_the_wrong_answer_is_not_called_down(scene: Scene) -> None:
    view = scene()
    assert view.snapshot is not None
    wrong = replace(
        view.snapshot.probes["health"], result=Result.NO_DATA, reason="status is «starting»"
    )
    probes = {**view.snapshot.probes, "health": wrong}
    text = said(health_lines(scene(probes=probes), 60, 18))
    assert "✖ BAD ANSWER" in text
    assert "status is «starting»" in text


def test_probes_that_do_not_fit_are_counted_and_those_that_fail_stand_first(scene: Scene) -> None:
    view = scene()
    assert view.snapshot is not None
    backend = view.snapshot.probes["backend"]
    more = {f"extra-{n}": replace(backend, name=f"extra-{n}") for n in range(12)}
    broken = replace(backend, name="broken", result=Result.ERROR, reason="gone")
    probes = {**view.snapshot.probes, **more, "broken": broken}
    text = said(health_lines(scene(probes=probes), 60, 18))
    assert re.search(r"✖ DOWN +broken +gone", text)
    assert re.search(r"and \d+ more, all well", text)


def test_a_derived_signal_is_no_probe_of_the_health_pane(scene: Scene) -> None:
    view = scene()
    assert view.snapshot is not None
    made = replace(view.snapshot.probes["backend"], name="hit_rate", kind="signal")
    probes = {**view.snapshot.probes, "hit_rate": made}
    assert "hit_rate" not in said(health_lines(scene(probes=probes), 60, 18))


class TestChecklist:
    def rows(self, view: View, width: int = 38, height: int = 36) -> str:
        opened = open_phases(view, {}, width, height)
        return said(checklist_lines(view, Position(None, opened, focused=False), width, height))

    def test_marks_tell_done_overdue_current_and_later(self, scene: Scene) -> None:
        text = self.rows(scene())
        assert "✓ Initial stability" in text
        assert "! Performance monitoring" in text
        assert "▸ Load testing" in text
        assert "· Final validation" in text
        assert "5/5" in text

    def test_a_tick_shows_its_time_and_an_overdue_item_the_word(self, scene: Scene) -> None:
        text = self.rows(scene())
        assert "[x] Polling interval 30 s      22:35" in text.replace("22:41", "22:35")
        assert "overdue" in text

    def test_what_is_being_saved_is_not_shown_as_saved(self, scene: Scene) -> None:
        place = ("Load testing", "Resource consumption")
        text = self.rows(replace(scene(), saving={place: True}))
        assert "[~] Resource consumption" in text
        assert "saving" in text

    def test_gates_are_counted_whatever_the_height(self, scene: Scene) -> None:
        for height in (8, 14, 20, 36, 60):
            assert "2/5 approved" in self.rows(scene(), height=height)

    def test_a_rejected_gate_says_so(self, scene: Scene) -> None:
        view = scene()
        assert view.snapshot is not None
        gates = (replace(view.snapshot.gates[0], state=State.FAIL), *view.snapshot.gates[1:])
        assert "rejected" in self.rows(scene(gates=gates))

    def test_a_gate_says_who_answered_and_when_and_a_long_name_gives_way(
        self, scene: Scene
    ) -> None:
        view = scene()
        assert view.snapshot is not None
        first, second, *others = view.snapshot.gates
        by = replace(first, by="carol", at=specimen.NOW - 60)
        long = replace(second, by="an-operator-with-a-name", at=specimen.NOW - 120)
        text = self.rows(scene(gates=(by, long, *others)))
        assert re.search(r"✓ Architecture review +carol 04:30", text)
        assert re.search(r"✓ Database impact +an-operator\S*… 04:29", text)

    def test_the_current_and_the_overdue_phase_are_open_even_where_room_is_short(
        self, scene: Scene
    ) -> None:
        opened = open_phases(scene(), {}, 38, 10)
        assert opened == {"Performance monitoring", "Load testing"}

    def test_all_phases_are_open_where_there_is_room(self, scene: Scene) -> None:
        assert len(open_phases(scene(), {}, 60, 60)) == 4

    def test_what_the_operator_folded_stays_folded(self, scene: Scene) -> None:
        assert "Load testing" not in open_phases(scene(), {"Load testing": False}, 60, 60)
