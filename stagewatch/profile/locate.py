"""Key → line over the text of a TOML document that ``tomllib`` has already accepted."""

from __future__ import annotations

import re
from contextlib import suppress

from stagewatch.profile.problems import Key

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\"]++|\\.|"{1,2}(?!"))*+"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"),
    re.compile(r'"(?:[^"\\]++|\\.)*+"'),
    re.compile(r"'[^']*'"),
)


def key_lines(text: str) -> dict[Key, int]:
    """The line (from 1) of every key, table and list element of a valid TOML text.

    Never raises: where the text is not understood, the keys after that point are left out.
    """
    locator = _Locator(text.replace("\r\n", "\n"))
    with suppress(_LostError, RecursionError):
        locator.document()
    return locator.lines


def line_of(key: Key, lines: dict[Key, int]) -> int:
    """The line of ``key``, or of the nearest table around it; 0 when there is none."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return 0


class _LostError(Exception):
    """The text is not what ``tomllib`` would have accepted."""


class _Locator:
    """One pass over the text; ``at`` is the position, ``table`` the header in force."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.table: Key = ()
        self.elements: dict[Key, int] = {}
        """How many elements each array of tables has so far."""
        self.lines: dict[Key, int] = {}

    def document(self) -> None:
        """Every header and every ``key = value`` of the file."""
        while self.skip(_BLANK) and self.at < len(self.text):
            if self.take("[["):
                self.header(repeated=True)
            elif self.take("["):
                self.header(repeated=False)
            else:
                self.pair(self.table)

    def header(self, *, repeated: bool) -> None:
        """``[a.b]`` or ``[[a.b]]``: a path in which arrays of tables mean their last element."""
        parts = self.dotted()
        self.expect("]]" if repeated else "]")
        key: Key = ()
        for index, part in enumerate(parts):
            key = (*key, part)
            if repeated and index == len(parts) - 1:
                self.elements[key] = self.elements.get(key, 0) + 1
            self.mark(key)
            if key in self.elements:
                key = (*key, self.elements[key] - 1)
        self.table = key
        self.mark(key)

    def pair(self, table: Key) -> None:
        """``a.b = value``."""
        key = table
        line = self.line
        for part in self.dotted():
            key = (*key, part)
            self.lines.setdefault(key, line)
        self.expect("=")
        self.skip(_SPACE)
        self.value(key)

    def value(self, key: Key) -> None:
        """Step over a value, marking what lies inside lists and inline tables."""
        if self.take("["):
            self.elements_of(key)
        elif self.take("{"):
            self.inline(key)
        elif self.text[self.at : self.at + 1] in ('"', "'"):
            self.string()
        else:
            self.skip(_SCALAR)

    def elements_of(self, key: Key) -> None:
        """The rest of a list, the bracket already taken."""
        index = 0
        while self.skip(_BLANK) and not self.take("]"):
            self.mark((*key, index))
            self.value((*key, index))
            index += 1
            self.skip(_BLANK)
            if not self.take(","):
                self.expect("]")
                return

    def inline(self, key: Key) -> None:
        """The rest of an inline table, the brace already taken."""
        while self.skip(_SPACE) and not self.take("}"):
            self.pair(key)
            self.skip(_SPACE)
            if not self.take(","):
                self.expect("}")
                return

    def dotted(self) -> list[str]:
        """``a."b c".d`` as its parts."""
        parts = [self.simple()]
        while self.take("."):
            parts.append(self.simple())
        return parts

    def simple(self) -> str:
        self.skip(_SPACE)
        start = self.at
        if self.text[start : start + 1] == '"':
            self.string()
            part = _unescaped(self.text[start : self.at])
        elif self.text[start : start + 1] == "'":
            self.string()
            part = self.text[start + 1 : self.at - 1]
        else:
            self.skip(_BARE)
            part = self.text[start : self.at]
            if not part:
                raise _LostError
        self.skip(_SPACE)
        return part

    def string(self) -> None:
        for pattern in _STRINGS:
            if self.skip(pattern):
                return
        raise _LostError

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Step over what ``pattern`` matches here; False when it matches nothing at all."""
        match = pattern.match(self.text, self.at)
        if match is None:
            return False
        self.line += self.text.count("\n", self.at, match.end())
        self.at = match.end()
        return True

    def take(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise _LostError

    def mark(self, key: Key) -> None:
        """The line of a key is where it is named first; a list's element has its own."""
        self.lines.setdefault(key, self.line)


def _unescaped(quoted: str) -> str:
    """The text of a quoted key, its escapes resolved as ``tomllib`` does."""
    if "\\" not in quoted:
        return quoted[1:-1]
    import tomllib

    return str(tomllib.loads(f"key = {quoted}")["key"])
