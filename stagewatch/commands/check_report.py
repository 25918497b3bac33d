"""What a round of readings comes to: every signal, what each rule needs of them, every problem."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as replaced
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stagewatch.commands.check_rounds import Round
from stagewatch.judge.checked import CheckJudge
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import Reading, Result, Signal, State, probe_of
from stagewatch.needs import rests_on
from stagewatch.profile.derived import (
    Count,
    Difference,
    Intervals,
    Quantile,
    Rate,
    Ratio,
    SignalConfig,
    sources,
)
from stagewatch.profile.drills import DRILL, EXERCISE, PREFIX
from stagewatch.profile.locate import key_lines, line_of
from stagewatch.profile.problems import Key, Problem, key_text
from stagewatch.profile.schema import (
    AnyRule,
    Available,
    Check,
    ProbeConfig,
    Profile,
    SavingsClaim,
    Score,
    check_key,
)
from stagewatch.profile.values import Duration

if TYPE_CHECKING:
    from stagewatch.profile.load import LoadedProfile

LATER = "known from more readings than one"
_TABLES = ("read", "query", "json", "count")
"""Keys of a probe's table whose keys are signals."""
_REMEDIES = {
    "refused": "start the service, or correct the port",
    "resolve": "correct the host's name",
    "timeout": "is it up? raise timeout where it is merely slow",
    "certificate": "name ca_file, or mend the certificate",
    "tls": "does the port speak TLS?",
    "absent": "start it, or correct what is looked for",
}


class Standing(StrEnum):
    """How far a rule has what it needs, or what a check comes to."""

    READY = "ready"
    MISSING = "missing"
    LATER = "later"
    PEOPLE = "people"
    PASSES = "passes"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class SignalReport:
    """One signal."""

    name: str
    unit: str
    value: float | None
    reason: str = ""
    """Why there is no value."""
    later: bool = False
    """Nothing is amiss: it needs more than one reading, and what it is worked out from came; or
    somebody has to run a drill."""
    once: str = ""
    """What makes it known, where that is not a further reading."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """One probe, or one derived signal."""

    name: str
    kind: str
    reading: Reading
    signals: tuple[SignalReport, ...]
    later: bool

    @property
    def ready(self) -> bool:
        """Whether it has all its values, or could not have them yet."""
        return self.later or self.reading.result is Result.VALUE


@dataclass(frozen=True, slots=True)
class RuleReport:
    """A criterion, or a check of an optimisation, with the signals that it needs."""

    kind: str
    """``no-go``, ``go`` or ``check``."""
    name: str
    rule: str
    """Its rule; of a check ``signal`` or ``passes``."""
    line: int
    """Where it stands in the profile."""
    signals: tuple[SignalReport, ...]
    standing: Standing
    said: str = ""
    """What there is to say beside the signals."""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole preflight."""

    at: float
    probes: tuple[ProbeReport, ...]
    rules: tuple[RuleReport, ...]
    problems: tuple[Problem, ...]
    place: Problem | None = None
    """Why a watch could keep no record."""

    @property
    def unready(self) -> int:
        """Probes without a complete reading."""
        return sum(not probe.ready for probe in self.probes)

    @property
    def ready(self) -> bool:
        """Whether a watch could start: every probe reads what it is to read, and what is read
        can be kept."""
        return not self.unready and self.place is None


def report_of(loaded: LoadedProfile, found: Round, home: Path) -> Report:
    """What this round comes to; sessions would be kept below ``home``."""
    return replaced(_Reporter(loaded, found).report(), place=_place_problem(home))


