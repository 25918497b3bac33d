"""References to secrets: a profile names where a secret is, and never holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from stagewatch.profile.problems import Key

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_HEADER = re.compile(
    r"(?:^|[-_])(?:auth|authorization|cookie|token|secret|password|credentials?|api-?key)(?:$|[-_])"
)
_USERINFO = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?#@\s]*:[^/?#@\s]*@", re.IGNORECASE)


class Reference(NamedTuple):
    """``env:NAME`` or ``file:PATH``, unresolved."""

    source: Literal["env", "file"]
    name: str
    """The variable's name, or the file's path (relative to the profile's base folder)."""


def reference(value: str) -> Reference | None:
    """The reference that ``value`` is; None for a literal. ValueError for one without a name."""
    source, colon, name = value.partition(":")
    if not colon or source not in ("env", "file"):
        return None
    if source == "env" and not _VARIABLE.fullmatch(name):
        raise ValueError('the name of an environment variable must follow "env:"')
    if not name.strip():
        raise ValueError('the path of a file must follow "file:"')
    return Reference("env" if source == "env" else "file", name)


def secret_problems(table: dict[str, Any], key: Key) -> Iterator[tuple[Key, str, str]]:
    """Secrets that stand in a probe's table literally, and references that lead nowhere."""
    url = table.get("url")
    if isinstance(url, str) and _USERINFO.search(url):
        remedy = 'give it as headers.Authorization = "env:NAME"'
        yield (*key, "url"), "holds a password", remedy
    headers = table.get("headers")
    if not isinstance(headers, dict):
        return
    for name, value in headers.items():
        if not isinstance(value, str):
            continue
        try:
            literal = reference(value) is None
        except ValueError as error:
            yield (*key, "headers", name), str(error), ""
            continue
        if literal and _SECRET_HEADER.search(name.casefold()):
            yield (*key, "headers", name), "holds a secret", _REMEDY


_REMEDY = (
    'write "env:NAME" or "file:PATH", and put the whole value ("Bearer …" included) into '
    "that variable or file"
)
