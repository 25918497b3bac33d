"""The adapter: any rows in, states out that rest on what was there by then."""

from __future__ import annotations

import csv
import tomllib
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagewatch.judge.scenario import judge
from stagewatch.model import State
from tests.judge import memory_days, other_days
from tests.judge.traces import DAY, HOUR, START, Trace, first_fail

# Whole days, again and again: to trace them would take four times as long.
pytestmark = pytest.mark.untraced

LABELLED = Path(__file__).resolve().parents[3] / "shared" / "scenarios"
LENGTH = 4 * HOUR

HEALTHY = {**{f"memory: {k}": v for k, v in memory_days.HEALTHY.items()}, **other_days.HEALTHY}
BAD = {**{f"memory: {k}": v for k, v in memory_days.BAD.items()}, **other_days.BAD}
SIGNALS = {
    "memory": memory_days.one_of_several,
    "latency": other_days.quick,
    "websocket": other_days.storms,
    "database": other_days.saturations,
    "logs": other_days.critical,
}

Rows = list[tuple[float, Any, dict[str, Any]]]


def states_of(signal: str, rows: Rows, end: float = LENGTH) -> list[tuple[float, State]]:
    """What the adapter says of these rows of a watch that ends early."""
    trace = Trace(signal, 30.0, rows)
    stamps, values = [START + row[0] for row in rows], [row[1] for row in rows]
    return judge(stamps, values, {**trace.context, "watch_end": START + end})


def some_rows(signal: str, seed: int) -> Rows:
    """A few hours of a made-up day, mildly thinned out."""
    random = Random(f"{signal}{seed}")
    rows = SIGNALS[signal](random).rows
    begin = random.uniform(0, DAY - LENGTH) if signal != "memory" else 0.0
    rows = [(t - begin, v, c) for t, v, c in rows if begin <= t < begin + LENGTH]
    return [row for row in rows if random.random() < 0.7]


@pytest.mark.parametrize("signal", SIGNALS)
@given(seed=st.integers(0, 10_000), copies=st.integers(0, 200))
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_rows_and_repeats_change_nothing(
    signal: str, seed: int, copies: int
) -> None:
    """Rows may come in any order, and more than once."""
    rows, random = some_rows(signal, seed), Random(seed)
    mixed = [*rows, *(random.choice(rows) for _ in range(copies if rows else 0))]
    random.shuffle(mixed)
    assert states_of(signal, mixed) == states_of(signal, rows)


@pytest.mark.parametrize("signal", SIGNALS)
@given(seed=st.integers(0, 10_000), cut=st.floats(0, LENGTH))
@settings(max_examples=8, deadline=None)
def test_a_state_rests_on_what_was_there_by_then(signal: str, seed: int, cut: float) -> None:
    """A trace that is cut says the same up to the cut."""
    rows = some_rows(signal, seed)
    whole = states_of(signal, rows)
    short = states_of(signal, [row for row in rows if START + row[0] <= START + cut])
    until = [state for state in whole if state[0] <= START + cut]
    assert short[: len(until)] == until


@pytest.mark.parametrize("signal", [s for s in SIGNALS if s != "logs"])
@given(seed=st.integers(0, 10_000), begin=st.floats(0, LENGTH - 700))
@settings(max_examples=8, deadline=None)
def test_a_watch_that_ends_in_silence_does_not_pass(signal: str, seed: int, begin: float) -> None:
    """Whatever was before."""
    rows = [row for row in some_rows(signal, seed) if row[0] < begin]
    assert states_of(signal, rows)[-1][1] in (State.INCONCLUSIVE, State.FAIL)


def test_silence_shows_within_the_watch() -> None:
    """There are states where there are no samples: every minute, and at the end."""
    found = states_of("websocket", [(30.0, 3.0, {"open": 9})], end=1000.0)
    times = [at - START for at, _ in found]
    assert max(after - before for before, after in pairwise(times)) <= 60.0
    assert (times[0], times[-1]) == (0.0, 1000.0)
    assert [state for _, state in found][-1] is State.INCONCLUSIVE


def test_a_failure_latches() -> None:
    """It stays FAIL when the value is good again."""
    rows: Rows = [(30.0 * i, 900.0 if i < 40 else 2.0, {"open": 9}) for i in range(200)]
    found = states_of("websocket", rows, end=6000.0)
    assert found[-1][1] is State.FAIL


