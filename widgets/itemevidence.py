"""What the signals of a checklist item say now, so that ticking it is a decision.

Whatever is missing, late or broken is marked as that, and so is a value that a rule has found bad.
A fresh value is called good only where a rule judges it; any other is at hand, and for a person to
judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from stagewatch.model import State
from stagewatch.profile.derived import DERIVED
from stagewatch.profile.values import format_value
from stagewatch.widgets.paint import BLANK, Line, Role, crop, join, line, width_of, wrap
from stagewatch.widgets.view import failing, kept, late, over, probe_of
from stagewatch.widgets.words import ago, coarse

if TYPE_CHECKING:
    from stagewatch.session.document import Evidence
    from stagewatch.snapshot import ItemNow, ProbeNow, SignalNow, Snapshot

NOBODY_MEASURES = "no signal measures this: it is a person's to judge"


class Standing(IntEnum):
    """How far a signal can be relied on, the best first."""

    PASSED = 0
    """At hand, and every rule that judges it passes."""
    AT_HAND = 1
    """Read in time, and nobody but a person says what it means."""
    UNREAD = 2
    """Nothing was read yet."""
    WARNED = 3
    """A rule warns of it, or it is only known to be at least this."""
    ABSENT = 4
    """Late, left out or without a value."""
    BAD = 5
    """Its probe fails, or a rule that judges it does."""


MARKS = {
    Standing.PASSED: ("✓", Role.GOOD),
    Standing.AT_HAND: ("●", Role.PLAIN),
    Standing.UNREAD: ("○", Role.DIM),
    Standing.WARNED: ("!", Role.WARN),
    Standing.ABSENT: ("◌", Role.WARN),
    Standing.BAD: ("✖", Role.BAD),
}
_WORDS = {
    Standing.UNREAD: "not read yet",
    Standing.WARNED: "in doubt",
    Standing.ABSENT: "late or missing",
    Standing.BAD: "bad",
}
_RULED = {
    State.FAIL: Standing.BAD,
    State.WARN: Standing.WARNED,
    State.WAIVED: Standing.WARNED,
}
"""What a rule that has something against a value makes of it."""
_OF_MANY = frozenset(("coverage", "score"))
"""Rules that count readings, whatever these say, or checks, each of which says more itself."""


@dataclass(frozen=True, slots=True)
class Judging:
    """What a criterion or a check makes of a signal."""

    title: str
    state: State


@dataclass(frozen=True, slots=True)
class Telling:
    """What one signal says now."""

    name: str
    standing: Standing
    value: Line
    """The value with its unit; what is not known has words instead."""
    aside: str = ""
    """Why it is not good."""
    aged: bool = False
    """An age is told, which grows."""


class _Ground(NamedTuple):
    """All that decides what a signal says while its probe is in time."""

    signal: SignalNow | None
    probe: ProbeNow | None
    rules: tuple[Judging, ...]

    def same(self, other: _Ground) -> bool:
        """Whether nothing of it is another; a probe that did not report is the same object."""
        alike = self.signal is other.signal and self.probe is other.probe
        return alike and self.rules == other.rules


_known: dict[str, tuple[_Ground, Telling]] = {}
"""What each signal said last, from whichever snapshot."""


def telling(snapshot: Snapshot, name: str, now: float) -> Telling:
    """What a signal says at ``now``: asked several times a second for many of them, and mostly the
    same as before."""
    probe = probe_of(snapshot, name)
    ground = _Ground(snapshot.signals.get(name), probe, judging(snapshot).get(name, ()))
    if probe is None or late(probe, now):
        return _told(name, ground, now)
    known = _known.get(name)
    if known is not None and known[0].same(ground):
        return known[1]
    told = _told(name, ground, now)
    if not told.aged:
        _known[name] = ground, told
    return told


def _told(name: str, ground: _Ground, now: float) -> Telling:
    signal, probe = ground.signal, ground.probe
    if signal is None:
        return Telling(name, Standing.ABSENT, BLANK, "no such signal in this watch")
    if probe is not None and probe.result is None:
        return Telling(name, Standing.UNREAD, line(("no reading yet", Role.DIM)))
    if signal.value is None:
        return _ruled(ground.rules, _without_value(signal, probe, now))
    told = Telling(name, Standing.AT_HAND, line(format_value(signal.value, signal.unit)))
    if probe is None or late(probe, now):
        # What nobody reads again is as old as its value.
        aside = f"{_old(probe, now)}, {_age(probe.at if probe is not None else signal.at, now)}"
        told = replace(told, standing=Standing.ABSENT, aside=aside, aged=True)
    elif failing(probe):
        aside = f"{probe.reason}, tried {_age(probe.at, now)}"
        told = replace(told, standing=Standing.BAD, aside=aside, aged=True)
    elif signal.at_least:
        value = line("≥ ", *told.value)
        aside = signal.reason or "a lower bound"
        told = replace(told, standing=Standing.WARNED, value=value, aside=aside)
    return _ruled(ground.rules, told)


def _without_value(signal: SignalNow, probe: ProbeNow | None, now: float) -> Telling:
    """Why there is none, and the last one with its age, which is not the value of now."""
    # That a derived signal cannot be worked out says nothing bad of what it is made of.
    broken = probe is not None and failing(probe) and probe.kind != DERIVED
    standing = Standing.BAD if broken else Standing.ABSENT
    why = [signal.reason or (probe.reason if probe is not None else "") or "no reading yet"]
    aged = probe is not None and late(probe, now)
    if probe is not None and aged:
        why.insert(0, f"{_old(probe, now)}, {_age(probe.at, now)}")
    if signal.last_value is not None and signal.last_value_at is not None:
        last = format_value(signal.last_value, signal.unit)
        why.append(f"last {last}, {coarse(now - signal.last_value_at)} ago")
        aged = True
    value = line(("no value", MARKS[standing][1]))
    return Telling(signal.name, standing, value, "; ".join(why), aged)


def _old(probe: ProbeNow | None, now: float) -> str:
    return "over" if probe is not None and over(probe, now) else "LATE"


def _ruled(rules: Sequence[Judging], told: Telling) -> Telling:
    """With what the rules say of the signal."""
    passed = bool(rules) and all(rule.state is State.PASS for rule in rules)
    if passed and told.standing is Standing.AT_HAND:
        return replace(told, standing=Standing.PASSED)
    for rule in rules:
        if rule.state not in _RULED:
            continue
        said = f"{rule.title}: {rule.state.value}"
        aside = f"{told.aside}; {said}" if told.aside else said
        standing = max(told.standing, _RULED[rule.state])
        told = replace(told, standing=standing, aside=aside)
    return told


@kept
def judging(snapshot: Snapshot) -> dict[str, tuple[Judging, ...]]:
    """Signal → what judges it: criteria, and checks of optimisations instead of their score."""
    found: dict[str, tuple[Judging, ...]] = {}
    for criterion in snapshot.criteria:
        if criterion.rule not in _OF_MANY:
            rule = Judging(criterion.title or criterion.name, criterion.state)
            for name in criterion.signals:
                found[name] = (*found.get(name, ()), rule)
    for optimisation in snapshot.score.rows if snapshot.score is not None else ():
        for check in optimisation.checks:
            if check.signal:
                rule = Judging(check.name, check.state)
                found[check.signal] = (*found.get(check.signal, ()), rule)
    return found


def _age(at: float | None, now: float) -> str:
    return ago(at, now) if at is not None else "never"


def signals_of(item: ItemNow) -> tuple[str, ...]:
    """Those of the profile, and those that the tick recorded beside them."""
    return tuple(dict.fromkeys((*item.signals, *(found.signal for found in item.evidence))))


def worst(snapshot: Snapshot, names: Sequence[str], now: float) -> Standing | None:
    """The standing of the least reliable signal; None without signals."""
    return max((telling(snapshot, name, now).standing for name in names), default=None)


def mark_line(standing: Standing | None) -> Line:
    """The mark of a standing; nothing where nothing is measured."""
    return line(MARKS[standing]) if standing is not None else BLANK


def summary(snapshot: Snapshot, item: ItemNow, now: float) -> Line:
    """``evidence: all 3 at hand``, ``evidence: 1 of 3 bad``; the worst decides."""
    names = signals_of(item)
    if not names:
        return line(("evidence: none", Role.DIM))
    standings = [telling(snapshot, name, now).standing for name in names]
    at_worst = max(standings)
    if at_worst <= Standing.AT_HAND:
        count = f"all {len(names)} " if len(names) > 1 else ""
        return line(("evidence: ", Role.DIM), f"{count}at hand")
    count = f"{standings.count(at_worst)} of {len(names)}"
    role = MARKS[at_worst][1]
    return line(("evidence: ", Role.DIM), (f"{count} {_WORDS[at_worst]}", role))


def evidence_lines(
    snapshot: Snapshot, item: ItemNow, now: float, width: int, rows: int
) -> list[Line]:
    """Every signal of the item in at most ``rows``: what is amiss in full as far as there is room,
    the worst first; where there is no row for each, the worst ones."""
    told = [telling(snapshot, name, now) for name in signals_of(item)]
    if not told:
        return list(wrap(NOBODY_MEASURES, width, Role.DIM, rows=max(1, rows)))
    then = {found.signal: found for found in item.evidence}
    wide = min(max(len(one.name) for one in told), max(8, width // 2))
    ranked = sorted(told, key=lambda one: -one.standing)
    if len(told) > rows:
        kept_rows = [_cut(one, None, wide, width) for one in ranked[: max(1, rows - 1)]]
        left = len(told) - len(kept_rows)
        return [*kept_rows, line((f"  and {left} more", Role.DIM))][: max(1, rows)]
    blocks = {one.name: [_cut(one, then.get(one.name), wide, width)] for one in told}
    spare = rows - len(told)
    for one in ranked:
        if spare:
            blocks[one.name] = _whole(one, then.get(one.name), wide, width, min(2, spare))
            spare -= len(blocks[one.name]) - 1
    return [row for block in blocks.values() for row in block]


def _head(one: Telling, wide: int) -> Line:
    mark, role = MARKS[one.standing]
    name = crop(line((one.name, Role.DIM)), wide)
    gap = " " * (wide - width_of(name))
    value = one.value if one.value else line(("no value", Role.WARN))
    return join((line((mark, role), " ", *name, gap), value))


def _then(then: Evidence | None) -> Line:
    """What it was at the tick."""
    if then is None:
        return BLANK
    if then.value is None:
        return line(("none at the tick", Role.WARN))
    return line((f"then {format_value(then.value, then.unit)}", Role.DIM))


def _cut(one: Telling, then: Evidence | None, wide: int, width: int) -> Line:
    """In one row: what is amiss before what it was at the tick."""
    aside = line((one.aside, MARKS[one.standing][1]))
    return crop(join((_head(one, wide), aside, _then(then))), width)


def _whole(one: Telling, then: Evidence | None, wide: int, width: int, below: int) -> list[Line]:
    """In one row where it fits, else with what is amiss in at most so many rows below."""
    aside = line((one.aside, MARKS[one.standing][1]))
    row = join((_head(one, wide), aside, _then(then)))
    if not aside or width_of(row) <= width:
        return [crop(row, width)]
    head = crop(join((_head(one, wide), _then(then))), width)
    words = wrap(one.aside, width - 2, MARKS[one.standing][1], rows=below)
    return [head, *(line("  ", *row) for row in words)]
