"""Why a log cannot be read, and what a person can do about it."""

from __future__ import annotations

import errno
from typing import NamedTuple

from stagewatch.text import clean

MISSING = "the file was missing"
UNREADABLE = "the file could not be read"


class Trouble(NamedTuple):
    """What is wrong with a path."""

    text: str
    """One sentence with the remedy."""
    absent: bool
    """There is no such file; otherwise it cannot be read."""

    @property
    def cause(self) -> str:
        """What a loss window says."""
        return MISSING if self.absent else UNREADABLE


def trouble(path: str, error: OSError) -> Trouble:
    """What ``error`` means for following ``path``."""
    path = clean(path)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Trouble(f"{path} does not exist; it is read as soon as it appears", True)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble(f"{path} may not be read; let the recorder's user read it", False)
    if error.errno == errno.EISDIR:
        return Trouble(f"{path} is not a regular file; name a log file or a pattern", False)
    if error.errno == errno.ELOOP:
        return Trouble(f"{path} is a symbolic link that leads in a circle; mend the link", False)
    why = error.strerror or str(error)
    return Trouble(f"{path} cannot be read: {why}; {_REMEDIES.get(error.errno or 0, _LOOK)}", False)


_LOOK = "look what is wrong with it"
_REMEDIES = {
    errno.EIO: "look after the disk or the mount it lies on",
    errno.ESTALE: "mount its file system again",
    errno.ENOTCONN: "mount its file system again",
    errno.EMFILE: "raise the recorder's limit of open files (ulimit -n)",
    errno.ENFILE: "raise the machine's limit of open files (fs.file-max)",
    errno.ENAMETOOLONG: "shorten the path",
    errno.ETIMEDOUT: "look after the mount it lies on",
}
"""What a person can do."""
