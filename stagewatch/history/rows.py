"""A reading as the writer keeps it until it is stored: small, and cut off from its maker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from stagewatch.model import LogLine, Reading, Result

SEVERE = frozenset(("CRITICAL", "FATAL", "ERROR", "SEVERE", "ALERT", "EMERG", "EMERGENCY", "PANIC"))
LINES_A_READING = 1000
SEVERE_A_READING = 800
NOT_FINITE = "not a finite number"


@dataclass(frozen=True, slots=True)
class Row:
    """One reading in the file's own terms; texts are already JSON."""

    probe: str
    at_ms: int
    took_us: int
    result: Result
    reason: str
    missing: str
    """JSON object, or empty for none."""
    facts: str
    """JSON object, or empty for none."""
    values: tuple[tuple[str, float], ...]
    lines: tuple[LogLine, ...]
    left_out: int
    """Lines of the reading that are not in ``lines``."""
    checkpoint: str | None

    @property
    def weight(self) -> int:
        """About how many bytes of memory the row holds; shared texts are not counted."""
        texts = sum(len(line.text) + 250 for line in self.lines)
        return 500 + 100 * len(self.values) + texts + len(self.checkpoint or "")


def milliseconds(at: float) -> int:
    """Seconds as whole milliseconds, the nearest."""
    return round(at * 1000)


def row_of(reading: Reading) -> Row:
    """The row for a reading; a value that is no finite number becomes a missing one."""
    values = tuple((name, float(v)) for name, v in reading.values.items() if math.isfinite(v))
    missing = dict(reading.missing)
    if len(values) != len(reading.values):
        stored = {name for name, _ in values}
        missing |= {name: NOT_FINITE for name in reading.values if name not in stored}
    lines = choose_lines(reading.lines)
    return Row(
        probe=storable(reading.probe),
        at_ms=milliseconds(reading.at),
        took_us=round(reading.took * 1_000_000),
        result=reading.result,
        reason=storable(reading.reason),
        missing=to_json(missing),
        facts=to_json(reading.facts),
        values=values,
        lines=lines,
        left_out=len(reading.lines) - len(lines),
        checkpoint=None if reading.checkpoint is None else storable(reading.checkpoint),
    )


def choose_lines(lines: tuple[LogLine, ...]) -> tuple[LogLine, ...]:
    """The lines of a batch that are kept, in their order.

    All of them up to LINES_A_READING; of more, the newest SEVERE_A_READING severe ones, and the
    newest others in the room that is left.
    """
    if len(lines) <= LINES_A_READING:
        return lines
    severe = [i for i, line in enumerate(lines) if line.level in SEVERE][-SEVERE_A_READING:]
    chosen = set(severe)
    others = [i for i, line in enumerate(lines) if line.level not in SEVERE]
    chosen.update(others[-(LINES_A_READING - len(severe)) :])
    return tuple(lines[i] for i in sorted(chosen))


def to_json(mapping: Mapping[str, object]) -> str:
    """The mapping as JSON, empty for an empty one; the same mapping gives the same text."""
    if not mapping:
        return ""
    try:
        return msgspec.json.encode(mapping, order="deterministic").decode()
    except UnicodeEncodeError:
        clean = {storable(k): storable(v) if isinstance(v, str) else v for k, v in mapping.items()}
        return msgspec.json.encode(clean, order="deterministic").decode()


def storable(text: str) -> str:
    """The text as SQLite takes it: half surrogates are no characters and are replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
