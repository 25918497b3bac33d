"""A program in a pseudo-terminal of its own: for benchmarks and for tests of the screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType

import pyte

_QUERY = b"\x1b[?2026$p"
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[?<>=]?[0-9;]*(?:\$p|\$y|u)")


def _control() -> None:
    """Make standard input the terminal that sends signals; without it, a hang-up sends none."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """Runs ``argv`` with a terminal of ``columns`` × ``rows`` and reads what it draws."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        controlling: bool = True,
    ) -> None:
        self.master, slave = pty.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.bytes = 0
        self.tail = b""
        """The last few thousand bytes."""
        self.started = time.monotonic()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._reading = threading.Event()
        self._reading.set()
        self._closed = False
        # With these two a program does not ask the terminal for its size.
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
            start_new_session=True,
            preexec_fn=_control if controlling else None,
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._closed:
            self._reading.wait()
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if not ready or not self._reading.is_set():
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.bytes += len(data)
                self.tail = (self.tail + data)[-4096:]
                self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
            if _QUERY in data:
                with contextlib.suppress(OSError):
                    os.write(self.master, b"\x1b[?2026;2$y")

    def text(self) -> str:
        """What stands on the screen."""
        with self._lock:
            return "\n".join(self._screen.display)

    def until(self, condition: Callable[[], bool] | str, seconds: float = 20.0) -> float:
        """Wait for a text on the screen, or a condition; seconds that it took. TimeoutError."""
        holds = condition if callable(condition) else partial(self._shows, condition)
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > seconds:
                raise TimeoutError(f"not within {seconds} s; the screen is\n{self.text()}")
            time.sleep(0.002)
        return time.monotonic() - begun

    def _shows(self, text: str) -> bool:
        return text in self.text()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as a window does."""
        with self._lock:
            self._screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def freeze(self) -> None:
        """Stop reading, as a dead link does."""
        self._reading.clear()

    def thaw(self) -> None:
        """Read again."""
        self._reading.set()

    def hang_up(self) -> None:
        """Take the terminal away."""
        self._closed = True
        self._reading.set()
        self._thread.join()
        os.close(self.master)
        self.master = -1

    def cpu(self) -> float:
        """CPU seconds of the process so far, all threads."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_exact(self) -> float:
        """CPU seconds of the process so far, to the nanosecond, live threads only."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{self.process.pid}/task/{task}/schedstat") as f,
            ):
                total += int(f.read().split()[0])
        return total / 1e9

    def memory(self) -> tuple[float, float]:
        """(RSS, PSS) in MiB."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as file:
            sizes = {
                line.split()[0]: line.split()[1]
                for line in file
                if line.startswith(("Rss:", "Pss:"))
            }
        return int(sizes["Rss:"]) / 1024, int(sizes["Pss:"]) / 1024

    def close(self) -> None:
        """End the process, if it has not ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.master >= 0:
            self.hang_up()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
