"""What the kernel tells of a log: which files and folders are listened to as it is rotated."""

from __future__ import annotations

import glob
import os
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.inotify import (
    ATTRIB,
    CONTENT,
    CREATE,
    FOLDER,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
    NAMES,
    OVERFLOW,
    Inotify,
)
from stagewatch.logs.watch import Heard
from stagewatch.mounts import NETWORK_FILE_SYSTEMS, file_system

if TYPE_CHECKING:
    from stagewatch.logs.watch import LogWatch

APPEARS = CREATE | MOVED_TO
OLD_FILES = 8
"""How many rotated files are listened to: their writers may be late."""


class Ears:
    """What the kernel tells of the files that are followed, and of the folders they lie in."""

    def __init__(self, watch: LogWatch) -> None:
        self.deaf = False
        """The kernel cannot be relied on here."""
        self._watch = watch
        self._heard: dict[str, int] = {}
        self._folders: dict[str, int] = {}
        self._names: dict[tuple[int, str], str] = {}
        """(number of the folder, name in it) → the followed path."""
        self._written: set[int] = set()
        """The numbers of files that were written to."""
        self._pattern: int | None = None
        """The number of the folder that a pattern looks into."""
        self._old: deque[int] = deque()
        self._inotify: Inotify | None = None
        # A queue of its own: that of all events overflows where two files are written in turn.
        self._comings: Inotify | None = None
        try:
            self._inotify = Inotify()
            self._comings = Inotify()
        except OSError:
            self.deaf = self._inotify is None

    @property
    def fd(self) -> int:
        """Readable when something happened; -1 where nothing is told."""
        return -1 if self.deaf or self._inotify is None else self._inotify.fileno()

    def happened(self) -> bool:
        """Whether anything happened since the last call; after more than writing, ``listen``."""
        if self._inotify is None:
            return False
        found = [(number, mask) for number, mask, _ in self._inotify.events()]
        self._written |= {number for number, mask in found if mask & MODIFY}
        if any(mask & ~MODIFY for _, mask in found):
            self.listen()
        return bool(found)

    def heard(self) -> Heard:
        """What is told to a look, of all that happened since the one before."""
        written, self._written = self._written, set()
        paths = self._watch.paths if written else ()
        return Heard(self.appeared(), {path for path in paths if self._heard.get(path) in written})

    def appeared(self) -> Counter[str]:
        """How often a file appeared since the last call, under each followed path and under every
        other one in the folder of a pattern."""
        found: Counter[str] = Counter()
        gone: dict[int, str] = {}
        """Files that were made, and moved away."""
        folder = os.path.dirname(self._watch.plan.path)
        for number, mask, name, move in self._comings.moves() if self._comings else ():
            path = self._names.get((number, name), "")
            if number == self._pattern and not (path or mask & FOLDER):
                path = os.path.join(folder, name)
            if mask & OVERFLOW:
                found.update(2 * [*self._watch.paths])
            elif path and mask & APPEARS:
                found[path] += 1
                if move in gone and self._watch.finds(path):  # it goes on under this name
                    found[gone.pop(move)] -= 1
            elif path and mask & MOVED_FROM and (number, name) not in self._names and found[path]:
                gone[move] = path
        return +found

    def listen(self) -> None:
        """Listen to the files and folders as they are now."""
        told, plan = self._inotify, self._watch.plan
        if told is None or self.deaf:
            return
        paths = self._watch.paths
        folders = {os.path.dirname(path) for path in (plan.path, *paths)}
        folders |= {os.path.dirname(os.path.realpath(path)) for path in paths}
        if any(file_system(Path(folder)) in NETWORK_FILE_SYSTEMS for folder in self._new(folders)):
            self.deaf = True
            return
        for folder in folders:
            self._hear(told, folder, NAMES | ATTRIB)
            with suppress(OSError):
                if self._comings is not None and folder not in self._folders:
                    # All of them: of the same event several times in a row one is told.
                    self._folders[folder] = self._comings.watch(folder, NAMES)
        for path in paths:
            self._hear(told, path, CONTENT)
        self._pattern = self._folders.get(os.path.dirname(plan.path)) if plan.is_pattern else None
        self._names = {
            (self._folders[folder], name): path
            for path in paths
            for folder, name in map(os.path.split, (path, os.path.realpath(path)))
            if folder in self._folders
        }

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        for told in (self._inotify, self._comings):
            if told is not None:
                told.close()
        self._inotify = self._comings = None

    def _new(self, folders: set[str]) -> set[str]:
        return {f for f in folders if f not in self._heard and not glob.has_magic(f)}

    def _hear(self, told: Inotify, path: str, mask: int) -> None:
        # What is not there yet is found by a look, as ever.
        with suppress(OSError):
            number = told.watch(path, mask)
            before = self._heard.get(path)
            self._heard[path] = number
            if before is not None and before != number:
                self._old.append(before)
                if len(self._old) > OLD_FILES:
                    told.forget(self._old.popleft())
