"""What types cannot say about rules: the signals and probes they name, units, times, order."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from stagewatch.model import probe_of
from stagewatch.paths import valid_name
from stagewatch.profile.convert import Findings
from stagewatch.profile.drills import DRILL
from stagewatch.profile.probes import BAD_NAME, NAME_HINT, Probes
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.schema import (
    AnyRule,
    Available,
    Compare,
    Exhausted,
    Growth,
    Held,
    Records,
    SavingsClaim,
)
from stagewatch.profile.values import (
    Duration,
    Limit,
    example_limit,
    format_duration,
    format_value,
    measures,
)

_SIGNAL_KEYS = ("signal", "used", "max", "waiting", "timeouts")
_LIMIT_KEYS = ("limit", "warn", "above", "below")
_DAY = 86_400.0
_TIME_KEYS = ("hold", "warm_up", "within", "longest_gap")


def check_rule(
    rule: AnyRule,
    key: Key,
    table: dict[str, Any],
    window: float | None,
    probes: Probes,
    findings: Findings,
) -> AnyRule:
    """The rule with its limits in the units of its signals; problems go to ``findings``."""
    if not valid_name(str(key[-1])):
        findings.add(key, BAD_NAME, NAME_HINT)
    for name in _SIGNAL_KEYS:
        signal = getattr(rule, name, None)
        if isinstance(signal, str) and signal:
            check_signal(signal, (*key, name), probes, findings)
            _check_result(rule, probe_of(signal), (*key, name), probes, findings)
    _check_probes(rule, key, probes, findings)
    _check_times(rule, key, window, findings)
    if isinstance(rule, Compare) and "above" not in table and "below" not in table:
        findings.add(key, "needs above or below", "which side of a bound is wrong?")
    rule = _in_units(rule, key, table, probes, findings)
    if not findings.concern(key):
        check_order(rule, key, findings)
    return rule


def check_signal(signal: str, key: Key, probes: Probes, findings: Findings) -> None:
    """Some probe provides ``signal``."""
    if probes.may_provide(signal):
        return
    if signal in probes.broken:
        findings.add(key, f"{quoted(signal)} is a probe, not a signal")
    elif signal in probes.configs:
        own = [name for name in probes.signals if name.startswith(f"{signal}.")]
        hint = f"it provides {', '.join(own)}" if own else "it provides none"
        findings.add(key, f"{quoted(signal)} is a probe, not a signal", hint)
    else:
        hint = _or_none(findings.suggest(signal, probes.signals, "there are"), probes)
        findings.add(key, f"no probe provides {quoted(signal)}", hint)


def _check_result(rule: AnyRule, probe: str, key: Key, probes: Probes, findings: Findings) -> None:
    """A rule over a course of values could never fail by the one that a drill leaves."""
    config = probes.configs.get(probe)
    if config is not None and config.kind == DRILL and not isinstance(rule, Compare):
        what = f"{quoted(probe)} is a drill, whose results no such rule can judge"
        findings.add(key, what, 'use rule = "compare"')


def _check_probes(rule: AnyRule, key: Key, probes: Probes, findings: Findings) -> None:
    """The probes that ``records`` and ``available`` name are there, and of use to them."""
    if isinstance(rule, Available):
        _check_probe(rule.probe, (*key, "probe"), probes, findings)
        _check_result(rule, rule.probe, (*key, "probe"), probes, findings)
    if not isinstance(rule, Records):
        return
    if not rule.probes:
        findings.add((*key, "probes"), "must not be empty", "name the log probes that count")
    for index, name in enumerate(rule.probes):
        where = (*key, "probes", index)
        exists = _check_probe(name, where, probes, findings)
        if exists and not probes.may_provide(f"{name}.criticals"):
            findings.add(where, f"{quoted(name)} reads no log", 'name a probe of kind "log"')
        if name in rule.probes[:index]:
            findings.add(where, f"{quoted(name)} is there twice")


def _check_probe(name: str, key: Key, probes: Probes, findings: Findings) -> bool:
    if name in probes.names():
        return True
    hint = _or_none(findings.suggest(name, probes.names(), "there are"), probes)
    findings.add(key, f"there is no probe {quoted(name)}", hint)
    return False


def _or_none(hint: str, probes: Probes) -> str:
    return hint if probes.names() else "there is no probe at all"


def _check_times(rule: AnyRule, key: Key, window: float | None, findings: Findings) -> None:
    """No time of a rule is as long as the window: such a rule could never judge."""
    for name in _TIME_KEYS:
        time = getattr(rule, name, None)
        if isinstance(time, Duration) and window is not None and time >= window:
            whole = format_duration(window)
            what = f"{format_duration(time)} is not shorter than the window of {whole}"
            findings.add((*key, name), what, "such a rule can never judge")
    if isinstance(rule, SavingsClaim) and window is not None and window < _DAY:
        what = f"needs the calls of a whole day, and the window is {format_duration(window)}"
        findings.add(key, what, "such a rule can never judge")


def _in_units(
    rule: AnyRule, key: Key, table: dict[str, Any], probes: Probes, findings: Findings
) -> AnyRule:
    """Every limit in the unit of the signal it is compared with."""
    unit = _unit_of(rule, probes)
    if unit is None:
        return rule
    changes: dict[str, Limit] = {}
    for name in _LIMIT_KEYS:
        limit = getattr(rule, name, None)
        if not isinstance(limit, Limit):
            continue
        try:
            changes[name] = fitting(limit, unit)
        except ValueError:
            findings.add((*key, name), *_misfit(limit, unit, rule, written=name in table))
    return replace(rule, **changes) if changes else rule


def fitting(limit: Limit, unit: str) -> Limit:
    """The limit in ``unit``; ValueError when the two measure different things."""
    # A field that an answer provides has no unit of its own; a share of it needs no scaling.
    return limit if unit == "" and limit.unit == "%" else limit.to(unit)


def _unit_of(rule: AnyRule, probes: Probes) -> str | None:
    """The unit that the rule's limits are compared in; None where it is not known."""
    if isinstance(rule, Growth):
        return "%/h"
    if isinstance(rule, Available):
        return "%"
    signal = probes.signals.get(getattr(rule, "signal", ""))
    return signal.unit if signal else None


