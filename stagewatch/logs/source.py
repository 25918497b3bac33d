"""A log as something to page through: any size, never mapped, never loaded as a whole.

Everything is a question about bytes at an offset, so a file that shrinks under its reader gives
fewer bytes and nothing worse.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

from stagewatch.logs.files import RealFiles, is_regular
from stagewatch.logs.names import compressed, rotated_from
from stagewatch.logs.wide import Wide, wide_of

BLOCK = 64 * 1024
KEPT = 4096
"""Bytes of a line that are kept."""
LONGEST = 64 * 1024 * 1024
"""Bytes after which a line is taken as ended, so that a hole of terabytes holds nobody up."""


Matcher = Callable[[bytes], Sequence[int]]
"""Whole lines → where those begin that match, in order."""


class Source(Protocol):
    """Bytes that may grow at the end."""

    name: str

    @property
    def wide(self) -> Wide | None:
        """Set where its characters have two bytes each; its lines are UTF-8 all the same."""
        ...

    def size(self) -> int:
        """Bytes that are there now."""
        ...

    def read(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; fewer at the end."""
        ...

    def replaced(self) -> bool:
        """Whether its path leads to another file by now."""
        ...

    def gone(self) -> bool:
        """Whether its path leads to no file by now."""
        ...

    def clone(self) -> Source:
        """The same bytes for another thread, to be closed on its own."""
        ...

    def close(self) -> None:
        """Release it; idempotent."""
        ...


class FileSource:
    """An open file. Raises OSError when it cannot be read, also for what is no file."""

    def __init__(self, path: str, fd: int | None = None) -> None:
        self.name, self._files = path, RealFiles()
        self._fd = self._files.open(path) if fd is None else fd
        found = self._files.fstat(self._fd)
        if not is_regular(found):
            self.close()
            raise IsADirectoryError(f"{path} is not a regular file")
        self._identity = found.st_dev, found.st_ino

    @property
    def wide(self) -> Wide | None:
        # Asked again each time: an empty file, or one that is truncated, may turn out as either.
        return wide_of(self.read(2, 0))

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read(self, size: int, offset: int) -> bytes:
        return os.pread(self._fd, size, offset)

    def replaced(self) -> bool:
        try:
            found = self._files.stat(self.name)
        except OSError:
            return False  # a rotation that is not finished: the old file is still of use
        return (found.st_dev, found.st_ino) != self._identity

    def gone(self) -> bool:
        try:
            self._files.stat(self.name)
        except OSError:
            return True
        return False

    def clone(self) -> FileSource:
        return FileSource(self.name, os.dup(self._fd))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class TextSource:
    """Lines that are kept elsewhere: those of the history, where the file is not at hand."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self._data = name, data

    @property
    def wide(self) -> Wide | None:
        return wide_of(self._data)

    def size(self) -> int:
        return len(self._data)

    def read(self, size: int, offset: int) -> bytes:
        return self._data[offset : offset + size]

    def replaced(self) -> bool:
        return False

    def gone(self) -> bool:
        return False

    def clone(self) -> TextSource:
        return self

    def close(self) -> None:
        """Nothing to release."""


def choices(pattern: str) -> list[str]:
    """The files that a log's path means, rotated ones too, the last written first; none packed."""
    found = {path for path in glob.glob(pattern) if not compressed(path)} | {pattern}
    for path in list(found):
        folder, base = os.path.split(path)
        with suppress(OSError), os.scandir(folder or ".") as entries:
            found |= {entry.path for entry in entries if rotated_from(base, entry.name)}
    return sorted(filter(os.path.isfile, found), key=_written, reverse=True)


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


class Row(NamedTuple):
    """A line, by its place."""

    start: int
    end: int
    """Where the next one begins."""
    raw: bytes
    """Its first KEPT bytes, without the line end; in UTF-8 where the log is wide."""


def line_start(source: Source, offset: int) -> int:
    """Where the line begins that holds the byte at ``offset``."""
    wide = source.wide
    end = offset & ~1 if wide else offset
    least = max(0, end - LONGEST)
    while end > least:
        begin = max(least, end - BLOCK)
        begin = begin & ~1 if wide else begin
        data = source.read(end - begin, begin)
        behind = wide.last_end(data, begin) if wide else data.rfind(b"\n") + 1
        if behind:
            return begin + behind
        end = begin
    return least


def forward(source: Source, start: int, limit: int | None = None) -> Iterator[Row]:
    """The lines from ``start`` on, where one begins; the last may lack its end."""
    position, data, base = start, b"", start
    wide = source.wide
    size = source.size() if limit is None else limit
    while position < size:
        behind = _behind(wide, data, base, position - base)
        while not behind and base + len(data) < min(size, position + LONGEST):
            data, base = data[position - base :], position
            more = source.read(max(BLOCK, len(data)), base + len(data))
            if not more:
                break
            searched = len(data)
            data += more
            behind = _behind(wide, data, base, max(0, searched - 1))
        end = base + behind if behind else base + len(data)
        if end <= position:
            return
        first = position - base
        yield Row(position, end, _kept(wide, data[first : min(end - base, first + 2 * KEPT)]))
        position = end


def _behind(wide: Wide | None, data: bytes, base: int, start: int) -> int:
    """Behind the first line end from ``start`` on, in data that stands at ``base``; 0 without."""
    return wide.first_end(data, base, start) if wide else data.find(b"\n", start) + 1


def _kept(wide: Wide | None, line: bytes) -> bytes:
    if wide:
        line = wide.utf8(line)
    return line[:KEPT].rstrip(b"\r\n")


def whole(source: Source, row: Row, limit: int) -> bytes:
    """The first ``limit`` bytes of a line, of which a row keeps only the beginning."""
    if len(row.raw) < min(KEPT, limit):
        return row.raw
    wide = source.wide
    data = source.read(min(row.end - row.start, 2 * limit if wide else limit + 2), row.start)
    return (wide.utf8(data) if wide else data).rstrip(b"\r\n")[:limit]


def places(source: Source, matcher: Matcher, data: bytes, base: int) -> list[int]:
    """Where the lines begin that match, of whole lines that stand at ``base``."""
    wide = source.wide
    if wide is None:
        return [base + at for at in matcher(data)]
    text = wide.utf8(data)
    return [base + at for at in wide.places(data, text, matcher(text))]


def backward(source: Source, end: int) -> Iterator[Row]:
    """The lines before ``end``, where one begins or the log ends; the nearest one first."""
    while end > 0:
        start = line_start(source, end - 1)
        # Many at a time: asking for each line alone would read each block once a line.
        first = line_start(source, max(0, start - BLOCK)) if start else 0
        rows = list(forward(source, first, limit=end))
        if not rows:
            return
        yield from reversed(rows)
        end = first
