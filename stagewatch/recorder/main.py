"""The recorder as a process: its lock, its log, its signals and its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import hashlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from types import FrameType

from stagewatch.clock import Clock, SystemClock
from stagewatch.derived import Derivations
from stagewatch.errors import PersonError
from stagewatch.following import SessionFile, profile_of
from stagewatch.history.errors import DamagedHistoryError
from stagewatch.history.files import move_aside
from stagewatch.history.writer import HistoryWriter
from stagewatch.model import Event
from stagewatch.paths import HISTORY, PROFILE
from stagewatch.probes import InstalledKinds
from stagewatch.profile.drills import drills, lingering
from stagewatch.profile.shown import shown_logs
from stagewatch.recorder.judging import Judge
from stagewatch.recorder.lock import RecorderLock, holder
from stagewatch.recorder.logfile import logging_to
from stagewatch.recorder.notify import Notifier
from stagewatch.recorder.past import recall
from stagewatch.recorder.results import Results
from stagewatch.recorder.run import Recorder, open_probes
from stagewatch.trust import refusal_of

log = logging.getLogger(__name__)

FAILED = 2
END_WITHIN = 8
"""Seconds from SIGTERM after which the process ends itself, clean or not."""
CLOSE_WITHIN = 4.0


class RecorderError(PersonError):
    """The recorder cannot start: another one holds the lock, or the folder cannot be written."""


def record(folder: Path, *, foreground: bool, opened: Callable[[], None] = lambda: None) -> int:
    """Record the session in ``folder`` until it is over, stopped, or SIGTERM or SIGINT comes.

    ``opened`` is called when sampling begins. Returns the exit status. What keeps it from
    recording goes to ``recorder.log``, in the foreground to standard error as well; losing the
    race for the lock is an error in the foreground only. Raises RecorderError where there can be
    no log.
    """
    clock = SystemClock()
    lock = RecorderLock(folder)
    try:
        if not lock.acquire(clock.now()):
            if foreground:
                raise RecorderError(_already(folder))
            return 0
        with logging_to(folder, foreground=foreground):
            return _guarded(lambda: asyncio.run(_serve(folder, lock, clock, opened)))
    except OSError as error:
        where = error.filename or folder
        raise RecorderError(f"{where}: {error.strerror}; nothing can be recorded there") from error
    finally:
        lock.release()
        faulthandler.cancel_dump_traceback_later()


def _already(folder: Path) -> str:
    by = holder(folder)
    who = f"process {by.pid}" if by and by.pid else "another process"
    return f"{folder.name}: {who} records already; end it with `stagewatch stop`, or join it"


def _guarded(serve: Callable[[], None]) -> int:
    """Run the recorder and turn what ends it into an exit status."""
    try:
        serve()
    except PersonError as error:
        log.error("%s", error)
        return FAILED
    except asyncio.CancelledError:
        # Ctrl-C in the moment before asyncio begins to count interrupts.
        raise KeyboardInterrupt from None
    # The process's own boundary: a defect leaves its traceback in the log, where no terminal
    # shows it, and the exit status tells systemd to start the next recorder.
    except Exception:
        log.critical("the recorder fell", exc_info=True)
        return FAILED
    return 0


async def _serve(
    folder: Path, lock: RecorderLock, clock: Clock, opened: Callable[[], None]
) -> None:
    session = SessionFile(folder)
    kinds = InstalledKinds()
    profile = profile_of(folder)
    with _history(folder / HISTORY, clock, shown_logs(profile)) as writer:
        for name, config in profile.probe.items():
            writer.declare(name, config.kind, config.every, kinds.signals(name, config))
        past = recall(folder / HISTORY, list(profile.probe))
        recorder = Recorder(
            folder,
            session,
            open_probes(profile, session.session, past, clock, command_refusal(folder, session)),
            writer,
            clock,
            past=past,
            derivations=Derivations(profile.probe),
            results=Results(drills(profile.probe), past.latest, lingering(profile.probe)),
            judge=Judge(folder, profile, session.session, writer, clock),
            notifier=Notifier(os.environ),
            tell=lock.tell,
        )
        with _signals(recorder.stop):
            opened()
            await recorder.run()


def command_refusal(folder: Path, session: SessionFile) -> Callable[[], str]:
    """Whether the profile in force, which belongs where the session says, may run commands."""
    sha256 = hashlib.sha256((folder / PROFILE).read_bytes()).hexdigest()
    return refusal_of(Path(session.session.profile_path), sha256, os.environ)


@contextlib.contextmanager
def _history(path: Path, clock: Clock, shown: Container[str]) -> Iterator[HistoryWriter]:
    """The history's writer; a damaged file is kept aside and a new one begun."""
    try:
        writer = HistoryWriter(path, clock, shown=shown)
    except DamagedHistoryError as error:
        aside = move_aside(path)
        log.error("%s: kept as %s", error, aside.name)
        writer = HistoryWriter(path, clock, shown=shown)
        text = f"{path.name} was damaged and is kept as {aside.name}; a new one is begun"
        writer.event(Event(clock.now(), "history-damaged", text))
    if writer.notice:
        log.warning("%s: %s", path, writer.notice)
        writer.event(Event(clock.now(), "rollback-journal", writer.notice))
    try:
        yield writer
    finally:
        problem = writer.problem
        if not writer.close(CLOSE_WITHIN):
            log.error("not everything is stored: %s", problem or "the disk is too slow")


@contextlib.contextmanager
def _signals(stop: Callable[[str], None]) -> Iterator[None]:
    """SIGTERM and SIGINT end the recording, also when the event loop is held up."""

    loop = asyncio.get_running_loop()

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop, signal.Signals(number).name)
        # The last resort: stacks of all threads to the log, and out.
        faulthandler.dump_traceback_later(END_WITHIN, exit=True, file=sys.stderr)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
