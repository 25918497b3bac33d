"""A parsed TOML document → a Profile, table by table, so that every problem is found."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from stagewatch.profile.checks import check_optimisations
from stagewatch.profile.convert import Findings, convert
from stagewatch.profile.drilling import Drills
from stagewatch.profile.plan import (
    check_deployment,
    check_needed,
    check_phases,
    check_savings,
    check_text,
    check_unique,
)
from stagewatch.profile.probes import Probes, read_probes
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.rules import check_rule, check_signal
from stagewatch.profile.schema import (
    AnyRule,
    Contact,
    Deployment,
    Gate,
    Kinds,
    Optimisation,
    Phase,
    Plan,
    Profile,
    Savings,
)
from stagewatch.profile.signals import read_signals
from stagewatch.profile.values import kind_of

VERSION = 1

T = TypeVar("T")


def build(raw: dict[str, Any], kinds: Kinds, findings: Findings) -> Profile | None:
    """The profile that ``raw`` describes; None when there are ``findings``."""
    if not _known_version(raw, findings):
        return None
    check_text(raw, findings)
    _check_top(raw, findings)
    deployment = _table(raw, "deployment", Deployment, findings)
    window = check_deployment(deployment, findings)
    probes = read_probes(raw.get("probe", {}), kinds, findings)
    derived = read_signals(raw.get("signal", {}), probes, kinds, findings)
    drills = Drills(deployment, probes, kinds, findings)
    validations = drills.validations(raw.get("validation", {}))
    exercise = drills.exercise(raw["exercise"]) if "exercise" in raw else None
    optimisations = _tables(raw, "optimisation", Optimisation, findings)
    savings = _table(raw, "savings", Savings, findings) if "savings" in raw else None
    phases = _tables(raw, "phase", Phase, findings)
    gates = _tables(raw, "gate", Gate, findings)
    go = _rules(raw, "go", window, probes, findings)
    nogo = _rules(raw, "nogo", window, probes, findings)
    rollback = _table(raw, "rollback", Plan, findings) if "rollback" in raw else Plan()
    rollout = _table(raw, "rollout", Plan, findings) if "rollout" in raw else Plan()
    contacts = _tables(raw, "contact", Contact, findings)

    if savings:
        check_savings(savings, probes, findings)
    _check_phases(raw, phases, window, probes, findings)
    _check_names(raw, gates, findings)
    judged = check_optimisations(optimisations, raw, deployment, probes, findings)
    if findings.found or deployment is None or rollback is None or rollout is None:
        return None
    return Profile(
        version=VERSION,
        deployment=deployment,
        probe=probes.configs,
        signal={name: probes.configs[name] for name in derived},
        validation=validations,
        exercise=exercise,
        go=go,
        nogo=nogo,
        optimisation=judged,
        savings=savings,
        phase=[phase for _, phase in sorted(phases.items(), key=lambda entry: entry[1].hours)],
        gate=list(gates.values()),
        rollback=rollback,
        rollout=rollout,
        contact=list(contacts.values()),
    )


def _known_version(raw: dict[str, Any], findings: Findings) -> bool:
    """Whether to go on: the keys of another version mean other things."""
    version = raw.get("version")
    if version is None:
        findings.add(("version",), "missing", f"begin the file with version = {VERSION}")
        return True
    if type(version) is int and version == VERSION:
        return True
    shown = quoted(version) if isinstance(version, str) else str(version)
    newer = type(version) is int and version > VERSION
    hint = "a newer stagewatch wrote it" if newer else f"write version = {VERSION}"
    findings.add(("version",), f"this stagewatch reads version {VERSION}, not {shown}", hint)
    return not newer


def _check_top(raw: dict[str, Any], findings: Findings) -> None:
    known = list(Profile.__struct_fields__)
    for name in raw:
        if name not in known:
            findings.add((name,), "unknown key", findings.suggest(name, known, "the tables are"))


def _table(raw: dict[str, Any], name: str, wanted: type[T], findings: Findings) -> T | None:
    """``[name]``."""
    if name not in raw:
        findings.add((name,), "missing", f"add a table [{name}]")
        return None
    value = raw[name]
    if not isinstance(value, dict):
        findings.add((name,), f"must be a table [{name}], not {kind_of(value)}")
        return None
    return convert(value, wanted, (name,), findings)


def _tables(raw: dict[str, Any], name: str, wanted: type[T], findings: Findings) -> dict[int, T]:
    """``[[name]]``: every one that could be read, by its place in the file."""
    value = raw.get(name, [])
    if not isinstance(value, list):
        findings.add(
            (name,), f"must be a list of tables, not {kind_of(value)}", f"write [[{name}]]"
        )
        return {}
    read = ((i, convert(table, wanted, (name, i), findings)) for i, table in enumerate(value))
    return {index: table for index, table in read if table is not None}


def _rules(
    raw: dict[str, Any],
    name: str,
    window: float | None,
    probes: Probes,
    findings: Findings,
) -> dict[str, AnyRule]:
    """``[go.NAME]`` or ``[nogo.NAME]``."""
    value = raw.get(name, {})
    if not isinstance(value, dict):
        findings.add((name,), f"must be tables [{name}.NAME], not {kind_of(value)}")
        return {}
    rules: dict[str, AnyRule] = {}
    for criterion, table in value.items():
        key: Key = (name, criterion)
        if not isinstance(table, dict):
            findings.add(key, f"must be a table [{name}.{criterion}], not {kind_of(table)}")
            continue
        check_needed(table.get("rule"), key, raw, findings)
        # A union is no class, so its type cannot be said to convert().
        rule = cast("AnyRule | None", convert(table, cast("Any", AnyRule), key, findings))
        if rule is not None:
            rules[criterion] = check_rule(rule, key, table, window, probes, findings)
    return rules


def _check_phases(
    raw: dict[str, Any],
    phases: dict[int, Phase],
    window: float | None,
    probes: Probes,
    findings: Findings,
) -> None:
    """Hours, names, items and the signals that are their evidence."""
    written = raw.get("phase")
    if isinstance(written, list) and len(phases) == len(written):
        # With a phase missing that could not be read, a gap would be reported that is none.
        check_phases(phases, window, findings)
    check_unique(((("phase", i), phase.name) for i, phase in phases.items()), "phases", findings)
    for index, phase in phases.items():
        key: Key = ("phase", index, "items")
        entries = [((*key, i), item) for i, item in enumerate(phase.all_items())]
        check_unique(((where, item.text) for where, item in entries), "items", findings)
        for where, item in entries:
            for number, signal in enumerate(item.evidence):
                check_signal(signal, (*where, "evidence", number), probes, findings)


def _check_names(raw: dict[str, Any], gates: dict[int, Gate], findings: Findings) -> None:
    """Names that a person would take for the same thing."""
    check_unique(((("gate", i), gate.name) for i, gate in gates.items()), "gates", findings)
    go, nogo = raw.get("go"), raw.get("nogo")
    if isinstance(go, dict) and isinstance(nogo, dict):
        for name in nogo:
            if name in go:
                findings.add(("nogo", name), f"{quoted(name)} is a go criterion as well", _RENAME)


_RENAME = "states and waivers go by this name: rename one of the two"
