"""The rules over a recorded trace: rows in any order in, (timestamp, state) out.

A thin adapter. It sorts the rows, drops exact repeats and hands them to the rule of their signal
through the tracker that latches; it looks at each sample and at each minute of the watch, so
that silence shows. What it says at a time depends on the rows up to then only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from stagewatch.judge.average import AverageJudge
from stagewatch.judge.exhausted import ExhaustedJudge
from stagewatch.judge.finding import RuleJudge
from stagewatch.judge.growth import GrowthJudge
from stagewatch.judge.held import HeldJudge
from stagewatch.judge.lines import CriticalLines
from stagewatch.judge.records import RecordsJudge
from stagewatch.judge.tracker import Tracker
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.profile.schema import Average, Exhausted, Growth, Held, Records
from stagewatch.profile.values import Limit

LOOK = 60.0
"""Seconds between two looks where there are no samples."""
INTERVAL = 60.0
"""Seconds between two readings where the context does not say."""

Context = Mapping[str, Any]
Row = tuple[float, Any, dict[str, Any]]
"""Unix seconds, the value and the further columns."""
Feed = Callable[[float, Any, dict[str, Any]], None]
"""Gives a rule a row at a watch time."""


def judge(
    timestamps: Sequence[float], values: Sequence[Any], context: Context
) -> list[tuple[float, State]]:
    """The state at every sample and every minute of the watch, in the order of time."""
    start, end = float(context["watch_start"]), float(context["watch_end"])
    time = WatchTime(start)
    rule, feed, beat = _MAKERS[str(context["signal"])](context, time)
    tracker = Tracker(str(context["signal"]), latches=True)
    states = []
    for at, rows in _moments(_rows(timestamps, values, context), start, end):
        t = time.of(at)
        for _, value, columns in rows:
            feed(t, value, columns)
        if beat is not None:
            beat(t)
        states.append((at, tracker.follow(t, rule.look(t)).state))
    return states


def _rows(timestamps: Sequence[float], values: Sequence[Any], context: Context) -> list[Row]:
    """The rows of the watch in order, each once.

    Of several numbers at one instant the order is that of the numbers, so that the order of the
    rows does not matter; lines stay in the order in which they were read.
    """
    columns: Mapping[str, Sequence[Any]] = context.get("columns") or {}
    names = sorted(columns)
    found: dict[tuple[Any, ...], Row] = {}
    for i, (stamp, value) in enumerate(zip(timestamps, values, strict=True)):
        at = _number(stamp)
        if at is None or not float(context["watch_start"]) <= at <= float(context["watch_end"]):
            continue
        rest = {name: columns[name][i] for name in names}
        found.setdefault((at, value, *rest.values()), (at, value, rest))
    if context["signal"] == "logs":
        return sorted(found.values(), key=itemgetter(0))
    return [found[key] for key in sorted(found, key=_in_order)]


def _in_order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return key[0], *((part is None, str(part)) for part in key[1:])


def _moments(
    rows: Sequence[Row], start: float, end: float
) -> Iterator[tuple[float, Sequence[Row]]]:
    """Every time at which to look, with the rows that came then."""
    minutes = math.floor((end - start) / LOOK)
    looks: list[tuple[float, Row | None]] = [(start + LOOK * i, None) for i in range(minutes + 1)]
    looks.append((end, None))
    samples: list[tuple[float, Row | None]] = [(row[0], row) for row in rows]
    for at, group in groupby(merge(samples, looks, key=itemgetter(0)), key=itemgetter(0)):
        yield at, [row for _, row in group if row is not None]


def _number(value: object) -> float | None:
    """A finite number, from a number or its text; None for anything else."""
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


Made = tuple[RuleJudge, Feed, Callable[[float], None] | None]
"""A rule, what feeds it with a row, and what has to be done before each look."""


def _interval(context: Context) -> float:
    return _number(context.get("interval_s")) or INTERVAL


def _limit(context: Context, key: str, usual: Limit) -> Limit:
    number = _number(context.get(key))
    return usual if number is None else Limit(number, usual.unit)


def _memory(context: Context, time: WatchTime) -> Made:
    limit = _limit(context, "limit_pct_per_hour", Growth(signal="memory").limit)
    config = Growth(signal="memory", limit=limit)
    rule = GrowthJudge(signal="memory", config=config, interval=_interval(context), time=time)

    def feed(t: float, value: object, columns: dict[str, Any]) -> None:
        life = str(columns.get("proc") or "")
        started = _number(life.partition("@")[2])
        rule.add(t, _number(value), life, None if started is None else time.of(started))

    return rule, feed, None


def _latency(context: Context, time: WatchTime) -> Made:
    config = Average(
        signal="latency", limit=_limit(context, "limit_ms", Average(signal="latency").limit)
    )
    rule = AverageJudge(
        signal="latency",
        config=config,
        interval=_interval(context),
        time=time,
        timeout_ms=_number(context.get("timeout_ms")) or 10_000.0,
    )

    def feed(t: float, value: object, columns: dict[str, Any]) -> None:
        status = columns.get("status") or "ok"
        ms = _number(value) if status == "ok" else None
        rule.add(t, ms, timed_out=status == "timeout")

    return rule, feed, None


def _websocket(context: Context, time: WatchTime) -> Made:
    limit = _limit(context, "limit_orphans", Held(signal="websocket").limit)
    config = Held(signal="websocket", limit=limit)
    rule = HeldJudge(signal="websocket", config=config, interval=_interval(context), time=time)

    def feed(t: float, value: object, columns: dict[str, Any]) -> None:
        rule.add(t, _number(value))

    return rule, feed, None


def _database(context: Context, time: WatchTime) -> Made:
    config = Exhausted(used="database", max="max", waiting="waiting", timeouts="timeouts_total")
    rule = ExhaustedJudge(used="database", config=config, interval=_interval(context), time=time)

    def feed(t: float, value: object, columns: dict[str, Any]) -> None:
        most, waiting, timeouts = (
            _number(columns.get(name)) for name in ("max", "waiting", "timeouts_total")
        )
        rule.add(t, _number(value), most, waiting, timeouts)

    return rule, feed, None


def _logs(context: Context, time: WatchTime) -> Made:
    rule = RecordsJudge(config=Records(probes=["log"]), interval=_interval(context), time=time)
    lines = CriticalLines(time.start)
    criticals = 0

    def feed(t: float, value: object, columns: dict[str, Any]) -> None:
        nonlocal criticals
        if value is not None:
            source = str(columns.get("source") or "")
            criticals += lines.is_critical(time.at(t), source, str(value))

    # A log without lines is quiet, not silent: whoever looks has read it to its end.
    return rule, feed, lambda t: rule.add(t, "log", float(criticals), 0.0)


_MAKERS: dict[str, Callable[[Context, WatchTime], Made]] = {
    "memory": _memory,
    "latency": _latency,
    "websocket": _websocket,
    "database": _database,
    "logs": _logs,
}
