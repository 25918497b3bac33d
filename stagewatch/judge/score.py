"""The optimisation score: the exact mean of the optimisations, each the share of its checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Protocol

from stagewatch.judge.checked import is_within, unit_of
from stagewatch.judge.finding import Why
from stagewatch.model import State
from stagewatch.profile.schema import Check, Optimisation, check_key


class WaiverLike(Protocol):
    """Who waived a check, when, and why."""

    @property
    def by(self) -> str: ...

    @property
    def at(self) -> float: ...

    @property
    def reason(self) -> str: ...


class StandLike(Protocol):
    """What the data say of a check."""

    @property
    def state(self) -> State: ...

    @property
    def reason(self) -> str: ...

    @property
    def why(self) -> str: ...

    @property
    def value(self) -> float | None: ...

    @property
    def since(self) -> float: ...

    @property
    def incident(self) -> float | None: ...


_STATES: Mapping[bool | None, State] = MappingProxyType(
    {True: State.PASS, False: State.FAIL, None: State.INCONCLUSIVE}
)


@dataclass(frozen=True, slots=True)
class CheckScore:
    """One check of an optimisation."""

    name: str
    passes: bool | None
    """What was verified; None: it is not verified, by nobody or by no reading."""
    note: str
    waived_by: str = ""
    waived_because: str = ""
    signal: str = ""
    """What decides it; empty where a person does."""
    value: float | None = None
    """The latest value of the signal, in the unit of the bounds."""
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    """Of the value and the bounds."""
    reason: str = ""
    """Why a signal decides so, or why it cannot."""
    why: str = ""
    """``warming-up``, ``stale`` and the like, while a signal cannot decide; mostly empty."""
    since: float | None = None
    """Since when it says so, Unix time."""

    @property
    def counts(self) -> bool | None:
        """Whether it counts as passing: because it does, or because somebody waived it."""
        return True if self.waived_by else self.passes

    @property
    def state(self) -> State:
        """The same as a state."""
        if self.waived_by:
            return State.WAIVED
        return _STATES[self.passes]

    @property
    def turning(self) -> bool:
        """Whether the latest value is on another side than the one that was held and counts."""
        if self.value is None or self.passes is None:
            return False
        return is_within(self.value, self.at_least, self.at_most) is not self.passes


@dataclass(frozen=True, slots=True)
class OptimisationScore:
    """One optimisation."""

    name: str
    target: str
    score: Fraction | None
    """0 to 100; None while a check of it is not verified."""
    checks: tuple[CheckScore, ...]


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """All optimisations, and what they come to."""

    state: State
    reason: str
    mean: Fraction | None
    """Exact, 0 to 100; None while a check is not verified."""
    limit: float
    rows: tuple[OptimisationScore, ...]
    why: Why = Why.NONE
    """WARMING_UP while only that keeps the checks from being verified."""


def checks_of(found: ScoreResult | None) -> Iterator[tuple[str, CheckScore]]:
    """Every check by its ``check_key``; none where there is no score."""
    for row in found.rows if found else ():
        for check in row.checks:
            yield check_key(row.name, check.name), check


def score(
    optimisations: Sequence[Optimisation],
    waived: Mapping[str, WaiverLike],
    *,
    limit: float,
    stands: Mapping[str, StandLike] = MappingProxyType({}),
) -> ScoreResult:
    """The mean of the optimisations; PASS from ``limit`` on, exactly.

    ``waived`` maps ``check_key`` to the waiver in force, ``stands`` to what the data say of a
    check that a signal decides. A waived check counts as passing, and the sentence names it. A
    check that is not verified makes the score INCONCLUSIVE.
    """
    rows = tuple(_row(one, waived, stands) for one in optimisations)
    if not rows:
        return ScoreResult(State.INCONCLUSIVE, "the profile has no optimisations", None, limit, ())
    unknown = [(row, check) for row in rows for check in row.checks if check.counts is None]
    if unknown:
        reason = _unverified(*unknown[0], more=len(unknown) - 1)
        young = all(check.why == Why.WARMING_UP for _, check in unknown)
        why = Why.WARMING_UP if young else Why.NONE
        return ScoreResult(State.INCONCLUSIVE, reason, None, limit, rows, why)
    mean = sum((row.score or Fraction(0) for row in rows), Fraction(0)) / len(rows)
    state = State.PASS if mean >= Fraction(repr(float(limit))) else State.FAIL
    return ScoreResult(state, _told(mean, limit, rows), mean, limit, rows)


def _unverified(row: OptimisationScore, check: CheckScore, *, more: int) -> str:
    """``not verified: Caching: hit rate (no usable reading of cache.rate yet) and 1 more``."""
    why = f" ({check.reason})" if check.reason else ""
    others = f" and {more} more" if more else ""
    return f"not verified: {row.name}: {check.name}{why}{others}"


def _row(
    one: Optimisation, waived: Mapping[str, WaiverLike], stands: Mapping[str, StandLike]
) -> OptimisationScore:
    keys = [(check, check_key(one.name, check.name)) for check in one.checks]
    checks = tuple(_check(check, waived.get(key), stands.get(key)) for check, key in keys)
    counts = [check.counts for check in checks]
    known = None if None in counts else Fraction(100 * sum(map(bool, counts)), len(counts))
    return OptimisationScore(one.name, one.target, known, checks)


_SAYS: Mapping[State, bool] = MappingProxyType({State.PASS: True, State.FAIL: False})
"""What is in neither is not known."""
NOT_JUDGED = "not judged yet"


def _check(check: Check, waiver: WaiverLike | None, stand: StandLike | None) -> CheckScore:
    found = _measured(check, stand) if check.signal else _said(check)
    # What nobody has verified cannot be waived either: it is not known to fail.
    if waiver is None or found.passes is not False:
        return found
    if check.signal and stand is not None and (stand.incident or stand.since) > waiver.at:
        return found  # it passed since, and fails anew
    return replace(found, waived_by=waiver.by, waived_because=waiver.reason)


def _said(check: Check) -> CheckScore:
    """A check that a person decides."""
    passes = check.passes if isinstance(check.passes, bool) else None
    return CheckScore(check.name, passes, check.note)


def _measured(check: Check, stand: StandLike | None) -> CheckScore:
    """A check that a signal decides."""
    return CheckScore(
        check.name,
        _SAYS.get(stand.state) if stand else None,
        check.note,
        signal=check.signal,
        value=stand.value if stand else None,
        at_least=None if check.at_least is None else float(check.at_least),
        at_most=None if check.at_most is None else float(check.at_most),
        unit=unit_of(check),
        reason=stand.reason if stand else NOT_JUDGED,
        why=stand.why if stand else "",
        since=stand.since if stand else None,
    )


def one_decimal(value: Fraction) -> str:
    """``91.7``, rounded half up; for display only, never for a comparison."""
    tenths = int(value * 10 + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else f"{tenths // 10}"


def _told(mean: Fraction, limit: float, rows: Sequence[OptimisationScore]) -> str:
    """``91.7 of 100, limit 90 (WebSocket leak fix 66.7: ping and pong fails)``."""
    shown = one_decimal(mean)
    if float(shown) >= limit > mean:
        shown += f" ({float(mean):.6g} before rounding)"
    parts = [f"{shown} of 100, limit {limit:g}"]
    for row in rows:
        failing = [c for c in row.checks if not c.counts]
        if failing and row.score is not None:
            more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
            verb = "fail" if more else "fails"
            first = failing[0]
            why = f" ({first.reason})" if first.reason else ""
            parts.append(f"{row.name} {one_decimal(row.score)}: {first.name}{why}{more} {verb}")
    for row in rows:
        for check in row.checks:
            if check.waived_by:
                why = f"waived by {check.waived_by} ({check.waived_because})"
                parts.append(f"{row.name}: {check.name} {why}")
    return "; ".join(parts)
