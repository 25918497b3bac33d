"""Whether a rise is a slope or a flight of steps: which of the two leaves less unexplained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate

SHORTEST = 3
"""Points that make a level; fewer are a spike."""
BETTER = 0.9
"""A line is the better account when it leaves no more than this share of what steps leave.

Below 1, because noise that lasts looks like steps more easily than like a line."""


def is_slope(points: Sequence[tuple[int, float]]) -> bool:
    """Whether a line explains the points better than the best two steps."""
    mean = math.fsum(y for _, y in points) / len(points)
    ys = [y - mean for _, y in points]
    return _left_by_line([x for x, _ in points], ys) <= BETTER * _left_by_steps(ys)


def _left_by_line(xs: Sequence[int], ys: Sequence[float]) -> float:
    """Sum of squares around the line; the mean of ``ys`` is 0."""
    centre = math.fsum(xs) / len(xs)
    spread = math.fsum((x - centre) ** 2 for x in xs)
    common = math.fsum((x - centre) * y for x, y in zip(xs, ys, strict=True))
    return max(0.0, math.fsum(y * y for y in ys) - common * common / spread)


def _left_by_steps(ys: Sequence[float]) -> float:
    """Sum of squares around the three levels, one after another, that leave the least."""
    return math.fsum(y * y for y in ys) - max(_explained(ys), default=0.0)


def _explained(ys: Sequence[float]) -> Iterator[float]:
    """What each choice of two steps explains."""
    count, sums = len(ys), list(accumulate(ys, initial=0.0))
    for one in range(SHORTEST, count - 2 * SHORTEST + 1):
        first = sums[one] ** 2 / one
        for two in range(one + SHORTEST, count - SHORTEST + 1):
            second = (sums[two] - sums[one]) ** 2 / (two - one)
            yield first + second + (sums[count] - sums[two]) ** 2 / (count - two)
