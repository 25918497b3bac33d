"""Durations, sizes, percentages and limits as people write them."""

from __future__ import annotations


class Duration(float):
    """Seconds, written ``"30s"``, ``"10 min"``, ``"24h"``, ``"1h 30m"``, ``"250ms"``, ``"7d"``."""


class Limit(float):
    """A number with the unit it is compared in: ``"10 %/h"``, ``"500ms"``, ``"512 MiB"``, ``100``.

    The float is in the base unit of its kind (ms for times, B for sizes, % for shares); ``unit``
    says which.
    """

    unit: str

    def __new__(cls, value: float, unit: str = "") -> Limit:
        limit = super().__new__(cls, value)
        limit.unit = unit
        return limit
