"""A log that came while others are followed may be a copy of one: ``cp error.log incident.log``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stagewatch.logs.copies import certain
from stagewatch.logs.rewind import last_place, line_start
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
                if self._is_part(size):
                    self.copied = size
                else:
                    self._own = size
        except OSError:
            return False  # the next look says what is wrong
        return size == self.copied

    def settle(self) -> str:
        """Go on behind what is in the other log; returns why there may be lines among that."""
        parted = not self.waits()
        if self.copied:
            self._tail.seek(line_start(self._tail, self.copied))
        return PARTED if self.copied and parted else ""

    def _is_part(self, size: int) -> bool:
        """Whether its end is in another log for certain: where it is here, or at the end there."""
        tail = self._tail
        end = line_start(tail, size)
        last = tail.files.read(tail.fd, min(BEFORE, end), max(0, end - BEFORE))
        whole = b"\n" + last if len(last) == end else last  # its first line, too
        return certain(whole) and any(
            log.files.read(log.fd, len(last), end - len(last)) == last
            or last_place(log, last, log.size)
            for log in self._logs()
        )
