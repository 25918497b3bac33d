"""What can be wrong with a session or with saving it.

PersonError
├── EditRefusedError          the change itself makes no sense now
└── SessionError              the file: path, message, remedy
    ├── SessionMissingError   there is none
    ├── SessionUnreadableError  not a regular file, no permission, far too big
    ├── SessionDamagedError   empty, cut, or not TOML: `SessionStore.recover`
    ├── SessionHandEditedError  valid, but not what stagewatch wrote
    ├── SessionInvalidError   a key or a value that a session does not have
    ├── SessionTooNewError    written by a newer stagewatch
    └── SaveError             the old file is whole, the change is not in it
        └── LockBusyError     another process holds the lock
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from stagewatch.errors import PersonError

_PLAIN = {
    errno.ENOSPC: "disk full",
    errno.EDQUOT: "disk quota used up",
    errno.EROFS: "read-only file system",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EIO: "disk error",
}


class EditRefusedError(PersonError):
    """A change that cannot be made; ``str()`` is one plain sentence."""


class SessionError(PersonError):
    """Something is wrong with a session's file."""

    def __init__(self, path: Path, message: str, remedy: str = "") -> None:
        super().__init__(f"{path}: {message}" + (f"; {remedy}" if remedy else ""))
        self.path = path
        self.message = message
        self.remedy = remedy


class SessionMissingError(SessionError):
    """The session's file is not there."""


class SessionUnreadableError(SessionError):
    """The file cannot be read at all: its type, its size or its permissions forbid it."""


class SessionDamagedError(SessionError):
    """The file is empty, was cut, or is not TOML; an earlier generation may be whole."""


class SessionHandEditedError(SessionError):
    """The file is a valid session, but its checksum is not that of its text."""


class SessionInvalidError(SessionError):
    """The file is TOML, but not a session; the message names the key."""


class SessionTooNewError(SessionError):
    """The file was written by a newer stagewatch; it is left alone."""


class SaveError(SessionError):
    """The change was not saved; the file is as whole as it was before."""

    def __init__(self, path: Path, reason: str, remedy: str = "") -> None:
        super().__init__(path, f"not saved: {reason}", remedy)
        self.reason = reason


class LockBusyError(SaveError):
    """Another process kept the lock until the deadline."""


def plain_reason(error: OSError) -> str:
    """An operating system's error in a few words: ``disk full``."""
    number = error.errno or 0
    return _PLAIN.get(number) or os.strerror(number)
