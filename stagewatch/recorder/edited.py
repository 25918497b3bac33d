"""Whether somebody edited the profile while its watch runs."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stagewatch.paths import PROFILE

log = logging.getLogger(__name__)

MAX_BYTES = 1 << 20
"""What is larger is no profile."""

_Token = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profile file no longer says what the session knows of."""

    sha256: str
    summary: str


class ProfileFiles:
    """Watches the session's copy of the profile and the file it was copied from."""

    def __init__(self, folder: Path, original: str) -> None:
        copy = folder / PROFILE
        self._files: dict[Path, str] = {
            copy: f"{copy} was edited; the recorder takes it up when it is started again"
        }
        if original:
            self._files.setdefault(
                Path(original), f"{original} was edited; this session goes on with its own copy"
            )
        self._tokens: dict[Path, _Token] = {}

    def changes(self, known: Iterable[str]) -> list[ProfileChange]:
        """Contents that are not among the ``known`` hashes; each file is read when it changed."""
        found = []
        seen = set(known)
        for path, summary in self._files.items():
            token = _token(path)
            if token is None or token == self._tokens.get(path):
                continue
            self._tokens[path] = token
            sha256 = _sha256(path)
            if sha256 and sha256 not in seen:
                seen.add(sha256)
                found.append(ProfileChange(sha256, summary))
        return found

    def look_again(self) -> None:
        """Find the same changes again: they could not be recorded."""
        self._tokens.clear()


def _token(path: Path) -> _Token:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _sha256(path: Path) -> str:
    """Of a regular file of a profile's size; empty for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                return ""
            return hashlib.sha256(file.read(MAX_BYTES)).hexdigest()
    except OSError as error:
        log.warning("%s: %s", path, error.strerror)
        return ""
