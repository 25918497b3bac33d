"""Whether a file that stands where another one was is a copy of it: trimmed, edited or whole.

``sed -i`` and ``tail error.log > tmp; mv tmp error.log`` make one. Its lines were counted where
they came from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

from stagewatch.logs.rewind import SEARCH, ends, line_start, only_place, telling
from stagewatch.logs.stamps import record_time
from stagewatch.logs.tail import BEFORE, CHUNK, Tail

COPIED = "the log was replaced by a copy of itself"
LONG = 1024
"""Bytes without any time that are hardly written twice."""
MANY = 8
"""Records that differ and that nobody writes again in the same second."""
MOST = 1000
"""Lines that both files have that are looked at."""
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

    def settle(self) -> str:
        """Go on in the new file behind what is in both, if it is a copy; returns why lines may be
        missing where nobody knows for certain whether it is, or where."""
        try:
            found = self._by_end() or self._by_line() or self._by_order()
            if found:
                self._new.seek(found[0])
        except OSError:
            return ""  # the next look says what is wrong
        return "" if found is None or found[1] else COPIED

    def _by_end(self) -> tuple[int, bool] | None:
        """One of the two ends with something that the other one has as well, both of them once.

        What repeats itself proves nothing: a storm goes on in a new file as it was in the old one.
        """
        old, new, size = self._old, self._new, self._new.size
        for text in ends(old.before_start):
            dated = _dated(text)
            if not (dated or self._hardly_twice(text)):
                continue
            found = only_place(new, text, size)
            enough = dated or len(text) >= LONG or found == len(text)
            if old.named and found != len(text) and not certain(text):
                continue  # a rotated file and the new one may both have it
            if found and enough and only_place(old, text, old.start):
                return found, certain(text)
        end = line_start(new, size)
        last = new.files.read(new.fd, min(BEFORE, end), max(0, end - BEFORE))
        for text in ends(last):
            dated = _dated(text)
            if not (dated or self._hardly_twice(text)):
                continue
            found = only_place(old, text, old.start)
            read = found >= self._known and end == len(text)
            enough = dated or len(text) >= LONG or read
            if old.named and end != len(text) and not certain(text):
                continue
            if found and enough and only_place(new, text, end):
                return end, certain(text)
        return None

    def _by_line(self) -> tuple[int, bool] | None:
        """Behind what the new file has of the old one, found by the last line that both have once.

        Both went on after the copying, or lines at the end were changed or left out.
        """
        before = [line for _, line in _lines_at_end(self._old, self._old.start, NEAR)]
        known = Counter(before)
        lines = list(_lines_at_end(self._new, self._new.size, SEARCH))
        count = Counter(line for _, line in lines if line in known)
        shared = [n for n, (_, line) in enumerate(lines) if count[line] == known[line] == 1]
        shared = [number for number in shared[-MOST:] if _dated(lines[number][1])]
        if not shared:
            return None
        # In a storm both have the same few lines of one second, when a log is rotated within it.
        if self._old.named and not certain(b"\n".join([b"", *(lines[n][1] for n in shared), b""])):
            return None
        last = shared[-1]
        return _followed(before[before.index(lines[last][1]) :], lines[last:])[0], False

    def _by_order(self) -> tuple[int, bool] | None:
        """Behind the lines of the new file that the old one has too, in that order.

        Of lines that repeat themselves nobody knows more. A file that was rotated has a name.
        """
        if self._old.named:
            return None
        before = [line for _, line in _lines_at_end(self._old, self._old.start, NEAR)]
        lines = list(_lines_at_end(self._new, self._new.size, NEAR))
        place, shared = _followed(before, lines)
        until = [line for end, line in lines if end <= place]
        if 2 * shared < len(until) or not _dated(b"\n".join(until[:MANY])):
            return None
        return place, False

    def _hardly_twice(self, text: bytes) -> bool:
        """Whether it takes a copy for this text, which has no time of its own, to be in both files.

        A service that is started again, with a new log, may write all the same lines. Then its
        old log has another name; one that was replaced has none.
        """
        return not self._old.named and telling(text)


def _followed(before: list[bytes], lines: list[tuple[int, bytes]]) -> tuple[int, int]:
    """(behind the last of these (end, line) that is among those ``before``, in the order of both;
    how many are)."""
    places = defaultdict[bytes, list[int]](list)
    for index, line in enumerate(before):
        places[line].append(index)
    place = reached = shared = 0
    for end, line in lines:
        found = places.get(line, [])
        at = bisect_left(found, reached)
        if at < len(found):
            place, reached, shared = end, found[at] + 1, shared + 1
    return place, shared


def _lines_at_end(tail: Tail, size: int, most: int) -> Iterator[tuple[int, bytes]]:
    """(end, line) of the whole lines in the last ``most`` bytes before ``size``."""
    position = max(0, size - most)
    data = tail.files.read(tail.fd, size - position, position)
    for number, line in enumerate(data.split(b"\n")[:-1]):
        position += len(line) + 1
        if line and (number or size <= most):
            yield position, line


def _dated(text: bytes) -> bool:
    """Whether a record with a time of its own is among these lines: nobody writes it again, but
    for another one at that time."""
    return next(_dates(text), None) is not None


def certain(text: bytes) -> bool:
    """Whether these lines have two times, or many records of one."""
    times = list(_dates(text))
    return len(set(times)) > 1 or len(times) >= MANY


def _dates(text: bytes) -> Iterator[float]:
    """The times of the records that differ among whole lines."""
    lines = text.split(b"\n")
    for line in dict.fromkeys(lines[1:-1] or lines[:1]):
        stamp = record_time(line)
        if stamp is not None:
            yield stamp
