"""``[signal.NAME]`` tables: read, checked, and made into pseudo-probes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from stagewatch.expressions import ExpressionError
from stagewatch.linepattern import LinePattern
from stagewatch.model import Signal, probe_of
from stagewatch.paths import valid_name
from stagewatch.profile.convert import Findings, convert
from stagewatch.profile.derived import (
    DERIVED,
    AnyDerived,
    Count,
    Difference,
    Intervals,
    Quantile,
    Rate,
    Ratio,
    SignalConfig,
    sources,
)
from stagewatch.profile.probes import Probes
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.rules import check_signal
from stagewatch.profile.schema import Kinds
from stagewatch.profile.values import Duration, kind_of

_NAME_HINT = "letters, digits, _ and -: rules call it NAME.value"


def read_signals(raw: object, probes: Probes, kinds: Kinds, findings: Findings) -> list[str]:
    """Add every derived signal to ``probes``; the names of those that could be read.

    Each may use what stands above it, so that none can rest on itself.
    """
    if not isinstance(raw, dict):
        findings.add((DERIVED,), f"must be tables [signal.NAME], not {kind_of(raw)}")
        return []
    read = []
    for name, table in raw.items():
        config = _read_signal(name, table, probes, findings)
        if config is None:
            probes.broken.add(name)
            continue
        probes.configs[name] = config
        for signal in kinds.signals(name, config):
            probes.signals.setdefault(signal.name, signal)
        read.append(name)
    return read


def _read_signal(
    name: str, table: object, probes: Probes, findings: Findings
) -> SignalConfig | None:
    key: Key = (DERIVED, name)
    if not isinstance(table, dict):
        findings.add(key, f"must be a table [signal.{name}], not {kind_of(table)}")
        return None
    if not valid_name(name) or "." in name:
        findings.add(key, "this name cannot be a part of a signal's name", _NAME_HINT)
    elif name in probes.names():
        findings.add(key, f"{quoted(name)} is a probe as well", "rename one of the two")
        return None
    # A union is no class, so its type cannot be said to convert().
    derived = cast("AnyDerived | None", convert(table, cast("Any", AnyDerived), key, findings))
    if derived is None or not _sources_are_there(derived, key, probes, findings):
        return None
    followed = _followed(derived)
    if any(probe not in probes.configs for probe in followed):
        return None  # a broken probe, which has a problem of its own
    _check(derived, key, float(probes.configs[followed[0]].every), findings)
    unit = _unit(derived, key, probes, findings)
    first = probes.configs[followed[0]]
    return SignalConfig(
        kind=DERIVED,
        every=first.every,
        timeout=first.timeout,
        title=derived.title,
        derived=derived,
        unit=unit,
        timing={
            probe: (float(probes.configs[probe].every), float(probes.configs[probe].timeout))
            for probe in followed
        },
    )


def _followed(derived: AnyDerived) -> list[str]:
    """The probes that it is worked out from, the one that it follows first."""
    if isinstance(derived, Intervals):
        return [derived.log]
    return list(dict.fromkeys(probe_of(source) for source in sources(derived)))


def _sources_are_there(derived: AnyDerived, key: Key, probes: Probes, findings: Findings) -> bool:
    before = len(findings.found)
    if isinstance(derived, Intervals):
        _check_log(derived, key, probes, findings)
    for where, source in _written(derived):
        check_signal(source, (*key, *where), probes, findings)
    return len(findings.found) == before


def _written(derived: AnyDerived) -> Iterator[tuple[Key, str]]:
    """(key below the table, signal) for every source."""
    for name in ("part", "whole", "of"):
        value = getattr(derived, name, ())
        if isinstance(value, str):
            yield (name,), value
        else:
            yield from (((name, index), each) for index, each in enumerate(value))


def _check_log(derived: Intervals, key: Key, probes: Probes, findings: Findings) -> None:
    config = probes.configs.get(derived.log)
    if derived.log not in probes.broken and (config is None or config.kind != "log"):
        hint = "name a probe of kind log that follows the access log"
        findings.add((*key, "log"), f"{quoted(derived.log)} is no log probe", hint)
    for name, groups in (("path", set()), ("pattern", {"client", "path"})):
        try:
            pattern = LinePattern(getattr(derived, name))
        except ExpressionError as error:
            findings.add((*key, name), str(error))
            continue
        if not groups <= pattern.groups:
            findings.add((*key, name), "needs the groups (?P<client>…) and (?P<path>…)")


def _check(derived: AnyDerived, key: Key, every: float, findings: Findings) -> None:
    """Times that fit the probe that is followed."""
    over = getattr(derived, "over", None)
    if isinstance(over, Duration) and over < 2 * every:
        findings.add((*key, "over"), "is shorter than two readings of its source")
    if isinstance(over, Duration) and over > 86400:
        findings.add((*key, "over"), "is longer than a day")


def _unit(derived: AnyDerived, key: Key, probes: Probes, findings: Findings) -> str:
    units = [_signal(source, probes).unit for source in sources(derived)]
    if isinstance(derived, Intervals):
        return "s"
    if isinstance(derived, Ratio | Difference) and len(set(units)) > 1:
        told = " and ".join(unit or "plain numbers" for unit in dict.fromkeys(units))
        findings.add(key, f"mixes {told}", "its signals must measure the same")
    if isinstance(derived, Ratio):
        return "%"
    if isinstance(derived, Rate):
        if units[0] not in ("", "B"):
            findings.add((*key, "of"), f"is measured in {units[0]}; a rate needs a counter")
        return f"{units[0]}/s"
    assert isinstance(derived, Difference | Quantile | Count)
    return units[0]


def _signal(name: str, probes: Probes) -> Signal:
    # One of a broken probe is not known, and the profile is refused for that probe.
    return probes.signals.get(name, Signal(name, ""))
