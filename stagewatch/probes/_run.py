"""One command, run to its end or ended: no shell, no input, bounded in time and output."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic

from stagewatch.probes._failure import FailureError, os_words
from stagewatch.profile.values import format_duration

_PIECE = 1 << 16


@dataclass(slots=True)
class Ran:
    """What came of a command that ended by itself."""

    status: int
    """Its exit status; negative: minus the number of the signal that ended it."""
    output: bytearray
    errors: bytearray


class Runner:
    """Runs one command at a time. ``stop`` may be called from another thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        timeout: float,
        limit: int,
    ) -> Ran:
        """Run it and everything that it starts in its process group, which ends with it.

        Raises FailureError when it cannot be started, takes longer than ``timeout`` seconds or
        says more than ``limit`` bytes.
        """
        process = _started(argv, cwd, env)
        with self._lock:
            self._process = process
        try:
            return self._collected(process, argv[0], timeout, limit)
        finally:
            self._end(process)

    def stop(self) -> None:
        """End what runs."""
        with self._lock:
            if self._process is not None:
                _kill_group(self._process.pid)

    def _collected(
        self, process: subprocess.Popen[bytes], name: str, timeout: float, limit: int
    ) -> Ran:
        """Everything that it says until it ends; what it leaves running is not waited for."""
        ran = Ran(0, bytearray(), bytearray())
        until = monotonic() + timeout
        ended = os.pidfd_open(process.pid)
        try:
            with selectors.DefaultSelector() as selector:
                for pipe, kept in ((process.stdout, ran.output), (process.stderr, ran.errors)):
                    assert pipe is not None
                    os.set_blocking(pipe.fileno(), False)
                    selector.register(pipe, selectors.EVENT_READ, kept)
                selector.register(ended, selectors.EVENT_READ, None)
                _read_until_ended(selector, name, until, timeout, ran, limit)
        finally:
            os.close(ended)
        # It is not reaped yet, so that its number still means its process group.
        exit_ = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert exit_ is not None
        ran.status = exit_.si_status if exit_.si_code == os.CLD_EXITED else -exit_.si_status
        return ran

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._process = None
            _kill_group(process.pid)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _started(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if str(error.filename) == str(cwd):
            raise FailureError("command", f"there is no folder {cwd}") from error
        raise FailureError("command", f"there is no command {argv[0]}") from error
    except (OSError, ValueError) as error:
        raise FailureError("command", f"{argv[0]} cannot be run: {os_words(error)}") from error


def _read_until_ended(
    selector: selectors.BaseSelector,
    name: str,
    until: float,
    timeout: float,
    ran: Ran,
    limit: int,
) -> None:
    ended = False
    while not ended:
        ready = selector.select(max(0.0, until - monotonic()))
        if not ready:
            what = f"{name} did not end within {format_duration(timeout)}, and was killed"
            raise FailureError("timeout", what)
        ended = any(key.data is None for key, _ in ready)
        pipes = [key for key in selector.get_map().values() if key.data is not None]
        for key in pipes if ended else [key for key, _ in ready if key.data is not None]:
            if not _drain(key.fd, key.data, ran, limit):
                selector.unregister(key.fileobj)
        if len(ran.output) + len(ran.errors) > limit:
            raise FailureError("too-large", f"{name} said more than {limit} bytes, and was killed")


def _drain(pipe: int, kept: bytearray, ran: Ran, limit: int) -> bool:
    """Take what a pipe holds, little more than may be; whether more may come."""
    while len(ran.output) + len(ran.errors) <= limit:
        try:
            piece = os.read(pipe, _PIECE)
        except BlockingIOError:
            return True
        if not piece:
            return False
        kept += piece
    return True


def _kill_group(pid: int) -> None:
    # Each command leads a process group of its own; it is gone when the last member is.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
