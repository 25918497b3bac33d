"""A reading as the writer keeps it until it is stored: small, and cut off from its maker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

import msgspec

from stagewatch.model import Fact, LogLine, LogPattern, Reading, Result

SEVERE = frozenset(("CRITICAL", "FATAL", "ERROR", "SEVERE", "ALERT", "EMERG", "EMERGENCY", "PANIC"))
LINES_A_READING = 1000
SEVERE_A_READING = 800
NOT_FINITE = "not a finite number"


@dataclass(frozen=True, slots=True)
class Row:
    """One reading in the file's own terms; texts are already JSON, empty for an empty object."""

    probe: str
    at_ms: int
    took_us: int
    result: Result
    reason: str
    missing: str
    """Signal → why; null where the reading's own reason is why."""
    facts: str
    """Name → text or truth value; null stands for the next one of ``numbers``."""
    numbers: str
    """JSON array: facts that are numbers change often, and are kept beside those that do not."""
    values: tuple[tuple[str, float], ...]
    lines: tuple[LogLine, ...]
    left_out: int
    """Lines of the reading that are not in ``lines``."""
    patterns: tuple[LogPattern, ...]
    checkpoint: str | None

    @property
    def weight(self) -> int:
        """About how many bytes of memory the row holds."""
        texts = (self.reason, self.missing, self.facts, self.numbers, self.checkpoint or "")
        lines = sum(len(line.text) + 250 for line in self.lines)
        lines += sum(len(pattern.text) + len(pattern.example) + 400 for pattern in self.patterns)
        return 800 + sum(map(len, texts)) + 150 * len(self.values) + lines


def milliseconds(at: float) -> int:
    """Seconds as whole milliseconds, the nearest."""
    return round(at * 1000)


def row_of(reading: Reading) -> Row:
    """The row for a reading; a value that is no finite number becomes a missing one.

    Raises ValueError, OverflowError or TypeError for a reading that no file could hold.
    """
    values = tuple((name, float(v)) for name, v in reading.values.items() if math.isfinite(v))
    missing = dict(reading.missing)
    if len(values) != len(reading.values):
        finite = {name for name, _ in values}
        missing |= {name: NOT_FINITE for name in reading.values if name not in finite}
    facts, numbers = split_facts(reading.facts)
    lines = choose_lines(reading.lines)
    return Row(
        probe=storable(reading.probe),
        at_ms=milliseconds(reading.at),
        took_us=round(reading.took * 1_000_000),
        result=Result(reading.result),
        # Interned: thousands of rows that wait for room on the disk share these texts.
        reason=intern(storable(reading.reason)),
        missing=intern(to_json(unless_same(missing, reading.reason))),
        facts=intern(facts),
        numbers=numbers,
        values=values,
        lines=lines,
        left_out=len(reading.lines) - len(lines),
        patterns=tuple(reading.patterns),
        checkpoint=None if reading.checkpoint is None else storable(reading.checkpoint),
    )


def unless_same(missing: Mapping[str, str], reason: str) -> dict[str, str | None]:
    """Signal → why, None where that is the reading's own reason."""
    return {name: None if why == reason else why for name, why in missing.items()}


def split_facts(facts: Mapping[str, Fact]) -> tuple[str, str]:
    """(facts with null for every number, the numbers in the same order), as JSON."""
    kept: dict[str, object] = {}
    numbers: list[int | float] = []
    for name, fact in facts.items():
        if isinstance(fact, bool | str):
            kept[name] = fact
        elif math.isfinite(fact):
            kept[name] = None
            numbers.append(fact)
        else:
            kept[name] = str(fact)
    return to_json(kept), msgspec.json.encode(numbers).decode() if numbers else ""


def join_facts(facts: dict[str, Any], numbers: str) -> dict[str, Fact]:
    """The facts that ``split_facts`` took apart; ``facts`` is changed."""
    if numbers:
        following = iter(msgspec.json.decode(numbers, type=list[int | float]))
        facts.update({name: next(following) for name, fact in facts.items() if fact is None})
    return facts


def choose_lines(lines: tuple[LogLine, ...]) -> tuple[LogLine, ...]:
    """The lines of a batch that are kept, in their order.

    All of them up to LINES_A_READING; of more, the newest SEVERE_A_READING severe ones, and the
    newest others in the room that is left.
    """
    if len(lines) <= LINES_A_READING:
        return lines
    severe = [i for i, line in enumerate(lines) if line.level in SEVERE][-SEVERE_A_READING:]
    others = [i for i, line in enumerate(lines) if line.level not in SEVERE]
    room = LINES_A_READING - len(severe)
    return tuple(lines[i] for i in sorted([*severe, *others[-room:]]))


def to_json(mapping: Mapping[str, object]) -> str:
    """The mapping as JSON in its own order; empty for an empty one."""
    if not mapping:
        return ""
    try:
        return msgspec.json.encode(mapping).decode()
    except UnicodeEncodeError:
        clean = {storable(k): storable(v) if isinstance(v, str) else v for k, v in mapping.items()}
        return msgspec.json.encode(clean).decode()


def storable(text: str) -> str:
    """The text as SQLite takes it: half surrogates are no characters and are replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
