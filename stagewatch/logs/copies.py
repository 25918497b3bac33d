"""Whether a file that stands where another one was is a copy of it: trimmed, edited or whole.

``sed -i`` and ``tail error.log > tmp; mv tmp error.log`` make one. Its lines were counted where
they came from.
"""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.logs.levels import LIMIT, look
from stagewatch.logs.rewind import SEARCH, ends, last_place, line_start, telling
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.tail import BEFORE, CHUNK, Tail

LONG = 1024
"""Bytes without any time that are hardly written twice."""
NEAR = 4 * CHUNK
"""Bytes at a log's end of which one line at least stays when it is copied."""


class Replacement:
    """A new file and the one before it, until the older one is read to its end."""

    def __init__(self, old: Tail, new: Tail) -> None:
        self._old, self._new = old, new
        self._read = -1
        self._known = old.start
        """Where the last whole line ended that was read before the new file came."""

    def waits(self) -> bool:
        """Whether something in the old file is still to be read, which the copy may hold too."""
        before, self._read = self._read, self._old.offset
        try:
            return self._old.behind > 0 and before != self._read
        except OSError:
            return False

    def settle(self) -> bool:
        """Go on in the new file behind what is in both, if it is a copy; False: nobody knows for
        certain whether it is, or where."""
        try:
            found = self._by_end() or self._by_line()
            if found:
                self._new.seek(found[0])
        except OSError:
            return True  # the next look says what is wrong
        return found is None or found[1]

    def _by_end(self) -> tuple[int, bool] | None:
        """One of the two ends with something that the other one has as well."""
        old, new, size = self._old, self._new, self._new.size
        for text in ends(old.before_start):
            sure = _dated(text)
            if not (sure or self._hardly_twice(text)):
                continue
            found = last_place(new, text, size)
            if found and (sure or len(text) >= LONG or found == len(text)):
                return found, sure
        end = line_start(new, size)
        last = new.files.read(new.fd, min(BEFORE, end), max(0, end - BEFORE))
        for text in ends(last):
            sure = _dated(text)
            if not (sure or self._hardly_twice(text)):
                continue
            found = last_place(old, text, old.start)
            read = found >= self._known and end == len(text)
            if found and (sure or len(text) >= LONG or read):
                return end, sure
        return None

    def _by_line(self) -> tuple[int, bool] | None:
        """Behind the last line of the new file that is in the old one too, by its own time.

        Both went on after the copying, or lines at the end were changed.
        """
        known = {line for _, line in _lines_at_end(self._old, self._old.start, NEAR)}
        for end, line in reversed(list(_lines_at_end(self._new, self._new.size, SEARCH))):
            if line in known:
                if _dated(line):
                    return end, False
                known.remove(line)  # asked once: it may be there a million times
        return None

    def _hardly_twice(self, text: bytes) -> bool:
        """Whether it takes a copy for this text, which has no time of its own, to be in both files.

        A service that is started again, with a new log, may write all the same lines. Then its
        old log has another name; one that was replaced has none.
        """
        return not self._old.named and telling(text)


def _lines_at_end(tail: Tail, size: int, most: int) -> Iterator[tuple[int, bytes]]:
    """(end, line) of the whole lines in the last ``most`` bytes before ``size``."""
    position = max(0, size - most)
    data = tail.files.read(tail.fd, size - position, position)
    for number, line in enumerate(data.split(b"\n")[:-1]):
        position += len(line) + 1
        if line and (number or size <= most):
            yield position, line


def _dated(text: bytes) -> bool:
    """Whether a record with a time of its own is among these lines: nobody writes it again."""
    lines = text.split(b"\n")
    looks = (look(line[:LIMIT]) for line in lines[1:-1] or lines[:1])
    return any(seen.record and stamp_of(seen, 0.0) is not None for seen in looks)
