"""What is wrong with a person's file, as values: one line each, with the place and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stagewatch.errors import PersonError

Key = tuple[str | int, ...]
"""Where something is in the profile: ``("phase", 2, "items", 0)``."""

_MAX_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; ``str()`` is ``file:line: key: what; hint``."""

    path: Path
    line: int
    """Counted from 1; 0 when the problem has no line."""
    key: str
    """As the file says it, ``probe.health.every``; empty when the whole file is meant."""
    what: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        text = ": ".join(part for part in (place, self.key, self.what) if part)
        return inert(f"{text}; {self.hint}" if self.hint else text)


class FileError(PersonError):
    """A file that cannot be used; ``problems`` holds every one that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def told(self) -> str:
        """Each line begins with its place, ``file:line``, so that editors can go there."""
        return str(self)


class ProfileError(FileError):
    """A profile that cannot be used."""


def inert(text: str) -> str:
    """``text`` on one line, with nothing in it that a terminal obeys."""
    from stagewatch.text import clean  # only a problem needs it

    return clean(text, 2000)


def quoted(value: object) -> str:
    """A value in quotes, cut to a length that leaves the line readable."""
    text = str(value)
    return f'"{text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"}"'


def key_text(key: Key) -> str:
    """``("phase", 2, "items", 0)`` as people count: ``phase#3.items#1``."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"#{part + 1}"
            continue
        shown = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quoted(part)
        text += f".{shown}" if text else shown
    return text


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    import difflib  # only a profile with a problem needs it

    folded = {candidate.casefold().replace("-", "_"): candidate for candidate in known}
    found = difflib.get_close_matches(name[:64].casefold().replace("-", "_"), folded, 1, 0.6)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Sequence[str], otherwise: str) -> str:
    """``did you mean "every"?``, or ``otherwise`` and the names there are."""
    guess = nearest(name, known)
    if guess is not None:
        return f"did you mean {quoted(guess)}?"
    return f"{otherwise} {', '.join(known[:30])}" if known else ""
