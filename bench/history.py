"""What a day of recording costs, and what reading it back costs, beside a plain CSV file.

Run by hand: ``.venv/bin/python bench/history.py [--hours 24] [--every 1]``. Five probes of four
signals each are recorded through the real writer, with the facts that an http probe tells. The
other side is what a user would do without stagewatch: append a line a value to a CSV file, and
ask awk or Python for the summary. Both run in the same process, one after the other, and their
files are removed at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from stagewatch.clock import SystemClock
from stagewatch.history import History, HistoryWriter
from stagewatch.model import Event, Fact, Reading, Result, Signal

PROBES = 5
SIGNALS = 4
START = 1_757_080_432.0
BUCKETS = 120
SLICE = 1000
GOAL_MB, GOAL_MS, GOAL_REATTACH_S = 60, 50, 2


def signal_names(probe: int) -> list[str]:
    return [f"p{probe}.s{number}" for number in range(SIGNALS)]


def readings(hours: float, every: float) -> Iterator[Reading]:
    """The day, in the order in which it would happen; one reading in 500 fails."""
    random.seed(1)
    for slot in range(int(hours * 3600 / every)):
        for probe in range(PROBES):
            at = START + slot * every + probe * every / PROBES + random.uniform(0, 0.004)
            yield reading(probe, at, failed=random.random() < 0.002)


def reading(probe: int, at: float, *, failed: bool = False) -> Reading:
    names = signal_names(probe)
    if failed:
        why = "connection refused by 127.0.0.1:8000"
        return Reading(f"p{probe}", at, 0.002, Result.ERROR, why, {}, dict.fromkeys(names, why))
    latency = random.gauss(141, 20)
    values = (latency, 1.0, float(int(random.gauss(5.4e8, 1e6))), float(random.randint(0, 80)))
    facts: dict[str, Fact] = {
        "http_status": 200,
        "address": "127.0.0.1:8000",
        "phase_connect": round(random.uniform(0.1, 0.4), 2),
        "phase_first_byte": round(latency, 2),
        "phase_body": round(random.uniform(0.01, 0.2), 2),
    }
    return Reading(
        f"p{probe}",
        at,
        latency / 1000,
        Result.VALUE,
        values=dict(zip(names, values, strict=True)),
        facts=facts,
    )


def timed(work: Callable[[], object], times: int = 5) -> float:
    """Median milliseconds of several runs."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def open_writer(path: Path, every: float) -> HistoryWriter:
    writer = HistoryWriter(path, SystemClock())
    for probe in range(PROBES):
        signals = [Signal(name, "ms") for name in signal_names(probe)]
        writer.declare(f"p{probe}", "http", every, signals)
    writer.event(Event(START, "recorder-started", "benchmark"))
    return writer


def record_day(path: Path, hours: float, every: float) -> int:
    """Write the day; returns the number of readings."""
    writer = open_writer(path, every)
    began, count = time.process_time(), 0
    for item in readings(hours, every):
        writer.add(item)
        count += 1
        if count % SLICE == 0 and not writer.flush(60):
            raise SystemExit(f"the history is stuck: {writer.problem}")
    if not writer.close(60):
        raise SystemExit(f"the history is stuck: {writer.problem}")
    spent = time.process_time() - began
    began = time.process_time()
    for _ in readings(min(hours, 1.0), every):
        pass
    making = (time.process_time() - began) * hours / min(hours, 1.0)
    print(
        f"  insertion, batches of {SLICE}   {1e6 * (spent - making) / count:8.1f} µs CPU a reading"
    )
    return count


def record_csv(path: Path, hours: float, every: float) -> None:
    """The same day as one CSV line a value, written out after each reading."""
    began = time.process_time()
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        for item in readings(hours, every):
            rows.writerows((f"{item.at:.3f}", name, value) for name, value in item.values.items())
            file.flush()
    spent = time.process_time() - began
    print(
        f"  CSV append and flush          {spent:8.1f} s CPU in all, making the readings included"
    )


async def lag_while(work: Callable[[int], None], seconds: float) -> tuple[float, float]:
    """(p99, worst) lateness in ms of a 5 ms tick while ``work`` is called at each tick."""
    late = []
    end = time.perf_counter() + seconds
    tick = 0
    while time.perf_counter() < end:
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        late.append(1000 * (time.perf_counter() - due))
        work(tick)
        tick += 1
    late.sort()
    return late[int(len(late) * 0.99)], late[-1]