def test_rows_outside_the_watch_do_not_count() -> None:
    """Neither before its start nor after its end."""
    rows: Rows = [(t, 900.0, {"open": 9}) for t in range(-3000, -1, 30)]
    rows += [(t, 900.0, {"open": 9}) for t in range(1030, 3000, 30)]
    rows += [(t, 3.0, {"open": 9}) for t in range(10, 1000, 30)]
    assert {state for _, state in states_of("websocket", rows, end=1000.0)[2:]} == {State.PASS}


def test_values_may_be_text_and_cells_empty() -> None:
    """As a CSV file has them; what is no number is no reading."""
    rows: Rows = [(30.0 * i, "3", {"open": ""}) for i in range(40)]
    assert states_of("websocket", rows, end=1200.0)[-1][1] is State.PASS
    empty: Rows = [(30.0 * i, ("", "nan")[i % 2], {"open": "9"}) for i in range(40)]
    assert states_of("websocket", empty, end=1200.0)[-1][1] is State.INCONCLUSIVE


def test_errors_of_the_service_say_nothing_about_its_speed() -> None:
    """Their duration is left out of the average, a timeout is not."""
    rows: Rows = [(30.0 * i, 9000.0, {"status": "error"}) for i in range(100)]
    rows += [(15.0 + 30.0 * i, 120.0, {"status": "ok"}) for i in range(100)]
    assert states_of("latency", rows, end=3000.0)[-1][1] is State.PASS
    slow: Rows = [(t, None, {"status": "timeout"}) for t, _, _ in rows]
    assert states_of("latency", slow, end=3000.0)[-1][1] is State.FAIL


def test_limits_come_from_the_context() -> None:
    """Each signal's own."""
    rows: Rows = [(30.0 * i, 150.0, {"open": 9}) for i in range(100)]
    context = {**Trace("websocket", 30.0, rows).context, "watch_end": START + 3000}
    stamps, values = [START + row[0] for row in rows], [row[1] for row in rows]
    assert judge(stamps, values, context)[-1][1] is State.FAIL
    assert judge(stamps, values, {**context, "limit_orphans": 300})[-1][1] is State.PASS


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_day_never_fails(kind: str) -> None:
    """One of each kind; ``bench.judge_quality`` judges thousands."""
    assert first_fail(HEALTHY[kind](Random(f"healthy {kind}")).judged()) is None


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_day_fails_in_time(kind: str) -> None:
    """Not before it is bad, and not too late; at the end it is still FAIL."""
    trace = BAD[kind](Random(f"bad {kind}"))
    states = trace.judged()
    at = first_fail(states)
    assert at is not None
    assert trace.onset is not None
    assert trace.fail_by is not None
    assert trace.onset <= at <= trace.fail_by
    assert states[-1][1] is State.FAIL


def _cell(name: str, text: str) -> str | float | None:
    if name in ("proc", "status", "source"):
        return text
    return float(text) if text else None


def _labelled() -> dict[str, Any]:
    file = LABELLED / "expected.toml"
    if not file.exists():
        return {}
    return tomllib.loads(file.read_text(encoding="utf-8"))


@pytest.mark.skipif(not _labelled(), reason=f"there are no labelled traces in {LABELLED}")
@pytest.mark.parametrize("name", _labelled() or ["none"])
def test_a_labelled_trace_is_judged_as_its_label_says(name: str) -> None:
    """Real ones, where they lie beside the checkout; cut anywhere, the states before are equal."""
    label = _labelled()[name]
    with (LABELLED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = label["signal"] == "logs"
    stamps = [float(row.pop("timestamp")) for row in rows]
    texts = [row.pop("value") for row in rows]
    values = texts if lines else [_cell("", text) for text in texts]
    columns = {key: [_cell(key, row[key]) for row in rows] for key in rows[0]}
    context = {**label["context"], "signal": label["signal"]}
    states = judge(stamps, values, {**context, "columns": columns})
    at = first_fail(states)
    assert states[-1][1] in label["final"]
    if label["expect"] == "FAIL":
        assert at is not None
        assert label["onset"] <= at <= label["fail_by"]
    else:
        assert at is None
    cut = Random(name).uniform(context["watch_start"], context["watch_end"])
    kept = [i for i, stamp in enumerate(stamps) if stamp <= cut]
    fewer = {key: [cells[i] for i in kept] for key, cells in columns.items()}
    part = judge(
        [stamps[i] for i in kept], [values[i] for i in kept], {**context, "columns": fewer}
    )
    until = [state for state in states if state[0] <= cut]
    assert part[: len(until)] == until
