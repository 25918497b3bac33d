"""A file that was emptied, and may be getting its lines back: ``cat trimmed > error.log``.

Which of them were counted is known once they are all there. What was read last is remembered
meanwhile.
"""

from __future__ import annotations

from stagewatch.logs.draining import GRACE
from stagewatch.logs.rewind import kept
from stagewatch.logs.stamps import record_time
from stagewatch.logs.tail import HEAD, Tail


class Rewriting:
    """Such a file, until it is as it was at the look before, or has a line that is newer."""

    def __init__(self, tail: Tail, boot: float) -> None:
        self._tail, self._began = tail, boot
        self._size = -1
        self.again = False
        """At the last look it was shorter than before: it was emptied once more."""
        self._newest = _newest(tail.before_start)

    def waits(self, boot: float) -> bool:
        """Whether more may come of what it had."""
        size, before = self._tail.size, self._size
        self._size, self.again = size, size < before
        if not size:
            return True
        return size != before and boot - self._began < GRACE and not self._is_newer()

    @property
    def pending(self) -> bool:
        """Whether it has something by now."""
        return self._size > 0

    def settle(self) -> None:
        """Go on behind what was counted before."""
        tail = self._tail
        tail.former = tail.before_start
        tail.seek(kept(tail))

    def _is_newer(self) -> bool:
        """Whether its first record is from a later second than the last that was read."""
        if self._newest is None:
            return False
        begins = self._tail.files.read(self._tail.fd, HEAD, 0)
        first = _newest(begins[: begins.find(b"\n") + 1])
        return first is not None and int(first) > int(self._newest)


def _newest(text: bytes) -> float | None:
    """The time of the last of these lines that tells one."""
    stamps = map(record_time, reversed(text.split(b"\n")))
    return next((stamp for stamp in stamps if stamp is not None), None)
