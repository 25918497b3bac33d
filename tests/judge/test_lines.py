"""Raw lines: which start a critical record of this watch."""

from __future__ import annotations

from stagewatch.judge.lines import REMEMBERED, CriticalLines

START = 1767225600.0  # 2026-01-01 00:00 UTC
FATAL = '{"ts": "2026-01-01T16:25:11Z", "level": "fatal", "msg": "aborting"}'
TRACE = "Traceback (most recent call last):"


def test_a_critical_record_is_critical_once() -> None:
    """Read again, as after a rotation, it is the same record."""
    lines = CriticalLines(START)
    at = START + 59112
    assert lines.is_critical(at, "app.log", FATAL)
    assert not lines.is_critical(at, "app.log", FATAL)
    assert not lines.is_critical(at + 3600, "app.log", FATAL + "\r\n")
    assert lines.is_critical(at, "other.log", FATAL)


def test_a_record_without_a_time_may_come_twice() -> None:
    """The same words again are another record: nothing tells them apart from one."""
    lines = CriticalLines(START)
    assert lines.is_critical(START + 1, "app.log", "CRITICAL gone")
    assert lines.is_critical(START + 9, "app.log", "CRITICAL gone")


def test_a_record_from_before_the_watch_is_not_of_it() -> None:
    """By its own time, in UTC where it names no zone."""
    lines = CriticalLines(START)
    assert not lines.is_critical(START + 5, "app.log", "2025-12-31 23:59:59,999 CRITICAL gone")
    assert lines.is_critical(START + 5, "app.log", "2026-01-01 00:00:00,000 CRITICAL gone")
    assert not lines.is_critical(START + 5, "app.log", "2026-01-01T00:30:00+01:00 CRITICAL gone")
    assert lines.is_critical(START + 5, "app.log", "2025-12-31T23:30:00-01:00 CRITICAL gone")
    east = CriticalLines(START, offset=3600.0)
    assert not east.is_critical(START + 5, "app.log", "2026-01-01 00:30:00 CRITICAL gone")


def test_a_traceback_belongs_to_the_record_before_it_in_the_same_file() -> None:
    """A record of another file takes none."""
    lines = CriticalLines(START)
    assert not lines.is_critical(START + 1, "a.log", "2026-01-01 00:00:01,000 ERROR boom")
    assert not lines.is_critical(START + 1.5, "a.log", TRACE)
    assert lines.is_critical(START + 1.5, "b.log", TRACE)
    assert lines.is_critical(START + 3, "a.log", TRACE)


def test_memory_is_bounded() -> None:
    """Only the newest records are remembered."""
    lines = CriticalLines(START)
    for i in range(REMEMBERED + 100):
        lines.is_critical(START + i, "a.log", f"2026-01-01T00:00:00Z FATAL x: {i}")
    assert len(lines._seen) == REMEMBERED
