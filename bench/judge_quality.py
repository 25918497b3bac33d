"""How good the judge is: false alarms, misses and delays over made-up days of all five signals.

Run by hand: ``.venv/bin/python -m bench.judge_quality [--days 200] [--only memory] [--seed 1]``.

The days are those of ``tests/judge``, each from a seed of its own, judged through the adapter
that ``stagewatch.judge.scenario`` is, from watch start to watch end. Healthy days count how many
reached FAIL; bad ones how many were found at all, how many after their time, and the delays from
the onset. ``early`` counts FAILs before the onset.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

from tests.judge import memory_days, other_days
from tests.judge.traces import MINUTE, Make, first_fail

HEALTHY = {**{f"memory: {k}": v for k, v in memory_days.HEALTHY.items()}, **other_days.HEALTHY}
BAD = {**{f"memory: {k}": v for k, v in memory_days.BAD.items()}, **other_days.BAD}


def seeds(name: str, days: int, seed: int) -> Iterator[tuple[str, Random]]:
    """One generator of random numbers a day, and what to call it."""
    for day in range(days):
        key = f"{seed}/{name}/{day}"
        yield key, Random(key)


def healthy(name: str, make: Make, days: int, seed: int) -> tuple[int, int]:
    """(days that failed, days)."""
    ends: Counter[str] = Counter()
    failed = []
    for key, random in seeds(name, days, seed):
        states = make(random).judged()
        ends[states[-1][1]] += 1
        at = first_fail(states)
        if at is not None:
            failed.append(f"{key} at {at / 3600:.1f} h")
    shown = ", ".join(f"{state} {count}" for state, count in ends.most_common())
    print(
        f"{name:34} {len(failed):5} of {days}   ends {shown}  {'; '.join(failed[:3])}", flush=True
    )
    return len(failed), days


def bad(name: str, make: Make, days: int, seed: int) -> tuple[int, int]:
    """(days on which it was found, days)."""
    delays, late, early = [], 0, 0
    for _, random in seeds(name, days, seed):
        trace = make(random)
        assert trace.onset is not None
        assert trace.fail_by is not None
        at = first_fail(trace.judged())
        delays.append(math.inf if at is None else at - trace.onset)
        late += at is not None and at > trace.fail_by
        early += at is not None and at < trace.onset
    delays.sort()
    found = sum(delay < math.inf for delay in delays)
    half, most, worst = (delays[int(share * (days - 1))] / MINUTE for share in (0.5, 0.95, 1))
    print(
        f"{name:34} {found:5} of {days}   late {late:3}  early {early}"
        f"   min: median {half:6.1f}  p95 {most:6.1f}  worst {worst:6.1f}",
        flush=True,
    )
    return found, days


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--days", type=int, default=200, help="days of each kind")
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.perf_counter()
    for title, kinds, run in (("false NO-GO", HEALTHY, healthy), ("found", BAD, bad)):
        print(f"\n{title}")
        totals: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for name, make in kinds.items():
            if options.only in name:
                count, days = run(name, make, options.days, options.seed)
                counts[name.partition(":")[0]] += count
                totals[name.partition(":")[0]] += days
        for signal, days in totals.items():
            print(
                f"{signal} in all: {counts[signal]} of {days}, {100 * counts[signal] / days:.2f} %"
            )
    print(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
