"""A page in the Prometheus or OpenMetrics text format, as far as its wanted series go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from stagewatch.probes._selector import NAME, labels

_SAMPLE = re.compile(
    rf"(?P<name>{NAME})[ \t]*(?:\{{(?P<labels>(?:[^\"}}]|\"(?:[^\"\\]|\\.)*\")*)\}})?[ \t]*"
    r"(?P<value>\S+)(?:[ \t]+(?P<at>-?[0-9.eE+-]+))?(?:[ \t]+#.*)?[ \t]*\r?"
)
_HEAD = re.compile(NAME)


class PageError(ValueError):
    """The page is not in the format; ``str()`` says where."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the page."""

    labels: dict[str, str]
    value: float
    at: float | None
    """Its own time as the page writes it: milliseconds, or seconds in OpenMetrics."""


@dataclass(slots=True)
class Page:
    """The samples of the wanted metrics, and the name of every metric."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)


def read_page(text: str, wanted: Iterable[str], *, open_metrics: bool) -> Page:
    """Read a page; raises PageError for one that is cut short or something else.

    Only the lines of ``wanted`` metrics are looked at closely.
    """
    page = Page({name: [] for name in wanted})
    lines = text.split("\n")
    if lines[-1].strip():
        raise PageError("the page is cut short: its last line does not end")
    if open_metrics and (len(lines) < 2 or lines[-2].strip() != "# EOF"):
        raise PageError("the page is cut short: it does not end in # EOF")
    for number, line in enumerate(lines, 1):
        if line.startswith("#") or not line.strip():
            continue
        head = _HEAD.match(line)
        if head is None:
            # A name in quotes, as newer exporters write those that are not plain.
            if line.startswith('{"'):
                continue
            raise PageError(f'line {number} is no sample: "{line[:40]}"')
        name = head[0]
        page.names[name] = None
        if name in page.samples:
            page.samples[name].append(_sample(line, number))
    return page


def _sample(line: str, number: int) -> Sample:
    match = _SAMPLE.fullmatch(line)
    found = labels(match["labels"] or "") if match else None
    try:
        if match is None or found is None or "_" in match["value"]:
            raise ValueError
        at = match["at"]
        return Sample(found, float(match["value"]), None if at is None else float(at))
    except ValueError:
        raise PageError(f'line {number} is no sample: "{line[:40]}"') from None
