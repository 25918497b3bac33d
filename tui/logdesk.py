"""The one thread that reads a log for the screen: a slow disk or mount never holds a key up."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from stagewatch.logs.source import FileSource, Source, TextSource, choices
from stagewatch.logs.viewer import Page, Viewer

if TYPE_CHECKING:
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
        self._at += 1
        viewer.close()
        self._viewer = self._opened()

    def _opened(self) -> Viewer:
        found = choices(self._target.file)
        if self._target.first in found:
            found = [self._target.first, *(path for path in found if path != self._target.first)]
        if not found:
            return self._kept(f"{self._target.file} is not there")
        path = found[self._at % len(found)]
        try:
            source = FileSource(path)
        except OSError as error:
            return self._kept(f"{path} cannot be read: {error.strerror or error}")
        return self._over(source, lambda: FileSource(path))

    def _kept(self, why: str) -> Viewer:
        """What the record holds of the log."""
        lines = self._target.lines(self._target.probe)
        text = "".join(f"{line.text}\n" for line in lines).encode("utf-8", "replace")
        source = TextSource(os.path.basename(self._target.file), text)
        viewer = self._over(source, lambda: source)
        viewer.note = f"{why}; these lines are kept in the record"
        return viewer

    def _over(self, source: Source, reopen: Callable[[], Source]) -> Viewer:
        viewer = Viewer(source, reopen, lambda: self.order(Viewer.go_on))
        viewer.resize(self._height)
        return viewer
