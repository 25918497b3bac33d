"""The one thread that reads a log for the screen: a slow disk or mount never holds a key up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from stagewatch.logs.searches import NONE_ABOVE
from stagewatch.logs.viewer import Page, Viewer
from stagewatch.tui.logfiles import LogFiles, Target, file_of, one_log

if TYPE_CHECKING:
    from stagewatch.logs.source import Matcher

THERE = "the log is there again; end goes to it"
PERIOD = 0.5
"""Seconds between two looks at what became of the log."""

Order = Callable[[Viewer], object]
"""What the operator wants of the viewer."""


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
        self._post, self._height = post, height
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._viewer: Viewer | None = None
        self._files = LogFiles(target, lambda: self.order(Viewer.go_on))
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
            viewer.note = ""
            if viewer.following and (live := self._files.back()):
                self._open(live)
            elif viewer.rotated and viewer.following:
                self._open(self._files.live(viewer.source.name))
            elif viewer.following and viewer.source.gone():
                self._open(viewer.source.name)
            else:
                viewer.to_end()

        self.order(go)

    def to_time(self, at: float, offset: float) -> None:
        """Go to the records of this time, in whichever of the log's files has them.

        ``offset``: seconds that times without a zone are east of UTC.
        """

        def go(viewer: Viewer) -> None:
            file = file_of(self._files.all(), viewer.source.name, at, offset)
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
            name = viewer.source.name
            family = [path for path in self._files.all() if one_log(path, name)]
            first = file_of(family, viewer.source.name, at, offset)
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
                if files := self._files.all():
                    viewer = self._open(files[0])
                viewer.note = "its records are not in the log any more, nor in a rotated one"

    def _open(self, path: str) -> Viewer:
        """Go over to this file; what is shown and looked for stays."""
        viewer = self._viewer
        assert viewer is not None
        viewer.close()
        new = self._viewer = self._files.open(path)
        new.resize(self._height)
        new.look_as(viewer)
        return new

    def _run(self) -> None:
        try:
            self._viewer = self._files.open()
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
            changed = self._viewer.poll()
            live = self._files.back()
            if live and self._viewer.following:
                self._open(live).note = "the log is there again"
                changed = True
            elif live and self._viewer.about != THERE:
                self._viewer.about, changed = THERE, True
            elif self._viewer.following and self._files.has_more():
                self._open("")
                changed = True
            if changed:
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
        following = self._files.next()
        if following:
            self._open(following)
        else:
            viewer.note = "the log has one file"
