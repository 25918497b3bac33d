"""Which logs a probe's path means now."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from stagewatch.logs.files import Files
from stagewatch.logs.lookalikes import Begin, Lookalikes, Neighbours
from stagewatch.logs.names import compressed, is_rotated
from stagewatch.logs.state import Alike


class Finding:
    """Finds logs by a path, or by a pattern."""

    def __init__(
        self, path: str, files: Files, *, is_pattern: bool, alike: Mapping[str, Alike] | None
    ) -> None:
        """``alike``: what ``state`` gave before the recorder was started again."""
        self._path, self._is_pattern = path, is_pattern
        self._lookalikes = Lookalikes(files, alike)

    def state(self) -> dict[str, Alike] | None:
        """What to remember across a restart."""
        return self._lookalikes.state()

    def doubts(self) -> list[tuple[str, float]]:
        """(path, since when) of lines that may be missing: nobody knows whether they are copies."""
        found, self._lookalikes.doubts = self._lookalikes.doubts, []
        return found

    def find(
        self, followed: Iterable[str], now: float, *, there: bool, beside: Neighbours
    ) -> dict[str, Begin | None]:
        """The logs that there are; with where to begin in one that was taken for a rotated one.

        ``followed``: the paths that are followed. ``there``: the watch is beginning.
        """
        if not self._is_pattern:
            return {self._path: None}
        found = [path for path in glob.glob(self._path) if _is_log(path) or path in followed]
        followed = set(followed)
        names = [*found, *followed]
        # What was taken for a rotated file stays one while the other log is away.
        taken = self._lookalikes.paths
        odd = [
            path
            for path in found
            if path not in followed
            and (path in taken or any(is_rotated(path, name) for name in names))
        ]
        logs: dict[str, Begin | None] = dict.fromkeys(sorted({*found}.difference(odd)))
        for path in odd:
            begin = self._lookalikes.begin(path, now, there=there, beside=beside)
            if begin:
                logs[path] = begin
        self._lookalikes.looked(odd, now)
        return logs

    def finds(self, path: str) -> bool:
        """Whether a file of this path, if there were one, would be a log of its own."""
        folder, name = os.path.split(path)
        beside, pattern = os.path.split(self._path)
        hidden = name.startswith(".") and not pattern.startswith(".")
        found = folder == beside and fnmatchcase(name, pattern) and not hidden
        return found and not compressed(path)


def _is_log(path: str) -> bool:
    """A folder that the pattern happens to match is none."""
    return not compressed(path) and not os.path.isdir(path)
