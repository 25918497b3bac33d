"""Run as a program: kills writers of a session and looks at what they leave behind.

One process forks the writers, because starting a Python for each would take most of the time.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stagewatch.session import edits
from stagewatch.session.document import Session
from stagewatch.session.store import SessionStore

CALLS = ("open", "write", "fsync", "link", "replace", "unlink", "close", "fstat", "lstat")
"""The functions of ``os`` before each call of which a writer is killed."""


def note(number: int) -> Callable[[Session], Session]:
    return lambda session: edits.add_note(session, str(number), by="writer", at=number)


def numbers(store: SessionStore) -> list[int]:
    return [int(n.text) for n in store.load().note]


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Run ``work(pipe)`` in a child; returns its pid and the pipe's reading end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(writing)
        finally:
            os._exit(0)
    os.close(writing)
    return pid, reading


def acknowledged(pipe: int) -> list[int]:
    """The numbers that the dead child said were saved."""
    raw = b""
    while chunk := os.read(pipe, 65536):
        raw += chunk
    os.close(pipe)
    return [int(line) for line in raw.decode().splitlines()]


def check(store: SessionStore, said: list[int], before: list[int], at: str) -> None:
    """Whole, all that was said to be saved is there, at most one edit more, none twice."""
    there = numbers(store)
    expected = before + said
    if there not in (expected, [*expected, (expected or [-1])[-1] + 1]):
        raise SystemExit(f"killed {at}: {there} in the file, {expected} acknowledged")


def random_kills(store: SessionStore, rounds: int, seed: int) -> None:
    """Kill a writer that edits in a loop, after a random number of edits and a random while."""
    chance = random.Random(seed)
    for _ in range(rounds):
        before = numbers(store)

        def work(pipe: int, first: int = len(before)) -> None:
            for number in range(first, first + 1000):
                store.edit(note(number))
                os.write(pipe, f"{number}\n".encode())

        pid, pipe = forked(work)
        if chance.random() < 0.8:
            select.select([pipe], [], [], 30)
        # Not to wait for anything: the moment of the kill is what is being varied.
        time.sleep(chance.random() * 0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        check(store, acknowledged(pipe), before, "at random")


def kills_before_each_call(store: SessionStore) -> int:
    """Kill a writer before its first call of the operating system, its second, and so on."""
    for position in range(1, 1000):
        before = numbers(store)
        done = False

        def work(pipe: int, first: int = len(before), position: int = position) -> None:
            die_before(position)
            store.edit(note(first))
            os.write(pipe, f"{first}\n".encode())

        pid, pipe = forked(work)
        _, status = os.waitpid(pid, 0)
        done = not os.WIFSIGNALED(status)
        check(store, acknowledged(pipe), before, f"before call {position}")
        if done:
            return position - 1
    raise SystemExit("the writer never came to its end")


def die_before(position: int) -> None:
    """Let this process kill itself just before the ``position``-th call; halfway for a write."""
    count = 0

    def wrap(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == position:
                if name == "write":
                    fd, raw = arguments
                    real(fd, bytes(raw)[: len(bytes(raw)) // 2])  # type: ignore[call-overload]
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        setattr(os, name, call)

    for name in CALLS:
        wrap(name)


def main() -> None:
    store = SessionStore(Path(sys.argv[1]))
    if sys.argv[2] == "random":
        random_kills(store, rounds=int(sys.argv[3]), seed=int(sys.argv[4]))
    else:
        sys.stdout.write(str(kills_before_each_call(store)))


if __name__ == "__main__":
    main()
