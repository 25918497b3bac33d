"""Critical records among raw log lines, for traces that hold lines instead of counts."""

from __future__ import annotations

from collections import OrderedDict

from stagewatch.logs.levels import LIMIT
from stagewatch.logs.records import RecordReader
from stagewatch.logs.stamps import stamp_of
from stagewatch.logs.words import CRITICAL

REMEMBERED = 4096
"""Critical records that are remembered, the newest ones, to know them when they are read again."""


class CriticalLines:
    """Says of each line whether it starts a critical record of this watch.

    A record is known again by its file and its text when it carries its own time; without one,
    the same text may well be a second record, and counts.
    """

    def __init__(self, watch_start: float, offset: float = 0.0) -> None:
        """``watch_start`` in Unix seconds; a time that names no zone is ``offset`` seconds east
        of UTC."""
        self._watch_start, self._offset = watch_start, offset
        self._readers: dict[str, RecordReader] = {}
        self._seen: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def is_critical(self, at: float, source: str, line: str | bytes) -> bool:
        """Take the next line of the file ``source``, read at the Unix time ``at``.

        True for a critical record that is new: not one that was read before, and not one whose
        own time lies before the watch.
        """
        raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
        raw = raw.rstrip(b"\r\n")[:LIMIT]
        reader = self._readers.setdefault(source, RecordReader())
        entry = reader.feed(raw, at)
        if not entry.starts or entry.level != CRITICAL:
            return False
        stamp = stamp_of(entry.look, at, self._offset)
        if stamp is None:
            return True
        return stamp >= self._watch_start and self._is_new(source, raw)

    def _is_new(self, source: str, raw: bytes) -> bool:
        key = (source, raw)
        known = key in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return not known
