"""Counts lines in files: a program of its own, which imports nothing of stagewatch.

The files probe runs it in a process that can be killed, because no thread can be: a regular
expression may take for ever on one line, and holds up the whole interpreter while it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import translate

LINE = 2048
"""Bytes of a line that the patterns see."""
CHUNK = 1 << 20
SHOWN = 3
"""Matches that are told with their place."""
_SHOWN_BYTES = 200


@dataclass
class Wanted:
    """What to look for, and where; paths as the profile has them."""

    paths: list[str]
    patterns: list[str]
    include: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    max_files: int = 1 << 30
    max_bytes: int = 1 << 60


@dataclass
class Told:
    """What was found; ``lines`` means nothing while there is a ``problem``."""

    lines: int = 0
    files: int = 0
    searched: int = 0
    bytes: int = 0
    unreadable: int = 0
    problem: str = ""
    shown: list[str] = field(default_factory=list)


class _TooMuchError(Exception):
    """A bound of the profile is passed."""


class Search:
    """One search through all files."""

    def __init__(self, wanted: Wanted) -> None:
        self.told = Told()
        self._wanted = wanted
        self._patterns = [re.compile(text.encode()) for text in wanted.patterns]
        self._needle, self._folded = needle(self._patterns)
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
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise OSError(0, "not a regular file")
                self._read(descriptor, path)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._cannot_read(path, error)
            return
        told.searched += 1
        told.files += told.lines > before

    def _read(self, descriptor: int, path: str) -> None:
        rest, skipping, number = b"", False, 1
        while chunk := os.read(descriptor, CHUNK):
            self.told.bytes += len(chunk)
            if self.told.bytes > self._wanted.max_bytes:
                raise _TooMuchError(f"more than {self._wanted.max_bytes} bytes to read")
            if len(chunk) < CHUNK and not rest and not skipping and number == 1:
                # Nearly every file ends here: one piece, and perhaps nothing after it.
                whole = os.read(descriptor, 1)
                if not whole:
                    self._count(chunk, path, number)
                    return
                os.lseek(descriptor, -1, os.SEEK_CUR)
            if skipping:
                end = chunk.find(b"\n")
                if end < 0:
                    continue
                chunk = chunk[end:]
            buffer = rest + chunk
            cut = buffer.rfind(b"\n") + 1
            self._count(buffer[:cut], path, number)
            number += buffer.count(b"\n", 0, cut)
            # Of a line that does not end here, no more than what the patterns see is kept.
            rest, skipping = buffer[cut : cut + LINE], len(buffer) - cut > LINE
        if rest:
            self._count(rest, path, number)

    def _count(self, buffer: bytes, path: str, first: int) -> None:
        """Count the lines of ``buffer`` that match; its first is number ``first`` of the file."""
        for start, end in self._candidates(buffer):
            line = buffer[start : min(end, start + LINE)]
            if all(pattern.search(line) for pattern in self._patterns):
                self.told.lines += 1
                if len(self.told.shown) < SHOWN:
                    number = first + buffer.count(b"\n", 0, start)
                    text = line.strip()[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
                    self.told.shown.append(f"{path}:{number}: {text}")

    def _candidates(self, buffer: bytes) -> Iterator[tuple[int, int]]:
        """Where the lines that may match begin and end."""
        needle = self._needle
        if not needle:
            start = 0
            while start < len(buffer):
                end = buffer.find(b"\n", start)
                end = len(buffer) if end < 0 else end
                yield start, end
                start = end + 1
            return
        hay = buffer.lower() if self._folded else buffer
        found = hay.find(needle)
        while found >= 0:
            end = buffer.find(b"\n", found)
            end = len(buffer) if end < 0 else end
            yield buffer.rfind(b"\n", 0, found) + 1, end
            found = hay.find(needle, end)

    def _cannot_read(self, path: str, error: OSError) -> None:
        self.told.unreadable += 1
        words = (error.strerror or str(error)).lower()
        self.told.problem = self.told.problem or f"{path}: {words}"


def needle(patterns: list[re.Pattern[bytes]]) -> tuple[bytes, bool]:
    """(the longest text that every matching line holds, whether it is in lower case)."""
    found = [(run, bool(p.flags & re.IGNORECASE)) for p in patterns for run in _runs(p)]
    # Where two are as long, the one that needs no copy in lower case.
    run, folded = max(found, key=lambda one: (len(one[0]), not one[1]), default=(b"", False))
    return (run.lower() if folded else run), folded


def _runs(pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    """The stretches of plain characters that a match holds, as far as they are easily seen."""
    parsed: object = []
    # Without this module of Python's own, every line is a candidate: slower, and as right.
    with contextlib.suppress(ImportError):
        from re import _constants, _parser  # type: ignore[attr-defined]

        parsed = _parser.parse(pattern.pattern)
        run = bytearray()
        for operation, argument in parsed:  # type: ignore[attr-defined]
            if operation is _constants.LITERAL:
                run.append(argument)
            elif run:
                yield bytes(run)
                run = bytearray()
        yield bytes(run)


def _names(globs: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(translate, globs))) if globs else None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(Search(Wanted(**json.loads(sys.argv[1]))).run())))
