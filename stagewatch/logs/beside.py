"""The rotated files beside a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from stagewatch.logs.files import Files, Identity
from stagewatch.logs.names import rotated_from
from stagewatch.logs.state import Mark
from stagewatch.logs.tail import Tail


class Beside:
    """What lies in the folder of one log."""

    def __init__(self, path: str, files: Files) -> None:
        self.path, self.files = path, files
        self._changed: list[int] = []
        self._known: set[int] = set()

    def remember(self, real: str) -> None:
        """Take what is there now as seen; looks into a folder only when one has changed.

        ``real``: where the path leads to, through symbolic links.
        """
        folders = {os.path.dirname(path) or "." for path in (self.path, real)}
        try:
            changed = [self.files.stat(folder).st_mtime_ns for folder in folders]
        except OSError:
            return
        if changed != self._changed:
            self._changed = changed
            self._known = set(self._rotated(real))

    def unseen(
        self, old: Tail, new: Tail, draining: set[int], others: Callable[[str, Identity], bool]
    ) -> bool:
        """Whether a file came and was rotated away since ``remember``, without being read.

        ``others``: whether the file at this path, with this device and inode, is another log's.
        """
        known = {old.ino, new.ino} | draining | self._known
        return any(
            ino not in known and not others(path, (old.dev, ino))
            for ino, path in {**self._rotated(old.path), **self._rotated(new.path)}.items()
        )

    def find(self, mark: Mark) -> Tail | None:
        """The file of ``mark`` under whatever name, at the place marked."""
        for path in (mark.path, *self._named(mark)):
            tail = self._opened(path, mark)
            if tail:
                return tail
        return None

    def _opened(self, path: str, mark: Mark) -> Tail | None:
        try:
            fd = self.files.open(path)
        except OSError:
            return None
        tail = Tail(self.files, fd, self.files.fstat(fd), path)
        if tail.holds(mark):
            tail.seek(mark.offset)
            return tail
        tail.close()
        return None

    def _named(self, mark: Mark) -> list[str]:
        found = self._siblings(self.path, mark.path)
        return [path for _, path, ino in found if ino == mark.ino]

    def _rotated(self, real: str) -> dict[int, str]:
        """Inode → path of the rotated files, packed ones aside."""
        return {
            ino: path
            for log, path, ino in self._siblings(self.path, real)
            if rotated_from(os.path.basename(log), os.path.basename(path))
        }

    def _siblings(self, *logs: str) -> Iterator[tuple[str, str, int]]:
        """(log, path, inode) of what lies beside these logs."""
        for log in dict.fromkeys(logs):
            # Renamed while we look: what is missing here is seen by the next look.
            with suppress(OSError):
                for path, ino in self.files.siblings(log):
                    yield log, path, ino
