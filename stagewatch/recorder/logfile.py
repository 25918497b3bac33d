"""``recorder.log``: what the recorder has to say to whoever looks for a fault; bounded, 0600."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import time
from collections.abc import Iterator
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from stagewatch.paths import RECORDER_LOG
from stagewatch.text import clean

# Without O_NONBLOCK, opening a FIFO waits for a reader.
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""How the log is opened by whoever writes to it."""
MAX_BYTES = 1 << 20
"""Of one file; an older one is kept beside it."""
NAMESPACE = "stagewatch"


class _PrivateHandler(RotatingFileHandler):
    """A rotating log that only its owner can read, from the moment it is created."""

    def _open(self) -> TextIOWrapper:
        return open(os.open(self.baseFilename, APPEND, 0o600), "a", encoding="utf-8")


@contextlib.contextmanager
def logging_to(folder: Path, *, foreground: bool) -> Iterator[None]:
    """Log to the session's ``recorder.log``, crashes of the interpreter included.

    In the foreground warnings go to standard error as well. Raises OSError.
    """
    handler = _PrivateHandler(folder / RECORDER_LOG, maxBytes=MAX_BYTES, backupCount=1)
    handler.setFormatter(_formatter())
    handlers: list[logging.Handler] = [handler]
    if foreground:
        console = logging.StreamHandler()
        console.setLevel(logging.WARNING)
        console.setFormatter(logging.Formatter("stagewatch: %(message)s"))
        handlers.append(console)
    root = logging.getLogger(NAMESPACE)
    before = root.level
    root.setLevel(logging.INFO)
    for each in handlers:
        root.addHandler(each)
    crash_file = os.open(folder / RECORDER_LOG, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    faulthandler.enable(crash_file)
    try:
        yield
    finally:
        faulthandler.disable()
        os.close(crash_file)
        root.setLevel(before)
        for each in handlers:
            root.removeHandler(each)
            each.close()


def last_line(folder: Path) -> str:
    """The newest line of the log, cut to a readable length; empty when there is none."""
    try:
        with (folder / RECORDER_LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return clean(next((line for line in reversed(lines) if line.strip()), ""), 300)


def _formatter() -> logging.Formatter:
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    formatter.converter = time.gmtime
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.default_msec_format = "%s.%03dZ"
    return formatter
