"""Which readings a rule is fed with, and how: one seat a criterion that judges data."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from stagewatch.judge.finding import RuleJudge, stale_after
from stagewatch.judge.lapses import Lapse
from stagewatch.judge.rulings import Rulings
from stagewatch.judge.watchtime import WatchTime
from stagewatch.logs.told import partial_of
from stagewatch.model import Reading, Result, probe_of
from stagewatch.profile.derived import Intervals, SignalConfig, sources
from stagewatch.profile.drills import DrillConfig
from stagewatch.profile.schema import (
    AnyRule,
    Available,
    Average,
    Check,
    Compare,
    Exhausted,
    Growth,
    Held,
    Profile,
    Records,
    SavingsClaim,
)

Take = Callable[[float, Reading], None]


@dataclass(frozen=True, slots=True)
class Seat:
    """A rule, the probes it listens to and the series it cannot do without."""

    rule: RuleJudge
    take: Take
    probes: frozenset[str]
    series: tuple[str, ...]
    """Names of the signals (or, of ``available``, the probe) whose coverage counts."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What every seat is made from."""

    profile: Profile
    time: WatchTime
    rulings: Rulings
    units: Mapping[str, str]
    """Signal → unit, as far as known."""

    def interval(self, probe: str) -> float:
        """Watch time between two expected readings."""
        every: float = self.profile.probe[probe].every
        return every * self.time.speed

    def interval_of(self, signal: str) -> float:
        """The interval of the signal's probe."""
        return self.interval(probe_of(signal))

    def is_drill(self, signal: str) -> bool:
        """Whether it has a value only when somebody ran a drill."""
        return isinstance(self.profile.probe[probe_of(signal)], DrillConfig)


def seat(rule: AnyRule, setting: Setting) -> Seat | None:
    """The seat of a rule over data; None for one over people's acts."""
    make = _MAKERS.get(type(rule))
    made = make(rule, setting) if make else None
    if made is None or isinstance(rule, Records | Available):
        return made
    return _bounded(made, setting, rule.above if isinstance(rule, Compare) else -math.inf)


def _growth(rule: Growth, setting: Setting) -> Seat:
    from stagewatch.judge.growth import GrowthJudge

    signal, time = rule.signal, setting.time
    judge = GrowthJudge(signal=signal, config=rule, interval=setting.interval_of(signal), time=time)

    def take(t: float, reading: Reading) -> None:
        life = str(reading.facts.get("proc", ""))
        judge.add(t, reading.sound(signal), life, started_at(life, time))

    return Seat(judge, take, frozenset({probe_of(signal)}), (signal,))


def started_at(life: str, time: WatchTime) -> float | None:
    """Watch time at which the process ``pid@start`` began."""
    _, at, start = life.partition("@")
    try:
        return time.of(float(start)) if at else None
    except ValueError:
        return None


def _average(rule: Average, setting: Setting) -> Seat:
    from stagewatch.judge.average import AverageJudge

    signal = rule.signal
    timeout = setting.profile.probe[probe_of(signal)].timeout
    judge = AverageJudge(
        signal=signal,
        config=rule,
        interval=setting.interval_of(signal),
        time=setting.time,
        timeout_ms=timeout * 1000,
    )

    def take(t: float, reading: Reading) -> None:
        late = timed_out(reading) and signal not in reading.values
        judge.add(t, None if late else _timing(reading, signal), timed_out=late)

    return Seat(judge, take, frozenset({probe_of(signal)}), (signal,))


def _timing(reading: Reading, signal: str) -> float | None:
    """How long a good answer took: an answer that is not as expected says nothing about speed."""
    return reading.values.get(signal) if reading.result is Result.VALUE else None


def timed_out(reading: Reading) -> bool:
    """Whether the run ended at its deadline, which says how slow the target is at least."""
    return bool(reading.facts.get("timed_out"))


def _held(rule: Held, setting: Setting) -> Seat:
    from stagewatch.judge.held import HeldJudge

    judge = HeldJudge(
        signal=rule.signal,
        config=rule,
        interval=setting.interval_of(rule.signal),
        time=setting.time,
    )
    return _simple(judge, judge.add, rule.signal, lambda value: value > rule.limit)


