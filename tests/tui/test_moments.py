"""Moments as people type them, and what is said about those that make no sense."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from stagewatch.tui.moments import parse_ahead, parse_past, stamp

NOW = datetime(2025, 9, 6, 4, 31, 5).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("04:05", "2025-09-06 04:05"),
        ("14:05", "2025-09-05 14:05"),
        ("04:31:05", "2025-09-06 04:31"),
        ("2025-09-01 12:00", "2025-09-01 12:00"),
        ("2025-09-01T12:00:30", "2025-09-01 12:00"),
        ("35min", "2025-09-06 03:56"),
        (" 1h 30m ago ", "2025-09-06 03:01"),
        ("now", "2025-09-06 04:31"),
    ],
)
def test_a_past_moment_is_a_clock_a_date_or_how_long_ago(text: str, expected: str) -> None:
    assert stamp(parse_past(text, NOW)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("04:05", "2025-09-07 04:05"),
        ("14:05", "2025-09-06 14:05"),
        ("2025-09-07 15:23", "2025-09-07 15:23"),
        ("48h", "2025-09-08 04:31"),
        ("in 2 h", "2025-09-06 06:31"),
    ],
)
def test_a_moment_to_come_is_a_clock_a_date_or_a_length(text: str, expected: str) -> None:
    assert stamp(parse_ahead(text, NOW)) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is needed; write 2025-09-06 14:05, 14:05, 35min or now"),
        ("25:00", '"25:00" is no time; write '),
        ("2025-13-40 14:00", "is no time; write "),
        ("35", "35min"),
        ("soon", "write it as"),
        ("2025-09-07 15:23", "is still to come"),
    ],
)
def test_what_is_no_past_moment_is_told_with_how_to_write_one(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_past(text, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [("2025-09-01 12:00", "is over already"), ("0s", "is over already"), ("99:99", "48h")],
)
def test_what_is_not_to_come_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_ahead(text, NOW)
