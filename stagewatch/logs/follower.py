"""Following one path through rotation: what to read next, and where lines may have been lost.

A pure state machine over ``Files``: it is told the time and keeps no clock. Every line that ends
in a newline is handed on once. docs/logs.md has the promise in full.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from stagewatch.logs.files import Files, is_regular
from stagewatch.logs.names import rotated_from
from stagewatch.logs.state import Loss, Mark, Place
from stagewatch.logs.tail import CHUNK, Sink, Tail, TruncatedError

GRACE = 10.0
"""Seconds for which a rotated file must be quiet before it is let go."""
POLLS = 3
MOST_OLD = 8


@dataclass
class Old:
    """A file that was rotated away and may still be written to."""

    tail: Tail
    quiet_since: float
    quiet_polls: int = 0

    def quiet(self, boot: float) -> bool:
        """Whether its writer had its time."""
        return self.quiet_polls >= POLLS and boot - self.quiet_since >= GRACE


@dataclass
class Follower:
    """One path. ``poll`` is called again and again; it never raises for what the files do."""

    path: str
    files: Files
    from_start: bool = False
    """Whether lines that are in the file at the first look count."""
    tail: Tail | None = None
    old: list[Old] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    """Closed windows, to be taken away by the caller."""
    problem: str = ""
    """Why nothing can be read now; empty when all is well."""
    absent: bool = False
    """The problem is that there is no such file."""
    open_loss: Loss | None = None
    context: Callable[[Tail], None] = lambda tail: None
    """Called with the file whose lines are skipped at the first look."""
    _looked: bool = False
    _last: float | None = None
    _gone_since: tuple[float, float] | None = None
    _siblings: dict[int, int] = field(default_factory=dict)

    def poll(self, now: float, boot: float, budget: int, sink: Sink) -> int:
        """Look once, at wall time ``now``; returns the bytes read.

        ``boot`` is a clock that only moves forward. What is left beyond ``budget`` bytes waits
        for the next call.
        """
        try:
            found = self.files.stat(self.path)
        except OSError as error:
            self._unavailable(error, now, boot)
        else:
            self._path_is(found, now, boot)
        read = self._drain(now, boot, budget, sink)
        if self.tail is not None:
            read += self._advance(self.tail, now, budget, sink)
        self._looked = True
        self._last = now
        return read

    @property
    def behind(self) -> int:
        """Bytes that wait to be read."""
        tails = [old.tail for old in self.old] + ([self.tail] if self.tail else [])
        return sum(tail.behind for tail in tails)

    def place(self) -> Place:
        """What to remember across a restart."""
        return Place(
            current=self.tail.mark() if self.tail else None,
            old=[old.tail.mark() for old in self.old],
            missing_since=self.open_loss.since if self.open_loss else None,
        )

    def resume(self, place: Place, at: float, now: float, boot: float) -> None:
        """Go on where a former follower of this path was at time ``at``."""
        self._looked, self._last = True, at
        for mark in place.old:
            self._resume_old(mark, at, now, boot)
        if place.missing_since is not None:
            self.open_loss = Loss(
                path=self.path, since=place.missing_since, until=None, cause="the file was missing"
            )
        if place.current is not None:
            self._resume_current(place.current, at, now, boot)

    def owns(self, dev: int, ino: int) -> bool:
        """Whether this file is being read under this path."""
        tails = [old.tail for old in self.old] + ([self.tail] if self.tail else [])
        return any((tail.dev, tail.ino) == (dev, ino) for tail in tails)

    def close(self) -> None:
        """Give every descriptor back; idempotent."""
        for old in self.old:
            old.tail.close()
        if self.tail:
            self.tail.close()

    def _drain(self, now: float, boot: float, budget: int, sink: Sink) -> int:
        total = 0
        for old in list(self.old):
            read = self._advance(old.tail, now, budget, sink)
            total += read
            if read:
                old.quiet_since, old.quiet_polls = boot, 0
            else:
                old.quiet_polls += 1
            if old.quiet(boot) or len(self.old) > MOST_OLD:
                old.tail.close()
                self.old.remove(old)
        return total

    def _advance(self, tail: Tail, now: float, budget: int, sink: Sink) -> int:
        try:
            return tail.advance(budget, sink)
        except TruncatedError:
            self._lost(self._last or now, now, "the file was truncated in place")
            return self._recount(tail, budget, sink)
        except OSError as error:
            self._fail(_explain(self.path, error), now, absent=False)
            return 0

    def _recount(self, tail: Tail, budget: int, sink: Sink) -> int:
        """Start again in a file that lost its contents, behind what was counted before."""
        tail.seek(_kept(tail))
        try:
            return tail.advance(budget, sink)
        except (TruncatedError, OSError):
            return 0  # it is being rewritten this very moment; the next poll sees the rest

    def _path_is(self, found: os.stat_result, now: float, boot: float) -> None:
        if self.tail and (found.st_dev, found.st_ino) == (self.tail.dev, self.tail.ino):
            self._back()
            return
        if not is_regular(found):
            self._fail(f"{self.path} is not a regular file; name a log file", now, absent=False)
            return
        tail = self._open(now)
        if tail is None:
            return
        if self.tail:
            self._rotated(self.tail, tail, now, boot)
        elif not self._looked and not self.from_start:
            self._skip(tail)
        if self.open_loss:
            self._close_loss(now)
        self.tail = tail
        self.problem, self.absent, self._gone_since = "", False, None
        self._remember_siblings()

    def _skip(self, tail: Tail) -> None:
        """Leave out what was written before the watch, up to the last whole line."""
        size = self.files.fstat(tail.fd).st_size
        tail.seek(_line_start(tail, size))
        self.context(tail)

    def _open(self, now: float) -> Tail | None:
        try:
            fd = self.files.open(self.path)
        except OSError as error:
            self._fail(_explain(self.path, error), now, absent=error.errno == errno.ENOENT)
            return None
        found = self.files.fstat(fd)
        if not is_regular(found):
            self.files.close(fd)
            self._fail(f"{self.path} is not a regular file; name a log file", now, absent=False)
            return None
        return Tail(self.files, fd, found)

    def _rotated(self, old: Tail, new: Tail, now: float, boot: float) -> None:
        between = self._unseen(old, new)
        if between:
            self._lost(self._last or now, now, "rotated several times between two looks")
        self.old.append(Old(old, quiet_since=boot))

    def _unavailable(self, error: OSError, now: float, boot: float) -> None:
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
        if absent and (self.tail or self.old):
            if self._gone_since is None:
                self._gone_since = (self._last or now, boot)
            since, boot_since = self._gone_since
            if boot - boot_since < GRACE:  # a rotation that is not finished yet
                return
            self._fail(_explain(self.path, error), now, absent=True, since=since)
        else:
            self._fail(_explain(self.path, error), now, absent=absent)

    def _fail(self, text: str, now: float, *, absent: bool, since: float | None = None) -> None:
        self.problem, self.absent = text, absent
        if self.open_loss is None:
            cause = "the file was missing" if absent else "the file could not be read"
            began = since if since is not None else self._last or now
            self.open_loss = Loss(path=self.path, since=began, until=None, cause=cause)

    def _back(self) -> None:
        """The path leads to the file that is being read: nothing was missed meanwhile."""
        self.problem, self.absent, self._gone_since = "", False, None
        self.open_loss = None

    def _close_loss(self, now: float) -> None:
        if self.open_loss:
            self.open_loss.until = now
            self.losses.append(self.open_loss)
            self.open_loss = None

    def _lost(self, since: float, until: float, cause: str) -> None:
        self.losses.append(Loss(path=self.path, since=since, until=until, cause=cause))

    def _remember_siblings(self) -> None:
        self._siblings = {ino: mtime for ino, mtime, _ in self._rotated_siblings()}

    def _rotated_siblings(self) -> list[tuple[int, int, int]]:
        """(inode, time of the last change, size) of the uncompressed rotated files beside it."""
        found = []
        try:
            for path, ino in self.files.siblings(self.path):
                if rotated_from(os.path.basename(self.path), os.path.basename(path)):
                    seen = self.files.stat(path)
                    found.append((ino, seen.st_mtime_ns, seen.st_size))
        except OSError:
            return found
        return found

    def _unseen(self, old: Tail, new: Tail) -> bool:
        """Whether a file came and was rotated away without ever being read."""
        known = {old.ino, new.ino} | {each.tail.ino for each in self.old}
        return any(
            size and ino not in known and self._siblings.get(ino) != mtime
            for ino, mtime, size in self._rotated_siblings()
        )

    def _resume_current(self, mark: Mark, at: float, now: float, boot: float) -> None:
        tail = self._open(now)
        if tail and tail.holds(mark):
            tail.seek(mark.offset)
            self.tail = tail
            self._back()
            self._remember_siblings()
            return
        same_file = tail is not None and (tail.dev, tail.ino) == (mark.dev, mark.ino)
        if tail:
            tail.close()
        moved = None if same_file else self._find(mark)
        if moved is None:
            self._lost(at, now, "rotated or truncated while the recorder was not running")
            return
        if self._newer_than(moved):
            self._lost(at, now, "rotated several times while the recorder was not running")
        self.old.append(Old(moved, quiet_since=boot))
        self.problem = ""

    def _resume_old(self, mark: Mark, at: float, now: float, boot: float) -> None:
        tail = self._find(mark)
        if tail is None:
            self._lost(at, now, "a rotated file went away while the recorder was not running")
            return
        self.old.append(Old(tail, quiet_since=boot))

    def _find(self, mark: Mark) -> Tail | None:
        """The file of ``mark`` under another name in the same folder, at the place marked."""
        try:
            paths = [path for path, ino in self.files.siblings(self.path) if ino == mark.ino]
        except OSError:
            return None
        for path in paths:
            try:
                fd = self.files.open(path)
            except OSError:
                continue
            tail = Tail(self.files, fd, self.files.fstat(fd))
            if tail.holds(mark):
                tail.seek(mark.offset)
                return tail
            tail.close()
        return None

    def _newer_than(self, moved: Tail) -> bool:
        """Whether another rotated file was written after ``moved``: one that was never read."""
        changed = self.files.fstat(moved.fd).st_mtime_ns
        return any(
            size and ino != moved.ino and mtime > changed
            for ino, mtime, size in self._rotated_siblings()
        )


def _kept(tail: Tail) -> int:
    """How much of a rewritten file was counted before it was rewritten."""
    size = tail.files.fstat(tail.fd).st_size
    head = tail.files.read(tail.fd, len(tail.head), 0)
    if size and size < tail.offset and head == tail.head[: len(head)]:
        return _line_start(tail, size)  # cut short: what is left was there before
    if len(tail.before) < 32:
        return 0
    kept, position = 0, 0
    while position < min(size, 32 * CHUNK):  # trimmed at the front: look for where we were
        data = tail.files.read(tail.fd, CHUNK + len(tail.before), position)
        at = data.rfind(tail.before)
        if at >= 0:
            kept = position + at + len(tail.before)
        position += CHUNK
    return kept


def _line_start(tail: Tail, size: int) -> int:
    """The end of the last whole line before ``size``."""
    end = size
    while end > 0:
        begin = max(0, end - CHUNK)
        data = tail.files.read(tail.fd, end - begin, begin)
        at = data.rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return 0


def _explain(path: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"{path} does not exist; it is followed as soon as it appears"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} may not be read; let the recorder's user read it (group or chmod)"
    if error.errno == errno.EISDIR:
        return f"{path} is a folder; name a file or a pattern like {path}/*.log"
    return f"{path} cannot be read: {error.strerror}"
