"""The rotated files beside a log."""

from __future__ import annotations

import os
from collections.abc import Callable

from stagewatch.logs.files import Files, Identity
from stagewatch.logs.names import rotated_from
from stagewatch.logs.state import Mark
from stagewatch.logs.tail import Tail


class Beside:
    """What lies in the folder of one log."""

    def __init__(self, path: str, files: Files) -> None:
        self.path, self.files = path, files
        self._folder = os.path.dirname(path) or "."
        self._changed: int | None = None
        self._known: set[int] = set()

    def remember(self) -> None:
        """Take what is there now as seen; looks into the folder only when that has changed."""
        try:
            changed = self.files.stat(self._folder).st_mtime_ns
        except OSError:
            return
        if changed != self._changed:
            self._changed = changed
            self._known = set(self._rotated())

    def unseen(
        self, old: Tail, new: Tail, draining: set[int], others: Callable[[str, Identity], bool]
    ) -> bool:
        """Whether a file came and was rotated away since ``remember``, without being read.

        ``others``: whether the file at this path, with this device and inode, is another log's.
        """
        known = {old.ino, new.ino} | draining | self._known
        return any(
            ino not in known and not others(path, (old.dev, ino))
            for ino, path in self._rotated().items()
        )

    def find(self, mark: Mark) -> Tail | None:
        """The file of ``mark`` under whatever name, at the place marked."""
        for path in (mark.path, *self._named(mark.ino)):
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

    def _named(self, ino: int) -> list[str]:
        try:
            return [path for path, each in self.files.siblings(self.path) if each == ino]
        except OSError:
            return []

    def _rotated(self) -> dict[int, str]:
        """Inode → path of the rotated files, packed ones aside."""
        base = os.path.basename(self.path)
        try:
            return {
                ino: path
                for path, ino in self.files.siblings(self.path)
                if rotated_from(base, os.path.basename(path))
            }
        except OSError:
            return {}  # renamed while we look: what is missing here is seen by the next look
