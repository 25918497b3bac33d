"""``sd_notify`` for ``Type=notify`` services: datagrams to systemd's socket, nothing else."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells systemd how the recorder fares; does nothing where there is no systemd."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_every = _watchdog(environ)
        """Seconds between WATCHDOG messages, half of what systemd allows; None: not wanted."""

    def ready(self) -> None:
        """The first sample is taken."""
        self._send("READY=1")

    def watchdog(self) -> None:
        """Every sampler advanced."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The recorder is on its way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send("STATUS=" + text.replace("\n", " "))

    def _send(self, message: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        # A leading @ stands for the zero byte of Linux's abstract socket names.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as datagrams:
            try:
                datagrams.sendto(message.encode(), address)
            except OSError:
                # systemd restarts without its socket for a moment; the next message counts.
                return


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Half of WATCHDOG_USEC in seconds, when it is meant for this process."""
    allowed = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(allowed) / 2e6 if allowed.isdigit() and int(allowed) > 0 else None
