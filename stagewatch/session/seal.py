"""The last line of a session's file: its revision and a checksum over all that stands above it.

It tells a whole file from one that was cut (the line is missing) and from one that was changed
by hand (the checksum differs). It guards against accidents, not against forgery.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from stagewatch.session.errors import SessionDamagedError

_LAST_LINE = re.compile(
    rb"# stagewatch revision (?P<revision>[0-9]{1,15})"
    rb"(?: sha256 (?P<sha256>[0-9a-f]{64})| (?P<edited>edited))"
)


class Seal(Enum):
    """What the last line says about the text above it."""

    WHOLE = "whole"
    ALTERED = "altered"
    """The checksum is another text's."""
    EDITED = "edited"
    """A person put ``edited`` in the checksum's place: the text is meant to be as it is."""


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A file's text without its last line."""

    text: str
    revision: int
    seal: Seal


def seal(text: str, revision: int) -> str:
    """``text`` with the last line; a lone surrogate, which UTF-8 cannot hold, becomes ``?``."""
    text = text.encode("utf-8", "replace").decode()
    return f"{text}# stagewatch revision {revision} sha256 {_digest(text.encode())}\n"


def unseal(raw: bytes, path: Path) -> Unsealed:
    """Split a file's bytes; raises SessionDamagedError when they are empty or were cut."""
    if not raw.strip(b"\0 \t\r\n"):
        raise SessionDamagedError(path, "is empty")
    kept = raw.rstrip()
    start = kept.rfind(b"\n") + 1
    match = _LAST_LINE.fullmatch(kept, start)
    if match is None:
        raise SessionDamagedError(path, "was cut: its last line, with the checksum, is missing")
    body = kept[:start]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SessionDamagedError(path, f"is not UTF-8 (byte {error.start + 1})") from None
    return Unsealed(text, int(match["revision"]), _seal_of(match, body))


def _seal_of(match: re.Match[bytes], body: bytes) -> Seal:
    if match["edited"]:
        return Seal.EDITED
    return Seal.WHOLE if match["sha256"].decode() == _digest(body) else Seal.ALTERED


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
