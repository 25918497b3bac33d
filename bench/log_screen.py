"""Paging and searching in a big log: what the screen takes, beside what one would use instead.

Run by hand: ``.venv/bin/python -m bench.log_screen [--mib 1024] [viewer] [search] [program]``. The
log is written into a temporary folder first. CPU seconds are those of the process in question;
times on a terminal end when a terminal emulator that reads along shows the line.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.fault_to_screen import Backend, watching
from bench.log import MIB, cpu_of, lines, tail_and_grep, write
from bench.ptyrun import Terminal
from stagewatch.expressions import Expression
from stagewatch.logs import matchers
from stagewatch.logs.scan import Scan
from stagewatch.logs.source import FileSource, Matcher
from stagewatch.logs.viewer import ERRORS, SEARCH, Viewer

PATIENCE = 120.0
"""Seconds for the others to show the last line."""
LAST = "the very last line"
ROWS = 38
LAST_PAGE, ANY_PAGE, CANCEL = 100.0, 20.0, 50.0
"""Milliseconds."""
LITERAL = 1.0
"""CPU seconds a GiB."""
INDEX = 1.0
"""MiB."""
START = 1767225600.0
"""2026-01-01 00:00:00 UTC, when the log begins."""
NOWHERE = "no such text anywhere"


def goal(name: str, value: float, most: float, unit: str) -> None:
    """One figure against its goal."""
    verdict = "holds" if value <= most else "MISSED"
    print(f"  {name:<44} {value:8.2f} {unit}, goal {most:g}: {verdict}", flush=True)


def opened(path: Path) -> Viewer:
    """A viewer as tall as a page of a terminal of 40 rows."""
    viewer = Viewer(FileSource(str(path)), lambda: FileSource(str(path)), lambda: None)
    viewer.resize(ROWS)
    return viewer


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def until(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("it never came to that")
        time.sleep(0.0005)


def share(times: Sequence[float], part: float) -> float:
    """The time that this share of them does not exceed."""
    return sorted(times)[min(len(times) - 1, int(part * len(times)))]


def pages(name: str, viewer: Viewer, size: int, count: int = 200) -> None:
    """Pages at random places."""
    rng = random.Random(1)

    def turn() -> None:
        viewer.to_offset(rng.randrange(size))
        viewer.page()

    began = time.process_time()
    times = [timed(turn) for _ in range(count)]
    used = 1000 * (time.process_time() - began) / count
    goal(f"{name}, median of {count}", share(times, 0.5), ANY_PAGE, "ms")
    goal(f"{name}, 99 %", share(times, 0.99), ANY_PAGE, "ms")
    print(f"    of CPU {used:.2f} ms each: what is beyond that waits for a core or the disk")


def viewer_part(path: Path) -> None:
    """What the screen asks of the log, without the screen; and what is kept for it."""
    size = path.stat().st_size
    print(f"viewer over {size // MIB} MiB")
    made: list[Viewer] = []
    goal("opened at its last page", timed(lambda: made.append(opened(path))), LAST_PAGE, "ms")
    viewer = made[0]
    pages("any page", viewer, size)
    jumps = [timed(partial(viewer.to_time, START + 1000 + n)) for n in range(50)]
    goal("a jump to a time, median of 50", share(jumps, 0.5), ANY_PAGE, "ms")
    viewer.to_end()

    def shown_only() -> None:
        viewer.set_filter(matchers.by_text("2026"))
        viewer.page()

    first = timed(shown_only)
    goal("a filter is set", first, ANY_PAGE, "ms")
    until(lambda: viewer.page().progress == 1.0)
    for name, matcher in ((SEARCH, matchers.by_text("GET")), (ERRORS, matchers.by_text("INFO"))):
        viewer.set_search(matcher, name)
        viewer.find(-1, name)
        until(lambda name=name: viewer._searches._scans[name].done)  # type: ignore[misc]
    assert viewer._shown.scan is not None
    scans = (viewer._shown.scan, *viewer._searches._scans.values())
    arrays = [scan._places for scan in scans]
    kept = sum(sys.getsizeof(places) for places in arrays)
    goal("index of a filter and two searches, full", kept / MIB, INDEX, "MiB")

    def back() -> None:
        viewer.move(-ROWS)
        viewer.page()

    goal("a page of the filter", timed(back), ANY_PAGE, "ms")
    viewer.close()


def searched(path: Path, matcher: Matcher) -> tuple[float, int]:
    """CPU seconds of a whole search, and how much it found."""
    done = threading.Event()
    scan = Scan(FileSource(str(path)), matcher, lambda: done.set() if scan.done else None)
    began = time.process_time()
    scan.start()
    done.wait()
    used = time.process_time() - began
    scan.stop()
    return used, scan.count


def search_part(path: Path) -> None:
    """Whole searches, beside grep and lnav; and how soon one ends."""
    gib = path.stat().st_size / MIB / 1024
    print(f"searching {gib:.2f} GiB, CPU seconds a GiB")
    used, _ = searched(path, matchers.by_text(NOWHERE))
    goal("a literal that is nowhere", used / gib, LITERAL, "CPU s")
    beside = {"grep -c": f"grep -c '{NOWHERE}' {path}"}
    beside["tail -F | grep -c"] = tail_and_grep(path, NOWHERE)
    if shutil.which("lnav"):
        beside["lnav -n, filter-in"] = f"lnav -n -c ':filter-in {NOWHERE}' {path}"
    for name, command in beside.items():
        other = cpu_of(command)
        print(f"    beside it {name:<24} {other / gib:8.2f} CPU s, {other / used:5.1f} ×")
    for name, matcher in (
        ("a literal in 0.3 % of the lines", matchers.by_text("upstream answered")),
        ("an expression with a literal", by("timed out after 49[0-9]{2}")),
        ("an expression without one", by("[Tt]imed .*49[0-9]{2}")),
        ("a level", matchers.by_level("ERROR")),
    ):
        used, found = searched(path, matcher)
        print(f"  {name:<44} {used / gib:8.2f} CPU s, {found:,} places kept", flush=True)
    goal(
        "a search ends after it is given up", max(cancelled(path) for _ in range(20)), CANCEL, "ms"
    )


def by(expression: str) -> Matcher:
    """An expression as the screen takes it."""
    return matchers.by_expression(Expression(expression))


def cancelled(path: Path) -> float:
    """Milliseconds from giving up to the end of the thread that searches."""
    scan = Scan(FileSource(str(path)), matchers.by_level("CRITICAL"), lambda: None)
    scan.start()
    time.sleep(0.05)

    def give_up() -> None:
        scan.stop()
        scan._thread.join()

    return timed(give_up)


def program_part(path: Path) -> None:
    """The real program in a terminal of 120×40, beside lnav and less in such a terminal."""
    print("in a terminal, from the key or the start to the line on the screen")
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as name:
        backend = Backend(Path(name))
        backend.log.unlink()
        os.link(path, backend.log)
        with watching(Path(name), backend, 5.0) as watch:
            took = [1000 * watch.took(lambda: watch.terminal.press("l"), LAST)]
            for _ in range(9):
                watch.took(lambda: watch.terminal.press("q"), "tab panes")
                took.append(1000 * watch.took(lambda: watch.terminal.press("l"), LAST))
            goal("l to the last page, the first time", took[0], LAST_PAGE, "ms")
            goal("l to the last page, median of 9 more", share(took[1:], 0.5), LAST_PAGE, "ms")
            print(f"    the slowest of them {max(took[1:]):.0f} ms")
            before = watch.terminal.cpu_exact()
            turns = [key_to_bytes(watch.terminal, "\x1b[5~") for _ in range(100)]
            used = 1000 * (watch.terminal.cpu_exact() - before) / len(turns)
            print(f"  a page back, key to bytes: median {share(turns, 0.5):.1f}", end="")
            print(f" ms, 95 % {share(turns, 0.95):.1f} ms, of CPU {used:.1f} ms")
    for command in (
        ["tail", "-n", "38", str(path)],
        ["less", "+G", str(path)],
        ["lnav", str(path)],
    ):
        if shutil.which(command[0]) is None:
            print(f"  {command[0]} is not installed and takes NO part")
            continue
        with Terminal(command) as other:
            try:
                took_other = f"{1000 * other.until(LAST, PATIENCE):10.0f} ms"
            except TimeoutError:
                took_other = f"more than {PATIENCE:.0f} s"
        print(f"    beside it {command[0]:<8} from its start {took_other}", flush=True)


def key_to_bytes(terminal: Terminal, key: str) -> float:
    """Milliseconds from a key to the first bytes that come then."""
    time.sleep(0.05)
    before, began = terminal.bytes, time.perf_counter()
    terminal.press(key)
    until(lambda: terminal.bytes > before, 5.0)
    return 1000 * (time.perf_counter() - began)


PARTS = {"viewer": viewer_part, "search": search_part, "program": program_part}


def main() -> None:
    """Run what was asked for, everything by default."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--mib", type=int, default=1024)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-log-") as folder:
        path = Path(folder) / "screen.log"
        free = shutil.disk_usage(folder).free
        if free < 2 * options.mib * MIB:
            raise SystemExit(f"{folder} has only {free // MIB} MiB left; say --mib")
        write(path, options.mib * MIB, lines(0.01, trace=False))
        with path.open("a") as file:
            file.write(f"2026-01-02 00:00:00,000 INFO [app] {LAST}\n")
        for part in options.parts or PARTS:
            PARTS[part](path)


if __name__ == "__main__":
    main()
