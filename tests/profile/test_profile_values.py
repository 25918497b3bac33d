"""Durations, limits and figures: what people write is understood, what is shown can be read."""

from __future__ import annotations

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.profile.values import (
    LONGEST,
    Duration,
    Limit,
    example_limit,
    format_duration,
    format_value,
    parse_duration,
    parse_limit,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("10 min", 600),
        ("10m", 600),
        ("24h", 86400),
        ("1h 30m", 5400),
        ("1h30min", 5400),
        ("250ms", 0.25),
        ("7d", 604800),
        ("1.5s", 1.5),
        (" 0s ", 0),
        ("500us", 0.0005),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    """Every way of writing it gives the same seconds."""
    assert parse_duration(text) == pytest.approx(seconds)
    assert type(parse_duration(text)) is Duration


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (30, '30 has no unit; write "30s", "30min" or "30h"'),
        (1.5, '1.5 has no unit; write "1.5s", "1.5min" or "1.5h"'),
        ("30", '"30" has no unit; write "30s", "30min" or "30h"'),
        (True, 'must be a duration such as "30s", not true or false'),
        (["1s"], 'must be a duration such as "30s", not a list'),
        ("", '"" is not a duration; write it as "30s", "10 min", "1h 30m"'),
        ("-5s", '"-5s" is not a duration; write it as "30s", "10 min", "1h 30m"'),
        ("soon", '"soon" is not a duration; write it as "30s", "10 min", "1h 30m"'),
        ("30 S", '"S" is not a unit here; did you mean "s"?'),
        ("2 hours", '"hours" is not a unit here; did you mean "h"?'),
        ("5 MB", '"MB" is not a unit here; use s, min, h, d or ms'),
        ("1h 1h", '"1h 1h" names the unit h twice'),
        ("1m 1min", '"1m 1min" names the unit min twice'),
        ("0" * 61 + "s", f'"{"0" * 59}…" is not a duration; write it as "30s", "10 min", "1h 30m"'),
        ("99999d", '"99999d" is longer than ten years'),
        ("٣s", '"٣s" is not a duration; write it as "30s", "10 min", "1h 30m"'),
    ],
)
def test_what_is_no_duration_is_refused_with_the_way_to_write_it(
    value: object, message: str
) -> None:
    """A bare number is refused too: nobody should have to guess its unit."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_duration(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        (100, 100, ""),
        (2.5, 2.5, ""),
        ("100", 100, ""),
        ("-5", -5, ""),
        ("10 %/h", 10, "%/h"),
        ("10%/h", 10, "%/h"),
        ("240 % / d", 10, "%/h"),
        ("500ms", 500, "ms"),
        ("0.5 s", 500, "ms"),
        ("1h 30m", 5_400_000, "ms"),
        ("512 MiB", 512 * 1024**2, "B"),
        ("500 MB", 500e6, "B"),
        ("99.9 %", 99.9, "%"),
        ("2/s", 2, "/s"),
        ("120/min", 2, "/s"),
        ("60 MiB/min", 1024**2, "B/s"),
    ],
)
def test_a_limit_is_a_number_in_the_base_unit_of_its_kind(
    written: object, value: float, unit: str
) -> None:
    """However it is written, two limits of one kind can be compared."""
    limit = parse_limit(written)
    assert limit == pytest.approx(value)
    assert limit.unit == unit


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("10 mib", '"mib" is not a unit here; did you mean "MiB"?'),
        ("10 %/hour", '"hour" is not a unit here; did you mean "h"?'),
        (
            "10 parsec",
            '"parsec" is not a unit here; use ms, s, min, h, d, B, KiB, MiB, GiB, % or "%/h"',
        ),
        (
            "5 ms/h",
            '"ms/h" is not a unit here; use ms, s, min, h, d, B, KiB, MiB, GiB, % or "%/h"',
        ),
        (
            "fast",
            '"fast" is not a limit; write a number with its unit: '
            '"500ms", "512 MiB", "99 %", "10 %/h", "2/s" or 100',
        ),
        (float("nan"), "it is not a number that can be a limit"),
        (float("inf"), "it is not a number that can be a limit"),
        (10**400, "it is not a number that can be a limit"),
        ("1e999", "1e999 is not a number that can be a limit"),
        (False, 'must be a limit such as "500ms", "10 %/h" or 100, not true or false'),
        ({}, 'must be a limit such as "500ms", "10 %/h" or 100, not a table'),
    ],
)
def test_what_is_no_limit_is_refused_with_the_way_to_write_it(value: object, message: str) -> None:
    """The message names the unit that was probably meant."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_limit(value)
    assert str(caught.value) == message