def measure_pace(folder: Path) -> None:
    """Insertion as it really happens: a reading, a commit; and the event loop beside it."""
    writer = open_writer(folder / "pace.db", 1.0)
    writer.flush()
    began = time.process_time()
    for number in range(1000):
        writer.add(reading(number % PROBES, START + number / PROBES))
        writer.flush()
    spent = time.process_time() - began
    print(f"  insertion, a commit each      {1e6 * spent / 1000:8.1f} µs CPU a reading")
    idle = asyncio.run(lag_while(lambda _: None, 3))

    def five(tick: int) -> None:
        for probe in range(PROBES):
            writer.add(reading(probe, START + 1000 + tick))

    busy = asyncio.run(lag_while(five, 3))
    print(f"  event loop late, idle         {idle[0]:8.2f} ms p99, {idle[1]:.2f} worst")
    print(f"  … 1,000 readings a second     {busy[0]:8.2f} ms p99, {busy[1]:.2f} worst")
    writer.close(30)


def reattach(path: Path, start: float, end: float) -> None:
    """All that a screen reads when it is opened."""
    with History.open(path) as history:
        look(history, start, end)


def look(history: History, start: float, end: float) -> None:
    quarter = (end - start) / 4
    history.changed()
    with history.moment():
        history.latest()
        history.last_values()
        history.counts()
        history.failures()
        history.gaps()
        history.events(50)
        for probe in history.probes():
            history.lines(probe, 200)
            for phase in range(4):
                history.coverage(probe, start + phase * quarter, start + (phase + 1) * quarter)
        for signal in history.signals():
            history.series(signal, start, end, BUCKETS)
            history.spread(signal, end - 900, end)


def measure_reading(path: Path, start: float, end: float) -> dict[str, float]:
    """Milliseconds of each question, on a connection that has not been asked it before."""

    def fresh(ask: Callable[[History], object]) -> float:
        def once() -> None:
            with History.open(path) as history:
                ask(history)

        return timed(once)

    figures = {
        "open and close": fresh(lambda h: h.changed()),
        "series, whole window": fresh(lambda h: h.series("p1.s0", start, end, BUCKETS)),
        "spread, whole window": fresh(lambda h: h.spread("p1.s0", start, end)),
        "spread, 15 minutes": fresh(lambda h: h.spread("p1.s0", end - 900, end)),
        "coverage, whole window": fresh(lambda h: h.coverage("p1", start, end)),
        "latest": fresh(lambda h: h.latest()),
        "last values, counts, failures": fresh(
            lambda h: (h.last_values(), h.counts(), h.failures())
        ),
    }
    figures["summary (series and spread)"] = fresh(
        lambda h: (h.series("p1.s0", start, end, BUCKETS), h.spread("p1.s0", start, end))
    )
    figures["reattach: all that a screen asks"] = timed(lambda: reattach(path, start, end))
    with History.open(path) as history:
        look(history, start, end)
        figures["the next look"] = timed(lambda: look(history, start, end))
    return figures


AWK = (
    "$2==s{n++;t+=$3;if(n==1||$3<l)l=$3;if($3>h)h=$3;print $3 > v}"
    'END{close(v);while(("sort -n " v)|getline x)a[++i]=x;'
    "print n,t/n,l,h,a[int(n*.5+.5)],a[int(n*.95+.5)]}"
)


def measure_csv(path: Path) -> dict[str, float]:
    """The summary of one signal (mean, low, high, quantiles), as awk and as Python would."""

    def awk() -> None:
        values = path.with_suffix(".values")
        command = ["awk", "-F,", "-v", "s=p1.s0", "-v", f"v={values}", AWK, str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def python() -> None:
        with path.open(encoding="utf-8", newline="") as file:
            values = sorted(float(row[2]) for row in csv.reader(file) if row[1] == "p1.s0")
        statistics.fmean(values)

    return {"awk": timed(awk, 3), "python": timed(python, 3)}


def report(figures: dict[str, float], plain: dict[str, float]) -> None:
    for name, figure in figures.items():
        print(f"  {name:34} {figure:9.2f} ms")
    for name, figure in plain.items():
        print(f"  CSV, summary with {name:16} {figure:9.2f} ms")
    summary = figures["summary (series and spread)"]
    ratio = plain["awk"] / summary
    print(f"\n  summary {summary:.1f} ms, goal {GOAL_MS}; awk takes {ratio:.1f} times as long")
    again = figures["reattach: all that a screen asks"] / 1000
    print(f"  reattach {again:.2f} s, goal {GOAL_REATTACH_S}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--every", type=float, default=1.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as name:
        folder = Path(name)
        path, plain = folder / "history.db", folder / "plain.csv"
        print(f"{wanted.hours:g} h, a reading every {wanted.every:g} s, {PROBES * SIGNALS} signals")
        count = record_day(path, wanted.hours, wanted.every)
        record_csv(plain, wanted.hours, wanted.every)
        measure_pace(folder)
        size, csv_size = path.stat().st_size / 1e6, plain.stat().st_size / 1e6
        print(f"  {count} readings: history {size:.1f} MB (goal {GOAL_MB}), CSV {csv_size:.1f} MB")
        os.sync()
        end = START + wanted.hours * 3600
        report(measure_reading(path, START, end), measure_csv(plain))


if __name__ == "__main__":
    main()
