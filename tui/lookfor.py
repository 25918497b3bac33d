"""What an operator types to find something in a log, as matchers and times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagewatch.expressions import Expression, ExpressionError
from stagewatch.logs import matchers
from stagewatch.logs.source import Matcher
from stagewatch.logs.stamps import text_time
from stagewatch.profile.values import parse_duration
from stagewatch.tui.moments import clock_time

if TYPE_CHECKING:
    from stagewatch.model import LogPattern

_COPIED = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d"
    r"(?:[.,]\d{1,9} ?(?:Z|UTC|[+-]\d\d:?\d\d)?| ?(?:Z|UTC|[+-]\d\d:?\d\d))"
)
"""As only a log has it: with fractions of a second, or a zone."""
_DAY = re.compile(r"\d{4}-\d\d?-\d\d?")
_DIGITS = re.compile(r"\d{4}")
LONGEST = 40


class LookForError(Exception):
    """What was typed cannot be looked for; says why."""


class LookFor:
    """Reads what was typed, for one log."""

    def __init__(self, encoding: str, zone: str) -> None:
        """``zone`` is that of times in the log that name none."""
        self.encoding, self._zone = encoding, zone

    def text(self, text: str) -> Matcher:
        """Lines with this text; with ``~`` first, those that match an expression.

        Raises LookForError.
        """
        if not text.startswith("~"):
            return matchers.by_text(text, self.encoding)
        try:
            return matchers.by_expression(Expression(text[1:], self.encoding))
        except ExpressionError as error:
            raise LookForError(f"the expression {error}") from None

    def place(self, text: str, shown: str) -> int:
        """Where what was typed stands in a line as it is shown; -1 where it does not."""
        if not text.startswith("~"):
            return shown.find(text)
        found = re.search(text[1:], shown[: Expression(text[1:], self.encoding).limit])
        return found.start() if found else -1

    def level(self, least: str) -> Matcher:
        """Records of this level and worse ones."""
        return matchers.by_level(least)

    def pattern(self, pattern: LogPattern) -> Matcher:
        """Records of one pattern; of the one that stands for the rest, all of its level."""
        if pattern.other:
            return matchers.by_level(pattern.level)
        return matchers.by_pattern(pattern.level, pattern.text, self.encoding)

    def both(self, least: str, text: Matcher | None) -> Matcher | None:
        """A level and a text together; None where neither is given."""
        if not least:
            return text
        level = matchers.by_level(least)
        return matchers.both(text, level) if text else level

    def time(self, text: str, now: float) -> float:
        """A time of day in local time, the last one that was; with a date, that day; 15m ago; or
        a time as a line of the log has it.

        Raises LookForError.
        """
        told = text.strip()
        if _COPIED.fullmatch(told):
            at = text_time(told.encode(), now, self.offset(now))
            if at is not None:  # as far from UTC as it was then
                return text_time(told.encode(), now, self.offset(at)) or at
        told = f"{told} 00:00" if _DAY.fullmatch(told) else told
        told = f"{told[:2]}:{told[2:]}" if _DIGITS.fullmatch(told) else told
        try:
            at = clock_time(told, now, ahead=False)
            ago = told.removeprefix("-").removesuffix("ago").strip()
            return now - parse_duration(ago) if at is None else at
        except ValueError:
            shown = told if len(told) <= LONGEST else told[: LONGEST - 1] + "…"
            raise LookForError(
                f"{shown} is no time; say 14:02, 2026-01-31 14:02, -15m or -1h30m"
            ) from None

    def offset(self, at: float) -> float:
        """Seconds that the log's own times, where they name no zone, are east of UTC."""
        from stagewatch.probes.log import zone_offset

        return zone_offset(self._zone, at)
