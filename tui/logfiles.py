"""The files of one log for the screen: the log, its rotated ones, and what the record has of it."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagewatch.logs.moment import first_told
from stagewatch.logs.names import is_rotated, rotated_from
from stagewatch.logs.source import FileSource, Source, TextSource, choices
from stagewatch.logs.viewer import Viewer

if TYPE_CHECKING:
    from stagewatch.model import LogLine


@dataclass(frozen=True, slots=True)
class Target:
    """Which log is to be read."""

    probe: str
    file: str
    """From the root on; may be a pattern."""
    lines: Callable[[str], Sequence[LogLine]]
    """The lines that the record holds, for when no file is at hand."""
    first: str = ""
    """The file to begin with, where there are several."""


class LogFiles:
    """Opens one after another; used by the thread that reads the log."""

    def __init__(self, target: Target, tell: Callable[[], None]) -> None:
        """``tell`` says that a search goes on."""
        self._target, self._tell = target, tell
        self._at = 0
        """Which of the files is open."""
        self._stands_in = False
        """What is open is shown for want of the log."""
        self._kept: bytes | None = None
        """What the record held of it, where that is shown."""

    def all(self) -> list[str]:
        """Those that are there, the last written first; rotated ones too."""
        found = choices(self._target.file)
        first = self._target.first
        return [first, *(path for path in found if path != first)] if first in found else found

    def next(self) -> str:
        """The one after that which is open; empty where there is one at most."""
        files = self.all()
        return files[(self._at + 1) % len(files)] if len(files) > 1 else ""

    def live(self, rotated: str) -> str:
        """The log that this file was rotated from; itself where that is not there."""
        files = self.all()
        live = (p for p in files if one_log(p, rotated) and not self._is_rotated(p, files))
        return next(live, rotated)

    def back(self) -> str:
        """The log that something else is shown for, once it can be read; else empty."""
        if not self._stands_in:
            return ""
        several = glob.has_magic(self._target.file)
        paths = self.all() if several else [self._target.file]
        return next(filter(_can_be_read, paths), "")

    def has_more(self) -> bool:
        """Whether the record, which is shown for want of the log, holds other lines by now."""
        return self._kept is not None and self._kept != self._text()

    def open(self, path: str = "") -> Viewer:
        """Go over to this file, or to the one at the same place among them."""
        found = self.all()
        if path in found:
            self._at = found.index(path)
        self._kept, self._stands_in = None, True
        file = self._target.file
        if not found:
            return self._recorded(f"{file} is not there")
        path = found[self._at % len(found)]
        try:
            source = FileSource(path)
        except OSError as error:
            return self._recorded(f"{path} cannot be read: {error.strerror or error}")
        viewer = Viewer(source, lambda: FileSource(path), self._tell)
        viewer.rotated = self._is_rotated(path, found)
        self._stands_in = viewer.rotated and not glob.has_magic(file) and file not in found
        if self._stands_in:
            viewer.about = f"{file} is not there; this is a rotated file of it"
        return viewer

    def _recorded(self, why: str) -> Viewer:
        """What the record holds of the log."""
        text = self._kept = self._text()
        source: Source = TextSource(os.path.basename(self._target.file), text)
        viewer = Viewer(source, lambda: source, self._tell)
        kept = "these lines are kept in the record" if text else "the record keeps no line of it"
        viewer.about, viewer.recorded = f"{why}; {kept}", True
        return viewer

    def _text(self) -> bytes:
        lines = self._target.lines(self._target.probe)
        return "".join(f"{line.text}\n" for line in lines).encode("utf-8", "replace")

    def _is_rotated(self, path: str, files: Iterable[str]) -> bool:
        """Whether this is a rotated file of another one, or of the log that is not there."""
        return any(is_rotated(path, file) for file in (*files, self._target.file))


def _can_be_read(path: str) -> bool:
    try:
        FileSource(path).close()
    except OSError:
        return False
    return True


def file_of(files: Sequence[str], current: str, at: float, offset: float) -> str | None:
    """Of a log and its rotated files the one that has this time: the newest that begins before.

    None where none of them tells its times.
    """
    family = [path for path in files if path == current or one_log(path, current)]
    began = {path: told for path in family if (told := _begins(path, at, offset)) is not None}
    before = [path for path, told in began.items() if told <= at]
    if before:
        return max(before, key=lambda path: began[path])
    return min(began, key=lambda path: began[path], default=None)


def one_log(path: str, other: str) -> bool:
    """Whether one of them is the other's rotated file, or both are those of a third."""
    (folder, name), (beside, known) = os.path.split(path), os.path.split(other)
    bases = {name, known, name.rpartition(".")[0], known.rpartition(".")[0]}
    rotated = any(
        all(each == base or rotated_from(base, each) for each in (name, known)) for base in bases
    )
    return folder == beside and rotated


def _begins(path: str, near: float, offset: float) -> float | None:
    """The time of a file's first record."""
    try:
        source = FileSource(path)
    except OSError:
        return None
    told = first_told(source, 0, near, offset)
    source.close()
    return told.at if told else None
