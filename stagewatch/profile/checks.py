"""What types cannot say about the checks of an optimisation: who decides, and by which bounds."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from stagewatch.model import probe_of
from stagewatch.profile.convert import Findings
from stagewatch.profile.drills import DRILL
from stagewatch.profile.plan import check_unique
from stagewatch.profile.probes import Probes
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.rules import check_signal, fitting, misfit
from stagewatch.profile.schema import Check, Deployment, Optimisation, check_key
from stagewatch.profile.values import Duration, Limit, format_duration

BOUNDS = ("at_least", "at_most")
_OF_SIGNALS = (*BOUNDS, "hold", "within")


def check_optimisations(
    found: dict[int, Optimisation],
    raw: dict[str, Any],
    deployment: Deployment | None,
    probes: Probes,
    findings: Findings,
) -> list[Optimisation]:
    """The optimisations with every bound in the unit of its signal; problems go to ``findings``."""
    named = ((("optimisation", i), one.name) for i, one in found.items())
    check_unique(named, "optimisations", findings)
    judged = []
    for index, one in found.items():
        key: Key = ("optimisation", index, "checks")
        names = (((*key, i), check.name) for i, check in enumerate(one.checks))
        check_unique(names, "checks", findings)
        tables = _tables(raw, index)
        checks = [
            _check(check, (*key, i), tables[i], deployment, probes, findings)
            for i, check in enumerate(one.checks)
        ]
        judged.append(replace(one, checks=checks))
    _check_keys(found, findings)
    return judged


def _check_keys(found: dict[int, Optimisation], findings: Findings) -> None:
    """Waivers, and what the data say, go by both names with a slash between: those are one name."""
    owners: dict[str, str] = {}
    for index, one in found.items():
        for number, check in enumerate(one.checks):
            name = check_key(one.name, check.name)
            if owners.setdefault(name, one.name) != one.name:
                what = f"{quoted(name)} may be a check of another optimisation as well"
                key: Key = ("optimisation", index, "checks", number)
                findings.add(key, what, "write no / in its name")


def _tables(raw: dict[str, Any], index: int) -> list[dict[str, Any]]:
    """The checks of one optimisation as the file has them."""
    checks: list[dict[str, Any]] = raw["optimisation"][index]["checks"]
    return checks


def _check(
    check: Check,
    key: Key,
    table: dict[str, Any],
    deployment: Deployment | None,
    probes: Probes,
    findings: Findings,
) -> Check:
    if "signal" not in table:
        _check_word(key, table, findings)
        return check
    if "passes" in table:
        findings.add(key, "says both passes and signal", "who decides, a person or the signal?")
    if not check.signal:
        findings.add((*key, "signal"), "must not be empty", "name the signal that decides")
        return check
    check_signal(check.signal, (*key, "signal"), probes, findings)
    if not any(name in table for name in BOUNDS):
        findings.add(key, "needs at_least or at_most", "which values of the signal pass?")
    check = _in_units(check, key, probes, findings)
    _check_times(check, key, deployment, probes, findings)
    if not findings.concern(key) and _inverted(check):
        findings.add(key, "at_least is more than at_most, and no value would pass")
    return check


def _check_word(key: Key, table: dict[str, Any], findings: Findings) -> None:
    """A check without a signal is a person's to decide, and says so."""
    for name in _OF_SIGNALS:
        if name in table:
            findings.add((*key, name), "goes with signal", 'add signal = "…"')
            return
    if "passes" not in table:
        hint = 'write passes = true, false or "unverified", or signal = "…" with its bounds'
        findings.add(key, "says neither passes nor signal", hint)


def _in_units(check: Check, key: Key, probes: Probes, findings: Findings) -> Check:
    signal = probes.signals.get(check.signal)
    changes: dict[str, Limit] = {}
    for name in BOUNDS:
        bound = getattr(check, name)
        if bound is None or signal is None:
            continue
        try:
            changes[name] = fitting(bound, signal.unit)
        except ValueError:
            findings.add((*key, name), *misfit(bound, signal.unit, check.signal))
    return replace(check, **changes) if changes else check


def _check_times(
    check: Check, key: Key, deployment: Deployment | None, probes: Probes, findings: Findings
) -> None:
    """A check has to be able to come to a result within the window, and to keep it."""
    if deployment is None:
        return
    hold, within, window = check.hold, check.within, deployment.window
    if hold >= window > 0:
        what = f"{format_duration(hold)} is not shorter than the window of"
        findings.add((*key, "hold"), f"{what} {format_duration(window)}", "it can never pass")
    probe = probes.configs.get(probe_of(check.signal))
    if within is None or probe is None or probe.kind == DRILL:
        return  # a drill is run when somebody runs it
    every = Duration(probe.every * deployment.speed)
    if within < every:
        what = f"{format_duration(within)} is shorter than {format_duration(every)}, the time"
        findings.add((*key, "within"), f"{what} between two readings", "no value would last")


def _inverted(check: Check) -> bool:
    low, high = check.at_least, check.at_most
    return low is not None and high is not None and low > high
