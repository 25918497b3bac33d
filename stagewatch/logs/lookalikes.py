"""Files that a pattern finds and whose names look like those of another file's rotated ones.

``worker-1.log`` beside ``worker.log`` may be a log of its own. It is one once something is added to
it that is not in the other log: nobody writes to a rotated file for long, and a copy has what the
log has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stagewatch.logs.draining import GRACE
from stagewatch.logs.files import Files, is_regular
from stagewatch.logs.rewind import ends, last_place, line_start, telling
from stagewatch.logs.tail import BEFORE, Tail


@dataclass(frozen=True, slots=True)
class Begin:
    """Where counting begins in a file that turned out to be a log."""

    offset: int
    since: float | None
    """Lines before it may be missing since then; None where none are."""


@dataclass(slots=True)
class _Seen:
    identity: tuple[int, int]
    size: int
    at: float
    boot: float
    there: bool
    """It was there when the watch began."""


class Lookalikes:
    """What is known of such files, by their paths."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._seen: dict[str, _Seen] = {}

    def keep(self, paths: Iterable[str]) -> None:
        """Forget all the others."""
        kept = set(paths)
        self._seen = {path: seen for path, seen in self._seen.items() if path in kept}

    def begin(
        self, path: str, now: float, boot: float, *, there: bool, logs: Iterable[Tail]
    ) -> Begin | None:
        """Where to begin in this file; None while it may be a rotated one of ``logs``.

        ``there``: the watch is beginning.
        """
        try:
            found = self._files.stat(path)
        except OSError:
            return None
        identity = found.st_dev, found.st_ino
        seen = self._seen.get(path)
        if seen is None or seen.identity != identity or found.st_size < seen.size:
            self._seen[path] = _Seen(identity, found.st_size, now, boot, there)
            return None
        if found.st_size == seen.size or not is_regular(found):
            return None
        if (seen.there or boot - seen.boot > GRACE) and not self._is_copy(path, logs):
            return Begin(seen.size, None if seen.there else seen.at)
        seen.size, seen.there = found.st_size, False  # it is being copied
        return None

    def _is_copy(self, path: str, logs: Iterable[Tail]) -> bool:
        """Whether one of these logs has what this file ends with."""
        try:
            fd = self._files.open(path)
        except OSError:
            return True
        try:
            copy = Tail(self._files, fd, self._files.fstat(fd), path)
            end = line_start(copy, copy.size)
            last = self._files.read(fd, min(BEFORE, end), max(0, end - BEFORE))
            texts = [text for text in ends(last) if telling(text)]
            return any(last_place(log, text, log.size) for log in logs for text in texts)
        except OSError:
            return True
        finally:
            self._files.close(fd)
