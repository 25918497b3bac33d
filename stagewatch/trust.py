"""Which profiles may run commands: those that a person looked at, by path and content.

A profile is data until somebody trusts it. An edit makes other bytes, and those are not trusted;
neither are the same bytes in another place, whose relative paths lead elsewhere. Profiles that
come with stagewatch need no trust.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stagewatch.errors import PersonError
from stagewatch.paths import state_home
from stagewatch.profile.find import shipped_folder


@dataclass(frozen=True, slots=True)
class Subject:
    """The bytes of a profile, and where they belong."""

    path: Path
    sha256: str

    @property
    def mark(self) -> str:
        """The name of the file that stands for the trust in it."""
        return hashlib.sha256(f"{os.path.realpath(self.path)}\0{self.sha256}".encode()).hexdigest()


class TrustStore:
    """``$XDG_STATE_HOME/stagewatch/trust/``: a file for each trusted profile."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.folder = state_home(environ) / "trust"

    def trust(self, subject: Subject) -> None:
        """From now on, commands of this profile may run. Raises PersonError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.folder / subject.mark, flags, 0o600)
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(f"{os.path.realpath(subject.path)}\n")
        except OSError as error:
            raise PersonError(f"{self.folder}: {error.strerror}; nothing is trusted") from error

    def revoke(self, path: Path) -> int:
        """Trust no content of this file any more; how many were trusted. Raises PersonError."""
        wanted, gone = os.path.realpath(path), 0
        try:
            for mark in self._marks():
                if mark.read_text("utf-8", "surrogateescape").rstrip("\n") == wanted:
                    mark.unlink()
                    gone += 1
        except OSError as error:
            raise PersonError(f"{self.folder}: {error.strerror}; nothing is revoked") from error
        return gone

    def trusts(self, subject: Subject) -> bool:
        """Whether a person trusted exactly this; anything odd about the mark means no."""
        try:
            status = os.lstat(self.folder / subject.mark)
        except OSError:
            return False
        private = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and private

    def refusal(self, subject: Subject) -> str:
        """Why no command of this profile may run; empty when they may."""
        if self.trusts(subject) or _is_shipped(subject):
            return ""
        return (
            "the commands of this profile, as it is now, are not trusted;"
            f" see what they are: stagewatch trust --profile {subject.path}"
        )

    def _marks(self) -> list[Path]:
        try:
            return list(self.folder.iterdir())
        except FileNotFoundError:
            return []


def refusal_of(path: Path, sha256: str, environ: Mapping[str, str]) -> Callable[[], str]:
    """Asks why no command of the profile with these bytes, which belongs at ``path``, may run."""
    return partial(TrustStore(environ).refusal, Subject(path, sha256))


def _is_shipped(subject: Subject) -> bool:
    """Whether these are the bytes of a profile that comes with stagewatch."""
    if Path(os.path.realpath(subject.path)).parent != Path(os.path.realpath(shipped_folder())):
        return False
    try:
        return hashlib.sha256(subject.path.read_bytes()).hexdigest() == subject.sha256
    except OSError:
        return False
