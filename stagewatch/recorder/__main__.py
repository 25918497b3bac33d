"""``python -m stagewatch.recorder [--detach] FOLDER``: how a screen starts a recorder.

Forks before anything heavy is imported, so that whoever started it can wait for its child and
the recorder itself belongs to nobody.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def main() -> int:
    """Record; with ``--detach`` in a process that nobody has to wait for."""
    *options, folder = sys.argv[1:]
    detached = options == ["--detach"]
    if detached:
        if os.fork():
            return 0
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from pathlib import Path

    from stagewatch.recorder.main import record

    if detached:
        return record(Path(folder), foreground=False, opened=_say_so)
    return record(Path(folder), foreground=True)


def _say_so() -> None:
    """Tell whoever started us that we record, and let go of the pipe to it."""
    with contextlib.suppress(BrokenPipeError):  # it did not want to wait
        os.write(1, b"recording\n")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


if __name__ == "__main__":
    sys.exit(main())
