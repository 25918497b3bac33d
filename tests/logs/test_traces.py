"""The exception that a traceback ends in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.logs.traces import exception_after, line_by_line

LINES = (
    b"Traceback (most recent call last):",
    b'  File "x.py", line 3, in run',
    b"    raise ValueError(x)",
    b"\tat x",
    b"  | ExceptionGroup: two",
    b"| x",
    b"ValueError: x",
    b"app.errors.Gone",
    b"KeyError:",
    b"ValueError:x",
    b"E" * 600,
    b"ValueError: " + b"x" * 600,
    b"no exception",
    b"2026-01-01 00:00:00 ERROR x",
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
    b"",
    b"\r",
    b"\xff",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8), st.booleans(), st.integers(0, 40))
def test_the_usual_traceback_is_read_as_any_other(
    lines: list[bytes], carriage: bool, cut: int
) -> None:
    """Found at once, its exception is the one that reading line by line finds."""
    data = b"".join(line + (b"\r\n" if carriage else b"\n") for line in lines)
    data = data[: max(0, len(data) - cut)]
    assert exception_after(data, 0) == line_by_line(data, 0)


def test_a_traceback_that_is_too_long_is_looked_through_for_its_beginning() -> None:
    """However its end is written."""
    data = b"  File\n" * 10_000 + b"ValueError: x\n"
    assert exception_after(data, 0) == line_by_line(data, 0) == b""


@pytest.mark.parametrize(
    "joint",
    [
        b"The above exception was the direct cause of the following exception:",
        b"During handling of the above exception, another exception occurred:",
    ],
)
def test_of_chained_tracebacks_the_last_one_counts(joint: bytes) -> None:
    """It is what the record failed of; what it came from is above it."""

    def trace(name: bytes) -> bytes:
        return b'Traceback (most recent call last):\n  File "x.py", line 3\n%b: boom\n' % name

    data = trace(b"KeyError") + b"\n" + joint + b"\n\n" + trace(b"ValueError")
    assert exception_after(data, 0) is not None
    assert exception_after(data + b"INFO next\n", 0) == b"ValueError: boom"
    cut = data[: data.rindex(b"Traceback")]
    assert exception_after(cut, 0) is None, "the rest is still to be read"
