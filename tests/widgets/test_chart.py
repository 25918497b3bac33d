"""Charts leave gaps open, survive every number, and show the limit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stagewatch.model import Series
from stagewatch.widgets import chart
from stagewatch.widgets.paint import Role, text_of, width_of


def series(values: Sequence[float | None]) -> Series:
    held = tuple(values)
    return Series("s", 0.0, float(len(held)), held, held, held)


anything = st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=300)


@example(values=[2.2e-311], width=1, height=2, ascii=False, from_zero=False)
@example(values=[1.7e308, -1.7e308, 0.0], width=3, height=4, ascii=False, from_zero=False)
@given(
    values=anything,
    width=st.integers(0, 80),
    height=st.integers(1, 12),
    ascii=st.booleans(),
    from_zero=st.booleans(),
)
def test_any_series_draws_in_any_size(
    values: list[float | None], width: int, height: int, ascii: bool, from_zero: bool
) -> None:
    drawn = chart.columns(series(values), width)
    scale = chart.scale_of(drawn, limit=500.0, from_zero=from_zero)
    rows = chart.plot(series(values), width, height, scale, limit=500.0, ascii=ascii)
    assert [width_of(row) for row in rows] == [width] * height
    assert width_of(chart.sparkline(drawn, scale)) == width


def test_a_gap_stays_open() -> None:
    values = [5.0] * 20 + [None] * 20 + [5.0] * 20
    drawn = chart.columns(series(values), 60)
    scale = chart.scale_of(drawn, limit=None, from_zero=True)
    spark = text_of(chart.sparkline(drawn, scale))
    assert spark[20:40] == "·" * 20
    assert "·" not in spark[:20] + spark[40:]
    rows = chart.plot(series(values), 60, 4, scale, limit=None, ascii=False)
    assert all(text_of(row)[20:40].strip() == "" for row in rows)


def test_infinity_is_a_gap_and_not_a_value() -> None:
    drawn = chart.columns(series([1.0, math.inf, math.nan, 2.0]), 4)
    assert drawn == [(1.0, 1.0), None, None, (2.0, 2.0)]


def test_a_spike_of_one_bucket_survives_narrowing() -> None:
    values: list[float | None] = [1.0] * 480
    values[333] = 900.0
    drawn = chart.columns(series(values), 40)
    assert max(column[1] for column in drawn if column) == 900.0


def test_the_limit_is_a_dashed_row_above_the_line() -> None:
    values: list[float | None] = [100.0] * 40
    drawn = chart.columns(series(values), 20)
    scale = chart.scale_of(drawn, limit=500.0, from_zero=True)
    rows = chart.plot(series(values), 20, 6, scale, limit=500.0, ascii=False)
    assert text_of(rows[0]) == "┄" * 20
    assert rows[0][0][1] is Role.LIMIT


def test_a_limit_that_would_flatten_the_line_is_left_out() -> None:
    scale = chart.scale_of([(1.0, 2.0)], limit=1000.0, from_zero=True)
    assert scale.high == 2.0


def test_noise_of_a_steady_value_does_not_fill_the_chart() -> None:
    scale = chart.scale_of([(511.0, 513.0)], limit=None, from_zero=False)
    assert scale.high - scale.low == pytest.approx(51.3)


def test_the_future_is_not_drawn() -> None:
    whole = Series("s", 0.0, 100.0, (1.0,) * 4 + (None,) * 6, (1.0,) * 10, (1.0,) * 10)
    assert len(chart.elapsed(whole, 35.0).mean) == 4
    assert chart.elapsed(whole, 35.0).end == 40.0


def test_a_pause_between_two_readings_is_no_gap_and_a_longer_one_is() -> None:
    values = [1.0, None, None, 2.0, None, None, None, None, 3.0, None]
    assert chart.bridged(series(values), 2.5).mean == (
        (1.0, 1.0, 1.0, 2.0) + (None,) * 4 + (3.0, 3.0)
    )


@given(anything, st.floats(0, 400))
def test_bridging_keeps_every_value(values: list[float | None], seconds: float) -> None:
    made = chart.bridged(series(values), seconds).mean
    assert len(made) == len(values)
    assert all(new is old for new, old in zip(made, values, strict=True) if old is not None)


def test_ascii_uses_no_braille() -> None:
    drawn = series([1.0, 5.0, 3.0, None, 2.0])
    scale = chart.Scale(0.0, 5.0)
    rows = chart.plot(drawn, 5, 3, scale, limit=None, ascii=True)
    assert [text_of(row) for row in rows] == [" *   ", " ** *"[:5], "*    "]
