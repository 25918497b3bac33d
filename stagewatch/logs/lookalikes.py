"""Files that a pattern finds and whose names look like those of another file's rotated ones.

``worker-1.log`` beside ``worker.log`` may be a log of its own. It is one where it is neither a file
that was read under another name nor a copy of what the logs have or had: then it counts from its
first line, or from where it was when the watch began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stagewatch.logs.copies import certain
from stagewatch.logs.draining import GRACE
from stagewatch.logs.files import Files, is_regular
from stagewatch.logs.rewind import ends, last_place, line_start, telling
from stagewatch.logs.state import Alike
from stagewatch.logs.tail import BEFORE, HEAD, Tail

MOST = 200
"""Such files that are remembered across a restart."""
Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Begin:
    """Where counting begins in a file that turned out to be a log."""

    offset: int
    since: float | None
    """Lines before it may be missing since then; None where none are."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The logs that such files lie beside."""

    logs: Sequence[Tail]
    known: Callable[[str], bool]
    """Whether the file at this path is, or was, read under another name."""
    emptied: Callable[[], bool]
    """Whether a log was emptied or rewritten lately: what it had may be in a copy only."""


@dataclass(slots=True)
class _Seen:
    identity: Identity
    size: int
    at: float
    boot: float
    there: bool
    """It was there when the watch began."""
    fresh: bool = False
    """It came later, and it is not known yet what it is."""


class Lookalikes:
    """What is known of such files, by their paths."""

    def __init__(self, files: Files, stored: Mapping[str, Alike] | None = None) -> None:
        self._files = files
        self._stored = stored
        self._seen: dict[str, _Seen] = {}

    def keep(self, paths: Iterable[str]) -> None:
        """Forget all the others."""
        kept = set(paths)
        self._seen = {path: seen for path, seen in self._seen.items() if path in kept}
        self._stored = None

    def state(self) -> dict[str, Alike] | None:
        """What to remember across a restart; None where there are too many."""
        if len(self._seen) > MOST:
            return None
        return {
            path: Alike(*seen.identity, seen.size, seen.there)
            for path, seen in self._seen.items()
            if not seen.fresh
        }

    def begin(
        self, path: str, now: float, boot: float, *, there: bool, beside: Beside
    ) -> Begin | None:
        """Where to begin in this file; None while it may be a rotated one, or a copy.

        ``there``: the watch is beginning.
        """
        try:
            found = self._files.stat(path)
        except OSError:
            return None
        if not is_regular(found):
            return None
        identity = found.st_dev, found.st_ino
        seen = self._seen.get(path) or self._restored(path, now, boot)
        if seen is None or seen.identity != identity or found.st_size < seen.size:
            seen = _Seen(identity, found.st_size, now, boot, there, fresh=not there)
            if beside.known(path):
                seen.fresh = False
        self._seen[path] = seen
        if seen.fresh:
            return self._first(path, seen, found.st_size, beside)
        if found.st_size == seen.size:
            return None
        own = seen.there and not self._is_copy(path, beside.logs, sure=True)
        if own or (boot - seen.boot > GRACE and not self._is_copy(path, beside.logs)):
            return Begin(seen.size, None if seen.there else seen.at)
        seen.size, seen.there = found.st_size, False  # it is being copied
        return None

    def _first(self, path: str, seen: _Seen, size: int, beside: Beside) -> Begin | None:
        """What a file that came later is."""
        if not size or not beside.logs:
            return None
        if not beside.emptied() and not self._is_copy(path, beside.logs):
            return Begin(0, None)
        seen.size, seen.fresh = size, False
        return None

    def _restored(self, path: str, now: float, boot: float) -> _Seen | None:
        """What was known of it before the recorder was started again."""
        if self._stored is None or path not in self._stored:
            return None
        before = self._stored[path]
        return _Seen((before.dev, before.ino), before.size, now, boot, before.there)

    def _is_copy(self, path: str, logs: Iterable[Tail], *, sure: bool = False) -> bool:
        """Whether one of these logs has what this file ends with, or begins like it.

        ``sure``: no two programs can have written that at the same time.
        """
        enough = certain if sure else telling
        try:
            fd = self._files.open(path)
        except OSError:
            return True
        try:
            copy = Tail(self._files, fd, self._files.fstat(fd), path)
            end = line_start(copy, copy.size)
            head = self._files.read(fd, min(HEAD, end), 0)
            last = self._files.read(fd, min(BEFORE, end), max(0, end - BEFORE))
            texts = [text for text in ends(last) if enough(text)]
            return any(
                any(last_place(log, text, log.size) for text in texts)
                or (enough(head) and self._files.read(log.fd, len(head), 0) == head)
                for log in logs
            )
        except OSError:
            return True
        finally:
            self._files.close(fd)
