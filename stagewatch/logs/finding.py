"""Which logs a probe's path means now."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping

from stagewatch.logs.files import Files
from stagewatch.logs.lookalikes import Begin, Lookalikes
from stagewatch.logs.names import compressed, rotated_from
from stagewatch.logs.tail import Tail


class Finding:
    """Finds logs by a path, or by a pattern."""

    def __init__(self, path: str, files: Files, *, is_pattern: bool) -> None:
        self._path, self._is_pattern = path, is_pattern
        self._lookalikes = Lookalikes(files)

    def find(
        self, followed: Mapping[str, Tail | None], now: float, boot: float, *, there: bool
    ) -> dict[str, Begin | None]:
        """The logs that there are; with where to begin in one that was taken for a rotated one.

        ``followed``: the paths that are followed, with their current files. ``there``: the watch
        is beginning.
        """
        if not self._is_pattern:
            return {self._path: None}
        found = [path for path in glob.glob(self._path) if _is_log(path) or path in followed]
        names = [*found, *followed]
        odd = [
            path
            for path in found
            if path not in followed and any(_is_rotated(path, name) for name in names)
        ]
        logs: dict[str, Begin | None] = dict.fromkeys(sorted({*found}.difference(odd)))
        tails = [tail for tail in followed.values() if tail]
        for path in odd:
            begin = self._lookalikes.begin(path, now, boot, there=there, logs=tails)
            if begin:
                logs[path] = begin
        self._lookalikes.keep(odd)
        return logs


def _is_log(path: str) -> bool:
    """A folder that the pattern happens to match is none."""
    return not compressed(path) and not os.path.isdir(path)


def _is_rotated(path: str, base: str) -> bool:
    same_folder = os.path.dirname(path) == os.path.dirname(base)
    return same_folder and rotated_from(os.path.basename(base), os.path.basename(path))
