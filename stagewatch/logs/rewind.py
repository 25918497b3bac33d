"""Where to go on in a file that was changed behind us, without counting a line again."""

from __future__ import annotations

from stagewatch.logs.state import Mark, digest
from stagewatch.logs.tail import BEFORE, CHUNK, Tail
from stagewatch.logs.wide import wide_of

SEARCH = 32 * CHUNK
"""Bytes at the end of a rewritten file that are searched for the place where we were."""
LENGTHS = (BEFORE, 1024, 256)
"""Bytes before that place that are looked for: long lines need many, of a short rest few remain."""


def kept(tail: Tail) -> int:
    """How much of a rewritten file was counted before it was rewritten.

    A log that was emptied starts again at 0. One that was cut short, trimmed at its front or
    edited still holds lines that were counted; they are recognised by their text, provided that
    it is no mere repetition.
    """
    size = tail.size
    for text in dict.fromkeys(tail.before[-length:] for length in LENGTHS):
        if telling(text) and (found := _last(tail, text, max(0, size - SEARCH), size)):
            return found
    same = _common(tail.files.read(tail.fd, len(tail.head), 0), tail.head)
    if not telling(same):
        return 0
    # Where the whole head is the same, nobody knows where the rest begins to differ.
    return line_start(tail, min(size, tail.offset) if same == tail.head else len(same))


def resumed_at(tail: Tail, mark: Mark) -> tuple[int, bool]:
    """(where to go on in the file of ``mark``, whether it is whole up to there)."""
    if tail.holds(mark):
        return mark.offset, not tail.emptied(mark)
    head = tail.files.read(tail.fd, mark.head_size, 0)
    if head and digest(head) == mark.head:
        return line_start(tail, min(tail.size, mark.offset)), False
    return 0, False


def telling(text: bytes) -> bool:
    """Whether these bytes identify a place: two whole lines in them differ."""
    lines = [line for line in text.split(b"\n")[1:-1] if line.strip(b"\0")]
    return len(set(lines)) > 1


def line_start(tail: Tail, size: int) -> int:
    """The end of the last whole line before ``size``."""
    wide = wide_of(tail.files.read(tail.fd, 2, 0))
    end = size & ~1 if wide else size
    while end > 0:
        begin = max(0, end - CHUNK)
        data = tail.files.read(tail.fd, end - begin, begin)
        found = wide.last_end(data, begin) if wide else data.rfind(b"\n") + 1
        if found:
            return begin + found
        end = begin
    return 0


def _last(tail: Tail, text: bytes, position: int, size: int) -> int:
    """The end of the last ``text`` that begins from ``position`` up to ``size``; 0 where there is
    none."""
    found = 0
    while position < size:
        data = tail.files.read(tail.fd, CHUNK + len(text), position)
        at = data.rfind(text)
        if at >= 0:
            found = position + at + len(text)
        position += CHUNK
    return found


def _common(one: bytes, other: bytes) -> bytes:
    """What both begin with."""
    differ = (index for index, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1)
    return one[: next(differ, min(len(one), len(other)))]
