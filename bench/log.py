"""Counting a log, beside what one would use instead.

    .venv/bin/python -m bench.log [--mib 64] [--full]

``--full`` makes the log of 1 GiB and ten million lines that the figures in docs/logs.md are from.
CPU seconds are those of the process in question, its children included. ``bench.log_burst`` has
what following a log costs.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from stagewatch.logs.files import RealFiles
from stagewatch.logs.watch import LogWatch, Plan

MIB = 1024 * 1024
ROUNDS = 3
OURS, LNAV = "stagewatch: levels and patterns", "lnav -n"
ERRORS = (
    "pool: timed out after {n}.3 s waiting for a connection ({m} in use)",
    "openai: upstream answered 529, will try again in {m} s",
    "job {h:08x} of workspace {m} failed after {n} ms",
)
TRACE = """Traceback (most recent call last):
  File "/srv/app/pool.py", line {n}, in acquire
    raise TimeoutError(f"no connection in {{seconds}} s")
TimeoutError: no connection in {m} s
"""


def lines(share: float, trace: bool, seed: int = 1) -> Iterator[str]:
    """A log without end; ``share`` of its records are errors."""
    rng = random.Random(seed)
    for number in range(10**9):
        clock = (
            f"2026-01-01 {number // 36000 % 24:02}:{number // 600 % 60:02}:{number // 10 % 60:02}"
        )
        numbers = {"n": rng.randrange(5000), "m": rng.randrange(12), "h": rng.getrandbits(32)}
        if rng.random() < share:
            text = f"ERROR [app.db] {rng.choice(ERRORS).format(**numbers)}\n"
            text += TRACE.format(**numbers) if trace else ""
        else:
            text = "INFO [app.api] GET /api/quota/status 200 in {n} ms, workspace {m}\n".format(
                **numbers
            )
        yield f"{clock},{number % 10}00 {text}"


def json_lines(share: float, seed: int = 1) -> Iterator[str]:
    """The same as JSON."""
    rng = random.Random(seed)
    for number, line in enumerate(lines(share, trace=False, seed=seed)):
        clock = line[:23]
        level, _, text = line[24:].rstrip("\n").split(" ", 2)
        yield (
            f'{{"timestamp": "{clock.replace(" ", "T").replace(",", ".")}Z",'
            f' "level": "{level.lower()}", "logger": "app.{rng.choice(("api", "db", "jobs"))}",'
            f' "message": "{text}", "number": {number}}}\n'
        )


def logger_lines(share: float, seed: int = 1) -> Iterator[str]:
    """The same as Python's logging writes it, of many loggers and levels."""
    rng = random.Random(seed)
    for line in lines(share, trace=False, seed=seed):
        level, _, text = line[24:].split(" ", 2)
        if level == "INFO":
            level = rng.choice(("INFO", "INFO", "DEBUG"))
        yield f"{line[:23]} - app.part{rng.randrange(12)}.worker - {level} - {text}"


def write(path: Path, size: int, source: Iterator[str]) -> None:
    """A log of this many bytes, of a repeated piece with running text."""
    made: list[str] = []
    length = 0
    for line in source:
        made.append(line)
        length += len(line)
        if length >= min(size, 16 * MIB):
            break
    piece = "".join(made).encode()
    with open(path, "wb") as file:
        while file.tell() < size:
            file.write(piece)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process for ``work``."""
    began = time.process_time()
    work()
    return time.process_time() - began


def cpu_of(command: str) -> float:
    """CPU seconds of a shell command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Into a pipe: grep stops at the first match when nobody reads.
    subprocess.run(["/bin/sh", "-c", command], stdout=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tail_and_grep(path: Path, words: str) -> str:
    """``tail -F | grep -c`` over a whole file: it follows until another process has ended."""
    tail = f"tail -c +1 -F -s 0.1 --pid=$! {path} 2>/dev/null"
    return f"sleep 1 & {tail} | grep -cE '{words}'"


def counted(path: Path) -> LogWatch:
    """Everything in the log, counted as the recorder does."""
    watch = LogWatch(Plan(str(path), 0.0, from_start=True), RealFiles())
    now = 1.0
    while True:
        now += 0.25
        watch.look(1e9 + now, now)
        if not watch.behind:
            watch.close()
            return watch


def python_line_by_line(path: Path) -> None:
    """What a short script does."""
    search = re.compile(rb"ERROR|CRITICAL").search
    with open(path, "rb") as file:
        sum(1 for line in file if search(line))


def count(folder: Path, size: int) -> None:
    """MiB per CPU second, levels and patterns exact, beside grep, tail, lnav and a script."""
    for name, source in (
        ("1 % errors", lines(0.01, trace=False)),
        ("1 % errors, JSON", json_lines(0.01)),
        ("1 % errors, 12 loggers", logger_lines(0.01)),
        ("all errors", lines(1.0, trace=False)),
        ("tracebacks", lines(0.2, trace=True)),
    ):
        path = folder / "count.log"
        write(path, size, source)
        print(f"counting, {name}, {path.stat().st_size // MIB} MiB, the best of {ROUNDS}")
        compare(path, contenders(path))


def contenders(path: Path) -> dict[str, Callable[[], float]]:
    """What counts the log, each with the CPU seconds that it took."""
    words = "ERROR|CRITICAL|error|critical"
    found: dict[str, Callable[[], float]] = {
        OURS: lambda: cpu(partial(counted, path)),
        "tail -F | grep -c": partial(cpu_of, tail_and_grep(path, words)),
        "grep -c": partial(cpu_of, f"grep -cE '{words}' {path}"),
        "Python, line by line": lambda: cpu(partial(python_line_by_line, path)),
    }
    if shutil.which("lnav"):
        found[LNAV] = partial(cpu_of, f"lnav -n -c ':filter-in ERROR' {path}")
    return found


def compare(path: Path, work: dict[str, Callable[[], float]]) -> None:
    """One line for each, taken in turns; a machine that others use as well is slower at times."""
    took = {name: float("inf") for name in work}
    for _ in range(ROUNDS):
        for name, measure in work.items():
            took[name] = max(1e-9, min(took[name], measure()))
    size = path.stat().st_size / MIB
    for name, seconds in took.items():
        ratio = f"  {took[LNAV] / seconds:6.1f} × lnav" if name == OURS and LNAV in took else ""
        print(f"  {name:<44} {size / seconds:8.0f} MiB/CPU s{ratio}")


def main() -> None:
    """Each kind of log in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--full", action="store_true", help="1 GiB")
    arguments = parser.parse_args()
    size = MIB * (1024 if arguments.full else arguments.mib)
    folder = Path(tempfile.mkdtemp(prefix="bench-log-"))
    try:
        count(folder, size)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
