"""What is known before the watch begins: the patterns of an older part of a log, or of a file."""

from __future__ import annotations

from collections.abc import Iterator

from stagewatch.logs.batch import Batch
from stagewatch.logs.files import Files, is_regular
from stagewatch.logs.patterns import Patterns
from stagewatch.logs.state import Counts, State
from stagewatch.logs.tail import CHUNK, Tail
from stagewatch.logs.tally import Tally
from stagewatch.logs.wide import wide_of
from stagewatch.logs.words import MOST_KNOWN
from stagewatch.text import clean

RETRY = 60.0
"""Seconds after which a file that could not be read is tried again."""
_AGAIN = "; it is tried again every minute"
MANY = (
    f"the baseline has more than {MOST_KNOWN:,} patterns, so that nothing is known to be new; name"
    " a baseline with fewer"
)
LARGEST = 32 * 1024 * 1024
"""Bytes that are learned from, the newest ones; a second of reading."""


class Baseline:
    """The file that a profile names, or what each log had before the watch."""

    def __init__(self, path: str, files: Files, patterns: Patterns, state: State | None) -> None:
        """``path``: absolute; empty where it is the logs' own past."""
        self.missing = state.no_baseline if state else ""
        """Why it is not known; empty where it is."""
        if state and path not in ("", state.baseline):
            self.missing = "the baseline is another one since"
        self._known = state is not None and not self.missing
        self._path, self._files, self._patterns = path, files, patterns
        self._tried: float | None = None
        if self.missing:
            patterns.suspect()

    def learn(self, boot: float) -> None:
        """Know what the named file has: at the beginning, and again until it could be read."""
        if not self._path or self._known or self._patterns.crowded:
            return
        if self._tried is None or boot - self._tried >= RETRY:
            self._tried = boot
            self.missing = _learn_file(self._path, self._files, self._patterns)
            self._known = not self.missing

    def learn_before(self, tail: Tail) -> None:
        """Know what stands before the place where ``tail`` is, where no file is named."""
        if not self._path:
            _learn(tail.files, tail.fd, tail.offset, self._patterns)

    def settle(self) -> None:
        """Let the patterns tell what is known by now."""
        if self._patterns.crowded:
            self.missing = MANY
        self._patterns.blind(self.missing)


def _learn_file(path: str, files: Files, patterns: Patterns) -> str:
    """Know the patterns of this file; returns why that cannot be done, or nothing."""
    name = clean(path)
    try:
        fd = files.open(path)
    except OSError as error:
        return f"the baseline {name} cannot be read: {error.strerror or error}{_AGAIN}"
    try:
        found = files.fstat(fd)
        if not is_regular(found):
            return f"the baseline {name} is not a regular file; name a log{_AGAIN}"
        _learn(files, fd, found.st_size, patterns)
    except OSError as error:
        return f"the baseline {name} cannot be read: {error.strerror or error}{_AGAIN}"
    finally:
        files.close(fd)
    return ""


def _learn(files: Files, fd: int, end: int, patterns: Patterns) -> None:
    with patterns.learning():
        tally = Tally("", Counts(), watch_start=0.0, patterns=patterns)
        for lines in _whole_lines(files, fd, max(0, end - LARGEST), end):
            tally.feed(lines, 0.0, 0.0, Batch())


def _whole_lines(files: Files, fd: int, start: int, end: int) -> Iterator[bytes]:
    """What stands between the two places, cut at line ends; a line that is too long is left out."""
    wide = wide_of(files.read(fd, 2, 0))
    position, rest = start & ~1 if wide else start, b""
    cut = start > 0
    """The first line is not whole."""
    while position < end:
        data = files.read(fd, min(CHUNK, end - position), position)
        if not data:
            return
        last = wide.last_end(data, position) if wide else data.rfind(b"\n") + 1
        position += len(data)
        if last:
            whole = rest + data[:last]
            if wide:
                whole = wide.utf8(whole)
            yield whole[whole.find(b"\n") + 1 :] if cut else whole
            rest, cut = data[last:], False
        elif len(rest) < CHUNK:
            rest += data
        else:
            rest, cut = b"", True
