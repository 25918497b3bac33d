"""Counting the lines that match the expressions of a profile, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from stagewatch.expressions import Expression, SlowError
from stagewatch.logs.state import Counts

BUDGET = 0.5
"""CPU seconds that one expression may take for what is read at a time, 256 KiB at most."""
PIECE = 4096
"""Bytes between two looks at it, and the rest of a line."""
UNCOUNTED = "was not counted from the beginning of the watch"
TOO_SLOW = "took too long on the lines of this log and is not counted any more; make it simpler"


class Named:
    """Counts into ``counts.named``."""

    def __init__(
        self,
        expressions: Mapping[str, Expression],
        counts: Counts,
        partial: Mapping[str, str],
        *,
        before: Mapping[str, str] | None,
    ) -> None:
        """``before``: what each name stood for when the counts were taken; None where there are
        none yet."""
        self.partial = {name: why for name, why in partial.items() if name in expressions}
        """Expressions that did not see every line, and why."""
        self._counts = counts
        self._expressions = dict(expressions)
        for name in expressions:
            if before is not None and before.get(name) != expressions[name].text:
                self.partial[name] = UNCOUNTED
                counts.named[name] = 0
            counts.named.setdefault(name, 0)

    def count(self, data: bytes) -> None:
        """Count whole lines."""
        for name, expression in list(self._expressions.items()):
            try:
                self._count(name, expression, data)
            except SlowError:
                # Only ever the first time: what has held the program up once will again.
                self.partial[name] = TOO_SLOW
                del self._expressions[name]

    def _count(self, name: str, expression: Expression, data: bytes) -> None:
        last = time.thread_time() + BUDGET
        for piece in _pieces(data):
            for _ in expression.lines(piece, last - time.thread_time()):
                self._counts.named[name] += 1
            if time.thread_time() > last:
                raise SlowError


def _pieces(data: bytes) -> Iterator[bytes]:
    """``data`` cut at line ends, so that the time is looked at now and then."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + PIECE) + 1 or len(data)
        yield data[start:end]
        start = end
