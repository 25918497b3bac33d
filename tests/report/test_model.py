"""What a report is made of."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import msgspec

from stagewatch.clock import SystemClock
from stagewatch.following import profile_of
from stagewatch.history.reader import History
from stagewatch.history.writer import HistoryWriter
from stagewatch.logs.state import Loss
from stagewatch.model import Event, Fact, LogPattern, Reading, Result
from stagewatch.observe import snapshot_of
from stagewatch.recorder.launch import start_session
from stagewatch.report import markdown, samples, structured
from stagewatch.report.document import PATTERNS
from stagewatch.report.model import build
from stagewatch.session import edits
from stagewatch.session.store import SessionStore

PROFILE = 'version = 1\n[deployment]\nname = "one"\n[probe.p]\nkind = "process"\nmatch = "x"\n'


def test_a_report_leaves_no_event_out(tmp_path: Path) -> None:
    """Also of a night on which a service went down and up every minute."""
    file = tmp_path / "one.toml"
    file.write_text(PROFILE)
    clock = SystemClock()
    folder = start_session(file, home=tmp_path / "s", operator="ann", clock=clock)
    now = clock.now()
    writer = HistoryWriter(folder / "history.db", clock)
    for number in range(3000):
        writer.event(Event(now - 1 + number / 1e4, "down", f"number {number}", "p"))
    assert writer.close()
    with History.open(folder / "history.db") as history:
        snapshot, profile = snapshot_of(folder, clock), profile_of(folder)
        report = build(folder, snapshot, profile, history, since=now - 9, until=now + 9)
    told = [event.text for event in report.events if event.kind == "down"]
    assert told == [f"number {number}" for number in range(3000)]


LOG = """
[probe.log]
kind = "log"
path = "error.log"
[nogo.critical]
rule = "records"
probes = ["log"]
"""


def test_lower_bounds_are_told_with_their_windows(tmp_path: Path) -> None:
    """In every format that has counts; a signal without a value is no lower bound of anything."""
    file = tmp_path / "one.toml"
    file.write_text(PROFILE + LOG)
    clock = SystemClock()
    folder = start_session(file, home=tmp_path / "s", operator="ann", clock=clock)
    now = clock.now()
    windows = [
        Loss(path="error.log", since=now - 8 + n, until=now - 7.5 + n, cause=f"cut {n}")
        for n in range(5)
    ]
    facts: dict[str, Fact] = {
        "at_least": True,
        "losses": msgspec.json.encode(windows).decode(),
    }
    values = {"log.criticals": 0.0}
    missing = {"log.new": "the baseline cannot be read"}
    writer = HistoryWriter(folder / "history.db", clock)
    writer.add(Reading("log", now, 0.0, Result.VALUE, values=values, missing=missing, facts=facts))
    assert writer.close()
    with History.open(folder / "history.db") as history:
        snapshot, profile = snapshot_of(folder, clock), profile_of(folder)
        report = build(folder, snapshot, profile, history, since=now - 9, until=now + 9)
        table = list(csv.DictReader(samples.render(report, history).splitlines()))
    text = markdown.render(report)
    summaries = {signal.name: signal for signal in report.signals}
    assert summaries["log.new"].coverage == 0.0
    assert "log.criticals is at least that: lines of the log may have been lost." in text
    assert all(f"cut {number}" in text for number in range(5))
    document = json.loads(structured.json_text(report))
    assert [loss["cause"] for loss in document["status"]["losses"]] == [
        f"cut {number}" for number in range(5)
    ]
    (row,) = (row["reason"] for row in table if row["signal"] == "log.criticals")
    assert row.startswith("at least: lines of the log may have been lost (")
    assert row.endswith("in error.log: cut 4; and 2 before)")
    assert "cut 2" in row
    (row,) = (row["reason"] for row in table if row["signal"] == "log.new")
    assert row == "the baseline cannot be read"


def test_patterns_and_who_acknowledged_them(tmp_path: Path) -> None:
    """Known critical ones too; too many to read are counted, and all in the JSON."""
    file = tmp_path / "one.toml"
    file.write_text(PROFILE + LOG)
    clock = SystemClock()
    folder = start_session(file, home=tmp_path / "s", operator="ann", clock=clock)
    now = clock.now()

    def pattern(number: int, level: str, text: str, *, new: bool) -> LogPattern:
        return LogPattern(number, level, text, 2, now, now, "newest", "error.log", new)

    patterns = [
        pattern(1, "CRITICAL", "known disk full", new=False),
        pattern(2, "ERROR", "known timeout", new=False),
        *(pattern(n, "ERROR", f"new {n}", new=True) for n in range(3, PATTERNS + 9)),
        replace(pattern(999, "ERROR", "other records", new=True), other=True),
        pattern(1000, "WARNING", "new warning", new=True),
    ]
    writer = HistoryWriter(folder / "history.db", clock)
    writer.add(Reading("log", now, 0.0, Result.VALUE, patterns=tuple(patterns)))
    assert writer.close()
    SessionStore(folder).edit(
        lambda session: edits.acknowledge(
            session,
            "critical",
            until=now + 600,
            by="bob",
            at=now,
            reason="disk was cleared",
            pattern="log: CRITICAL known disk full",
        )
    )
    with History.open(folder / "history.db") as history:
        snapshot, profile = snapshot_of(folder, clock), profile_of(folder)
        report = build(folder, snapshot, profile, history, since=now - 9, until=now + 9)
    text = markdown.render(report)
    assert "| known | 2 |" in text
    assert "known timeout" not in text
    assert "new warning" not in text
    assert "other records" in text
    assert f"There are {PATTERNS + 9}; the {PATTERNS} most urgent are listed" in text
    acknowledged = next(row for row in text.splitlines() if "disk was cleared" in row)
    assert "bob" in acknowledged
    assert "known disk full" in acknowledged
    document = json.loads(structured.json_text(report))
    assert len(document["patterns"]) == len(patterns)
    (known,) = document["acknowledgements"]
    assert (known["by"], known["reason"]) == ("bob", "disk was cleared")