def _compare(rule: Compare, setting: Setting) -> Seat:
    from stagewatch.judge.compare import CompareJudge

    drilled = setting.is_drill(rule.signal)
    judge = CompareJudge(
        signal=rule.signal,
        config=rule,
        interval=setting.interval_of(rule.signal),
        time=setting.time,
        unit=setting.units.get(rule.signal, ""),
        single=drilled,
    )
    if drilled:
        return _result(judge, judge.add, rule.signal, setting)
    return _simple(judge, judge.add, rule.signal, judge.is_wrong)


def check_seat(check: Check, setting: Setting) -> Seat:
    """The seat of a check that a signal decides. It rests on the latest value alone, so that its
    signal counts for no coverage."""
    from stagewatch.judge.checked import CheckJudge

    interval = setting.interval_of(check.signal)
    judge = CheckJudge(config=check, interval=interval, time=setting.time)
    if setting.is_drill(check.signal):
        return _result(judge, judge.add, check.signal, setting)
    simple = _simple(judge, judge.add, check.signal)
    return _bounded(simple, setting, check.at_most)


def _result(
    judge: RuleJudge, add: Callable[[float, float | None], None], signal: str, setting: Setting
) -> Seat:
    from stagewatch.judge.results import ResultJudge

    results = ResultJudge(judge, add, signal, setting.profile.probe[probe_of(signal)].drill)
    return Seat(results, results.take, frozenset({probe_of(signal)}), (signal,))


def _simple(
    judge: RuleJudge,
    add: Callable[[float, float | None], None],
    signal: str,
    against: Callable[[float], bool] = lambda value: False,
) -> Seat:
    """``against``: whether a value speaks against the deployment, whoever says it."""

    def take(t: float, reading: Reading) -> None:
        value = reading.values.get(signal)
        add(t, value if value is not None and against(value) else reading.sound(signal))

    return Seat(judge, take, frozenset({probe_of(signal)}), (signal,))


def _bounded(made: Seat, setting: Setting, most: float | None) -> Seat:
    """The seat of a rule over signals of which some may be lower bounds only: counts of a log, and
    what is worked out from them, where more of one may be good or bad.

    ``most``: above it the rule fails; None where it never does for that.
    """
    counts: defaultdict[str, set[str]] = defaultdict(set)
    for signal in _counts_of(made.series, setting):
        probe, _, name = signal.partition(".")
        counts[probe].add(name)
    if not counts:
        return made
    from stagewatch.judge.bounded import BoundedJudge

    straight = counts.keys() <= made.probes
    judge = BoundedJudge(
        made.rule,
        more_is_good=most is None and straight,
        proves=lambda value: not straight or (most is not None and value > most),
    )

    def take(t: float, reading: Reading) -> None:
        if reading.probe in counts:
            why = _partial(reading, counts[reading.probe])
            judge.add(reading.probe, _lapses(reading, setting), why)
        if reading.probe in made.probes:
            made.take(t, reading)

    return Seat(judge, take, made.probes | counts.keys(), made.series)


def _counts_of(signals: Iterable[str], setting: Setting) -> Iterator[str]:
    """Those of these signals, and of what they are worked out from, that count lines of a log."""
    for signal in signals:
        config = setting.profile.probe.get(probe_of(signal))
        if isinstance(config, SignalConfig):
            derived = config.derived
            of = [f"{derived.log}.lines"] if isinstance(derived, Intervals) else sources(derived)
            yield from _counts_of(of, setting)
        elif config is not None and config.kind == "log":
            yield signal


def _partial(reading: Reading, names: Iterable[str]) -> str | None:
    """Why these counts of a log may be too low, but for lost lines; None where it says nothing."""
    partial = partial_of(reading.facts)
    if not partial and "at_least" not in reading.facts:
        return None
    return "; ".join(dict.fromkeys(partial[name] for name in sorted(names) if name in partial))


def _lapses(reading: Reading, setting: Setting) -> list[Lapse] | None:
    """The windows without lines that a log's reading tells of; None where it says nothing."""
    told = reading.facts.get("losses")
    if not isinstance(told, str):
        return [] if "at_least" in reading.facts else None
    return [_lapse(reading.probe, loss, setting) for loss in msgspec.json.decode(told)]


def _lapse(probe: str, loss: Mapping[str, Any], setting: Setting) -> Lapse:
    since, until = float(loss["since"]), loss.get("until")
    end = None if until is None else float(until)
    return Lapse(
        start=setting.time.of(since),
        end=None if end is None else setting.time.of(end),
        cause=str(loss.get("cause", "")),
        accepted_by=setting.rulings.accepted_by(probe, since, end),
        path=str(loss.get("path", "")),
    )


