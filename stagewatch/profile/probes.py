"""``[probe.NAME]`` tables: read as their kinds say, and the signals they provide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from stagewatch.model import Signal
from stagewatch.paths import valid_name
from stagewatch.profile.convert import Findings, convert
from stagewatch.profile.problems import Key, quoted
from stagewatch.profile.schema import Kinds, ProbeConfig
from stagewatch.profile.secrets import secret_problems
from stagewatch.profile.values import Duration, format_duration, kind_of

BAD_NAME = "this name cannot be a part of a file's name"
NAME_HINT = "1 to 64 of A-Z a-z 0-9 . _ -, the first not a point"
SHORTEST = 0.01
"""Seconds between two runs of a probe, at the least."""


@dataclass(slots=True)
class Probes:
    """The probes of a profile: what could be read of them, and what they provide."""

    configs: dict[str, ProbeConfig] = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Probes with a problem: what they provide is not known."""

    def names(self) -> list[str]:
        """Every probe, usable or not."""
        return sorted([*self.configs, *self.broken])

    def may_provide(self, signal: str) -> bool:
        """Whether ``signal`` exists, or may exist once a broken probe is mended."""
        return signal in self.signals or any(signal.startswith(f"{p}.") for p in self.broken)


def read_probes(raw: object, kinds: Kinds, findings: Findings) -> Probes:
    """Every table below ``[probe]``."""
    probes = Probes()
    if not isinstance(raw, dict):
        findings.add(("probe",), f"must be tables [probe.NAME], not {kind_of(raw)}")
        return probes
    for name, table in raw.items():
        config = _read_probe(name, table, kinds, findings)
        if config is None:
            probes.broken.add(name)
        else:
            probes.configs[name] = config
            _add_signals(name, config, kinds, probes, findings)
    return probes


def _read_probe(name: str, table: object, kinds: Kinds, findings: Findings) -> ProbeConfig | None:
    key: Key = ("probe", name)
    if not isinstance(table, dict):
        findings.add(key, f"must be a table [probe.{name}], not {kind_of(table)}")
        return None
    if not valid_name(name):
        findings.add(key, BAD_NAME, NAME_HINT)
    for problem in secret_problems(table, key):
        findings.add(*problem)
    wanted = _table_of(table, kinds, key, findings)
    config = convert(table, wanted, key, findings) if wanted else None
    if config is None:
        return None
    # With a key that could not be read, what it provides is not known.
    whole = not findings.left_unread(key)
    config = _timed(config, table, key, findings)
    for below, what in kinds.problems(config):
        findings.add((*key, *_key_below(table, below)), what)
    return config if whole else None


def _key_below(table: object, below: str) -> tuple[str, ...]:
    """``"expect.json.a.b"`` as keys of ``table``: a key may itself hold points."""
    if not isinstance(table, dict) or not below:
        return (below,) if below else ()
    parts = below.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in table:
            return (name, *_key_below(table[name], ".".join(parts[length:])))
    return (below,)


def _table_of(
    table: dict[str, Any], kinds: Kinds, key: Key, findings: Findings
) -> type[ProbeConfig] | None:
    """The schema of the table's kind."""
    kind = table.get("kind")
    if kind is None:
        findings.unreadable((*key, "kind"), "missing", f"one of {', '.join(kinds.names())}")
    elif not isinstance(kind, str):
        findings.add((*key, "kind"), f"must be text in quotes, not {kind_of(kind)}")
    elif kind not in kinds.names():
        hint = findings.suggest(kind, kinds.names(), "there are")
        findings.add((*key, "kind"), f"there is no kind of probe {quoted(kind)}", hint)
    else:
        return kinds.config(kind)
    return None


def _timed(config: ProbeConfig, table: dict[str, Any], key: Key, findings: Findings) -> ProbeConfig:
    """The probe with a timeout that fits its interval; a default gives way, a written one not."""
    if (*key, "every") in findings.unread:
        return config
    if config.every < SHORTEST:
        findings.add((*key, "every"), f"must be at least {format_duration(SHORTEST)}")
    if "timeout" not in table:
        return replace(config, timeout=Duration(min(config.timeout, config.every)))
    if config.timeout <= 0:
        findings.add((*key, "timeout"), "must be more than 0s")
    elif config.timeout > config.every:
        every = format_duration(config.every)
        what = f"{format_duration(config.timeout)} is longer than every = {every}"
        findings.add((*key, "timeout"), what, "a run must be over before the next one starts")
    return config


def _add_signals(
    name: str, config: ProbeConfig, kinds: Kinds, probes: Probes, findings: Findings
) -> None:
    for signal in kinds.signals(name, config):
        if signal.name in probes.signals:
            what = f"a signal is already called {quoted(signal.name)}"
            findings.add(("probe", name), what, "rename what is read")
        probes.signals.setdefault(signal.name, signal)
