"""The patterns of the logs as rows: what happens, how often, how long ago, and what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagewatch.logs.words import CRITICAL, RANK
from stagewatch.model import State
from stagewatch.widgets.paint import Line, Role, crop, ends, fill, line
from stagewatch.widgets.view import kept
from stagewatch.widgets.words import coarse, plural

if TYPE_CHECKING:
    from stagewatch.model import LogPattern
    from stagewatch.session.document import Acknowledgement
    from stagewatch.snapshot import CriterionNow, Snapshot

LEVELS = {CRITICAL: Role.BAD, "ERROR": Role.BAD, "WARNING": Role.WARN}
MINUTE = 60.0
ROOMY = 5
"""Rows from which it is told apart what is left out above and below."""
COUNTED: Mapping[str, Callable[[LogPattern], bool]] = {
    "criticals": lambda pattern: pattern.level == CRITICAL,
    "new": lambda pattern: pattern.new,
}
"""The signals of a log that can be told by its patterns, and by which of them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A pattern's place: its log and its number there."""

    probe: str
    number: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A pattern as the pane lists it."""

    probe: str
    pattern: LogPattern
    known_by: str = ""
    """Who acknowledged it; empty for nobody."""

    @property
    def place(self) -> Place:
        return Place(self.probe, self.pattern.number)

    @property
    def name(self) -> str:
        """What an acknowledgement calls it."""
        return name_of(self.probe, self.pattern)


def name_of(probe: str, pattern: LogPattern) -> str:
    """``errors: CRITICAL disk full on #``."""
    return f"{probe}: {pattern.level} {pattern.text}"


@kept
def entries(snapshot: Snapshot) -> list[Entry]:
    """Every pattern, the most urgent one first.

    Critical ones that nobody acknowledged, new ones, and the others by their last minute: what
    repeats within a minute does not move.
    """
    known = _acknowledged(snapshot)
    found = [
        Entry(log.probe, pattern, known[name].by if name in known else "")
        for log in snapshot.logs
        for pattern in log.patterns
        for name in (name_of(log.probe, pattern),)
    ]
    return sorted(found, key=_urgency)


def _acknowledged(snapshot: Snapshot) -> Mapping[str, Acknowledgement]:
    return {
        known.pattern: known
        for known in snapshot.session.acknowledgement
        if known.pattern and known.until > snapshot.now
    }


def all_known(snapshot: Snapshot, criterion: CriterionNow) -> bool:
    """Whether somebody acknowledged every pattern that the failing of a criterion rests on.

    Never where a record has no pattern: then nobody can have looked at all of them.
    """
    if criterion.state not in (State.FAIL, State.WARN):
        return False
    logs = {log.probe: log for log in snapshot.logs}
    known = _acknowledged(snapshot)
    for name in criterion.signals:
        probe, _, field = name.partition(".")
        signal, log = snapshot.signals.get(name), logs.get(probe)
        if log is None or signal is None or signal.last_value is None or field not in COUNTED:
            return False
        rests = [pattern for pattern in log.patterns if pattern.count and COUNTED[field](pattern)]
        records = len(rests) if field == "new" else sum(pattern.count for pattern in rests)
        if records < signal.last_value:
            return False
        if not all(_covers(known.get(name_of(probe, pattern)), pattern) for pattern in rests):
            return False
    return bool(criterion.signals)


def _covers(known: Acknowledgement | None, pattern: LogPattern) -> bool:
    """A pattern that stands for others may mean other records than those that were looked at."""
    return known is not None and (not pattern.other or known.at >= pattern.last)


def _urgency(entry: Entry) -> tuple[bool, bool, bool, float, int, str, int]:
    pattern = entry.pattern
    critical = pattern.level == CRITICAL and not entry.known_by
    urgent = critical or (pattern.new and not entry.known_by)
    when = pattern.first if urgent else pattern.last // MINUTE
    return (
        not critical,
        not urgent,
        not (urgent and pattern.other),
        -when,
        -RANK.get(pattern.level, 0),
        entry.probe,
        pattern.number,
    )


def pattern_line(entry: Entry, now: float, width: int, *, several: bool = False) -> Line:
    """``ERROR    pool: timed out after # s      ×14    4m  NEW``."""
    pattern = entry.pattern
    left = line(
        (pattern.level.ljust(8), LEVELS.get(pattern.level, Role.DIM)),
        " ",
        (f"{entry.probe}: " if several else "", Role.DIM),
        pattern.text,
    )
    mark = ("NEW", Role.ACCENT) if pattern.new else ("   ", Role.PLAIN)
    if entry.known_by:
        mark = (f"ack {entry.known_by}", Role.GOOD)
    right = line(
        (f"×{pattern.count:,}".rjust(6), Role.STRONG),
        (age(now - pattern.last).rjust(7), Role.DIM),
        "  ",
        mark,
    )
    return ends(left, crop(right, max(20, width // 2)), width)


def age(seconds: float) -> str:
    """In whole minutes, so that it is sent again once a minute: ``now``, ``4m``, ``2h13m``."""
    return "now" if seconds < MINUTE else coarse(seconds - seconds % MINUTE)


def pattern_lines(
    shown: Sequence[Entry], now: float, width: int, rows: int, cursor: Place | None = None
) -> list[Line]:
    """The patterns in ``rows`` lines, those around the cursor; what is left out is counted, above
    and below, or where there is little room in one sum."""
    if rows < 1:
        return []
    several = len({entry.probe for entry in shown}) > 1
    first, last = _window(shown, rows, cursor)
    above, below = shown[:first], shown[last:]
    if rows < ROOMY:
        above, below = [], [*above, *below]
    lines: list[Line] = [_left_out(above, "above")] if above else []
    for entry in shown[first:last]:
        row = pattern_line(entry, now, width, several=several)
        if entry.place == cursor:
            row = tuple((text, Role.CURSOR) for text, _ in fill(row, width))
        lines.append(row)
    if below and rows > 1:
        lines.append(_left_out(below))
    return lines


def _left_out(hidden: Sequence[Entry], where: str = "") -> Line:
    """``… 6 more patterns, 1 CRITICAL, 2 NEW``."""
    critical = sum(e.pattern.level == CRITICAL and not e.known_by for e in hidden)
    new = sum(e.pattern.new and not e.known_by for e in hidden)
    more = f"… {plural(len(hidden), 'more pattern')}{' ' * bool(where)}{where}"
    return line(
        (more, Role.DIM),
        (f", {critical} CRITICAL" if critical else "", Role.BAD),
        (f", {new} NEW" if new else "", Role.ACCENT),
    )


def _window(shown: Sequence[Entry], rows: int, cursor: Place | None) -> tuple[int, int]:
    """Which of the patterns are seen."""
    count = len(shown)
    if count <= rows:
        return 0, count
    room = max(1, rows - 1)
    at = next((i for i, entry in enumerate(shown) if entry.place == cursor), 0)
    if rows < ROOMY:
        first = min(max(0, at - room + 1), count - room)
        return first, first + room
    if at < room:
        return 0, room
    if at >= count - room:
        return count - room, count
    return at - room + 2, at + 1  # one row less: something is left out on both sides


def summary(snapshot: Snapshot | None) -> Line:
    """``2 NEW``: how many patterns are new; empty where none is."""
    if snapshot is None:
        return ()
    new = sum(pattern.new for log in snapshot.logs for pattern in log.patterns)
    signals = (snapshot.signals.get(f"{log.probe}.new") for log in snapshot.logs)
    least = "≥" if any(signal is not None and signal.at_least for signal in signals) else ""
    return line((f"{least}{new} NEW", Role.ACCENT)) if new else ()
