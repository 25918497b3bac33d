"""A log that came while others are followed may be a copy of one: ``cp error.log incident.log``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stagewatch.logs.copies import certain
from stagewatch.logs.rewind import ends, found_again, last_place, line_start
from stagewatch.logs.tail import BEFORE, Tail

PARTED = "the log began as a copy of another one"


class Newcomer:
    """Such a file, until it has a line of its own. A copy in the making has its beginning first."""

    def __init__(self, tail: Tail, logs: Callable[[], Iterable[Tail]], *, copied: int = 0) -> None:
        """``copied``: up to where it was a copy when it was seen last."""
        self._tail, self._logs = tail, logs
        self.copied = copied
        self._own = 0
        """With so many bytes it has lines of its own."""

    def waits(self) -> bool:
        """Whether it is empty, or has nothing but what another log has."""
        try:
            size = self._tail.size
            if size not in (0, self.copied, self._own):
                copied = self._place(size)
                if copied >= line_start(self._tail, size):
                    self.copied = size
                else:
                    self.copied, self._own = max(self.copied, copied), size
        except OSError:
            return False  # the next look says what is wrong
        return size == self.copied

    def settle(self) -> str:
        """Go on behind what is in the other log; returns why there may be lines among that."""
        parted = not self.waits()
        if self.copied:
            self._tail.seek(line_start(self._tail, self.copied))
        return PARTED if self.copied and parted else ""

    def _place(self, size: int) -> int:
        """Up to where it is in another log for certain.

        What it ends with is there, where it is here or at the end; or it was the last that was read
        there, before the log was emptied.
        """
        tail, found = self._tail, 0
        end = line_start(tail, size)
        last = tail.files.read(tail.fd, min(BEFORE, end), max(0, end - BEFORE))
        texts = [text for text in ends(last) if _is_certain(text, whole=len(text) == end)]
        for log in self._logs():
            if any(
                log.files.read(log.fd, len(text), end - len(text)) == text
                or last_place(log, text, log.size)
                for text in texts
            ):
                return end
            if log.former_mark:
                found = max(found, found_again(tail, log.former_mark))
            for text in (log.before_start, log.former):
                if _is_certain(text, whole=False):
                    found = max(found, last_place(tail, text, size))
        return found


def _is_certain(text: bytes, *, whole: bool) -> bool:
    """Whether only a copy has these lines, too; ``whole``: the first one is."""
    return certain(b"\n" + text if whole else text)
