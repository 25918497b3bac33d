"""Counts lines in files: a program of its own, which imports nothing of stagewatch.

The files probe runs it in a process that can be killed, because no thread can be: a regular
expression may take for ever on one line, and holds up the whole interpreter while it does.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

# Neither typing nor re, json or dataclasses unless needed: they would treble the time to start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence

LINE = 2048
"""Bytes of a line that the patterns see."""
CHUNK = 1 << 20
SHOWN = 3
"""Matches that are told with their place."""
_SHOWN_BYTES = 200


class Wanted:
    """What to look for, and where; paths as the profile has them."""

    def __init__(
        self,
        paths: list[str],
        patterns: list[str],
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        max_files: int = 1 << 30,
        max_bytes: int = 1 << 60,
        needle: tuple[bytes, bool] = (b"", False),
    ) -> None:
        """``needle`` is a text that every matching line holds, and whether in lower case."""
        self.paths, self.patterns = paths, patterns
        self.include, self.exclude = include, exclude
        self.max_files, self.max_bytes = max_files, max_bytes
        self.needle = needle


class Told:
    """What was found; ``lines`` means nothing while there is a ``problem``."""

    def __init__(self) -> None:
        self.lines = self.files = self.searched = self.bytes = self.unreadable = 0
        self.problem = ""
        self.shown: list[str] = []


class _TooMuchError(Exception):
    """A bound of the profile is passed."""


class Search:
    """One search through all files."""

    def __init__(self, wanted: Wanted) -> None:
        self.told = Told()
        self._wanted = wanted
        self._tests = [_test(text) for text in wanted.patterns]
        self._needle, self._folded = wanted.needle
        self._buffer = bytearray(CHUNK + LINE)
        self._include = _names(wanted.include)
        self._exclude = _names(wanted.exclude)

    def run(self) -> Told:
        """Look into every file."""
        try:
            for path in self._files():
                self._search(path)
        except _TooMuchError as error:
            self.told.problem = str(error)
        return self.told

    def _files(self) -> Iterator[str]:
        for path in self._wanted.paths:
            if os.path.isdir(path):
                yield from self._below(path)
            else:
                yield path

    def _below(self, folder: str) -> Iterator[str]:
        """As ``grep -r``: links in the tree are not followed, devices and pipes left out."""
        folders = [folder]
        while folders:
            at = folders.pop()
            try:
                with os.scandir(at) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._cannot_read(at, error)
                continue
            for entry in found:
                if self._exclude and self._exclude.match(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and (
                    not self._include or self._include.match(entry.name)
                ):
                    yield entry.path

    def _search(self, path: str) -> None:
        told = self.told
        if told.searched >= self._wanted.max_files:
            raise _TooMuchError(f"more than {self._wanted.max_files} files")
        before = told.lines
        try:
            # Without O_NONBLOCK, opening a pipe would wait for its writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(0, "not a regular file")
                self._read(descriptor, path, status.st_size)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._cannot_read(path, error)
            return
        told.searched += 1
        told.files += told.lines > before

    def _read(self, descriptor: int, path: str, size: int) -> None:
        """Count in one file, of whatever size, in pieces of CHUNK bytes."""
        told, buffer = self.told, self._buffer
        kept, skipping, number = 0, False, 1
        while got := os.readv(descriptor, [memoryview(buffer)[kept : kept + CHUNK]]):
            told.bytes += got
            if told.bytes > self._wanted.max_bytes:
                raise _TooMuchError(f"more than {self._wanted.max_bytes} bytes to read")
            start, end = 0, kept + got
            if skipping:
                # The rest of a line of which enough was kept.
                line_end = buffer.find(b"\n", kept, end)
                if line_end < 0:
                    continue
                end -= line_end - kept
                buffer[kept:end] = buffer[line_end : kept + got]
            cut = buffer.rfind(b"\n", start, end) + 1
            if cut:
                self._count(buffer, cut, path, number)
                number += buffer.count(b"\n", 0, cut)
            # Of a line that does not end here, no more than what the patterns see is kept.
            kept, skipping = min(end - cut, LINE), end - cut > LINE
            buffer[:kept] = buffer[cut : cut + kept]
            if got == size:
                break  # nearly every file is read at once
        if kept:
            self._count(buffer, kept, path, number)

    def _count(self, buffer: bytearray, size: int, path: str, first: int) -> None:
        """Count the lines in the first ``size`` bytes that match; ``first`` is its line's number
        in the file."""
        for start, end in self._candidates(buffer, size):
            line = bytes(buffer[start : min(end, start + LINE)])
            if all(test(line) for test in self._tests):
                self.told.lines += 1
                if len(self.told.shown) < SHOWN:
                    number = first + buffer.count(b"\n", 0, start)
                    text = line.strip()[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
                    self.told.shown.append(f"{path}:{number}: {text}")

    def _candidates(self, buffer: bytearray, size: int) -> Iterator[tuple[int, int]]:
        """Where the lines that may match begin and end."""
        needle = self._needle
        if not needle:
            start = 0
            while start < size:
                end = buffer.find(b"\n", start, size)
                end = size if end < 0 else end
                yield start, end
                start = end + 1
            return
        hay = buffer[:size].lower() if self._folded else buffer
        found = hay.find(needle, 0, size)
        while found >= 0:
            end = buffer.find(b"\n", found, size)
            end = size if end < 0 else end
            yield buffer.rfind(b"\n", 0, found) + 1, end
            found = hay.find(needle, end, size)

    def _cannot_read(self, path: str, error: OSError) -> None:
        self.told.unreadable += 1
        words = (error.strerror or str(error)).lower()
        self.told.problem = self.told.problem or f"{path}: {words}"


def _test(text: str) -> Callable[[bytes], object]:
    """Whether a line matches one pattern; a plain text needs no regular expression."""
    folded = text.startswith("(?i)")
    rest = text[4 * folded :]
    if rest.replace(" ", "").replace("_", "").isalnum() and rest.isascii():
        plain = rest.lower().encode() if folded else rest.encode()
        return (lambda line: plain in line.lower()) if folded else (lambda line: plain in line)
    import re

    return re.compile(text.encode()).search


def _names(globs: Sequence[str]) -> re.Pattern[str] | None:
    if not globs:
        return None
    import re
    from fnmatch import translate

    return re.compile("|".join(map(translate, globs)))


if __name__ == "__main__":
    told = Search(Wanted(**marshal.loads(bytes.fromhex(sys.argv[1])))).run()
    sys.stdout.buffer.write(marshal.dumps(vars(told)))
