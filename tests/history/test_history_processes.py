"""A recorder that is killed, and screens that read while it writes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stagewatch.history import History, HistoryError, HistoryWriter
from stagewatch.model import Reading

RECORDER = """
import sys, time
from pathlib import Path
from stagewatch.clock import SystemClock
from stagewatch.history import HistoryWriter
from stagewatch.model import LogLine, Reading, Result

writer = HistoryWriter(Path(sys.argv[1]), SystemClock())
count = int(sys.argv[2])
while True:
    lines = (LogLine(0.0, "error.log", "ERROR", f"line {2 * count}"),
             LogLine(0.0, "error.log", "ERROR", f"line {2 * count + 1}"))
    writer.add(Reading("log", 1757080440.0 + count, 0.001, Result.VALUE,
                       values={"log.lines": 2.0}, lines=lines, checkpoint=str(count + 1)))
    count += 1
    if count % 10 == 0 and writer.flush(10):
        print(count, flush=True)
    time.sleep(0.0005)
"""


@pytest.fixture
def start(path: Path) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    started = []

    def begin(count: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RECORDER, str(path), str(count)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def killed_after(process: subprocess.Popen[str], reports: int, delay: float) -> int:
    """Kill it a moment after so many reports; the last count that it said was stored."""
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(reports)]
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    said.extend(int(line) for line in process.stdout if line.endswith("\n"))
    return said[-1]


def test_a_killed_recorder_loses_nothing_that_was_stored(
    path: Path, start: Callable[[int], subprocess.Popen[str]]
) -> None:
    """Killed six times in a row; readings, lines and checkpoint agree each time, exactly once."""
    chance = random.Random(11)
    count = 0
    for _ in range(6):
        promised = killed_after(start(count), 5, chance.uniform(0, 0.02))
        with History.open(path) as history, history.moment():
            count = int(history.checkpoint("log") or 0)
            readings = list(history.readings("log"))
            lines = [line.text for line in history.lines("log", 99_999)]
            counts = history.counts()
            minutes = sum(minute.count for minute in history.minutes("log.lines"))
        assert count >= promised
        assert [r.at - 1757080440.0 for r in readings] == list(range(count))
        assert lines == [f"line {n}" for n in range(2 * count)]
        assert (counts["log"], minutes) == ((count, count), count)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


def test_many_readers_hold_nobody_up(
    path: Path, writer: HistoryWriter, reading: Callable[..., Reading], t0: float
) -> None:
    """Four readers in a loop see whole transactions only; the writer has no problem."""
    stop = threading.Event()
    failures: list[str] = []
    looks = [0] * 4
    assert writer.flush(20)

    def watch(number: int) -> None:
        try:
            with History.open(path) as history:
                while not stop.is_set():
                    with history.moment():
                        good = history.counts()["health"][0]
                        stored = len(history.samples("health.latency"))
                        drawn = history.minutes("health.latency")
                    if not good == stored == sum(minute.count for minute in drawn):
                        failures.append(f"{good} counted, {stored} stored")
                    looks[number] += 1
        except HistoryError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=watch, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    problems = set()
    at = 0
    deadline = time.monotonic() + 30
    while (at < 2000 or min(looks) < 5) and time.monotonic() < deadline:
        writer.add(reading(at, 1.0))
        at += 1
        if at % 50 == 0:
            assert writer.flush(20)
            problems.add(writer.problem)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert (failures, problems) == ([], {""})
    assert min(looks) >= 5


def test_a_reader_that_lingers_blocks_no_commit(
    writer: HistoryWriter,
    stored: Callable[..., History],
    reading: Callable[..., Reading],
    until: Callable[..., Any],
) -> None:
    """An open read transaction, as a stuck screen would hold it, stops no reading."""
    writer.add(reading(0))
    history = stored(writer)
    with history.moment():
        history.latest()
        for at in range(1, 200):
            writer.add(reading(at))
        assert writer.flush(20)
        assert writer.problem == ""
        with History.open(history.path) as other:
            assert other.counts() == {"health": (200, 200)}
