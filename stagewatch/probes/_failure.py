"""Why a run of a probe could not get its answer, as a value with a sentence for people."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "too many open files",
}


class FailureError(Exception):
    """The run came to nothing. ``kind`` is a stable word, ``str()`` the sentence."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def os_words(error: BaseException) -> str:
    """What the operating system said, from the first OSError with a number behind ``error``."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno is not None:
            return _WORDS.get(cause.errno) or os.strerror(cause.errno).lower()
    return str(error) or type(error).__name__


def first_of(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first exception of this kind behind ``error``."""
    return next((cause for cause in _causes(error) if isinstance(cause, kind)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__
