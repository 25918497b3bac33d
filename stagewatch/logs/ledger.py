"""How far files were read that are no longer followed, in case they come back."""

from __future__ import annotations

from collections.abc import Iterable

from stagewatch.logs.files import Files
from stagewatch.logs.state import Mark
from stagewatch.logs.tail import Tail

MOST = 128


class Ledger:
    """The files that were let go, newest last; shared by all the paths of a probe."""

    def __init__(self, files: Files, marks: Iterable[Mark] = ()) -> None:
        self._files = files
        self._marks = {(mark.dev, mark.ino): mark for mark in marks}

    def remember(self, tail: Tail) -> None:
        """Keep the place of a file that still has a name; a deleted one cannot come back."""
        self._marks.pop((tail.dev, tail.ino), None)
        if tail.named:
            self._marks[tail.dev, tail.ino] = tail.mark()
        while len(self._marks) > MOST:
            del self._marks[next(iter(self._marks))]

    def forget(self, tails: Iterable[Tail]) -> None:
        """These are read again: how far they were read before means nothing any more."""
        for tail in tails:
            self._marks.pop((tail.dev, tail.ino), None)

    def recall(self, tail: Tail) -> Mark | None:
        """How far this file was read before; None for one that was not, or has changed."""
        mark = self._marks.get((tail.dev, tail.ino))
        return mark if mark and tail.holds(mark) else None

    def knows(self, path: str) -> bool:
        """Whether the file at this path was read before."""
        try:
            fd = self._files.open(path)
        except OSError:
            return False
        try:
            return self.recall(Tail(self._files, fd, self._files.fstat(fd), path)) is not None
        except OSError:
            return False
        finally:
            self._files.close(fd)

    def marks(self) -> list[Mark]:
        """What to remember across a restart."""
        return list(self._marks.values())
