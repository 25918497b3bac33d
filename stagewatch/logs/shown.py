"""The rows of a log that one looks at: all of them, or those that a filter lets through."""

from __future__ import annotations

from itertools import islice

from stagewatch.logs.scan import Scan
from stagewatch.logs.source import Row, Source, backward, forward


class Shown:
    """Rows by where they begin, from one of them in either direction."""

    def __init__(self, source: Source, scan: Scan | None = None) -> None:
        """``scan``: what the filter lets through; None shows everything."""
        self._source, self.scan = source, scan

    def want(self, offset: int, *steps: int) -> None:
        """Let the filter look on from here in these directions, the last one first."""
        if self.scan is not None:
            for step in steps:
                self.scan.want(offset, step)

    def before(self, offset: int, count: int) -> list[Row]:
        """The rows before ``offset``, the nearest first."""
        if self.scan is None:
            return list(islice(backward(self._source, min(offset, self._source.size())), count))
        found = self.scan.before(offset, count)
        if len(found) < count:
            self.scan.want(offset, -1)
        return [self.row(start) for start in found]

    def after(self, offset: int, count: int) -> list[Row]:
        """The rows at and behind ``offset``."""
        if self.scan is None:
            return list(islice(forward(self._source, offset), count))
        found = self.scan.after(offset, count)
        if len(found) < count:
            self.scan.want(offset, 1)
        return [self.row(start) for start in found]

    def row(self, start: int) -> Row:
        """The row that begins there, whether a filter lets it through or not."""
        return next(forward(self._source, start), Row(start, start, b""))

    def is_last(self, start: int) -> bool:
        """Whether a filter, if there is one, has looked through all that is behind this row."""
        return self.scan is None or self.scan.ended(start, 1)
