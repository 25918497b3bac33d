"""Expressions with groups for whole lines: what is admitted, and how much of a line it sees."""

from __future__ import annotations

import pytest

from stagewatch.expressions import ExpressionError
from stagewatch.linepattern import LinePattern

COMBINED = '10.0.0.1 - - [25/Nov/2026:04:00:00 +0000] "GET /api/x?y=1 HTTP/1.1" 200 12 "-" "curl"'


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (r'(?P<client>[0-9A-Fa-f.:]+?)(?::\d+)? - [^"]*"[A-Z]+ (?P<path>[^ ?"]+)', 2048),
        (r'^(?!.*"stagewatch/)(?P<client>[0-9A-Fa-f.:]+) - .*"[A-Z]+ (?P<path>[^ ?"]+)', 1024),
        (r'(?P<client>\S+) \S+ \S+ \[.*\] "\S+ (?P<path>\S+) ', 2048),
        (r"(?P<client>\d+\.\d+\.\d+\.\d+) .* (?P<path>\S+)", 2048),
        (r"(?:\w+,)+(?P<client>x)(?P<path>y)", 2048),
        (r".*.*(?P<client>x).*(?P<path>y)", 256),
        (r"\d+\w+\D+(?P<client>x)(?P<path>y)", 256),
        (r"[^a]+a\W+ \S+=(?P<client>x)", 1024),
        ("/api/quota/.*", 2048),
    ],
)
def test_a_repeat_that_can_end_in_one_place_only_costs_nothing(text: str, limit: int) -> None:
    """As an access log's have, however many they are."""
    assert LinePattern(text).limit == limit


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"(?P<client>(\d+)+)x (?P<path>/.*)", "a repeat inside a repeat"),
        (r"(?:\d+\w)+ (?P<client>x)", "a repeat inside a repeat"),
        (r"(?:a|aa)+b", "alternatives inside a repeat"),
        (r"(\w)\1", "refers back to a group"),
        (r".*.*.*.*x", "too many repeats"),
        (r"(", "is no regular expression"),
        ("x" * 501, "is longer than 500 characters"),
    ],
)
def test_what_may_take_exponential_time_is_refused(text: str, why: str) -> None:
    """One line would hold up the recorder, which nothing can interrupt then."""
    with pytest.raises(ExpressionError, match=why):
        LinePattern(text)


def test_groups_are_found_in_the_beginning_of_a_line() -> None:
    """And what is too long for the expression does not match by what is left of it."""
    pattern = LinePattern(r'(?P<client>\S+) .*"GET (?P<path>[^ ?"]+)')
    assert pattern.groups == {"client", "path"}
    found = pattern.search(COMBINED)
    assert found is not None
    assert (found["client"], found["path"]) == ("10.0.0.1", "/api/x")
    assert pattern.search(" " * 5000 + COMBINED) is None
    path = LinePattern("/api/.*")
    assert path.fits("/api/x")
    assert not path.fits("/other")
    assert not path.fits("/api/" + "x" * 3000)
