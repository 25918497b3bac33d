"""Textual's terminal driver without its idle wake-ups: keys are waited for, not asked for."""

from __future__ import annotations

import os
import select
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

PENDING = 20
"""Milliseconds between two looks while a sequence has begun: escape may stand alone."""
CHUNK = 4096


class QuietDriver(LinuxDriver):
    """Textual 8.2.8 asks for keys ten times a second, day and night; this one sleeps until there
    are some, which also spends no time between a key and its reading."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._exit = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def disable_input(self) -> None:
        """Wake the thread that waits for keys, so that it ends."""
        os.eventfd_write(self._exit, 1)
        super().disable_input()

    def run_input_thread(self) -> None:
        """Read keys until ``disable_input``."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")().decode
        poll = select.poll()
        poll.register(self._exit, select.POLLIN)
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            pending = parser._timeout_time is not None
            ready = poll.poll(PENDING if pending else None)
            if any(fd == self.fileno for fd, _ in ready):
                data = os.read(self.fileno, CHUNK)
                if data:
                    for event in parser.feed(decode(data)):
                        self.process_message(event)
                else:
                    # Nobody will ever type here again; the guard ends the screen.
                    poll.unregister(self.fileno)
            for event in parser.tick():
                self.process_message(event)
        os.eventfd_read(self._exit)