def _misfit(limit: Limit, unit: str, rule: AnyRule, *, written: bool) -> tuple[str, str]:
    """What to say about a limit that measures something else."""
    about = "growth" if isinstance(rule, Growth) else getattr(rule, "signal", "availability")
    if written:
        return misfit(limit, unit, about)
    shown, hint = format_value(limit, limit.unit), f"write it as {example_limit(unit)}"
    return "missing", f"the default {shown} does not suit {about}; {hint}"


def misfit(limit: Limit, unit: str, about: str) -> tuple[str, str]:
    """What to say about a written limit that measures something else than ``about``, and a hint."""
    limit_is = f"is a {measures(limit.unit)}" if limit.unit else "has no unit"
    about_is = f"is measured in {unit}" if unit else "is a plain number"
    shown = format_value(limit, limit.unit)
    return f"{shown} {limit_is}, but {about} {about_is}", f"write it as {example_limit(unit)}"


def check_order(rule: AnyRule, key: Key, findings: Findings) -> None:
    """Limits that could not be reached, or are always passed."""
    limit = getattr(rule, "limit", None)
    if isinstance(limit, Limit) and limit <= 0 and not isinstance(rule, Held):
        findings.add((*key, "limit"), "must be more than 0")
    if isinstance(rule, Available) and limit is not None and limit > 100:
        findings.add((*key, "limit"), "must be 100 % at the most")
    if isinstance(rule, Held) and rule.warn is not None and rule.warn > rule.limit:
        findings.add((*key, "warn"), "is above limit", "a warning comes before the failure")
    if isinstance(rule, Compare) and _inverted(rule.above, rule.below):
        findings.add(key, "above is less than below, and no value would pass")
    if isinstance(rule, Exhausted) and rule.max == rule.used:
        findings.add((*key, "max"), "is the same signal as used")


def _inverted(above: Limit | None, below: Limit | None) -> bool:
    return above is not None and below is not None and above < below
