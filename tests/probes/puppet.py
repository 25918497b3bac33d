"""A real process that grows, opens, forks and burns as a test tells it to."""

from __future__ import annotations

import os
import subprocess
import sys

PUPPET = """
import os, sys, threading, time
kept = []
print("ready", flush=True)
for line in sys.stdin:
    word, _, number = line.strip().partition(" ")
    if word == "grow":
        kept.append(b"x" * (int(number) << 20))
    elif word == "open":
        kept.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(int(number)))
    elif word == "thread":
        for _ in range(int(number)):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    elif word == "burn":
        until = time.process_time() + float(number)
        while time.process_time() < until:
            pass
    elif word == "fork":
        for _ in range(int(number)):
            if os.fork() == 0:
                sys.stdin.close()
                time.sleep(600)
    elif word == "fork-from-thread":
        forked = threading.Event()
        def work():
            if os.fork() == 0:
                time.sleep(600)
            forked.set()
            time.sleep(600)
        threading.Thread(target=work, daemon=True).start()
        forked.wait()
    print("done", flush=True)
"""


class Puppet:
    """A process that does as it is told."""

    def __init__(self, marker: str, argv0: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            [argv0, "-c", PUPPET, marker],
            executable=sys.executable,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self.process.pid
        self._await("ready")

    def tell(self, command: str) -> None:
        """Give a command and wait until it is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self._await("done")

    def kill(self, reap: bool = True) -> None:
        """End the process and everything it has forked."""
        if self.process.returncode is None:
            os.killpg(self.pid, 9)
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if reap:
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()

    def _await(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word
