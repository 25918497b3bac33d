"""What every signal of a profile reads while all is well, as far as its criteria tell."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from stagewatch.probes import signals_of
from stagewatch.profile.schema import (
    AnyRule,
    Average,
    Check,
    Compare,
    Exhausted,
    Growth,
    Held,
    Profile,
    Savings,
)
from stagewatch.trials.amounts import Line

DAY = 86_400.0
POOL, IN_USE = 80.0, 12.0
MEMORY = 512.0 * 2**20
_USUAL = {"ok": 1.0, "latency": 100.0, "rss": MEMORY, "pss": MEMORY, "cpu": 5.0, "count": 1.0}
"""By the last part of the name."""
_LOG = {"lines", "errors", "warnings", "criticals"}


def healthy_lines(profile: Profile) -> dict[str, Line]:
    """Signal → its value over watch time."""
    found = {
        name: Line(_USUAL.get(name.rpartition(".")[2], 1.0)) for name in signals_of(profile.probe)
    }
    for name, config in profile.probe.items():
        if config.kind == "log":
            found |= {f"{name}.{count}": Line(0.0) for count in _LOG}
        if f"{name}.uptime" in found and config.kind == "process":
            found[f"{name}.uptime"] = Line(0.0, 1.0)
    for rule in (*profile.go.values(), *profile.nogo.values()):
        found |= {name: line for name, line in _wanted(rule) if name in found}
    for check in (check for one in profile.optimisation for check in one.checks):
        if check.signal in found and not _passes(check, found[check.signal]):
            found[check.signal] = Line(_within(check))
    if profile.savings is not None and profile.savings.calls in found:
        found[profile.savings.calls] = _calls(profile.savings)
    return found


def _wanted(rule: AnyRule) -> Iterator[tuple[str, Line]]:
    """What one rule wants of its signals."""
    if isinstance(rule, Average):
        yield rule.signal, Line(rule.limit / 5)
    elif isinstance(rule, Growth):
        yield rule.signal, Line(MEMORY)
    elif isinstance(rule, Held):
        least = rule.limit if rule.warn is None else min(rule.warn, rule.limit)
        yield rule.signal, Line(0.0 if least > 0 else 2 * least - 1)
    elif isinstance(rule, Exhausted):
        most = POOL if isinstance(rule.max, str) else float(rule.max)
        yield rule.used, Line(min(IN_USE, most / 4))
        if isinstance(rule.max, str):
            yield rule.max, Line(most)
        yield rule.waiting, Line(0.0)
        yield rule.timeouts, Line(0.0)
    elif isinstance(rule, Compare):
        yield rule.signal, Line(_between(rule))


def _passes(check: Check, line: Line) -> bool:
    """Whether what a signal reads from its start on is good for a check as well."""
    low, high = check.at_least, check.at_most
    return (low is None or line.base >= low) and (high is None or line.base <= high)


def _within(check: Check) -> float:
    """A value that passes."""
    return _inside(check.at_most, check.at_least)


def _between(rule: Compare) -> float:
    """A value on the right side of its bounds."""
    return _inside(rule.above, rule.below)


def _inside(above: float | None, below: float | None) -> float:
    if above is not None and below is not None:
        return (above + below) / 2
    if above is not None:
        return above / 2 if above > 0 else 2 * above - 1
    assert below is not None  # the profile was checked: there is a bound
    return below * 2 if below > 0 else below / 2 + 1


def _calls(savings: Savings) -> Line:
    """A counter that grows by half of what the claim allows."""
    try:
        baseline = Decimal(savings.baseline_calls_per_day)
        price = Decimal(savings.price_per_call)
        claim = Decimal(savings.per_workspace_month)
        allowed = baseline - claim / (price * savings.days_per_month)
    except ArithmeticError:  # an amount that the profile leaves open
        return Line(0.0)
    return Line(0.0, max(0.0, float(allowed) / 2) / DAY)
