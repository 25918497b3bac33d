"""UTF-16: files whose characters, line ends among them, have two bytes each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wide:
    """How a file writes its characters; told by the byte order mark that it begins with."""

    little: bool

    @property
    def newline(self) -> bytes:
        """A line end."""
        return b"\n\0" if self.little else b"\0\n"

    def last_end(self, data: bytes, offset: int) -> int:
        """Behind the last line end in ``data``, which stands at ``offset``; 0 without one."""
        at = data.rfind(self.newline)
        while at >= 0 and (offset + at) % 2:
            at = data.rfind(self.newline, 0, at + 1)
        return at + 2 if at >= 0 else 0

    def first_end(self, data: bytes, offset: int, start: int = 0) -> int:
        """Behind the first line end at or behind ``start``; 0 without one."""
        at = data.find(self.newline, start)
        while at >= 0 and (offset + at) % 2:
            at = data.find(self.newline, at + 1)
        return at + 2 if at >= 0 else 0

    def utf8(self, data: bytes) -> bytes:
        """The same text as everything else here reads it; what is no character is replaced."""
        text = data.decode("utf-16-le" if self.little else "utf-16-be", "replace")
        return text.removeprefix("\ufeff").encode("utf-8", "replace")

    def places(self, data: bytes, text: bytes, starts: Iterable[int]) -> Iterator[int]:
        """Where lines begin in ``data`` that begin at ``starts`` in ``text``, the same as UTF-8.

        ``starts`` grow, and ``data`` begins with a line. A line has the same number in both.
        """
        counted = place = 0
        for start in starts:
            for _ in range(text.count(b"\n", counted, start)):
                place = self.first_end(data, 0, place)
            counted = start
            yield place


def wide_of(head: bytes) -> Wide | None:
    """What the first bytes of a file tell; None for any other text."""
    if head[:2] == b"\xff\xfe":
        return Wide(little=True)
    return Wide(little=False) if head[:2] == b"\xfe\xff" else None
