"""Regular expressions that people write for log lines, kept from holding the program up.

Python's engine backtracks and cannot be interrupted. So an expression whose time would grow
exponentially with the line is refused when it is read, each one sees only the beginning of a
line, the less of it the more open repeats (``*``, ``+``, ``{3,}``) it has, and whoever counts
with it keeps to a budget of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from math import factorial, inf
from time import thread_time
from typing import Any

LIMITS = (2048, 2048, 1024, 256)
"""Bytes of a line that are looked at, by the number of open repeats; more are refused."""
LEAST = 128
"""Fewer would be of no use."""
STEPS = 3.4e7
"""Steps that small repeats and alternatives may lead to on one line: less than a second."""
HEAVY = 1e6
"""Steps on one line from which on the time is looked at after each."""
OPEN = 8
"""A repeat whose ends lie further apart is open."""
LONGEST = 500

# The parser of ``re`` itself, so that what is judged is what will run. A test holds its names.
_parser: Any = import_module("re._parser")
Parsed = Any
"""What ``re`` makes of an expression: a sequence of parts, with a ``state``."""
Items = Iterable[tuple[Any, Any]]
"""A parsed expression: what stands there, and its details."""
_EXPONENTIAL = "which may take exponential time on a line"
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


class ExpressionError(ValueError):
    """The expression cannot be used; the text says why."""


class SlowError(Exception):
    """The expression takes too long on these lines."""


class Expression:
    """A regular expression that is searched for in single lines."""

    def __init__(self, text: str, encoding: str = "utf-8") -> None:
        """Raises ExpressionError."""
        self.text = text
        if len(text) > LONGEST:
            raise ExpressionError(f"is longer than {LONGEST} characters")
        if not text:
            raise ExpressionError("is empty; it would match every line")
        try:
            raw = text.encode(encoding)
            self._search = re.compile(raw).search
            parsed = parse(raw)
        except (re.error, RecursionError, OverflowError, UnicodeEncodeError) as error:
            raise ExpressionError(f"is no regular expression: {error}") from error
        weight = Weight()
        weight.weigh(parsed)
        self.limit = weight.accepted()
        """Bytes of a line that are looked at."""
        self._heavy = weight.steps(self.limit) > HEAVY
        self.literal = b"" if parsed.state.flags & re.IGNORECASE else _literal(parsed)
        """What every match holds; empty where there is no such text."""

    def matches(self, line: bytes) -> bool:
        """Whether the beginning of this line, without its end, holds a match."""
        return self._search(line[: self.limit]) is not None

    def lines(self, data: bytes, budget: float = inf) -> Iterator[int]:
        """Where the lines begin that hold a match; ``data`` is whole lines.

        Raises SlowError once a slow one has taken ``budget`` CPU seconds.
        """
        last = thread_time() + budget if self._heavy else inf
        for position, line in self._with_literal(data) if self.literal else _split(data):
            if self._search(line[: self.limit].rstrip(b"\r")) is not None:
                yield position
            if self._heavy and thread_time() > last:
                raise SlowError

    def _with_literal(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        position = 0
        while (hit := data.find(self.literal, position)) >= 0:
            start = data.rfind(b"\n", position, hit) + 1 or position
            position = data.find(b"\n", hit) + 1 or len(data)
            yield start, data[start : min(position - 1, start + self.limit)]


def parse(text: bytes | str) -> Parsed:
    """The parts of an expression. Raises re.error and the like."""
    parsed: Parsed = _parser.parse(text)
    return parsed


def why_exponential(text: bytes | str) -> str:
    """Why an expression may take exponential time; empty where it does not. Raises re.error."""
    try:
        Weight().weigh(parse(text))
    except ExpressionError as error:
        return str(error)
    return ""


def _split(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    for line in data.split(b"\n")[:-1]:
        yield position, line
        position += len(line) + 1


@dataclass(slots=True)
class Weight:
    """What decides how long an expression may take."""

    opened: int = 0
    """Open repeats that follow one another: each multiplies the time by the line's length."""
    ways: int = 1
    """In how many ways the small repeats and the alternatives can be combined."""

    @property
    def limit(self) -> int:
        """How much of a line can be looked at; 0 where that would be of no use."""
        limit = LIMITS[self.opened] if self.opened < len(LIMITS) else 0
        while limit and self.ways > 1 and self.steps(limit) > STEPS:
            limit = limit // 2 if limit > LEAST else 0
        return limit

    def accepted(self) -> int:
        """The limit. Raises ExpressionError where there is none of use."""
        if not self.limit:
            raise ExpressionError(
                f"has too many repeats and alternatives, {_EXPONENTIAL}; at most"
                f" {len(LIMITS) - 1} of *, + and the like, and few of ? and |"
            )
        return self.limit

    def steps(self, limit: int) -> float:
        """On a line of so many bytes: where to begin, and where each open repeat ends."""
        places = self.opened + 1
        return float(limit**places) / factorial(places) * self.ways

    def weigh(self, items: Items, within: bool = False) -> None:
        """Add what these parts weigh; ``within``: in a repeat. Raises ExpressionError."""
        for code, argument in items:
            name = str(code)
            if name in _REPEATS:
                self._repeat(*argument, within=within)
            elif name == "BRANCH":
                if within:
                    raise ExpressionError(
                        f"has alternatives inside a repeat, {_EXPONENTIAL}; use a set such as [ab]+"
                    )
                self._branch(argument[1])
            elif name.startswith("GROUPREF"):
                raise ExpressionError("refers back to a group; write out what is meant")
            else:
                for body in _bodies(argument):
                    self.weigh(body, within)

    def _repeat(self, least: int, most: int, body: Items, *, within: bool) -> None:
        if least == most <= OPEN:  # as written out
            for _ in range(most):
                self.weigh(body, within)
            return
        variable, several = least != most, most > 1
        if within and variable:
            raise ExpressionError(
                f"has a repeat inside a repeat, {_EXPONENTIAL};"
                " use one repeat of a set such as [a-z.]+"
            )
        spread = most - least
        if spread > OPEN:
            self.opened += 1
        else:
            self.ways *= spread + 1
        self.weigh(body, within or several)

    def _branch(self, branches: list[Any]) -> None:
        weights = []
        for branch in branches:
            weight = Weight()
            weight.weigh(branch)
            weights.append(weight)
        ways = [weight.ways for weight in weights]
        self.opened += max(weight.opened for weight in weights)
        self.ways *= max(ways) if _exclusive(branches) else sum(ways)


def _exclusive(branches: list[Any]) -> bool:
    """Whether one of these alternatives at most can match: each begins with another character."""
    firsts = [branch[0] if len(branch) else ("", 0) for branch in branches]
    literal = all(str(code) == "LITERAL" for code, _ in firsts)
    return literal and len({argument for _, argument in firsts}) == len(firsts)


def _bodies(argument: object) -> Iterator[Any]:
    """The expressions inside a group, an assertion or an atomic repeat."""
    if isinstance(argument, tuple):
        for part in argument:
            if isinstance(part, _parser.SubPattern):
                yield part
    elif isinstance(argument, _parser.SubPattern):
        yield argument


def _literal(items: Items) -> bytes:
    """The longest text that stands in every match."""
    best = run = b""
    for code, argument in items:
        run = run + bytes([argument]) if str(code) == "LITERAL" and argument < 256 else b""
        best = max(best, run, key=len)
    return best if len(best) > 1 else b""