def _place_problem(home: Path) -> Problem | None:
    """Why no session can be made below ``home``; None where one can."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return None
    what = "sessions cannot be kept there" if there.is_dir() else "is no folder"
    return Problem(there, 0, "", what, "name another folder in XDG_STATE_HOME")


class _Reporter:
    def __init__(self, loaded: LoadedProfile, found: Round) -> None:
        self._path, self._profile, self._round = loaded.path, loaded.profile, found
        self._lines = key_lines(loaded.content.decode("utf-8", "replace"))
        self._probes = {
            name: self._probe(name, config)
            for name, config in loaded.profile.probe.items()
            if name in found.readings
        }
        self._signals = {s.name: s for probe in self._probes.values() for s in probe.signals}

    def report(self) -> Report:
        found = (p for probe in self._probes.values() for p in self._problems(probe))
        problems = tuple(sorted(found, key=lambda problem: problem.line))
        rules = (*self._criteria(), *self._checks())
        return Report(self._round.at, tuple(self._probes.values()), rules, problems)

    def _probe(self, name: str, config: ProbeConfig) -> ProbeReport:
        from stagewatch.probes import probe_kind

        reading = self._round.readings[name]
        later = reading.result is not Result.VALUE and self._only_later(name, config)
        signals = probe_kind(config.kind).signals(name, config)
        found = tuple(_signal(signal, reading, later=later) for signal in signals)
        return ProbeReport(name, config.kind, reading, found, later)

    def _only_later(self, name: str, config: ProbeConfig) -> bool:
        """Whether a derived signal has no value merely because one reading is too few."""
        return isinstance(config, SignalConfig) and self._came(config) and self._takes_time(config)

    def _came(self, config: SignalConfig) -> bool:
        """Everything that it is worked out from came, or comes later itself."""
        derived, readings = config.derived, self._round.readings
        if isinstance(derived, Intervals):
            log = readings.get(derived.log)
            return log is not None and log.result is Result.VALUE
        for source in sources(derived):
            reading, of = readings.get(probe_of(source)), self._profile.probe[probe_of(source)]
            if reading is None:
                return False
            if source not in reading.values and not self._only_later(probe_of(source), of):
                return False
        return True

    def _takes_time(self, config: SignalConfig) -> bool:
        """Whether it, or something that it is worked out from, is known of no first reading."""
        derived = config.derived
        if isinstance(derived, Rate | Count | Quantile | Intervals):
            return True
        if isinstance(derived, Ratio) and derived.counters:
            return True
        if isinstance(derived, Difference) and derived.lowest_of > 1:
            return True
        of = (self._profile.probe[probe_of(source)] for source in sources(derived))
        return any(isinstance(each, SignalConfig) and self._takes_time(each) for each in of)

    def _criteria(self) -> Iterator[RuleReport]:
        for kind, table in (("no-go", "nogo"), ("go", "go")):
            rules: Mapping[str, AnyRule] = getattr(self._profile, table)
            for name, rule in rules.items():
                line = line_of((table, name), self._lines)
                yield self._criterion(kind, name, rule, line)

    def _criterion(self, kind: str, name: str, rule: AnyRule, line: int) -> RuleReport:
        tag = str(rule.__struct_config__.tag)
        needed = tuple(self._needed(rule))
        standing, said = _standing_of(needed), ""
        if isinstance(rule, SavingsClaim):
            lacking = _lacking(self._profile)
            if lacking:
                standing, said = Standing.MISSING, f"[savings] does not say {lacking}"
        elif tag in ("gates", "checklist") or (isinstance(rule, Score) and not needed):
            standing = Standing.PEOPLE
        return RuleReport(kind, name, tag, line, needed, standing, said)

    def _needed(self, rule: AnyRule) -> Iterator[SignalReport]:
        """The signals that a rule needs; of ``available``, whether its probe ran at all."""
        if isinstance(rule, Available) and f"{rule.probe}.ok" not in self._signals:
            probe = self._probes[rule.probe]
            ran = probe.reading.result is Result.VALUE
            yield SignalReport(rule.probe, "", float(ran), "" if ran else probe.reading.reason)
            return
        for name in rests_on(rule, self._profile):
            yield self._signal_of(name)

    def _signal_of(self, name: str) -> SignalReport:
        """What came of a signal; one of a drill comes when somebody runs it."""
        found = self._signals.get(name)
        if found is not None:
            return found
        probe = probe_of(name)
        if self._profile.probe[probe].kind != DRILL:
            return SignalReport(name, "", None, "no reading yet")
        command = probe if probe == EXERCISE else f"validate {probe.removeprefix(PREFIX)}"
        once = f"known once `stagewatch {command}` was run"
        return SignalReport(name, "", None, once, later=True, once=once)

    def _checks(self) -> Iterator[RuleReport]:
        for index, one in enumerate(self._profile.optimisation):
            for number, check in enumerate(one.checks):
                key: Key = ("optimisation", index, "checks", number)
                yield self._check(check_key(one.name, check.name), check, key)

    def _check(self, name: str, check: Check, key: Key) -> RuleReport:
        line = line_of(key, self._lines)
        if not check.signal:
            said = "it passes" if check.passes is True else "it fails"
            if not isinstance(check.passes, bool):
                said = "nobody has verified it"
            return RuleReport("check", name, "passes", line, (), Standing.PEOPLE, said)
        signal = self._signal_of(check.signal)
        if signal.value is None:
            standing = Standing.LATER if signal.later else Standing.MISSING
            return RuleReport("check", name, "signal", line, (signal,), standing)
        judge = CheckJudge(config=replace(check, hold=Duration(0)), interval=1.0, time=WatchTime())
        judge.add(0.0, signal.value)
        finding = judge.look(0.0)
        standing = Standing.PASSES if finding.state is State.PASS else Standing.FAILS
        return RuleReport("check", name, "signal", line, (signal,), standing, finding.reason)

    def _problems(self, probe: ProbeReport) -> Iterator[Problem]:
        """Why a probe has no complete reading, each reason once, where it is to be mended."""
        if probe.ready:
            return
        reading = probe.reading
        table: Key = ("signal" if probe.kind == "signal" else "probe", probe.name)
        remedy = _REMEDIES.get(str(reading.facts.get("failure", "")), "")
        lost = {s.reason: s.name for s in reversed(probe.signals) if s.value is None and s.reason}
        if reading.result is Result.ERROR or not lost:
            yield self._problem(table, reading.reason or "has no reading", remedy)
            return
        for reason, name in reversed(lost.items()):
            key = (*table, *self._key_below(probe.name, name))
            yield self._problem(key, reason, remedy or _hint(key, table))

    def _problem(self, key: Key, what: str, hint: str) -> Problem:
        return Problem(self._path, line_of(key, self._lines), key_text(key), what, hint)

    def _key_below(self, probe: str, signal: str) -> Key:
        """Where in a probe's table one of its signals is named."""
        own, config = signal.removeprefix(f"{probe}."), self._profile.probe[probe]
        for table in _TABLES:
            named = getattr(config, table, None)
            if isinstance(named, Mapping) and own in named:
                return (table, own)
        return ()


def _hint(key: Key, table: Key) -> str:
    return "correct where it is read, or have the service report it" if key != table else ""


def _signal(signal: Signal, reading: Reading, *, later: bool) -> SignalReport:
    value = reading.values.get(signal.name)
    if value is not None:
        return SignalReport(signal.name, signal.unit, value)
    reason = reading.missing.get(signal.name) or reading.reason or "no value"
    return SignalReport(signal.name, signal.unit, None, reason, later)


def _standing_of(needed: tuple[SignalReport, ...]) -> Standing:
    lacking = [signal for signal in needed if signal.value is None or signal.reason]
    if not lacking:
        return Standing.READY
    return Standing.LATER if all(signal.later for signal in lacking) else Standing.MISSING


def _lacking(profile: Profile) -> str:
    """What ``[savings]`` leaves open that its rule needs."""
    savings = profile.savings
    names = ("calls", "baseline_calls_per_day", "price_per_call")
    return ", ".join(n for n in names if savings is not None and not getattr(savings, n))
