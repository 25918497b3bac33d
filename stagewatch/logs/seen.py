"""What lines were that were read in full and do not count, to know them when they come again."""

from __future__ import annotations

from stagewatch.logs.levels import PLAIN, TRACEBACK, Look
from stagewatch.logs.lines import COUNTED, Lines

MOST = 4096
LONGEST = 512
"""Bytes of a line that is remembered: all of them together are two megabytes."""

RECORD = "record"
OTHER = "other"


class Seen:
    """Kept by the line without its numbers: frames of tracebacks, above all, come again."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, str] = {}

    def remember(self, key: bytes, seen: Look) -> None:
        """Keep what a line with this key was, unless a number may decide that."""
        if len(key) > LONGEST or seen.form != PLAIN or b"<0" in key or b'"log":' in key:
            return
        if seen.level in COUNTED or (seen.crash and seen.crash != TRACEBACK):
            return
        if len(self._kinds) >= MOST:
            self._kinds.clear()
        self._kinds[key] = RECORD if seen.record else seen.crash or OTHER

    def kind(self, key: bytes) -> str | None:
        """RECORD, TRACEBACK or OTHER; None where that is not known."""
        return self._kinds.get(key)

    def sift(self, lines: Lines, indices: list[int]) -> tuple[list[int], list[int], list[int]]:
        """Of these lines: those that are not known, that begin records, and tracebacks."""
        if not self._kinds:
            return indices, [], []
        keys, kinds = lines.keys, self._kinds
        unknown: list[int] = []
        records: list[int] = []
        traces: list[int] = []
        into = {None: unknown, RECORD: records, TRACEBACK: traces, OTHER: []}
        for index in indices:
            into[kinds.get(keys[index])].append(index)
        return unknown, records, traces
