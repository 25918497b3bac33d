"""The rules of the judge, each fed with the rows of a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stagewatch.judge.available import AvailableJudge
from stagewatch.judge.average import AverageJudge
from stagewatch.judge.compare import CompareJudge
from stagewatch.judge.exhausted import ExhaustedJudge
from stagewatch.judge.finding import RuleJudge
from stagewatch.judge.held import HeldJudge
from stagewatch.judge.lines import CriticalLines
from stagewatch.judge.records import RecordsJudge
from stagewatch.judge.seats import started_at
from stagewatch.judge.watchtime import WatchTime
from stagewatch.profile.schema import (
    Available,
    Average,
    Compare,
    Exhausted,
    Growth,
    Held,
    Records,
)
from stagewatch.traces.choice import TraceRule
from stagewatch.traces.table import Row


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a trace beside its rows."""

    signal: str
    """What sentences call it."""
    interval: float
    """Nominal seconds between two readings."""
    time: WatchTime
    timeout: float
    """Seconds that a request which timed out counts for."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A rule with the way its rows take."""

    judge: RuleJudge
    take: Callable[[float, Row], None]
    """(watch time, row)."""
    heard: Callable[[float], None] = lambda t: None
    """Time has passed and nothing came, which is a reading of its own where lines are read."""


def feed_of(rule: TraceRule, setting: Setting) -> Feed:
    """The judge of ``rule``."""
    makers: Mapping[type, Callable[..., Feed]] = {
        Growth: _growth,
        Average: _average,
        Held: _held,
        Exhausted: _exhausted,
        Records: _records,
        Available: _available,
        Compare: _compare,
    }
    return makers[type(rule)](rule, setting)


def _growth(rule: Growth, setting: Setting) -> Feed:
    from stagewatch.judge.growth import GrowthJudge

    time = setting.time
    judge = GrowthJudge(signal=setting.signal, config=rule, interval=setting.interval, time=time)

    def take(t: float, row: Row) -> None:
        judge.add(t, row.value, row.proc, started_at(row.proc, time))

    return Feed(judge, take)


def _average(rule: Average, setting: Setting) -> Feed:
    judge = AverageJudge(
        signal=setting.signal,
        config=rule,
        interval=setting.interval,
        time=setting.time,
        timeout_ms=setting.timeout * 1000,
    )

    def take(t: float, row: Row) -> None:
        # How long an error took says nothing about speed.
        value = None if row.status == "error" else row.value
        judge.add(t, value, timed_out=row.status == "timeout")

    return Feed(judge, take)


def _held(rule: Held, setting: Setting) -> Feed:
    judge = HeldJudge(
        signal=setting.signal, config=rule, interval=setting.interval, time=setting.time
    )
    return Feed(judge, lambda t, row: judge.add(t, row.value))


def _compare(rule: Compare, setting: Setting) -> Feed:
    judge = CompareJudge(
        signal=setting.signal,
        config=rule,
        interval=setting.interval,
        time=setting.time,
        unit=setting.unit,
    )
    return Feed(judge, lambda t, row: judge.add(t, row.value))


def _exhausted(rule: Exhausted, setting: Setting) -> Feed:
    judge = ExhaustedJudge(
        used=setting.signal, config=rule, interval=setting.interval, time=setting.time
    )
    fixed = None if isinstance(rule.max, str) else float(rule.max)

    def take(t: float, row: Row) -> None:
        numbers = row.numbers
        most = numbers.get("max") if fixed is None else fixed
        judge.add(t, row.value, most, numbers.get("waiting"), numbers.get("timeouts_total"))

    return Feed(judge, take)


def _records(rule: Records, setting: Setting) -> Feed:
    (name,) = rule.probes
    judge = RecordsJudge(config=rule, interval=setting.interval, time=setting.time)
    lines = CriticalLines(setting.time.start)
    count = 0

    def take(t: float, row: Row) -> None:
        nonlocal count
        count += lines.is_critical(row.at, row.source, row.text)
        judge.add(t, name, float(count), 0.0)

    return Feed(judge, take, lambda t: judge.add(t, name, float(count), 0.0))


def _available(rule: Available, setting: Setting) -> Feed:
    judge = AvailableJudge(config=rule, interval=setting.interval, time=setting.time)

    def take(t: float, row: Row) -> None:
        good = row.status == "ok" if row.status else row.value is not None
        judge.add(t, good, row.status if row.status != "ok" else "")

    return Feed(judge, take)
