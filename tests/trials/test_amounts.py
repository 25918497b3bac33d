"""Values as a test writes them."""

from __future__ import annotations

import pytest

from stagewatch.trials.amounts import parse_line


@pytest.mark.parametrize(
    ("text", "unit", "base", "after_an_hour"),
    [
        (140, "", 140, 140),
        ("120ms", "ms", 120, 120),
        ("500 MiB", "B", 500 * 2**20, 500 * 2**20),
        ("500 MiB +17 %/h", "B", 500 * 2**20, 585 * 2**20),
        ("500 MiB - 17 %/h", "B", 500 * 2**20, 415 * 2**20),
        ("100 MiB +1 MiB/min", "B", 100 * 2**20, 160 * 2**20),
        ("0 +45/h", "", 0, 45),
        ("100ms +5 ms/min", "ms", 100, 400),
        ("-20 +10/h", "", -20, -10),
        ("1e3 +1e2/h", "", 1000, 1100),
        ("90 % +1 %/h", "%", 90, 91),
        ("2h +1 s/s", "s", 7200, 10800),
    ],
)
def test_a_value_is_a_constant_or_a_line(
    text: float | str, unit: str, base: float, after_an_hour: float
) -> None:
    """That begins where its line of the test does."""
    line = parse_line(text, unit, 600.0)
    assert line.at(600.0) == pytest.approx(base)
    assert line.at(4200.0) == pytest.approx(after_an_hour)


@pytest.mark.parametrize(
    ("text", "unit", "told"),
    [
        ("120ms", "B", "120ms is a time, but the signal is in B"),
        ("120", "ms", "120 has no unit, but the signal is in ms"),
        ("3 MiB", "", "3 MiB is a size, but the signal is a plain number"),
        ("500 MiB +17", "B", '"+17" has no time; write "+17/h"'),
        ("500 MiB +1 ms/h", "B", "1 ms is a time, but the signal is in B"),
        ("500 MiB +1 MiB/fortnight", "B", '"fortnight" is not a unit here'),
        ("fast", "ms", '"fast" is not a limit'),
    ],
)
def test_what_does_not_fit_is_told_in_plain_words(text: str, unit: str, told: str) -> None:
    """With the unit of the signal."""
    with pytest.raises(ValueError, match="^" + told.replace("+", r"\+")):
        parse_line(text, unit, 0.0)
