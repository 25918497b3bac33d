"""Which processes a profile means: those that match a pattern, or the one a pid file names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from stagewatch.probes._failure import FailureError
from stagewatch.probes._proc import Proc, Stat

RESCAN = 60.0
"""Seconds after which the list of processes is searched again for further matches."""
_MAX_PID_FILE = 64


class Finder(Protocol):
    """Finds the processes that are meant."""

    def find(self) -> list[Stat]:
        """The living ones, the oldest first and never none; raises FailureError."""
        ...


class ByPattern:
    """Every process whose command line matches, stagewatch and what started it left out."""

    def __init__(self, proc: Proc, pattern: str, boot: Callable[[], float]) -> None:
        self._proc = proc
        self._pattern = re.compile(pattern)
        self._boot = boot
        self._known: list[Stat] = []
        self._scanned = -RESCAN

    def find(self) -> list[Stat]:
        """The known ones while they live; searches again when one is gone, and now and then."""
        now = self._boot()
        if now - self._scanned < RESCAN:
            alive = [self._proc.stat(known.pid) for known in self._known]
            found = [stat for stat in alive if stat is not None and not stat.gone]
            if found and [stat.ident for stat in found] == [stat.ident for stat in self._known]:
                return found
        before = self._known
        self._known = self._scan()
        self._scanned = now
        if not self._known:
            raise self._absent(before)
        return self._known

    def _scan(self) -> list[Stat]:
        ours = self._proc.ancestors(os.getpid())
        found = []
        for pid in self._proc.pids():
            if pid in ours:
                continue
            arguments = self._proc.arguments(pid)
            if arguments and not is_stagewatch(arguments) and matches(self._pattern, arguments):
                stat = self._proc.stat(pid)
                if stat is not None and not stat.gone:
                    found.append(stat)
        return sorted(found, key=lambda stat: (stat.started, stat.pid))

    def _absent(self, before: list[Stat]) -> FailureError:
        for known in before:
            stat = self._proc.stat(known.pid)
            if stat is not None and stat.gone and stat.ident == known.ident:
                return zombie(known.pid)
        return FailureError("absent", f'no process matches "{self._pattern.pattern}"')


class ByPidFile:
    """The process that a file names; with a pattern, only if its command line matches."""

    def __init__(self, proc: Proc, path: Path, pattern: str) -> None:
        self._proc = proc
        self._path = path
        self._pattern = re.compile(pattern)

    def find(self) -> list[Stat]:
        """Read the file anew, since a restart writes another pid."""
        pid = self._pid()
        stat = self._proc.stat(pid)
        if stat is None:
            raise FailureError("absent", f"process {pid} of {self._path} is not running")
        if stat.gone:
            raise zombie(pid)
        # Read anew as well: a process may become another program and keep its number and its start.
        if self._pattern.pattern and not matches(self._pattern, self._proc.arguments(pid)):
            wanted = self._pattern.pattern
            reason = f'process {pid} of {self._path} does not match "{wanted}"'
            raise FailureError("absent", reason)
        return [stat]

    def _pid(self) -> int:
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                text = os.read(file, _MAX_PID_FILE).strip()
            finally:
                os.close(file)
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            raise FailureError("pid-file", f"cannot read {self._path}: {words}") from error
        if not text.isdigit() or int(text) < 1:
            raise FailureError("pid-file", f"{self._path} holds no process number")
        return int(text)


def matches(pattern: re.Pattern[str], arguments: list[str]) -> bool:
    """Whether the command line, joined with blanks, contains a match."""
    return pattern.search(" ".join(arguments)) is not None


def is_stagewatch(arguments: list[str]) -> bool:
    """Whether this is the command ``stagewatch``; its profile may name what is searched for."""
    if _name(arguments[0]) == "stagewatch":
        return True
    rest = arguments[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        del rest[0]
    if rest[:1] == ["-m"]:
        return rest[1:2] == ["stagewatch"]
    return bool(rest) and _name(rest[0]) == "stagewatch"


def zombie(pid: int) -> FailureError:
    """What to say about a process that has ended and is still listed."""
    return FailureError("zombie", f"process {pid} has ended (a zombie, not yet reaped)")


def _name(argument: str) -> str:
    return argument.rpartition("/")[2]
