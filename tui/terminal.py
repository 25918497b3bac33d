"""Ends the screen cleanly whatever happens to the terminal, and never lets it block the screen.

Textual's own writer blocks the event loop once a terminal stops reading, its process dies on
SIGHUP and SIGTERM without unmounting, and it runs on when the terminal is gone. This module
replaces the writer (``LinuxDriver`` looks the name ``WriterThread`` up in its module) and handles
the signals. tests/tui/test_terminal.py asserts the private names.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from textual.drivers import linux_driver

if TYPE_CHECKING:
    from textual.app import App

GRACE = 2.0
"""Seconds from a signal until the process is ended by force."""
RESTORE = (
    b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?2048l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l"
    b"\x1b[?1016l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What a terminal needs to be usable again when the driver could not say goodbye."""


class PatientWriter(threading.Thread):
    """Stands in for Textual's ``WriterThread``: ``write`` returns at once, always.

    What the terminal does not take is kept up to ``LIMIT`` characters; beyond that, whole frames
    are dropped and ``drained`` is called once output flows again, so that the screen repaints.
    Bytes go to the descriptor itself: no lock of ``sys.stderr`` is held by a write that hangs.
    """

    LIMIT = 256 * 1024

    def __init__(self, file: IO[str], drained: Callable[[], None] = lambda: None) -> None:
        super().__init__(daemon=True, name="textual-output")
        self._file = file
        self._fd = file.fileno()
        self._encoding: str = getattr(file, "encoding", None) or "utf-8"
        self._drained = drained
        self._queue: deque[str] = deque()
        self._size = 0
        self._change = threading.Condition()
        self._stopping = False
        self._dead = False
        self._dropped = False

    def write(self, text: str) -> None:
        """Queue ``text``; never waits."""
        with self._change:
            if self._dead:
                return
            if self._size + len(text) > self.LIMIT and self._queue:
                self._queue.clear()
                self._size = 0
                self._dropped = True
            self._queue.append(text)
            self._size += len(text)
            self._change.notify()

    def isatty(self) -> bool:
        """As the thread that this one replaces."""
        return True

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._fd

    def flush(self) -> None:
        """Nothing to do: the thread writes as fast as the terminal takes it."""

    def run(self) -> None:
        """Write what is queued until ``stop`` and an empty queue, or a dead terminal."""
        while True:
            with self._change:
                while not self._queue and not self._stopping:
                    self._change.wait()
                if not self._queue:
                    return
                text = "".join(self._queue)
                self._queue.clear()
                self._size = 0
            if not self._put(text.encode(self._encoding, "backslashreplace")):
                return
            with self._change:
                dropped, self._dropped = self._dropped, False
            if dropped:
                self._drained()

    def _put(self, data: bytes) -> bool:
        """Write all of ``data``; False when the terminal is gone."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                select.select([], [self._fd], [])
            except OSError:
                with self._change:
                    self._dead = True
                    self._queue.clear()
                return False
        return True

    def stop(self) -> None:
        """Let the rest go out; a terminal that does not read is not waited for longer than 1 s."""
        with self._change:
            self._stopping = True
            self._change.notify()
        self.join(timeout=1.0)


class TerminalGuard:
    """Leaves within ``GRACE`` seconds of SIGHUP, SIGTERM or a hang-up, with status 129 or 143.

    One daemon thread waits for both the signals (which Python hands it through a pipe) and the
    hang-up, so that nothing depends on the event loop being alive.
    """

    def __init__(self, save: Callable[[float], None], *, grace: float = GRACE) -> None:
        self._save = save
        self._grace = grace
        self._app: App[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._read_end, self._write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
        self.code: int | None = None
        """The exit status that a signal or a hang-up asks for; None while neither came."""

    def install(self) -> None:
        """Take over the writer and the signals; before the app runs, in the main thread."""
        guard = self

        class Writer(PatientWriter):
            def __init__(self, file: IO[str]) -> None:
                super().__init__(file, guard.repaint)

        # By the name that LinuxDriver looks up in its module when it starts.
        vars(linux_driver)["WriterThread"] = Writer
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        threading.Thread(target=self._watch, daemon=True, name="terminal-guard").start()

    def attach(self, app: App[Any]) -> None:
        """Name the running app; from its event loop."""
        self._app, self._loop = app, asyncio.get_running_loop()

    def repaint(self) -> None:
        """Ask for a whole frame, from any thread: some were dropped while nobody read."""
        app, loop = self._app, self._loop
        if app is not None and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(lambda: app.refresh(layout=True))

    def _on_signal(self, number: int, frame: object) -> None:
        # Only a write that cannot wait: the handler may interrupt any code of the main thread.
        with contextlib.suppress(OSError):
            os.write(self._write_end, bytes([number]))

    def _watch(self) -> None:
        """Wait for a signal or the hang-up, then leave."""
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        if os.isatty(self._terminal):
            # An empty mask reports only hang-up and errors, and costs nothing meanwhile.
            poll.register(self._terminal, 0)
        ready = {fd for fd, _ in poll.poll()}
        number = os.read(self._read_end, 1)[0] if self._read_end in ready else signal.SIGHUP
        self._leave(number, restore=self._terminal not in ready)

    def _leave(self, number: int, *, restore: bool) -> None:
        self.code = 128 + number
        force = threading.Timer(self._grace, self._force, (restore,))
        force.daemon = True
        force.start()
        self._save(self._grace / 4)
        app, loop = self._app, self._loop
        if app is None or loop is None:
            self._force(restore)
        else:
            with contextlib.suppress(RuntimeError):  # already on its way out
                loop.call_soon_threadsafe(lambda: app.exit(return_code=self.code or 0))

    def _force(self, restore: bool) -> None:
        """End the process now; the terminal is put right as far as it lets us."""
        if restore:
            self._put_right()
        os._exit(self.code or 1)

    def _put_right(self) -> None:
        driver: Any = getattr(self._app, "_driver", None)
        with contextlib.suppress(OSError, termios.error):
            os.set_blocking(2, False)
            os.write(2, RESTORE)
        attributes = getattr(driver, "attrs_before", None)
        if attributes is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, attributes)
