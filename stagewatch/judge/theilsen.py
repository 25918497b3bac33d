"""A straight line through points that jump: the median of the slopes of all pairs."""

from __future__ import annotations

import itertools
import math
from array import array
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 5
"""Points below which a slope has no error that means anything."""
_NORMAL = 1.4826
"""What makes the median absolute deviation of a normal distribution its standard deviation."""
_MOST_ALIKE = 0.95


@dataclass(frozen=True, slots=True)
class Fit:
    """A slope and its standard error, both per step of x."""

    slope: float
    error: float


class MovingLine:
    """The Theil–Sen line through the last ``size`` steps of x, moved one step at a time.

    The slopes are kept in order, so a step costs its own pairs and not all of them.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._points: deque[tuple[int, float]] = deque()
        self._slopes = array("d")

    def __len__(self) -> int:
        return len(self._points)

    @property
    def points(self) -> Sequence[tuple[int, float]]:
        """The points, x rising."""
        return self._points

    def step(self, x: int, y: float | None) -> None:
        """Move on to ``x``, where there may be a point."""
        points, slopes = self._points, self._slopes
        while points and points[0][0] <= x - self.size:
            old_x, old_y = points.popleft()
            for at, value in points:
                del slopes[bisect_left(slopes, (value - old_y) / (at - old_x))]
        if y is not None:
            for at, value in points:
                insort(slopes, (y - value) / (x - at))
            points.append((x, y))

    def fit(self) -> Fit | None:
        """The line; None while there are too few points."""
        if len(self._points) < FEWEST:
            return None
        slope = middle(self._slopes)
        return Fit(slope, _error(self._points, slope))


def line_through(points: Sequence[tuple[int, float]]) -> Fit | None:
    """The line through these points, whose x are rising."""
    line = MovingLine(points[-1][0] - points[0][0] + 1 if points else 1)
    for x, y in points:
        line.step(x, y)
    return line.fit()


def middle(ordered: Sequence[float]) -> float:
    """The median of values in order."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that ``share`` of the values in order do not exceed, between two if need be."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _error(points: Sequence[tuple[int, float]], slope: float) -> float:
    """The standard error of the slope, for residuals that are spread and alike as these are."""
    count = len(points)
    offsets = [y - slope * x for x, y in points]
    base = middle(sorted(offsets))
    residuals = [offset - base for offset in offsets]
    mean = math.fsum(residuals) / count
    squares = math.fsum((residual - mean) ** 2 for residual in residuals)
    spread = max(
        _NORMAL * middle(sorted(abs(residual) for residual in residuals)),
        math.sqrt(squares / (count - 2)),
    )
    centre = math.fsum(x for x, _ in points) / count
    reach = math.sqrt(math.fsum((x - centre) ** 2 for x, _ in points))
    alike = _likeness([residual - mean for residual in residuals], squares)
    return spread / reach * math.sqrt((1 + alike) / (1 - alike))


def _likeness(residuals: Sequence[float], squares: float) -> float:
    """Lag-1 autocorrelation, clipped: a point tells less when it follows the one before."""
    if squares <= 0:
        return 0.0
    products = math.fsum(a * b for a, b in itertools.pairwise(residuals))
    return min(max(products / squares, 0.0), _MOST_ALIKE)
