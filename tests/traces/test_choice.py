"""A rule with its limits, from what the command line says."""

from __future__ import annotations

from typing import Any

import pytest

from stagewatch.errors import PersonError
from stagewatch.profile.schema import Average, Compare, Growth
from stagewatch.profile.values import Limit
from stagewatch.traces.choice import OPTIONS, RULES, chosen_rule, rule_named


def refused(name: str, **said: Any) -> str:  # noqa: ANN401
    with pytest.raises(PersonError) as caught:
        chosen_rule(name, said, "x")
    return str(caught.value)


def test_a_limit_is_read_in_the_unit_of_the_rule() -> None:
    """As in a profile."""
    growth = chosen_rule("growth", {"limit": "0.24 %/min", "warm_up": "5min"}, "rss")
    assert isinstance(growth, Growth)
    assert growth.limit == pytest.approx(14.4)
    assert float(growth.warm_up) == 300
    assert (growth.limit.unit, growth.signal) == ("%/h", "rss")
    average = chosen_rule("average", {"limit": "2s"}, "ms")
    assert isinstance(average, Average)
    assert average.limit == Limit(2000, "ms")
    assert average.limit.unit == "ms"


def test_bare_numbers_and_sizes_are_in_the_unit_of_the_column() -> None:
    """Which nobody but the operator knows."""
    rule = chosen_rule("compare", {"above": "1 GiB"}, "rss")
    assert isinstance(rule, Compare)
    assert rule.above == Limit(2.0**30, "B")
    assert chosen_rule("held", {"limit": "70"}, "orphans").limit == 70  # type: ignore[union-attr]


def test_every_rule_has_the_defaults_of_a_profile() -> None:
    """Nothing but its name has to be said, a bound of compare apart."""
    for name in RULES:
        said = {"above": "1"} if name == "compare" else {}
        assert chosen_rule(name, said, "x").__struct_config__.tag == name
    assert set(OPTIONS) == set(RULES)


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        ("growth", {"limit": "10 ms"}, '--limit: 10 ms is not in %/h; write it as "10 %/h"'),
        ("growth", {"limit": "10 %/fortnight"}, '--limit: "fortnight" is not a unit here'),
        ("growth", {"hold": "3m"}, "--hold does not go with --rule growth; it takes --limit, --wa"),
        ("records", {"limit": "3"}, "--limit does not go with --rule records; it takes no option"),
        ("growth", {"warm_up": "5"}, '--warm-up: "5" has no unit; write "5s", "5min" or "5h"'),
        ("held", {"limit": "5", "warn": "9"}, "--warn: is above limit; a warning comes before"),
        ("compare", {}, "--above: is needed, or --below; which side of a bound is wrong?"),
        ("compare", {"above": "1", "below": "2"}, "above is less than below, and no value would"),
        ("exhausted", {"max": 0}, "--max: must be a whole number, at least 1"),
    ],
)
def test_what_does_not_fit_is_told_by_the_option(name: str, said: Any, told: str) -> None:  # noqa: ANN401
    """In the words of the command line."""
    assert refused(name, **said).startswith(told)


def test_all_problems_of_the_options_are_told_at_once() -> None:
    """A line each."""
    assert len(refused("held", limit="x", hold="y").splitlines()) == 2


def test_a_rule_that_is_not_there_is_refused_with_the_nearest() -> None:
    """Those over people's acts judge no trace."""
    with pytest.raises(PersonError, match='no rule "grwth" for a trace; did you mean "growth"'):
        rule_named("grwth")
    with pytest.raises(PersonError, match='"checklist" for a trace'):
        rule_named("checklist")
