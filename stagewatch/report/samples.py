"""Every sample of a range as CSV: one row a value, RFC 4180, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stagewatch.logs.told import LOST, why_least
from stagewatch.report.model import Report, iso
from stagewatch.text import clean

if TYPE_CHECKING:
    from stagewatch.history.reader import History

COLUMNS = ("time", "unix", "probe", "result", "signal", "value", "unit", "reason")
WINDOWS = 3
"""Loss windows that each row of a log's counts names, the newest ones."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Foreign text that no spreadsheet takes for a formula."""
    return f"'{cleaned}" if (cleaned := clean(text)).startswith(_FORMULA) else cleaned


def rows(report: Report, history: History) -> Iterator[tuple[str, ...]]:
    """Each value of each reading; a reading without a value is a row with an empty value."""
    units = {name: signal.unit for name, signal in report.snapshot.signals.items()}
    windows = _windows(report)
    for probe in report.snapshot.probes:
        for reading in history.readings(probe, report.since, report.until):
            head = (iso(reading.at) or "", f"{reading.at:.3f}", cell(probe), reading.result.value)
            for signal, value in reading.values.items():
                why = why_least(signal, reading.facts)
                if why.startswith(LOST):
                    why += windows.get(probe, "")
                least = cell(f"at least: {why}") if why else ""
                yield (*head, cell(signal), repr(value), units.get(signal, ""), least)
            for signal, reason in reading.missing.items():
                yield (*head, cell(signal), "", units.get(signal, ""), cell(reason))
            if not reading.values and not reading.missing:
                yield (*head, "", "", "", cell(reading.reason))


def _windows(report: Report) -> dict[str, str]:
    """Probe → the windows in which lines of its log may have been lost, as far as they are known
    now: the newest few."""
    found = defaultdict[str, list[str]](list)
    for loss in report.snapshot.losses:
        until = iso(loss.until) or "now"
        found[loss.probe].append(f"{iso(loss.since)} to {until} in {loss.path}: {loss.cause}")
    return {
        probe: f" ({'; '.join(each[-WINDOWS:])}"
        + (f"; and {len(each) - WINDOWS} before)" if len(each) > WINDOWS else ")")
        for probe, each in found.items()
    }


def render(report: Report, history: History) -> str:
    """The table as text with CRLF line ends."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows(report, history))
    return out.getvalue()
