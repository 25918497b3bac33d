"""A trace judged by one rule: the same answers as the scenarios' adapter, silence included."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from stagewatch.judge import scenario
from stagewatch.judge.watchtime import WatchTime
from stagewatch.model import State
from stagewatch.traces.choice import chosen_rule
from stagewatch.traces.feeds import Setting
from stagewatch.traces.judging import TraceStep, judge_trace
from stagewatch.traces.table import Row

START = 1_767_225_600.0
HOURS = 6


def steps(
    rows: Sequence[Row], name: str, interval: float, hours: float = HOURS, **said: object
) -> list[TraceStep]:
    setting = Setting("x", interval, WatchTime(START), 10.0)
    end = START + hours * 3600
    ordered = sorted(rows, key=lambda row: row.at)
    return list(judge_trace(ordered, chosen_rule(name, said, "x"), setting, end))


def entered(states: Sequence[tuple[float, State]]) -> list[tuple[float, State]]:
    """Each state with the time at which it was entered."""
    pairs = zip([(0.0, None), *states], states, strict=False)
    return [(round(at, 3), state) for (_, before), (at, state) in pairs if before is not state]


def memory(rng: random.Random) -> list[Row]:
    """A leak in two processes, one of which is restarted."""
    rows = []
    for minute in range(HOURS * 60):
        at = START + 60 * minute + rng.uniform(0, 9)
        for pid, start in ((1, 0), (2, 0 if minute < 150 else 9000)):
            grown = 1 + pid * 0.1 * (at - START - start) / 3600
            value = 4e8 * grown * rng.gauss(1, 0.01) if rng.random() > 0.05 else None
            rows.append(Row(at, value, proc=f"{pid}{start}@{START + start:.0f}"))
    return rows


def latency(rng: random.Random) -> list[Row]:
    """An hour of timeouts and errors, and a gap."""
    rows = []
    for number in range(HOURS * 120):
        at = START + 30 * number + rng.uniform(0, 3)
        if 60 <= number < 100:
            continue
        bad = 300 <= number < 420 and rng.random() < 0.3
        status = rng.choice(("timeout", "error")) if bad else "ok"
        value = None if status == "timeout" else rng.expovariate(1 / 300)
        rows.append(Row(at, value, status=status))
    return rows


def sockets(rng: random.Random) -> list[Row]:
    """Orphans that grow above the limit."""
    return [
        Row(START + 30 * n + rng.uniform(0, 5), 40.0 * n / 120 + rng.randint(0, 20))
        for n in range(HOURS * 120)
    ]


def pool(rng: random.Random) -> list[Row]:
    """A pool that is full now and then, its counter reset once."""
    rows = []
    for n in range(HOURS * 240):
        full = 900 < n < 980
        numbers = {
            "max": 20.0,
            "waiting": float(full * rng.randint(0, 5)) if rng.random() > 0.1 else None,
            "timeouts_total": float(n // 300) if n < 1000 else 0.0,
        }
        rows.append(Row(START + 15 * n, 20.0 if full else 5.0, numbers=numbers))
    return rows


def log(rng: random.Random) -> list[Row]:
    """A quiet log with one fatal record in it."""
    lines = ["INFO all is well", "ERROR pool timeout", "WARNING FATAL is a word here"]
    rows = [
        Row(START + 97 * n, text=f"2026-01-01 00:00:00 {rng.choice(lines)}", source="a.log")
        for n in range(HOURS * 30)
    ]
    return [*rows, Row(START + 9000, text="2026-01-01 02:30:00 FATAL gone", source="a.log")]


SIGNALS: dict[str, tuple[str, Any, float]] = {
    "memory": ("growth", memory, 60.0),
    "latency": ("average", latency, 30.0),
    "websocket": ("held", sockets, 30.0),
    "database": ("exhausted", pool, 15.0),
    "logs": ("records", log, 5.0),
}


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_answers_are_those_of_the_scenarios_adapter(signal: str) -> None:
    """State by state, at the same moments."""
    name, make, interval = SIGNALS[signal]
    rows: list[Row] = make(random.Random(7))
    context = {
        "signal": signal,
        "watch_start": START,
        "watch_end": START + HOURS * 3600,
        "interval_s": interval,
        "columns": {
            "proc": [row.proc for row in rows],
            "status": [row.status for row in rows],
            "source": [row.source for row in rows],
            **{
                key: [row.numbers.get(key) for row in rows]
                for key in ("max", "waiting", "timeouts_total")
            },
        },
    }
    values = [row.text if signal == "logs" else row.value for row in rows]
    told = scenario.judge([row.at for row in rows], values, context)
    mine = [(step.at, step.state) for step in steps(rows, name, interval)]
    assert entered(mine) == entered(told)
    assert len(entered(mine)) > 1


def test_silence_shows_at_the_minute_and_at_the_end() -> None:
    """Nothing has to be read for that."""
    rows = [Row(START + 30 * n, 3.0) for n in range(60)]
    *_, silent, last = steps(rows, "held", 30, hours=2)
    assert (silent.state, silent.computed.finding.why.value) == (State.INCONCLUSIVE, "stale")
    assert silent.at == START + 2400
    assert (last.at, last.state) == (START + 7200, State.INCONCLUSIVE)


def test_a_failure_stays_one_and_its_recovery_is_a_step() -> None:
    """FAIL latches."""
    rows = [Row(START + 30 * n, 500.0 if 20 <= n < 60 else 3.0) for n in range(120)]
    found = [(step.state, step.computed.recovered) for step in steps(rows, "held", 30, hours=1)]
    assert found[-2:] == [(State.FAIL, True), (State.FAIL, True)]
    assert (State.FAIL, False) in found


def test_what_was_read_before_the_watch_or_after_it_does_not_count() -> None:
    """--start and --end cut the trace."""
    rows = [Row(START - 3600 + 30 * n, 500.0 if n < 120 else 3.0) for n in range(480)]
    assert {step.state for step in steps(rows, "held", 30, hours=1)} == {State.PASS}


@pytest.mark.parametrize(("status", "state"), [("ok", State.PASS), ("error", State.FAIL)])
def test_availability_goes_by_the_status(status: str, state: State) -> None:
    """And by the value, where there is none."""
    rows = [Row(START + 30 * n, 5.0, status=status if n % 5 == 0 else "ok") for n in range(240)]
    assert steps(rows, "available", 30, hours=2)[-1].state is state
