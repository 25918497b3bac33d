"""What a report is made of."""

from __future__ import annotations

from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.following import profile_of
from stagewatch.history.reader import History
from stagewatch.history.writer import HistoryWriter
from stagewatch.model import Event
from stagewatch.observe import snapshot_of
from stagewatch.recorder.launch import start_session
from stagewatch.report.model import build

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
