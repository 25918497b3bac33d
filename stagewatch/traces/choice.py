"""A rule with its limits, from what the command line says: the profile's own words and checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from msgspec.structs import replace

from stagewatch.errors import PersonError
from stagewatch.profile.convert import Findings, convert
from stagewatch.profile.problems import did_you_mean, inert, quoted
from stagewatch.profile.rules import check_order
from stagewatch.profile.schema import (
    AnyRule,
    Available,
    Average,
    Compare,
    Exhausted,
    Growth,
    Held,
    Records,
)
from stagewatch.profile.values import Limit, example_limit, format_value

TraceRule = Growth | Average | Held | Exhausted | Records | Available | Compare

RULES: dict[str, type[TraceRule]] = {
    "growth": Growth,
    "average": Average,
    "held": Held,
    "exhausted": Exhausted,
    "records": Records,
    "available": Available,
    "compare": Compare,
}
UNITS = {"growth": "%/h", "average": "ms", "available": "%"}
"""The unit of the limits of a rule; of the others, that of the column, which nobody knows."""
OPTIONS = {
    "growth": ("limit", "warm_up"),
    "average": ("limit", "warm_up", "timeout"),
    "held": ("limit", "warn", "hold"),
    "exhausted": ("max", "hold", "failed_acquires", "within"),
    "records": (),
    "available": ("limit",),
    "compare": ("above", "below", "hold"),
}
"""What the command line may say of each rule."""
_LIMITS = ("limit", "warn", "above", "below")


def rule_named(name: str) -> str:
    """``name`` where a trace can be judged by it; raises PersonError."""
    if name in RULES:
        return name
    hint = did_you_mean(name, list(RULES), "a trace can be judged by")
    raise PersonError(inert(f"--rule: there is no rule {quoted(name)} for a trace; {hint}"))


def chosen_rule(name: str, said: Mapping[str, Any], signal: str) -> TraceRule:
    """The rule called ``name`` with the options that were ``said``; raises PersonError with
    everything that is wrong with them. ``signal`` is what sentences call the column."""
    for option in said:
        if option not in OPTIONS[name]:
            known = ", ".join(map(_option, OPTIONS[name])) or "no option of its own"
            raise PersonError(f"{_option(option)} does not go with --rule {name}; it takes {known}")
    findings = Findings()
    table = {"rule": name, **_subject(name, signal)}
    # `timeout` belongs to the probe; `max` is that of every reading where a column says it.
    table |= {option: value for option, value in said.items() if option != "timeout"}
    read = cast("AnyRule | None", convert(table, cast("Any", AnyRule), (), findings))
    rule = cast("TraceRule | None", read)
    if rule is not None and not findings.found:
        rule = _in_units(rule, name, findings)
        check_order(rule, (), findings)
        if isinstance(rule, Compare) and rule.above is None and rule.below is None:
            findings.add(("above",), "is needed, or --below", "which side of a bound is wrong?")
    if findings.found or rule is None:
        raise PersonError("\n".join(_told(*found) for found in findings.found))
    return rule


def _subject(name: str, signal: str) -> dict[str, Any]:
    """What the rule is about."""
    if name == "exhausted":
        return {"used": signal, "max": "max", "waiting": "waiting", "timeouts": "timeouts_total"}
    if name == "records":
        return {"probes": [signal]}
    return {"probe" if name == "available" else "signal": signal}


def _in_units(rule: TraceRule, name: str, findings: Findings) -> TraceRule:
    """Its limits in the unit of the rule; a bare number, or bytes, where the column has none."""
    changes = {}
    for key in _LIMITS:
        limit = getattr(rule, key, None)
        unit = UNITS.get(name)
        if not isinstance(limit, Limit) or unit is None:
            continue
        try:
            changes[key] = limit.to(unit)
        except ValueError:
            what = f"{format_value(limit, limit.unit)} is not in {unit}"
            findings.add((key,), what, f"write it as {example_limit(unit)}")
    return replace(rule, **changes) if changes else rule


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _told(key: tuple[str | int, ...], what: str, hint: str) -> str:
    option = f"{_option(str(key[0]))}: " if key else ""
    return inert(f"{option}{what}; {hint}" if hint else f"{option}{what}")
