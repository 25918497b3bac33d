"""The rows of docs/manifest.md, for the tests that hold them against profiles and the demo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "manifest.md"
CHECKS, POINTS = "The twenty checks", "The four validation points"


@dataclass(frozen=True, slots=True)
class Row:
    """An item or a validation point, and the names in its columns."""

    item: str
    probes: tuple[str, ...]
    signals: tuple[str, ...]
    rules: tuple[str, ...]
    checks: tuple[str, ...]
    faults: tuple[str, ...]


def rows(section: str) -> list[Row]:
    """The rows of the table in this section."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [_row([cell.strip() for cell in line.strip("| ").split(" | ")]) for line in lines]


def _row(cells: list[str]) -> Row:
    item, probes, signals, rules, faults = cells
    return Row(
        item=item,
        probes=_names(probes),
        signals=_names(signals),
        # A name of one letter is a key.
        rules=tuple(name for name in _names(rules) if len(name) > 1),
        checks=tuple(re.findall(r"«(.+?)»", rules)),
        faults=_names(faults),
    )


def _names(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(.+?)`", cell))
