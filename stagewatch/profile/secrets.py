"""References to secrets: a profile names where a secret is, and never holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from stagewatch.profile.problems import Key

_REFERENCE = re.compile(r"(?:(?P<scheme>[A-Za-z][\w-]*) +)?(?P<source>env|file):(?P<name>.*)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_WORDS = {"auth", "authorization", "cookie", "token", "secret", "password", "apikey"}


class Reference(NamedTuple):
    """``env:NAME``, ``file:PATH`` or ``Bearer env:NAME``, unresolved."""

    source: Literal["env", "file"]
    name: str
    """The variable's name, or the file's path (relative to the profile's base folder)."""
    scheme: str = ""
    """What stands before the secret, ``Bearer``."""


def reference(value: str) -> Reference | None:
    """The reference that ``value`` is; None for a literal. ValueError for one without a name."""
    match = _REFERENCE.fullmatch(value)
    if match is None:
        return None
    name = match["name"].strip()
    if match["source"] == "env" and not _VARIABLE.fullmatch(name):
        raise ValueError('the name of an environment variable must follow "env:"')
    if not name:
        raise ValueError('the path of a file must follow "file:"')
    return Reference("env" if match["source"] == "env" else "file", name, match["scheme"] or "")


def secret_problems(table: dict[str, Any], key: Key) -> Iterator[tuple[Key, str, str]]:
    """Secrets that stand in a probe's table literally, and references that lead nowhere."""
    texts = [((*key, name), table[name]) for name in ("password",) if name in table]
    for inner in ("headers", "env"):
        if isinstance(values := table.get(inner), dict):
            texts += [((*key, inner, name), value) for name, value in values.items()]
    for where, value in texts:
        if not isinstance(value, str):
            continue
        try:
            literal = reference(value) is None
        except ValueError as error:
            yield where, str(error), ""
            continue
        if literal and value and _is_secret(str(where[-1])):
            yield where, "holds a secret", _REMEDY


def _is_secret(header: str) -> bool:
    words = header.casefold().replace("_", "-").replace("api-key", "apikey").split("-")
    return not _SECRET_WORDS.isdisjoint(words)


_REMEDY = 'put it into a variable or a file, and write "env:NAME", "Bearer env:NAME" or "file:PATH"'
