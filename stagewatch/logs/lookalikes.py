"""Files that a pattern finds and whose names look like those of another file's rotated ones.

``worker-1.log`` beside ``worker.log`` may be a log of its own. It is one where it is neither a file
that was read under another name nor a copy of what the logs have or had: then it counts from its
first line, or from where it was when the watch began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from stagewatch.logs.copies import certain
from stagewatch.logs.files import Files, Identity, is_regular
from stagewatch.logs.rewind import last_place, line_start, telling
from stagewatch.logs.state import Alike
from stagewatch.logs.tail import BEFORE, HEAD, Tail

MOST = 200
"""Such files that are remembered across a restart."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Where counting begins in a file that turned out to be a log."""

    offset: int
    since: float | None
    """Lines before it may be missing since then; None where none are."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The logs that such files lie beside."""

    logs: Sequence[Tail]
    read: Callable[[str], bool]
    """Whether the file at this path is being read under another name."""
    known: Callable[[str], bool]
    """Whether it is, or was."""
    emptied: Callable[[], bool]
    """Whether a log was emptied or rewritten lately: what it had may be in a copy only."""


@dataclass(slots=True)
class _Seen:
    identity: Identity
    size: int
    """Up to where it is from before the watch, was read before, or is a copy."""
    since: float
    """When it was not there yet."""
    there: bool
    """It was there when the watch began."""


class Lookalikes:
    """What is known of such files, by their paths."""

    def __init__(self, files: Files, stored: Mapping[str, Alike] | None = None) -> None:
        self._files = files
        self._stored = dict(stored or {})
        self._seen: dict[str, _Seen] = {}
        self._looked: float | None = None
        self.doubts: list[tuple[str, float]] = []
        """(path, since when) of what may be a copy or not, for the reader to take."""

    @property
    def paths(self) -> Set[str]:
        """The files that are, or were, taken for such ones."""
        return self._seen.keys() | self._stored.keys()

    def looked(self, paths: Iterable[str], now: float) -> None:
        """These are all that are there now; forget the others."""
        kept = set(paths)
        self._seen = {path: seen for path, seen in self._seen.items() if path in kept}
        self._stored.clear()
        self._looked = now

    def state(self) -> dict[str, Alike] | None:
        """What to remember across a restart; None where there are too many."""
        if len(self._seen) > MOST:
            return None
        return {
            path: Alike(*seen.identity, seen.size, seen.since, seen.there)
            for path, seen in self._seen.items()
        }

    def begin(self, path: str, now: float, *, there: bool, beside: Neighbours) -> Begin | None:
        """Where to begin in this file; None while it may be a rotated one, or a copy.

        ``there``: the watch is beginning.
        """
        try:
            found = self._files.stat(path)
        except OSError:
            return None
        if not is_regular(found):
            return None
        identity = found.st_dev, found.st_ino
        seen = self._seen.get(path) or self._restored(path)
        if seen is None or seen.identity != identity or found.st_size < seen.size:
            old = there or beside.known(path)
            since = now if self._looked is None else self._looked
            seen = _Seen(identity, found.st_size if old else 0, since, there)
            if not (old or found.st_size):
                return Begin(0, None)  # before anything is in it: no copy is made so slowly
        self._seen[path] = seen
        if found.st_size == seen.size or not (seen.there or beside.logs):
            return None
        if beside.read(path):
            seen.size = found.st_size  # its late lines are read there
            return None
        if (seen.there or not beside.emptied()) and not self._is_copy(path, beside.logs, certain):
            if seen.there or not self._is_copy(path, beside.logs, telling):
                return Begin(seen.size, seen.since if seen.size and not seen.there else None)
            self.doubts.append((path, seen.since))
            seen.since = now
        seen.size, seen.there = found.st_size, False
        return None

    def _restored(self, path: str) -> _Seen | None:
        """What was known of it before the recorder was started again."""
        before = self._stored.get(path)
        if before is None:
            return None
        return _Seen((before.dev, before.ino), before.size, before.since, before.there)

    def _is_copy(self, path: str, logs: Iterable[Tail], enough: Callable[[bytes], bool]) -> bool:
        """Whether one of these logs has all that this file ends with, or begins like it, and
        whether that is ``enough`` to tell."""
        try:
            fd = self._files.open(path)
        except OSError:
            return True
        try:
            copy = Tail(self._files, fd, self._files.fstat(fd), path)
            end = line_start(copy, copy.size)
            head = self._files.read(fd, min(HEAD, end), 0)
            last = self._files.read(fd, min(BEFORE, end), max(0, end - BEFORE))
            return any(
                (enough(last) and last_place(log, last, log.size))
                or (enough(head) and self._files.read(log.fd, len(head), 0) == head)
                for log in logs
            )
        except OSError:
            return True
        finally:
            self._files.close(fd)
