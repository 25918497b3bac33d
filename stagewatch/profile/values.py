"""Durations, sizes, percentages and limits as people write them, both ways."""

from __future__ import annotations

import math
import re


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

    def to(self, unit: str) -> Limit:
        """The same limit in ``unit``; ValueError when the two measure different things."""
        if unit == self.unit:
            return self
        mine, theirs = _dimension(self.unit), _dimension(unit)
        if mine is None or theirs is None or mine[0] != theirs[0]:
            raise ValueError(f"{unit or 'a plain number'} cannot be had from {self.unit or 'it'}")
        return Limit(self * mine[1] / theirs[1], unit)


LONGEST = 3660 * 86400.0
"""Ten years: no duration of a profile is longer."""

_LARGEST = 1e300

_SECONDS = {
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_BYTES = {
    "B": 1.0,
    "kB": 1e3,
    "KiB": 2.0**10,
    "MB": 1e6,
    "MiB": 2.0**20,
    "GB": 1e9,
    "GiB": 2.0**30,
    "TB": 1e12,
    "TiB": 2.0**40,
}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER}) ?([A-Za-zµ]+) ?")
_LIMIT = re.compile(rf"(-?{_NUMBER}(?:e[+-]?[0-9]{{1,3}})?) ?([A-Za-zµ%]*(?: ?/ ?[A-Za-z]+)?)")
_MAX_TEXT = 60


def parse_duration(value: object) -> Duration:
    """Seconds from ``"1h 30m"`` and the like; ValueError says what is wrong and how to write it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} has no unit; write "{value}s", "{value}min" or "{value}h"')
    if not isinstance(value, str):
        raise ValueError(f'must be a duration such as "30s", not {kind_of(value)}')
    text = value.strip()
    if len(text) <= _MAX_TEXT and re.fullmatch(_NUMBER, text):
        raise ValueError(f'"{text}" has no unit; write "{text}s", "{text}min" or "{text}h"')
    return Duration(_bounded(_seconds(text), text))


def _seconds(text: str) -> float:
    """The sum of the parts of ``"1h 30m"``, each unit at most once."""
    seen: dict[float, float] = {}
    position = 0
    while position < len(text) <= _MAX_TEXT:
        part = _PART.match(text, position)
        if part is None:
            break
        scale = _SECONDS.get(part[2])
        if scale is None:
            raise ValueError(_unit_advice(part[2], _SECONDS, "s, min, h, d or ms"))
        if scale in seen:
            raise ValueError(f'"{_short(text)}" names the unit {part[2]} twice')
        seen[scale] = float(part[1]) * scale
        position = part.end()
    if not seen or position < len(text):
        raise ValueError(
            f'"{_short(text)}" is not a duration; write it as "30s", "10 min", "1h 30m"'
        )
    return math.fsum(seen.values())


def _bounded(seconds: float, text: str) -> float:
    if seconds > LONGEST:
        raise ValueError(f'"{_short(text)}" is longer than ten years')
    return seconds


def parse_limit(value: object) -> Limit:
    """A limit in its base unit; ValueError says what is wrong and how to write it.

    Base units: ms for times, B for sizes, % for shares, %/h, B/s and /s for rates.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, "", "it")
    if not isinstance(value, str):
        raise ValueError(f'must be a limit such as "500ms", "10 %/h" or 100, not {kind_of(value)}')
    text = value.strip()
    match = _LIMIT.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        return _duration_limit(text)
    unit = match[2].replace(" ", "")
    dimension = _dimension(unit)
    if dimension is None:
        raise ValueError(_limit_advice(unit))
    base = _BASE[dimension[0]]
    return _finite(float(match[1]) * dimension[1] / base[1], base[0], text)


def _duration_limit(text: str) -> Limit:
    """A limit written as a duration of several parts, ``"1h 30m"``."""
    try:
        return Limit(parse_duration(text) * 1000, "ms")
    except ValueError:
        advice = 'write a number with its unit: "500ms", "512 MiB", "99 %", "10 %/h", "2/s" or 100'
        raise ValueError(f'"{_short(text)}" is not a limit; {advice}') from None


def _finite(value: float, unit: str, text: str) -> Limit:
    # Compared before float(), which overflows on a whole number of hundreds of digits.
    if not -_LARGEST <= value <= _LARGEST:
        raise ValueError(f"{_short(text)} is not a number that can be a limit")
    return Limit(float(value), unit)


