"""The optimisation score is exact, and says what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from stagewatch.judge.score import one_decimal, score
from stagewatch.model import State
from stagewatch.profile.schema import Check, Optimisation


@dataclass(frozen=True)
class Waived:
    by: str
    reason: str
    at: float = 0.0


def optimisation(name: str, *checks: bool | None) -> Optimisation:
    return Optimisation(
        name=name, checks=[Check(name=f"c{i}", passes=passes) for i, passes in enumerate(checks)]
    )


def four(last: bool | None = False) -> list[Optimisation]:
    """100, 100, 100 and two thirds."""
    return [optimisation(name, True, True) for name in "abc"] + [
        optimisation("d", True, True, last)
    ]


def test_the_mean_of_shares() -> None:
    """100, 100, 100 and 66.7 are 91.7; the sum is exact, and one decimal is for display."""
    found = score(four(), {}, limit=90)
    assert found.state is State.PASS
    assert found.mean == Fraction(275, 3)
    assert found.reason == "91.7 of 100, limit 90; d 66.7: c2 fails"
    assert [row.score for row in found.rows] == [100, 100, 100, Fraction(200, 3)]


@pytest.mark.parametrize(("passing", "state"), [(9, State.PASS), (8, State.FAIL)])
def test_exactly_the_limit_passes(passing: int, state: State) -> None:
    """Nine of ten are 90."""
    checks = [i < passing for i in range(10)]
    assert score([optimisation("a", *checks)], {}, limit=90).state is state


def test_a_limit_with_a_decimal_is_meant_as_written() -> None:
    """89.1 is 891 of 1000, whatever binary makes of it."""
    checks = [i < 891 for i in range(1000)]
    assert score([optimisation("a", *checks)], {}, limit=89.1).state is State.PASS


def test_what_fails_is_not_shown_as_the_limit() -> None:
    """89.96 would be shown as 90."""
    checks = [i < 2249 for i in range(2500)]
    found = score([optimisation("a", *checks)], {}, limit=90)
    assert found.state is State.FAIL
    assert found.reason.startswith("90 (89.96 before rounding) of 100, limit 90")


def test_an_unverified_check_is_inconclusive() -> None:
    """However good the rest is."""
    found = score(four(None), {}, limit=90)
    assert (found.state, found.mean) == (State.INCONCLUSIVE, None)
    assert found.reason == "not verified: d: c2"
    assert found.rows[3].score is None


def test_what_nobody_verified_cannot_be_waived() -> None:
    """It is not known to fail."""
    found = score(four(None), {"d/c2": Waived("anna", "false alarm")}, limit=90)
    assert found.state is State.INCONCLUSIVE


def test_a_waived_check_counts_and_is_named() -> None:
    """With who waived it and why."""
    found = score(four(False), {"d/c2": Waived("anna", "false alarm")}, limit=90)
    assert found.state is State.PASS
    assert found.mean == 100
    assert found.reason == "100 of 100, limit 90; d: c2 waived by anna (false alarm)"
    assert found.rows[3].checks[2].waived_by == "anna"


def test_a_waiver_of_a_check_that_passes_is_not_needed() -> None:
    """And not mentioned."""
    found = score(four(True), {"d/c2": Waived("anna", "false alarm")}, limit=90)
    assert found.reason == "100 of 100, limit 90"


def test_without_optimisations_nothing_is_known() -> None:
    """An empty mean is no score."""
    assert score([], {}, limit=0).state is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("value", "shown"), [("91.675", "91.7"), ("91.65", "91.7"), ("91.64", "91.6"), ("100", "100")]
)
def test_one_decimal_is_rounded_half_up(value: str, shown: str) -> None:
    """As people round."""
    assert one_decimal(Fraction(value)) == shown
