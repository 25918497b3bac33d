"""Every sample of a range as CSV: one row a value, RFC 4180, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stagewatch.logs.told import why_least
from stagewatch.report.model import Report, iso
from stagewatch.text import clean

if TYPE_CHECKING:
    from stagewatch.history.reader import History

COLUMNS = ("time", "unix", "probe", "result", "signal", "value", "unit", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Foreign text that no spreadsheet takes for a formula."""
    return f"'{cleaned}" if (cleaned := clean(text)).startswith(_FORMULA) else cleaned


def rows(report: Report, history: History) -> Iterator[tuple[str, ...]]:
    """Each value of each reading; a reading without a value is a row with an empty value."""
    units = {name: signal.unit for name, signal in report.snapshot.signals.items()}
    for probe in report.snapshot.probes:
        for reading in history.readings(probe, report.since, report.until):
            head = (iso(reading.at) or "", f"{reading.at:.3f}", cell(probe), reading.result.value)
            for signal, value in reading.values.items():
                why = why_least(signal, reading.facts)
                least = cell(f"at least: {why}") if why else ""
                yield (*head, cell(signal), repr(value), units.get(signal, ""), least)
            for signal, reason in reading.missing.items():
                yield (*head, cell(signal), "", units.get(signal, ""), cell(reason))
            if not reading.values and not reading.missing:
                yield (*head, "", "", "", cell(reading.reason))


def render(report: Report, history: History) -> str:
    """The table as text with CRLF line ends."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows(report, history))
    return out.getvalue()