_BASE = {
    "number": ("", 1.0),
    "time": ("ms", 1e-3),
    "size": ("B", 1.0),
    "share": ("%", 1.0),
    "number rate": ("/s", 1.0),
    "size rate": ("B/s", 1.0),
    "share rate": ("%/h", 1 / 3600.0),
}


def _dimension(unit: str) -> tuple[str, float] | None:
    """(what it measures, its scale); None for a unit that is unknown."""
    head, slash, per = unit.partition("/")
    if slash:
        amount, seconds = _dimension(head), _SECONDS.get(per)
        if amount is None or seconds is None or f"{amount[0]} rate" not in _BASE:
            return None
        return f"{amount[0]} rate", amount[1] / seconds
    if unit in ("", "%"):
        return ("share" if unit else "number"), 1.0
    if unit in _SECONDS:
        return "time", _SECONDS[unit]
    return ("size", _BYTES[unit]) if unit in _BYTES else None


def measures(unit: str) -> str:
    """``time``, ``size``, ``share``, ``number``, a rate of these, or the unit itself."""
    dimension = _dimension(unit)
    return dimension[0] if dimension else unit


def example_limit(unit: str) -> str:
    """How a limit in ``unit`` is written, as it stands in the file."""
    examples = {
        "number": "100",
        "time": '"500ms"',
        "size": '"512 MiB"',
        "share": '"99 %"',
        "number rate": '"2/s"',
        "size rate": '"10 MiB/s"',
        "share rate": '"10 %/h"',
    }
    return examples.get(measures(unit), f'"10 {unit}"')


def _limit_advice(unit: str) -> str:
    head, slash, per = unit.partition("/")
    if slash and per not in _SECONDS and _dimension(head) is not None:
        return _unit_advice(per, _SECONDS, "s, min, h or d after the stroke")
    known = _SECONDS | _BYTES
    usual = 'ms, s, min, h, d, B, KiB, MiB, GiB, % or "%/h"'
    return _unit_advice(unit if head in known else head, known, usual)


def _unit_advice(unit: str, known: dict[str, float], usual: str) -> str:
    """What to say about a unit that is none."""
    alike = [name for name in known if name.casefold() == unit.casefold()]
    long = {"second": "s", "minute": "min", "hour": "h", "day": "d", "byte": "B"}
    spelt = long.get(unit.casefold().removesuffix("s"))
    guess = alike[0] if alike else spelt if spelt in known else None
    hint = f'did you mean "{guess}"?' if guess else f"use {usual}"
    return f'"{_short(unit)}" is not a unit here; {hint}'


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def kind_of(value: object) -> str:
    """What a TOML value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else "a date or time"


def format_duration(seconds: float) -> str:
    """Two units at most, nothing in between: ``250ms``, ``12s``, ``4m12s``, ``24h``, ``3d4h``."""
    if not math.isfinite(seconds):
        return "n/a"
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds < 1 and (thousandths := round(seconds * 1000)) < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    if (total := round(seconds)) < 3600:
        return _two_units(total, "m", "s", 60)
    if (total := round(seconds / 60)) < 48 * 60:
        return _two_units(total, "h", "m", 60)
    return _two_units(round(seconds / 3600), "d", "h", 24)


def _two_units(total: int, big: str, small: str, ratio: int) -> str:
    whole, rest = divmod(total, ratio)
    return (f"{whole}{big}" if whole else "") + (f"{rest}{small}" if rest else "")


def format_value(value: float, unit: str = "") -> str:
    """A value for people: ``512 MiB``, ``141 ms``, ``1.8 %/h``, ``80``; ``n/a`` if not finite."""
    if not math.isfinite(value):
        return "n/a"
    if unit == "s":
        return format_duration(value)
    if unit == "ms" and abs(value) >= 10_000:
        return (
            f"{_figure(value / 1000)} s" if abs(value) < 120_000 else format_duration(value / 1000)
        )
    head, slash, per = unit.partition("/")
    if head == "B":
        value, head = _scaled(value)
    gap = "" if not head else " "
    return f"{_figure(value)}{gap}{head}{slash}{per}"


def _scaled(value: float) -> tuple[float, str]:
    """Bytes in the unit that leaves one to four figures before the point."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if abs(value) >= _BYTES[unit]:
            return value / _BYTES[unit], unit
    return value, "B"


def _figure(value: float) -> str:
    """Whole numbers whole, others to three figures, without trailing noughts."""
    if value == round(value) and abs(value) < 1e15:
        return str(round(value))
    if abs(value) >= 1e15 or 0 < abs(value) < 1e-3:
        return f"{value:.3g}"
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    text = f"{value:.{digits if abs(value) >= 1 else 3}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
