"""The optimisation score: the exact mean of the optimisations, each the share of its checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from stagewatch.model import State
from stagewatch.profile.schema import Check, Optimisation


class WaiverLike(Protocol):
    """Who waived a check, and why."""

    @property
    def by(self) -> str: ...

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CheckScore:
    """One check of an optimisation."""

    name: str
    passes: bool | None
    """What was verified; None: nobody has."""
    note: str
    waived_by: str = ""
    waived_because: str = ""

    @property
    def counts(self) -> bool | None:
        """Whether it counts as passing: because it does, or because somebody waived it."""
        return True if self.waived_by else self.passes


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


def check_key(optimisation: str, check: str) -> str:
    """What a waiver of one check names."""
    return f"{optimisation}/{check}"


def score(
    optimisations: Sequence[Optimisation], waived: Mapping[str, WaiverLike], *, limit: float
) -> ScoreResult:
    """The mean of the optimisations; PASS from ``limit`` on, exactly.

    ``waived`` maps ``check_key`` to the waiver in force. A waived check counts as passing, and
    the sentence names it. A check that nobody verified makes the score INCONCLUSIVE.
    """
    rows = tuple(_row(one, waived) for one in optimisations)
    if not rows:
        return ScoreResult(State.INCONCLUSIVE, "the profile has no optimisations", None, limit, ())
    unknown = [f"{row.name}: {c.name}" for row in rows for c in row.checks if c.counts is None]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        reason = f"not verified: {unknown[0]}{more}"
        return ScoreResult(State.INCONCLUSIVE, reason, None, limit, rows)
    mean = sum((row.score or Fraction(0) for row in rows), Fraction(0)) / len(rows)
    state = State.PASS if mean >= Fraction(repr(float(limit))) else State.FAIL
    return ScoreResult(state, _told(mean, limit, rows), mean, limit, rows)


def _row(one: Optimisation, waived: Mapping[str, WaiverLike]) -> OptimisationScore:
    checks = tuple(
        _check(check, waived.get(check_key(one.name, check.name))) for check in one.checks
    )
    counts = [check.counts for check in checks]
    known = None if None in counts else Fraction(100 * sum(map(bool, counts)), len(counts))
    return OptimisationScore(one.name, one.target, known, checks)


def _check(check: Check, waiver: WaiverLike | None) -> CheckScore:
    # What nobody has verified cannot be waived either: it is not known to fail.
    if waiver is None or check.passes or check.passes is None:
        return CheckScore(check.name, check.passes, check.note)
    return CheckScore(check.name, check.passes, check.note, waiver.by, waiver.reason)


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
        failing = [c.name for c in row.checks if not c.counts]
        if failing and row.score is not None:
            more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
            verb = "fail" if more else "fails"
            parts.append(f"{row.name} {one_decimal(row.score)}: {failing[0]}{more} {verb}")
    for row in rows:
        for check in row.checks:
            if check.waived_by:
                why = f"waived by {check.waived_by} ({check.waived_because})"
                parts.append(f"{row.name}: {check.name} {why}")
    return "; ".join(parts)