def _exhausted(rule: Exhausted, setting: Setting) -> Seat:
    from stagewatch.judge.exhausted import ExhaustedJudge

    judge = ExhaustedJudge(
        used=rule.used,
        config=rule,
        interval=setting.interval_of(rule.used),
        time=setting.time,
    )
    most = rule.max if isinstance(rule.max, str) else ""
    signals = tuple(s for s in (rule.used, most, rule.waiting, rule.timeouts) if s)
    known: dict[str, tuple[float, float | None]] = {}
    fixed = None if isinstance(rule.max, str) else float(rule.max)

    def take(t: float, reading: Reading) -> None:
        full = reading.values.get(rule.used, -math.inf)
        against = full >= (fixed if fixed is not None else reading.values.get(most, math.inf))
        mine = (signal for signal in signals if probe_of(signal) == reading.probe)
        said = reading.values.get if against else reading.sound
        known.update({signal: (t, said(signal)) for signal in mine})
        if rule.timeouts in reading.values:  # acquires that failed only ever speak against
            known[rule.timeouts] = (t, reading.values[rule.timeouts])
        if reading.probe == probe_of(rule.used):
            limit = lately(most, t) if most else fixed
            judge.add(
                t,
                lately(rule.used, t),
                limit,
                lately(rule.waiting, t),
                lately(rule.timeouts, t),
            )

    def lately(signal: str, t: float) -> float | None:
        """What a reading said that is not stale: each probe may fall silent by itself."""
        at, value = known.get(signal, (t, None))
        fresh = value is not None and t - at < stale_after(setting.interval_of(signal))
        return value if fresh else None

    return Seat(judge, take, frozenset(map(probe_of, signals)), signals)


def _records(rule: Records, setting: Setting) -> Seat:
    from stagewatch.judge.records import RecordsJudge

    time = setting.time
    judge = RecordsJudge(
        config=rule,
        time=time,
        interval=max(setting.interval(name) for name in rule.probes),
        called={n: getattr(setting.profile.probe[n], "path", n) for n in rule.probes},
    )

    series = {name: f"{name}.criticals" for name in rule.probes}

    def take(t: float, reading: Reading) -> None:
        tracebacks = reading.facts.get("tracebacks")
        judge.add(
            t,
            reading.probe,
            reading.values.get(series[reading.probe]),
            float(tracebacks) if isinstance(tracebacks, int | float) else None,
            _lapses(reading, setting),
            _partial(reading, {"criticals"}),
        )

    return Seat(judge, take, frozenset(series), tuple(series.values()))


def _available(rule: Available, setting: Setting) -> Seat:
    from stagewatch.judge.available import AvailableJudge

    judge = AvailableJudge(
        config=rule,
        interval=setting.interval(rule.probe),
        time=setting.time,
        window=setting.profile.deployment.window,
    )

    def take(t: float, reading: Reading) -> None:
        judge.add(t, reading.result is Result.VALUE, reading.reason)

    return Seat(judge, take, frozenset({rule.probe}), (rule.probe,))


def _savings(rule: SavingsClaim, setting: Setting) -> Seat | None:
    from stagewatch.judge.savings import SavingsJudge

    claim = setting.profile.savings
    if claim is None:
        return None
    signal = claim.calls
    judge = SavingsJudge(
        config=claim,
        workspaces=setting.profile.deployment.workspaces,
        interval=setting.interval_of(signal) if signal else 60.0,
        time=setting.time,
    )
    if not signal:
        return Seat(judge, lambda t, reading: None, frozenset(), ())
    return _simple(judge, judge.add, signal)


_MAKERS: Mapping[type, Callable[[Any, Setting], Seat | None]] = {
    Growth: _growth,
    Average: _average,
    Held: _held,
    Compare: _compare,
    Exhausted: _exhausted,
    Records: _records,
    Available: _available,
    SavingsClaim: _savings,
}


def vouches(reading: Reading, series: str) -> bool:
    """Whether this reading is a usable one of ``series``: a value of it (a timing of good answers
    and of timeouts only), or, of the probe itself, whatever it came to. What an answer says that
    was not the expected one is none, but for that it was not."""
    if series == f"{reading.probe}.latency":
        return timed_out(reading) or _timing(reading, series) is not None
    if series == reading.probe:
        return True
    return reading.sound(series) is not None