def test_a_limit_goes_into_a_unit_of_the_same_kind_only() -> None:
    """Milliseconds become seconds; bytes do not."""
    assert parse_limit("5 min").to("s") == pytest.approx(300)
    assert parse_limit("2/s").to("/h") == pytest.approx(7200)
    assert parse_limit("5 min").to("s").unit == "s"
    with pytest.raises(ValueError, match="B cannot be had from ms"):
        parse_limit("5 min").to("B")
    with pytest.raises(ValueError, match="a plain number cannot be had from ms"):
        parse_limit("5 min").to("")


def test_a_copied_limit_keeps_its_unit() -> None:
    """A copy would otherwise be compared in no unit."""
    assert copy.deepcopy(parse_limit("512 MiB")).unit == "B"


@pytest.mark.parametrize("unit", ["", "ms", "B", "%", "/s", "B/s", "%/h"])
def test_the_example_for_a_unit_can_be_read(unit: str) -> None:
    """What a message tells people to write must be accepted."""
    assert parse_limit(example_limit(unit).strip('"')).unit == unit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (0.0001, "0s"),
        (0.9996, "1s"),
        (3.4, "3s"),
        (12, "12s"),
        (59.6, "1m"),
        (252, "4m12s"),
        (3599.6, "1h"),
        (17520, "4h52m"),
        (86400, "24h"),
        (2 * 86400, "2d"),
        (3 * 86400 + 4 * 3600, "3d4h"),
        (-90, "-1m30s"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
    ],
)
def test_a_duration_is_shown_in_two_units_at_most(seconds: float, text: str) -> None:
    """Short enough for a header, and never 60 of anything."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (512 * 1024**2, "B", "512 MiB"),
        (1.5 * 1024**3, "B", "1.5 GiB"),
        (900, "B", "900 B"),
        (2 * 1024**2, "B/s", "2 MiB/s"),
        (141.2, "ms", "141 ms"),
        (1.44, "ms", "1.44 ms"),
        (12_340, "ms", "12.3 s"),
        (252_000, "ms", "4m12s"),
        (1.8, "%/h", "1.8 %/h"),
        (99.93, "%", "99.9 %"),
        (2, "/s", "2/s"),
        (80, "", "80"),
        (1234567, "", "1234567"),
        (0.12345, "", "0.123"),
        (0.00001, "", "1e-05"),
        (-3.0, "", "-3"),
        (-0.0, "", "0"),
        (300, "s", "5m"),
        (math.nan, "ms", "n/a"),
    ],
)
def test_a_value_is_shown_with_its_unit(value: float, unit: str, text: str) -> None:
    """Three figures where they are not whole, and unknown is not nought."""
    assert format_value(value, unit) == text


@given(st.floats(0, LONGEST - 3600))
def test_a_shown_duration_reads_back_within_its_last_unit(seconds: float) -> None:
    """Half of the smallest unit shown is all that is lost."""
    lost = 0.0005 if seconds < 1 else 0.5 if seconds < 3600 else 30 if seconds < 172800 else 1800
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=lost * 1.01)


@given(
    st.floats(1e-3, 1e14) | st.integers(0, 10**12),
    st.sampled_from(["", "ms", "B", "%", "/s", "B/s", "%/h"]),
)
def test_a_shown_value_reads_back_within_its_figures(value: float, unit: str) -> None:
    """Three figures are kept, and the unit."""
    if unit == "ms" and value > LONGEST * 1000:
        return
    back = parse_limit(format_value(value, unit)).to(unit)
    assert back.unit == unit
    assert back == pytest.approx(value, rel=0.011, abs=6e-4)


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none())
def test_no_value_breaks_the_parsers(value: object) -> None:
    """Whatever stands in a file: a number that is finite, or a ValueError in one line."""
    for parse in (parse_duration, parse_limit):
        said = ""
        try:
            assert math.isfinite(parse(value))
        except ValueError as error:
            said = str(error)
        assert len(said) < 400


@given(st.floats(), st.text(max_size=8))
def test_no_value_breaks_the_formats(value: float, unit: str) -> None:
    """Not even one with a unit that nobody knows."""
    assert format_value(value, unit)
    assert format_duration(value)
    Limit(value, unit)
