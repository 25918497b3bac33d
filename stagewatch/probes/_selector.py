"""Which series of a metrics page a profile means: ``sum(http_requests_total{code="500"})``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

NAME = r"[A-Za-z_:][A-Za-z0-9_:]*"
LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|$)')
_MERGES: dict[str | None, Literal["sum", "min", "max"]] = {"sum": "sum", "min": "min", "max": "max"}
_WHOLE = re.compile(r"(?:(?P<by>sum|min|max)\((?P<of>.*)\)|(?P<plain>.*))", re.DOTALL)
_SERIES = re.compile(rf"\s*({NAME})\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
_ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class SelectorError(ValueError):
    """A text that names no series; ``str()`` says how it is written."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name, labels that a series must have, and what to make of several."""

    text: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    by: Literal["sum", "min", "max"] | None = None


def selector(text: str) -> Selector:
    """The selector that ``text`` is; raises SelectorError."""
    whole = _WHOLE.fullmatch(text.strip())
    inner = (whole["of"] if whole["by"] else whole["plain"]) if whole else ""
    series = _SERIES.fullmatch(inner)
    found = labels(series[2] or "") if series else None
    if whole is None or series is None or found is None:
        raise SelectorError(
            'is no series; write name, name{label="value"}, or sum(…), min(…), max(…) of it'
        )
    return Selector(text, series[1], found, _MERGES.get(whole["by"]))


def labels(text: str) -> dict[str, str] | None:
    """``a="b",c="d"`` as a dictionary; None when it is not written like that, or twice."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = LABEL.match(text, at)
        if match is None or match[1] in found:
            return None
        value = match[2]
        if "\\" in value:
            value = re.sub(r"\\.", lambda m: _ESCAPED.get(m[0], m[0]), value)
        found[match[1]] = value
        at = match.end()
    return found
