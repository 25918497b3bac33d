"""Where to go on in a file that was changed behind us, without counting a line again."""

from __future__ import annotations

import re

from stagewatch.logs.state import Mark, digest
from stagewatch.logs.tail import BEFORE, CHUNK, LENGTHS, Tail, last_line
from stagewatch.logs.wide import wide_of

SEARCH = 32 * CHUNK
"""Bytes at the end of a rewritten file that are searched for the place where we were."""
_DIGIT = re.compile(rb"\d")
_CLOCK = re.compile(rb"\d\d:\d\d:\d\d")


def kept(tail: Tail) -> int:
    """How much of a rewritten file was counted before it was rewritten.

    A log that was emptied starts again at 0. One that was cut short, trimmed at its front or
    edited still holds lines that were counted; they are recognised by their text, provided that
    it is no mere repetition.
    """
    size = tail.size
    for text in ends(tail.before_start):
        if telling(text) and (found := last_place(tail, text, size)):
            return found
    begins = tail.files.read(tail.fd, BEFORE, 0)
    found = overlap(tail.before_start, begins)  # a trimming left it
    if found and telling(begins[:found], begins=True):
        return found
    same = _common(tail.files.read(tail.fd, len(tail.head), 0), tail.head)
    if not telling(same[: same.rfind(b"\n") + 1], begins=True):
        return 0
    # Where the whole head is the same, nobody knows where the rest begins to differ.
    return line_start(tail, min(size, tail.offset) if same == tail.head else len(same))


def resumed_at(tail: Tail, mark: Mark) -> tuple[int, bool]:
    """(where to go on in the file of ``mark``, whether it is whole up to there)."""
    if tail.holds(mark):
        return mark.offset, not tail.emptied(mark)
    return place_again(tail, mark), False


def place_again(tail: Tail, mark: Mark) -> int:
    """How much was counted of a file that was rewritten since ``mark``, or of a copy of it."""
    if found := found_again(tail, mark):
        return found
    head = tail.files.read(tail.fd, mark.head_size, 0)
    first = head[: mark.first_size]
    begins = digest(first) == mark.first and has_time(first)  # a log that was cut short
    if head and (begins or digest(head) == mark.head):
        return line_start(tail, min(tail.size, mark.offset))
    return 0


def found_again(tail: Tail, mark: Mark) -> int:
    """The place of ``mark`` in a file that was rewritten, or in a copy; 0 where it is not found."""
    digests = {mark.before_size: mark.before, **mark.nearer}
    least, most = min(digests), max(digests)
    found: dict[int, int] = {}
    size = tail.size
    first = position = max(0, size - SEARCH)
    wide = wide_of(tail.files.read(tail.fd, 2, 0))
    while least and position < size:
        begin = max(first, position - most)
        data = tail.files.read(tail.fd, position + CHUNK - begin, begin)
        end = position - begin
        while end := data.find(b"\n", end) + 1:
            end += (begin + end) % 2 if wide else 0
            if end < least or digest(data[end - least : end]) != digests[least]:
                continue
            for length, wanted in digests.items():
                text = data[max(0, end - length) : end]
                if digest(text) == wanted and telling(text, begins=begin + end == length):
                    found[length] = begin + end
        position += CHUNK
    return found[max(found)] if found else 0


def ends(text: bytes) -> list[bytes]:
    """The ends of ``text`` that are looked for, the longest first; its last line is the last."""
    return list(dict.fromkeys(text[-length:] for length in (*LENGTHS, last_line(text))))


def telling(text: bytes, *, begins: bool = False) -> bool:
    """Whether these bytes identify a place.

    Two whole lines in them differ; or there are no two, and a time is in them, or a number in the
    one that a file begins with (``begins``).
    """
    lines = [line for line in text.split(b"\n")[not begins : -1] if line.strip(b"\0")]
    if len(lines) > 1:
        return len(set(lines)) > 1
    return has_time(text) or (begins and _DIGIT.search(text) is not None)


def has_time(text: bytes) -> bool:
    """Whether a time of day stands in it: then nobody writes the same again by chance."""
    return _CLOCK.search(text) is not None


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


def last_place(tail: Tail, text: bytes, size: int) -> int:
    """The end of the last ``text`` in the last SEARCH bytes before ``size``; 0 where there is
    none."""
    found, position = 0, max(0, size - SEARCH)
    while position < size:
        data = tail.files.read(tail.fd, min(CHUNK + len(text), size - position), position)
        at = data.rfind(text)
        if at >= 0:
            found = position + at + len(text)
        position += CHUNK
    return found


def only_place(tail: Tail, text: bytes, size: int) -> int:
    """The end of the only ``text`` in the last SEARCH bytes before ``size``; 0 where there is none,
    or another one."""
    found, position = 0, max(0, size - SEARCH)
    while position < size:
        data = tail.files.read(tail.fd, min(CHUNK + len(text) - 1, size - position), position)
        at = data.find(text)
        if at >= 0:
            if found or data.find(text, at + 1) >= 0:
                return 0
            found = position + at + len(text)
        position += CHUNK
    return found


def overlap(before: bytes, begins: bytes) -> int:
    """How many bytes ``begins`` begins with, in whole lines, that ``before`` ends with."""
    # The border of both, one after the other, by Knuth, Morris and Pratt's failure function, which
    # takes the time that lines which repeat themselves would make any search take squared.
    lines, ends_with = begins.split(b"\n")[:-1], before.split(b"\n")[:-1]
    text: list[bytes | None] = [*lines, None, *ends_with[-len(lines) :]]
    border = [0] * len(text)
    for index in range(1, len(text)):
        length = border[index - 1]
        while length and text[index] != text[length]:
            length = border[length - 1]
        border[index] = length + (text[index] == text[length])
    shared = border[-1] if lines else 0
    return sum(len(line) + 1 for line in lines[:shared])


def _common(one: bytes, other: bytes) -> bytes:
    """What both begin with."""
    differ = (index for index, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1)
    return one[: next(differ, min(len(one), len(other)))]
