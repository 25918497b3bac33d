"""Which names beside a log are its rotated files."""

from __future__ import annotations

import os
import re

_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".Z", ".zip", ".br")
_SUFFIX = re.compile(r"(?:[-._](?:\d[\dTZ:_.-]{0,30}|old|bak|save|prev|rotated|orig))+~?|~")


def compressed(name: str) -> bool:
    """Whether this is a packed file, which is never followed."""
    return name.endswith(_COMPRESSED)


def is_rotated(path: str, base: str) -> bool:
    """Whether the file at ``path`` is a rotated one of that at ``base``."""
    folder, name = os.path.split(path)
    beside, log = os.path.split(base)
    return folder == beside and rotated_from(log, name)


def rotated_from(base: str, name: str) -> bool:
    """Whether ``name`` is a rotated ``base``, as error.log.1 or error-20260101.log are."""
    if name == base or compressed(name):
        return False
    stem, dot, extension = base.rpartition(".")
    if name.startswith(base) and _SUFFIX.fullmatch(name[len(base) :]):
        return True
    if not stem or not name.startswith(stem) or not name.endswith(dot + extension):
        return False
    return bool(_SUFFIX.fullmatch(name[len(stem) : -len(dot + extension)]))
