"""A text that every match of some expressions holds: it finds the lines that may match, fast."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def needle(patterns: Iterable[str]) -> tuple[bytes, bool]:
    """(the longest text that every matching line holds, whether it is in lower case)."""
    compiled = [re.compile(text.encode()) for text in patterns]
    found = [(run, bool(p.flags & re.IGNORECASE)) for p in compiled for run in _runs(p)]
    # A search in lower case needs a copy of everything, so another text is better.
    run, folded = max(found, key=lambda one: (not one[1], len(one[0])), default=(b"", False))
    return (run.lower() if folded else run), folded


def _runs(pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    """The stretches of plain characters that a match holds, as far as they are easily seen."""
    try:
        from re import _constants, _parser  # type: ignore[attr-defined]
    except ImportError:
        # Without this module of Python's own, every line is a candidate: slower, and as right.
        return
    run = bytearray()
    for operation, argument in _parser.parse(pattern.pattern):
        if operation is _constants.LITERAL:
            run.append(argument)
        elif run:
            yield bytes(run)
            run = bytearray()
    if run:
        yield bytes(run)
