"""From a TOML file to a Profile, or to every problem that the file has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stagewatch.profile.build import build
from stagewatch.profile.convert import Findings
from stagewatch.profile.document import MAX_BYTES, content_of, parsed, problems_of, text_of
from stagewatch.profile.find import base_folder
from stagewatch.profile.problems import Problem, ProfileError
from stagewatch.profile.schema import Kinds, Profile

__all__ = ["MAX_BYTES", "LoadedProfile", "Problem", "ProfileError", "load", "loads", "read"]


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile with what identifies it."""

    profile: Profile
    name: str
    """The file's name without ``.toml``."""
    path: Path
    base: Path
    """Where relative paths of the profile start; see ``find.base_folder``."""
    content: bytes
    """The file as it was read, for the copy in the session's folder."""
    sha256: str
    """Of ``content``, in hexadecimal."""


def load(path: Path, kinds: Kinds) -> Profile:
    """The profile in ``path``; raises ProfileError with every problem at once."""
    return loads(text_of(content_of(path), path), path, kinds)


def read(path: Path, kinds: Kinds, *, environ: Mapping[str, str] | None = None) -> LoadedProfile:
    """``load``, with the bytes that were read, their hash and the base folder."""
    import hashlib  # slow to import, and who only loads needs no hash

    content = content_of(path)
    return LoadedProfile(
        profile=loads(text_of(content, path), path, kinds),
        name=path.name.removesuffix(".toml"),
        path=path,
        base=base_folder(path, environ=environ),
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def loads(text: str, path: Path, kinds: Kinds) -> Profile:
    """The profile in ``text``; ``path`` is only what problems name."""
    raw = parsed(text, path)
    findings = Findings()
    profile = build(raw, kinds, findings)
    if findings.found or profile is None:
        raise ProfileError(problems_of(findings, text, path))
    return profile
