"""The one thread that reads a log for the screen: a slow disk or mount never holds a key up."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from stagewatch.logs.moment import first_told
from stagewatch.logs.names import is_rotated, rotated_from
from stagewatch.logs.searches import NONE_ABOVE
from stagewatch.logs.source import FileSource, Source, TextSource, choices
from stagewatch.logs.viewer import Page, Viewer

if TYPE_CHECKING:
    from stagewatch.logs.source import Matcher
    from stagewatch.model import LogLine

PERIOD = 0.5
"""Seconds between two looks at what became of the log."""

Order = Callable[[Viewer], object]
"""What the operator wants of the viewer."""


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


@dataclass
class PageRead(Message):
    """There is something to see."""

    page: Page

    def can_replace(self, message: Message) -> bool:
        """Only the latest counts."""
        return isinstance(message, PageRead)


@dataclass
class ReadingFailed(Message):
    """The log cannot be read."""

    reason: str


class LogDesk:
    """Carries out orders one after another and posts the page that they come to."""

    def __init__(self, target: Target, post: Callable[[Message], object], height: int) -> None:
        self._target, self._post, self._height = target, post, height
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._viewer: Viewer | None = None
        self._at = 0
        """Which of the files is open."""
        self._seeking: list[str] | None = None
        """The files that are still to be searched for a record that is somewhere in the log."""
        self._thread = threading.Thread(target=self._run, daemon=True, name="log-reader")

    def start(self) -> None:
        """Open the log and post its last page."""
        self._thread.start()

    def order(self, order: Order) -> None:
        """Do this next; returns at once."""
        self._orders.put(order)

    def stop(self) -> None:
        """End without waiting; idempotent."""
        self._orders.put(None)

    def other_file(self) -> None:
        """Go on to the next of the log's files."""
        self.order(self._turn)

    def to_end(self) -> None:
        """Go to the newest line; from the end of a rotated file, to that of the log."""

        def go(viewer: Viewer) -> None:
            if viewer.rotated and viewer.following:
                self._open(self._live(viewer.source.name))
            elif viewer.following and viewer.source.gone():
                self._open(viewer.source.name)
            else:
                viewer.to_end()

        self.order(go)

    def _live(self, rotated: str) -> str:
        """The log that this file was rotated from; itself where that is not there."""
        files = self._files()
        live = (p for p in files if _one_log(p, rotated) and not _is_rotated(p, files))
        return next(live, rotated)

    def to_time(self, at: float, offset: float) -> None:
        """Go to the records of this time, in whichever of the log's files has them.

        ``offset``: seconds that times without a zone are east of UTC.
        """

        def go(viewer: Viewer) -> None:
            file = _file_of(self._files(), viewer.source.name, at, offset)
            if file is not None and file != viewer.source.name:
                self._open(file)
            assert self._viewer is not None
            self._viewer.to_time(at, offset)

        self.order(go)

    def to_record(self, matcher: Matcher, at: float, offset: float) -> None:
        """Go to the newest record that matches, in whichever of the log's files has it.

        ``at``: about when it was written; ``offset`` as above. Searched for are the log and its
        rotated files, that of the time first.
        """

        def go(viewer: Viewer) -> None:
            family = [path for path in self._files() if _one_log(path, viewer.source.name)]
            first = _file_of(family, viewer.source.name, at, offset)
            start = family.index(first) if first in family else 0
            viewer.set_search(matcher)
            self._seeking = [*family[start:], *family[:start]] or None
            if not family or viewer.source.name == family[start]:
                self._seeking = (self._seeking or [])[1:]
                viewer.find_newest()
            else:
                viewer.note = NONE_ABOVE  # in the file that happens to be open

        self.order(go)

    def _seek(self) -> None:
        """Search the next file for the record, where it is not in this one."""
        while self._seeking is not None:
            viewer = self._viewer
            assert viewer is not None
            if viewer.waiting:
                return
            if viewer.note != NONE_ABOVE:
                self._seeking = None
            elif self._seeking:
                self._open(self._seeking.pop(0)).find_newest()
            else:
                self._seeking = None
                if self._files():
                    viewer = self._open(self._files()[0])
                viewer.note = "its records are not in the log any more, nor in a rotated one"

    def _open(self, path: str) -> Viewer:
        """Go over to this file; what is shown and looked for stays."""
        viewer, files = self._viewer, self._files()
        assert viewer is not None
        if path in files:
            self._at = files.index(path)
        viewer.close()
        new = self._viewer = self._opened()
        new.look_as(viewer)
        return new

    def _run(self) -> None:
        try:
            self._viewer = self._opened()
            self._show()
            while self._serve():
                pass
        # The boundary of this thread: what goes wrong with a log is shown, whatever it is.
        except Exception as error:  # noqa: BLE001
            self._post(ReadingFailed(str(error) or type(error).__name__))
        if self._viewer is not None:
            self._viewer.close()

    def _serve(self) -> bool:
        """Wait for orders, carry all of them out, show what they come to; False at the end."""
        assert self._viewer is not None
        try:
            order = self._orders.get(timeout=PERIOD)
        except queue.Empty:
            if self._viewer.poll():
                self._show()
            return True
        while order is not None:
            order(self._viewer)
            self._seek()
            if self._orders.empty():
                self._show()
                return True
            order = self._orders.get()
        return False

    def _show(self) -> None:
        assert self._viewer is not None
        if self._viewer.height != self._height:
            self._viewer.resize(self._height)
        self._post(PageRead(self._viewer.page()))

    def resize(self, height: int) -> None:
        """Rows that a page has from now on."""
        self._height = max(1, height)
        self.order(lambda viewer: None)

    def _turn(self, viewer: Viewer) -> None:
        files = self._files()
        if len(files) > 1:
            self._open(files[(self._at + 1) % len(files)])
        else:
            viewer.note = "the log has one file"

    def _files(self) -> list[str]:
        found = choices(self._target.file)
        first = self._target.first
        return [first, *(path for path in found if path != first)] if first in found else found

    def _opened(self) -> Viewer:
        found = self._files()
        if not found:
            return self._kept(f"{self._target.file} is not there")
        path = found[self._at % len(found)]
        try:
            source = FileSource(path)
        except OSError as error:
            return self._kept(f"{path} cannot be read: {error.strerror or error}")
        viewer = self._over(source, lambda: FileSource(path))
        viewer.rotated = _is_rotated(path, found)
        return viewer

    def _kept(self, why: str) -> Viewer:
        """What the record holds of the log."""
        lines = self._target.lines(self._target.probe)
        text = "".join(f"{line.text}\n" for line in lines).encode("utf-8", "replace")
        source = TextSource(os.path.basename(self._target.file), text)
        viewer = self._over(source, lambda: source)
        kept = "these lines are kept in the record" if lines else "the record keeps no line of it"
        viewer.about = f"{why}; {kept}"
        return viewer

    def _over(self, source: Source, reopen: Callable[[], Source]) -> Viewer:
        viewer = Viewer(source, reopen, lambda: self.order(Viewer.go_on))
        viewer.resize(self._height)
        return viewer


def _file_of(files: Sequence[str], current: str, at: float, offset: float) -> str | None:
    """Of a log and its rotated files the one that has this time: the newest that begins before.

    None where none of them tells its times.
    """
    family = [path for path in files if path == current or _one_log(path, current)]
    began = {path: told for path in family if (told := _begins(path, at, offset)) is not None}
    before = [path for path, told in began.items() if told <= at]
    if before:
        return max(before, key=lambda path: began[path])
    return min(began, key=lambda path: began[path], default=None)


def _is_rotated(path: str, files: Iterable[str]) -> bool:
    """Whether this is a rotated file of another one."""
    return any(is_rotated(path, file) for file in files)


def _one_log(path: str, other: str) -> bool:
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
