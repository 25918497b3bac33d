"""Values as a test writes them: a constant, or a line that grows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stagewatch.profile.values import Limit, measures, parse_duration, parse_limit

_GROWTH = re.compile(r"(?P<base>.*\S)\s+(?P<sign>[+-])\s*(?P<rate>[^\s+-].*)")


@dataclass(frozen=True, slots=True)
class Line:
    """A value over watch time."""

    base: float
    slope: float = 0.0
    """Per second."""
    start: float = 0.0
    """When it is ``base``."""

    def at(self, t: float) -> float:
        """The value at ``t``."""
        return self.base + self.slope * (t - self.start) if self.slope else self.base


def parse_line(value: float | str, unit: str, start: float) -> Line:
    """``140``, ``"500 MiB"`` or ``"500 MiB +17 %/h"`` in ``unit``; ValueError says what is wrong.

    A share is one of the value at ``start``.
    """
    if not isinstance(value, str):
        return Line(_amount(value, unit))
    match = _GROWTH.fullmatch(value.strip())
    if match is None:
        return Line(_amount(value, unit))
    base = _amount(match["base"], unit)
    sign = -1.0 if match["sign"] == "-" else 1.0
    return Line(base, sign * _slope(match["rate"], unit, base), start)


def _amount(value: float | str, unit: str) -> float:
    limit = parse_limit(value)
    return float(_in(limit, unit, str(value)))


def _slope(text: str, unit: str, base: float) -> float:
    """The growth in a second."""
    amount, slash, per = text.rpartition("/")
    if not slash:
        raise ValueError(f'"+{text}" has no time; write "+{text}/h"')
    seconds = parse_duration(f"1{per.strip()}")
    grown = parse_limit(amount.strip())
    if grown.unit == "%" and unit != "%":
        return base * grown / 100 / seconds
    return float(_in(grown, unit, amount)) / seconds


def _in(limit: Limit, unit: str, text: str) -> Limit:
    try:
        # A field that an answer provides has no unit of its own, whatever it stands for.
        return limit if unit == "" and limit.unit == "%" else limit.to(unit)
    except ValueError:
        what = f"is a {measures(limit.unit)}" if limit.unit else "has no unit"
        about = f"in {unit}" if unit else "a plain number"
        raise ValueError(f"{text} {what}, but the signal is {about}") from None
