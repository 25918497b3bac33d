"""What a profile only refers to, ``env:NAME`` and ``file:PATH``, looked up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stagewatch.probes._failure import FailureError
from stagewatch.profile.secrets import reference

_MAX_BYTES = 64 * 1024


class Secrets:
    """Resolves references, and remembers what must never be shown."""

    def __init__(self, base: Path, environ: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._environ = os.environ if environ is None else environ
        self.values: set[str] = set()
        """Every secret resolved so far, for ``stagewatch.text.masked``."""

    def resolve(self, key: str, value: str) -> str:
        """``value``, or what it refers to; ``Bearer env:TOKEN`` keeps its first word.

        Raises FailureError, which names ``key``, when the reference leads nowhere.
        """
        try:
            refers = reference(value)
        except ValueError as error:
            raise FailureError("secret", f"{key}: {error}") from error
        if refers is None:
            return value
        lookup = self._from_env if refers.source == "env" else self._from_file
        secret = lookup(key, refers.name)
        if not secret:
            raise FailureError("secret", f"{key}: {refers.source}:{refers.name} is empty")
        self.values.add(secret)
        return f"{refers.scheme} {secret}" if refers.scheme else secret

    def _from_env(self, key: str, name: str) -> str:
        try:
            return self._environ[name].strip()
        except KeyError as error:
            reason = f"{key}: the environment of the recorder has no variable {name}"
            raise FailureError("secret", reason) from error

    def _from_file(self, key: str, where: str) -> str:
        path = self._base / Path(where).expanduser()
        try:
            with path.open("rb") as file:
                return file.read(_MAX_BYTES).decode().strip()
        except OSError as error:
            reason = f"{key}: cannot read {path}: {(error.strerror or '').lower()}"
            raise FailureError("secret", reason) from error
        except UnicodeDecodeError as error:
            raise FailureError("secret", f"{key}: {path} is not UTF-8 text") from error
