"""Lines through noise, their error, and steps that are no lines."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.judge.steps import is_slope
from stagewatch.judge.theilsen import MovingLine, line_through, middle, quantile

values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=40)


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    """Points that are missing change nothing."""
    fit = line_through([(x, 3.0 * x + 1) for x in range(20) if x % 4])
    assert fit is not None
    assert fit.slope == pytest.approx(3.0)
    assert fit.error == pytest.approx(0.0, abs=1e-9)


def test_a_few_wild_points_do_not_turn_the_line() -> None:
    """Up to about a quarter of them."""
    points = [(x, 2.0 * x + (500 if x in (3, 11, 17) else 0)) for x in range(20)]
    fit = line_through(points)
    assert fit is not None
    assert fit.slope == pytest.approx(2.0)


def test_too_few_points_make_no_line() -> None:
    """Two would always be one."""
    assert line_through([]) is None
    assert line_through([(0, 1.0), (1, 2.0), (2, 3.0)]) is None


@given(ys=values, size=st.integers(5, 12))
@settings(max_examples=200, deadline=None)
def test_a_line_that_moves_is_the_line_through_what_it_has_reached(
    ys: list[float | None], size: int
) -> None:
    """Old points leave no trace."""
    line = MovingLine(size)
    for x, y in enumerate(ys):
        line.step(x, y)
    points = [(x, y) for x, y in enumerate(ys) if y is not None and x > len(ys) - 1 - size]
    assert line.fit() == line_through(points)


def test_the_error_is_about_what_the_slope_is_off_by() -> None:
    """Over many draws, also where the noise lasts for a few points."""
    for lasting in (0.0, 0.5):
        slopes, errors = [], []
        for seed in range(300):
            random, state, points = Random(seed), 0.0, []
            for x in range(36):
                state = lasting * state + random.gauss(0, 1)
                points.append((x, state))
            fit = line_through(points)
            assert fit is not None
            slopes.append(fit.slope)
            errors.append(fit.error)
        spread = (sum(slope**2 for slope in slopes) / len(slopes)) ** 0.5
        assert 0.7 < middle(sorted(errors)) / spread < 1.5


def test_quantiles_lie_between_values() -> None:
    """As the median does of an even number."""
    assert middle([1.0, 2.0, 4.0]) == 2.0
    assert middle([1.0, 2.0, 4.0, 9.0]) == 3.0
    assert quantile([0.0, 10.0], 0.9) == pytest.approx(9.0)
    assert quantile([5.0], 0.9) == 5.0


@pytest.mark.parametrize("size", [9, 18, 36])
def test_a_slope_is_told_from_steps(size: int) -> None:
    """One step, two steps and none; with noise."""
    random = Random(size)

    def noisy(ys: list[float]) -> list[tuple[int, float]]:
        return [(x, y + random.gauss(0, 1)) for x, y in enumerate(ys)]

    third = size // 3
    assert is_slope(noisy([30.0 * x / size for x in range(size)]))
    assert not is_slope(noisy([30.0 * (x >= third) for x in range(size)]))
    assert not is_slope(noisy([15.0 * (x // third) for x in range(size)]))
