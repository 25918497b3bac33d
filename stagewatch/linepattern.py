"""Regular expressions with groups that take a line apart, kept from holding the program up.

They have more repeats than ``Expression`` admits. One that can end in one place only, since what
follows it is nothing that it takes (``[0-9]+`` before a space), costs but a look at the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from stagewatch.expressions import LONGEST, ExpressionError, Parsed, Weight, parse

Part = tuple[Any, Any]
"""What stands there, and its details, as ``re`` has parsed it."""
_CATEGORIES: Mapping[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda character: character.isalnum() or character == "_",
}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
_END = ("END", None)
"""Nothing follows: what a repeat takes there is never given back."""
_UNKNOWN = ("UNKNOWN", None)


class LinePattern:
    """A regular expression over text."""

    def __init__(self, text: str) -> None:
        """Raises ExpressionError."""
        if len(text) > LONGEST:
            raise ExpressionError(f"is longer than {LONGEST} characters")
        try:
            self._pattern = re.compile(text)
            parts = parse(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise ExpressionError(f"is no regular expression: {error}") from error
        weight = Weight()
        weight.weigh(_without_certain(parts, _END))
        self.limit = weight.accepted()
        """Characters of a line that are looked at."""
        self.groups = frozenset(self._pattern.groupindex)

    def search(self, line: str) -> re.Match[str] | None:
        """The first match in the beginning of this line."""
        return self._pattern.search(line[: self.limit])

    def fits(self, text: str) -> bool:
        """Whether all of a text that is no longer than the limit matches."""
        return len(text) <= self.limit and self._pattern.fullmatch(text) is not None


def _without_certain(parts: Parsed, behind: Part) -> Parsed:
    """These parts, each repeat that can end in one place only replaced by what it repeats."""
    followers = [*parts, behind][1:]
    found = [_replaced(*pair) for pair in zip(parts, followers, strict=True)]
    return type(parts)(parts.state, found)


def _replaced(part: Part, behind: Part) -> Part:
    code, argument = part
    name = str(code)
    if name in _REPEATS:
        least, most, body = argument
        if len(body) == 1 and _is_certain(body[0], behind):
            return body[0]  # type: ignore[no-any-return]
        return code, (least, most, _without_certain(body, behind if most == 1 else _UNKNOWN))
    if name == "SUBPATTERN":
        return code, (*argument[:-1], _without_certain(argument[-1], behind))
    if name == "BRANCH":
        return code, (argument[0], [_without_certain(each, behind) for each in argument[1]])
    return part


def _is_certain(repeated: Part, behind: Part) -> bool:
    """Whether this, again and again, takes nothing of what is ``behind``."""
    if behind == _END:
        return True
    first = _first(behind)
    return first is not None and _takes(repeated, first) is False


def _first(part: Part) -> str | None:
    """The character that this part begins with; None where it may be another one."""
    code, argument = part
    name = str(code)
    if name == "LITERAL":
        return chr(argument)
    if name == "SUBPATTERN" and len(argument[-1]):
        return _first(argument[-1][0])
    if name in _REPEATS and argument[0] and len(argument[2]):
        return _first(argument[2][0])
    return None


def _takes(part: Part, character: str) -> bool | None:
    """Whether this part, which is one character, may be this one; None where that is not known."""
    code, argument = part
    name = str(code)
    if name in ("LITERAL", "NOT_LITERAL"):
        return bool(ord(character) == argument) == (name == "LITERAL")
    if name != "IN":
        return None
    negated = str(argument[0][0]) == "NEGATE"
    found = list(_in(argument[negated:], character))
    return None if None in found else any(found) != negated


def _in(members: Iterable[Part], character: str) -> Iterator[bool | None]:
    for code, argument in members:
        name, of = str(code), str(argument)
        if name == "LITERAL":
            yield ord(character) == argument
        elif name == "RANGE":
            yield argument[0] <= ord(character) <= argument[1]
        elif name == "CATEGORY" and of.replace("_NOT_", "_") in _CATEGORIES:
            yield _CATEGORIES[of.replace("_NOT_", "_")](character) != ("_NOT_" in of)
        else:
            yield None
